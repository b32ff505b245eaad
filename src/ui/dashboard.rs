//! What Locum is doing: requests as they come, the clock, faults, limits, spaces.

use askama::Template;
use axum::{Extension, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    list::RequestList,
    request::RequestView,
    world::{FaultRow, SpaceRow, WindowRow, describe_policies},
};
use crate::{
    control::{ClockAnswer, FaultRuleAnswer, RateLimits},
    services::Services,
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_elapsed, format_time, format_timestamp},
        links::encode_segment,
        view::{Page, render_page},
    },
};

/// What this page reads of what Locum is.
#[derive(Deserialize)]
struct SeedProblem {
    seed_problem: Option<String>,
}

#[derive(Template)]
#[template(path = "dashboard.html", config = "src/ui/askama.toml")]
struct Dashboard<'a> {
    page: &'a Page,
    list: RequestList,
    /// The request that is open beside the list.
    opened: Option<RequestView>,
    /// What is wrong with seeds that have changed.
    seed_problem: Option<String>,
    clock: ClockAnswer,
    moves: Vec<ControlAction>,
    faults: Vec<FaultRow>,
    inject: ControlAction,
    clear: ControlAction,
    policies: Vec<String>,
    windows: Vec<WindowRow>,
    recount: ControlAction,
    spaces: Vec<SpaceRow>,
    create: ControlAction,
    reset: ControlAction,
}

/// Shows all of it.
pub(super) async fn show(Extension(services): Extension<Services>, page: Page) -> Result<Response, PageError> {
    let list = RequestList::load(&page, &services).await?;
    let opened = open(&page, &services, &list).await?;
    let info: SeedProblem = page.ask("/info").await?;
    let faults: Vec<FaultRuleAnswer> = page.ask("/faults").await?;
    let limits: RateLimits = page.ask("/rate-limits").await?;
    let moved = |by: &str, label: &str| page.call("POST", "/clock/advance", json!({ "by": by }), label);
    let template = Dashboard {
        list,
        opened,
        seed_problem: info.seed_problem,
        clock: page.ask("/clock").await?,
        moves: vec![
            page.call("PUT", "/clock", json!({ "mode": "frozen" }), "Freeze"),
            moved("1h", "+1 h"),
            moved("1d", "+1 d"),
            page.call("DELETE", "/clock", Value::Null, "Real"),
        ],
        faults: faults.iter().map(|rule| FaultRow::new(&page, rule)).collect(),
        inject: page.call("POST", "/faults", Value::Null, "Inject"),
        clear: page.call("DELETE", "/requests", Value::Null, "Clear").asks("Forget every request of this space?"),
        policies: describe_policies(&limits.policies),
        windows: WindowRow::list(limits),
        recount: page.call("POST", "/rate-limits/reset", Value::Null, "Start counting over"),
        spaces: page.spaces.iter().map(|name| SpaceRow::new(&page, name)).collect(),
        create: ControlAction::new("POST", "/spaces".to_owned(), Value::Null, "Create".to_owned()),
        reset: page.call("POST", "/reset", Value::Null, "Reset to seed").asks(format!(
            "Put the space {} back to its seed? Data, clock, faults, limits and requests go.",
            page.space.name
        )),
        page: &page,
    };
    render_page(&page, &template)
}

/// The request that the address names, between its neighbours in the list.
async fn open(page: &Page, services: &Services, list: &RequestList) -> Result<Option<RequestView>, PageError> {
    let id = page.get("open");
    if id.is_empty() {
        return Ok(None);
    }
    let mut view = RequestView::load(page, services, id).await?;
    let to = |id: Option<&String>| id.map(|id| page.with(&[("open", id), ("against", "")]));
    (view.newer, view.older) = (to(list.newer.as_ref()), to(list.older_one.as_ref()));
    view.alone = Some(page.link(&format!("/requests/{}", encode_segment(id)), &[]));
    let row = list.open_number.map(|number| format!("#r{number}")).unwrap_or_default();
    view.back = format!("{}{row}", page.with(&[("open", ""), ("against", "")]));
    Ok(Some(view))
}
