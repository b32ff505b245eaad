//! Everything that a tester controls: the clock, faults, limits, snapshots, the seed, the state, spaces.

use askama::Template;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::{FaultRow, SpaceRow, WindowRow, describe_policies};
use crate::{
    control::{ClockAnswer, CredentialAnswer, FaultRuleAnswer, RateLimits},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{count_noun, format_timestamp},
        links::encode_segment,
        view::{Page, render_page},
    },
};

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
    clock: ClockAnswer,
    moves: Vec<ControlAction>,
    advance: ControlAction,
    /// Sets the clock to a time, at which it stays, or from which it runs on.
    set: [ControlAction; 2],
    operations: Vec<String>,
    credentials: Vec<String>,
    faults: Vec<FaultRow>,
    inject: ControlAction,
    remove_all: ControlAction,
    policies: Vec<String>,
    organizations: Vec<String>,
    windows: Vec<WindowRow>,
    limit: ControlAction,
    recount: ControlAction,
    snapshots: Vec<SnapshotRow>,
    take: ControlAction,
    /// Checks a seed, adds it, puts it in the place of everything.
    seed: [ControlAction; 3],
    reset: ControlAction,
    spaces: Vec<SpaceRow>,
    create: ControlAction,
}

/// Shows it.
pub(super) async fn show(page: Page) -> Result<Response, PageError> {
    let operations: Vec<OperationId> = page.ask_outside("/operations").await?;
    let mut operations: Vec<String> = operations.into_iter().filter_map(|known| known.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    let mut credentials: Vec<CredentialAnswer> = page.ask("/credentials").await?;
    // To choose from, not to look through.
    credentials.truncate(100);
    let faults: Vec<FaultRuleAnswer> = page.ask("/faults").await?;
    let limits: RateLimits = page.ask("/rate-limits").await?;
    let snapshots: Vec<Snapshot> = page.ask("/snapshots").await?;
    let moved = |by: &str, label: &str| page.call("POST", "/clock/advance", json!({ "by": by }), label);
    let name = &page.space.name;
    let template = Controls {
        clock: page.ask("/clock").await?,
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
        credentials: credentials.into_iter().map(|credential| credential.label).collect(),
        faults: faults.iter().map(|rule| FaultRow::new(&page, rule)).collect(),
        inject: page.call("POST", "/faults", Value::Null, "Inject").says("The fault is injected"),
        remove_all: page.call("DELETE", "/faults", Value::Null, "Remove all").says("Removed every fault"),
        policies: describe_policies(&limits.policies),
        organizations: limits.policies.iter().map(|policy| policy.organization.clone()).take(100).collect(),
        limit: page.call("PUT", "/rate-limits", Value::Null, "Set").says("The limit is set"),
        recount: page
            .call("POST", "/rate-limits/reset", Value::Null, "Start counting over")
            .says("Nothing is counted yet"),
        windows: WindowRow::list(limits),
        snapshots: snapshots.into_iter().map(|snapshot| to_row(&page, snapshot)).collect(),
        take: page.call("PUT", "/snapshots/{snapshot}", Value::Null, "Take").says("The snapshot is taken"),
        seed: [
            page.call("POST", "/seed?dry_run=true", json!(""), "Check"),
            page.call("POST", "/seed", json!(""), "Add"),
            page.call("POST", "/seed?mode=replace", json!(""), "Replace").asks(format!(
                "Put this seed in the place of everything in the space {name}? Data, clock, faults, limits and requests go."
            )),
        ],
        reset: page.call("POST", "/reset", Value::Null, "Reset to seed").asks(format!(
            "Put the space {name} back to its seed? Data, clock, faults, limits and requests go."
        )),
        spaces: page.spaces.iter().map(|name| SpaceRow::new(&page, name)).collect(),
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
