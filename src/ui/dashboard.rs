//! What Locum is doing: requests as they come, the clock, faults, limits, spaces.

use askama::Template;
use axum::{Extension, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    list::{RequestList, format_elapsed},
    request::RequestView,
};
use crate::{
    control::{ClockAnswer, FaultRuleAnswer, PolicyAnswer, RateLimits, WindowAnswer},
    domain::organization::DEFAULT_SPACE,
    services::Services,
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_time, format_timestamp},
        links::{encode_segment, format_query},
        view::{Page, render_page},
    },
};

/// What this page reads of what Locum is.
#[derive(Deserialize)]
struct SeedProblem {
    seed_problem: Option<String>,
}

/// A rule that injects faults, in words, and the button that removes it.
struct FaultRow {
    which: String,
    then: String,
    hits: i64,
    times: Option<i64>,
    remove: ControlAction,
}

impl FaultRow {
    fn new(page: &Page, rule: &FaultRuleAnswer) -> Self {
        let which = describe(&rule.r#match);
        let which = if which.is_empty() { "every request".to_owned() } else { which };
        let remove = page.call("DELETE", &format!("/faults/{}", encode_segment(&rule.id)), Value::Null, "Remove");
        let remove = remove.of(format!("the fault for {which}"));
        Self { which, then: describe(&rule.then), hits: rule.hits, times: rule.most_hits(), remove }
    }
}

/// Names each member of an object, and its value; of a list, that of one object after the other.
fn describe(described: &impl Serialize) -> String {
    let object = serde_json::to_value(described).unwrap_or_default();
    if let Value::Array(steps) = object {
        return steps.iter().map(describe_step).collect::<Vec<_>>().join("; then ");
    }
    let members = object.as_object().into_iter().flatten().map(|(name, value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    });
    members.collect::<Vec<_>>().join(", ")
}

/// The same for one of a list, where an empty one does nothing.
fn describe_step(step: &Value) -> String {
    let described = describe(step);
    if described.is_empty() { "let pass".to_owned() } else { described }
}

/// An open rate-limit window, and how many requests it lets through.
struct WindowRow {
    window: WindowAnswer,
    limit: i64,
}

impl WindowRow {
    fn list(limits: RateLimits) -> Vec<Self> {
        let RateLimits { policies, windows, .. } = limits;
        let limit = |window: &WindowAnswer| {
            let policy = policies.iter().find(|policy| policy.organization == window.organization);
            policy.map_or(0, |policy| policy.limit)
        };
        windows.into_iter().map(|window| Self { limit: limit(&window), window }).collect()
    }
}

/// A space, the link to it, and the button that deletes it.
struct SpaceRow {
    name: String,
    is_here: bool,
    link: String,
    delete: Option<ControlAction>,
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
        policies: limits.policies.iter().map(describe_policy).collect(),
        windows: WindowRow::list(limits),
        recount: page.call("POST", "/rate-limits/reset", Value::Null, "Start counting over"),
        spaces: page.spaces.iter().map(|name| space(&page, name)).collect(),
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
    let (newer, older) = list.neighbours(id);
    (view.newer, view.older) = (to(newer), to(older));
    view.alone = Some(page.link(&format!("/requests/{}", encode_segment(id)), &[]));
    let row = list.number(id).map(|number| format!("#r{number}")).unwrap_or_default();
    view.back = format!("{}{row}", page.with(&[("open", ""), ("against", "")]));
    Ok(Some(view))
}

fn describe_policy(policy: &PolicyAnswer) -> String {
    let PolicyAnswer { organization, limit, window, mode, .. } = policy;
    format!("{organization}: {limit} per {window}, {mode}")
}

fn space(page: &Page, name: &str) -> SpaceRow {
    let home = format!("{}/", crate::web::BASE);
    let link = if name == DEFAULT_SPACE { home.clone() } else { format!("{home}{}", format_query([("space", name)])) };
    let is_here = name == page.space.name;
    let delete = (name != DEFAULT_SPACE).then(|| {
        let path = format!("/spaces/{}", encode_segment(name));
        let delete =
            ControlAction::new("DELETE", path, Value::Null, "Delete".to_owned()).of(format!("the space {name}"));
        let delete = delete.asks(format!("Delete the space {name}? Its credentials are unknown from then on."));
        if is_here { delete.leads(home) } else { delete }
    });
    SpaceRow { name: name.to_owned(), is_here, link, delete }
}
