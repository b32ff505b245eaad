//! What Locum is doing: requests as they come, the clock, faults, limits, spaces.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::{FaultRow, SpaceRow, WindowRow, describe_policies};
use crate::{
    control::{ClockAnswer, CredentialAnswer, FaultRuleAnswer, JournalPage, RateLimits, RequestSummary},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::format_timestamp,
        links::format_query,
        view::{Page, render_page},
    },
};

/// What requests are filtered by: parameters of the control route, too.
const FILTERS: [&str; 6] = ["service", "operation", "credential", "status", "ignored", "cursor"];

/// The time of a request, without the date.
fn format_time_of_day(at: &str) -> &str {
    let time = at.split('T').nth(1).unwrap_or(at);
    time.get(..12).unwrap_or(time).trim_end_matches('Z')
}

/// Path and query.
fn format_target(request: &RequestSummary) -> String {
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", request.path)
}

/// Why a request was not simply answered.
fn reason(request: &RequestSummary) -> &str {
    request.refusal.as_deref().or(request.fault.as_deref()).unwrap_or_default()
}

/// In milliseconds.
pub(super) fn format_elapsed(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

/// What this page reads of an operation.
#[derive(Deserialize)]
struct OperationId {
    operation: Option<String>,
}

/// What this page reads of what Locum is.
#[derive(Deserialize)]
struct SeedProblem {
    seed_problem: Option<String>,
}

#[derive(Template)]
#[template(path = "dashboard.html", config = "src/ui/askama.toml")]
struct Dashboard<'a> {
    page: &'a Page,
    /// The list, or why there is none.
    journal: Result<JournalPage, String>,
    /// What is wrong with seeds that have changed.
    seed_problem: Option<String>,
    operations: Vec<String>,
    credentials: Vec<String>,
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
pub(super) async fn show(page: Page) -> Result<Response, PageError> {
    let filters = FILTERS.map(|name| (name, page.get(name)));
    let query = format_query(filters.into_iter().chain([("limit", "50")]));
    let operations: Vec<OperationId> = page.ask_outside("/operations").await?;
    let mut operations: Vec<String> = operations.into_iter().filter_map(|known| known.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    let info: SeedProblem = page.ask("/info").await?;
    let credentials: Vec<CredentialAnswer> = page.ask("/credentials").await?;
    let faults: Vec<FaultRuleAnswer> = page.ask("/faults").await?;
    let limits: RateLimits = page.ask("/rate-limits").await?;
    let moved = |by: &str, label: &str| page.call("POST", "/clock/advance", json!({ "by": by }), label);
    let template = Dashboard {
        journal: page.ask(&format!("/requests{query}")).await.map_err(|error| error.detail),
        seed_problem: info.seed_problem,
        operations,
        credentials: credentials.into_iter().map(|credential| credential.label).collect(),
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
