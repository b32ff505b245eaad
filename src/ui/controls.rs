//! Everything that a tester controls: the clock, faults, limits, snapshots, the seed, the state, spaces.

use askama::Template;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::{FaultRow, SpaceRow, WindowRow, describe_policies, list_limited};
use crate::{
    control::{CredentialAnswer, FaultRuleAnswer, RateLimits},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{count_noun, format_timestamp},
        links::encode_segment,
        parts::{CHOICES, FEW_ROWS, Part},
        view::{Page, render_page},
    },
};

/// What the page's query may name: which part of each list is shown.
pub(super) const PARAMETERS: &[&str] = &["faults", "limits", "windows", "snapshots", "spaces"];

/// What this page reads of an operation.
#[derive(Deserialize)]
struct OperationId {
    operation: Option<String>,
}

/// What this page reads of a snapshot.
#[derive(Deserialize)]
struct Snapshot {
    name: String,
    taken_at: String,
    bytes: i64,
}

struct SnapshotRow {
    snapshot: Snapshot,
    restore: ControlAction,
    delete: ControlAction,
}

#[derive(Template)]
#[template(path = "controls.html", config = "src/ui/askama.toml")]
struct Controls<'a> {
    page: &'a Page,
    moves: Vec<ControlAction>,
    advance: ControlAction,
    /// Sets the clock to a time, at which it stays, or from which it runs on.
    set: [ControlAction; 2],
    operations: Vec<String>,
    credentials: Vec<String>,
    faults: Part<FaultRow>,
    inject: ControlAction,
    /// What stands at first where a rule is written.
    example_fault: String,
    remove_all: ControlAction,
    policies: Part<String>,
    organizations: Vec<String>,
    windows: Part<WindowRow>,
    limit: ControlAction,
    recount: ControlAction,
    snapshots: Part<SnapshotRow>,
    take: ControlAction,
    /// Checks a seed, adds it, puts it in the place of everything.
    seed: [ControlAction; 3],
    reset: ControlAction,
    spaces: Part<SpaceRow>,
    create: ControlAction,
}

/// Shows it.
pub(super) async fn show(page: Page) -> Result<Response, PageError> {
    let operations: Vec<OperationId> = page.ask_outside("/operations").await?;
    let mut operations: Vec<String> = operations.into_iter().filter_map(|known| known.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    let credentials: Vec<CredentialAnswer> = page.ask("/credentials").await?;
    let faults: Vec<FaultRuleAnswer> = page.ask("/faults").await?;
    let limits: RateLimits = page.ask("/rate-limits").await?;
    let snapshots: Vec<Snapshot> = page.ask("/snapshots").await?;
    let moved = |by: &str, label: &str| page.call("POST", "/clock/advance", json!({ "by": by }), label);
    let name = &page.space.name;
    let limited = list_limited(&limits, &credentials);
    let policies = page.take_part("limits", "limits", describe_policies(&limited), FEW_ROWS)?;
    let organizations = limited.iter().map(|policy| policy.organization.clone()).take(CHOICES).collect();
    let faults = page.take_part("faults", "faults", faults, FEW_ROWS)?;
    let service = page.pages.services.last().copied().unwrap_or_default();
    let example_fault =
        format!("{{\"match\": {{\"service\": \"{service}\"}},\n \"then\": {{\"status\": 503}},\n \"times\": 1}}");
    let snapshots = page.take_part("snapshots", "snapshots", snapshots, FEW_ROWS)?;
    let spaces = page.take_part("spaces", "spaces", page.spaces.iter().collect(), FEW_ROWS)?;
    let replaces = "Data, clock, faults, limits and requests go.";
    let replace = format!("Put this seed in the place of everything in the space {name}? {replaces}");
    let reset = format!("Put the space {name} back to its seed? {replaces}");
    let template = Controls {
        moves: vec![
            page.call("PUT", "/clock", json!({ "mode": "frozen" }), "Freeze").says("The clock stands"),
            moved("1h", "+1 h").says("The clock was moved by 1 h"),
            moved("1d", "+1 d").says("The clock was moved by 1 d"),
            moved("31d", "+31 d").says("The clock was moved by 31 d"),
            page.call("DELETE", "/clock", Value::Null, "Real").says("The clock is the machine's"),
        ],
        advance: page.call("POST", "/clock/advance", Value::Null, "Advance").says("The clock was moved"),
        set: [
            page.call("PUT", "/clock", json!({ "mode": "frozen" }), "Freeze at").says("The clock stands"),
            page.call("PUT", "/clock", json!({ "mode": "offset" }), "Run on from").says("The clock runs on"),
        ],
        operations,
        credentials: credentials.into_iter().map(|credential| credential.label).take(CHOICES).collect(),
        faults: faults.map(|rule| FaultRow::new(&page, &rule)),
        example_fault,
        inject: page.call("POST", "/faults", Value::Null, "Inject").says("The fault is injected"),
        remove_all: page.call("DELETE", "/faults", Value::Null, "Remove all").says("Removed every fault"),
        policies,
        organizations,
        limit: page.call("PUT", "/rate-limits", Value::Null, "Set").says("The limit is set"),
        recount: page
            .call("POST", "/rate-limits/reset", Value::Null, "Start counting over")
            .says("Nothing is counted yet"),
        windows: page.take_part("windows", "limits", WindowRow::list(limits), FEW_ROWS)?,
        snapshots: snapshots.map(|snapshot| to_row(&page, snapshot)),
        take: page.call("PUT", "/snapshots/{snapshot}", Value::Null, "Take").says("The snapshot is taken"),
        seed: [
            page.call("POST", "/seed?dry_run=true", json!(""), "Check")
                .says("The seed is good; nothing was done yet")
                .only_checks(),
            page.call("POST", "/seed", json!(""), "Add").says("The seed was added"),
            page.call("POST", "/seed?mode=replace", json!(""), "Replace")
                .says("The seed is all there is now")
                .asks(replace),
        ],
        reset: page.call("POST", "/reset", Value::Null, "Reset to seed").asks(reset),
        spaces: spaces.map(|name| SpaceRow::new(&page, name)),
        create: ControlAction::new("POST", "/spaces".to_owned(), Value::Null, "Create".to_owned()),
        page: &page,
    };
    render_page(&page, &template)
}

fn to_row(page: &Page, snapshot: Snapshot) -> SnapshotRow {
    let (name, path) = (&snapshot.name, format!("/snapshots/{}", encode_segment(&snapshot.name)));
    let restore = page.call("POST", &format!("{path}/restore"), Value::Null, "Restore");
    let restore = restore.of(format!("the snapshot {name}")).says(format!("Restored the snapshot {name}"));
    let delete = page.call("DELETE", &path, Value::Null, "Delete").of(format!("the snapshot {name}"));
    let delete = delete.says(format!("Deleted the snapshot {name}"));
    SnapshotRow {
        restore: restore.asks(format!("Put the snapshot {name} in the place of everything in the space?")),
        delete: delete.asks(format!("Delete the snapshot {name}?")),
        snapshot,
    }
}

/// The state of the space, as a file: a browser cannot send the control token along.
pub(super) async fn download_state(page: Page) -> Result<Response, PageError> {
    let state: Value = page.ask("/state").await?;
    let disposition = format!("attachment; filename=\"locum-{}.json\"", page.space.name);
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, state.to_string()).into_response())
}
