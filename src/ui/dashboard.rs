//! What Locum is doing: requests as they come, and beside them one of these.

use askama::Template;
use axum::{
    Extension,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::Value;

use super::{list::RequestList, request::RequestView, world::WindowRow};
use crate::{
    control::FaultRuleAnswer,
    services::Services,
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{count_noun, format_elapsed, format_time, format_timestamp},
        links::encode_segment,
        view::{Page, render_page},
    },
};

/// What the page's query may name: the last five are of links of older pages.
pub(super) const PARAMETERS: &[&str] =
    &["q", "open", "against", "cursor", "service", "operation", "credential", "status", "ignored"];

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
    /// Why the request that the address names is not.
    gone: Option<String>,
    /// What is wrong with seeds that have changed.
    seed_problem: Option<String>,
    /// What else decides about requests: text, class, and where it is controlled.
    strip: Vec<(String, &'static str, String)>,
    clear: ControlAction,
}

/// Shows all of it.
pub(super) async fn show(Extension(services): Extension<Services>, page: Page) -> Result<Response, PageError> {
    let list = RequestList::load(&page, &services).await?;
    let (opened, gone) = match open(&page, &services, &list).await {
        Ok(opened) => (opened, None),
        Err(PageError { status: StatusCode::NOT_FOUND, detail }) => (None, Some(detail)),
        Err(error) => return Err(error),
    };
    let status = if gone.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let info: SeedProblem = page.ask("/info").await?;
    let template = Dashboard {
        list,
        opened,
        gone,
        seed_problem: info.seed_problem,
        strip: write_strip(&page).await?,
        clear: page
            .call("DELETE", "/requests", Value::Null, "Clear")
            .says("Every request is forgotten")
            .asks("Forget every request of this space?"),
        page: &page,
    };
    let response = render_page(&page, &template)?;
    // The list is whole, but what the address says is not there.
    Ok(if response.status() == StatusCode::OK { (status, response).into_response() } else { response })
}

/// Faults that may hit, and the limit that is nearest, as links to where they are controlled.
async fn write_strip(page: &Page) -> Result<Vec<(String, &'static str, String)>, PageError> {
    let faults: Vec<FaultRuleAnswer> = page.ask("/faults").await?;
    let armed = faults.iter().filter(|rule| rule.most_hits().is_none_or(|most| rule.hits < most)).count();
    let windows = WindowRow::list(page.ask("/rate-limits").await?);
    let to = |heading: &str| format!("{}#{heading}", page.link(super::CONTROLS, &[]));
    let mut strip = vec![("Clock".to_owned(), "", to("clock"))];
    strip.push(match armed {
        0 => ("No fault is armed".to_owned(), "", to("faults")),
        armed => (format!("{} armed", count_noun(armed, "fault")), "fault", to("faults")),
    });
    if let Some(WindowRow { window, limit }) = windows.first() {
        let class = if window.remaining == 0 { "warn" } else { "" };
        strip.push((format!("{} of {limit} {} counted", window.requests, window.operation), class, to("limits")));
    }
    strip.push((count_noun(page.spaces.len(), "space"), "", to("spaces")));
    strip.push(("Start here".to_owned(), "", page.link(super::START, &[])));
    Ok(strip)
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
