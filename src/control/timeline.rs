//! `/timeline`: what a tester does to a space, beside its requests. Whoever looks at those later asks what happened in
//! between.

use axum::{
    body::Body,
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::requests::check_journal_is_kept;
use crate::{
    app::App,
    core::{
        clock::{Clock, Time, write},
        error::Error,
        text::cut,
    },
    domain::{journal::NotedAfter, organization::Space},
    http::{
        control_input::{Answer, FoundSpace, InSpace, SpaceQuery},
        problem::{Problem, Refused},
    },
    store,
};

/// As much of a note as is kept: a fault may be as long as a tester likes.
const LONGEST: usize = 300;

/// What was done to a space.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NoteAnswer {
    /// When, by the machine's clock.
    #[schema(format = DateTime, example = "2026-11-29T10:00:00Z")]
    pub(crate) arrived: String,
    /// The id of the request that was the journal's newest then. Absent where it had none, or has dropped that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// What, for people.
    #[schema(example = "clock +30 d → 2026-02-14 09:00:00 frozen")]
    pub(crate) text: String,
}

impl From<NotedAfter> for NoteAnswer {
    fn from((note, after): NotedAfter) -> Self {
        Self { arrived: write(note.arrived), after, text: note.text }
    }
}

/// What was done to the space since its journal began: its clock moved, its data replaced, faults, limits and
/// credentials changed. The oldest first, and no more than the last thousand.
#[utoipa::path(get, path = "/timeline", operation_id = "getTimeline", tag = "Requests",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "What was done", body = Vec<NoteAnswer>), Refused))]
pub(super) async fn get_timeline(
    State(app): State<App>,
    InSpace(space): InSpace,
) -> Result<Answer<Vec<NoteAnswer>>, Problem> {
    check_journal_is_kept(&app)?;
    let notes = store::journal::list_notes(&app.db, space.id).await?;
    Ok(Answer(notes.into_iter().map(Into::into).collect()))
}

/// Keeps a note of what was done to a space, as it is now. When that fails it is only logged, because it was done all
/// the same.
pub(super) async fn keep(app: &App, space: &Space, text: String) {
    let arrived = Clock::Real.now();
    if app.config.journal.is_none() {
        return;
    }
    // A fault may name a token that another process gave out.
    if let Err(error) = app.learn(space.id, space.rules_revision).await {
        return error.log();
    }
    let text = app.keyring.known().redact(&text).unwrap_or(text);
    let text = cut(&text, LONGEST);
    if let Some(run) = app.run.get() {
        run.name(space.id, &space.name);
        run.note(space.id, &text);
    }
    let kept = store::journal::note(&app.db, space.id, space.revision, arrived, text).await;
    kept.unwrap_or_else(|error| error.log());
}

/// What a note is made from of an answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Done {
    dry_run: bool,
    /// Of the credential.
    label: Option<String>,
    /// These two of the fault.
    r#match: Value,
    then: Value,
}

/// Middleware: notes what was done, where it was.
pub(super) async fn note(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), decode(request.uri().path()));
    if matches!(method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let found = FoundSpace::default();
    request.extensions_mut().insert(found.clone());
    let response = next.run(request).await;
    let Some(before) = found.get().filter(|_| response.status().is_success()) else { return response };
    let (parts, body) = response.into_parts();
    // An answer of these routes is there as a whole, so that reading it neither waits nor fails.
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let done = serde_json::from_slice(&body).unwrap_or_default();
    // Nothing is left of a space that was deleted.
    match app.space(&before.name).await {
        Ok(space) => {
            if let Some(text) = describe(&method, &path, &done, before, &space) {
                keep(&app, &space, text).await;
            }
        }
        Err(Error::NotFound(_)) => {}
        Err(error) => error.log(),
    }
    Response::from_parts(parts, Body::from(body))
}

fn decode(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// Says what was done. `None` where the requests are the same with and without it.
fn describe(method: &Method, path: &str, done: &Done, before: &Space, space: &Space) -> Option<String> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let parts = match parts.as_slice() {
        ["spaces", _, rest @ ..] => rest,
        parts => parts,
    };
    let fault = || format!("{} gets {}", done.r#match, done.then);
    let credential = || done.label.as_deref().unwrap_or_default();
    Some(match (method.as_str(), parts) {
        (_, [] | ["requests", ..]) => return None,
        (_, ["seed"]) if done.dry_run => return None,
        (_, ["clock", ..]) => describe_clock(before.now(), space),
        (_, ["reset"]) => "reset to the seed".to_owned(),
        (_, ["seed"]) if before.generation() == space.generation() => "a seed was added".to_owned(),
        (_, ["seed"]) => "a seed replaced everything".to_owned(),
        ("PUT", ["state"]) => "a state replaced everything".to_owned(),
        ("PUT", ["snapshots", name]) => format!("snapshot {name} taken"),
        ("POST", ["snapshots", name, "restore"]) => format!("snapshot {name} restored"),
        ("DELETE", ["snapshots", name]) => format!("snapshot {name} deleted"),
        ("POST", ["faults"]) => format!("fault made: {}", fault()),
        ("DELETE", ["faults"]) => "all faults removed".to_owned(),
        ("DELETE", ["faults", _]) => format!("fault removed: {}", fault()),
        ("PUT", ["rate-limits"]) => "limits were set".to_owned(),
        (_, ["rate-limits", "reset"]) => "counting started over".to_owned(),
        (_, ["credentials", _, "revoke"]) => format!("the credential {} was revoked", credential()),
        (_, ["credentials", _, "expire"]) => format!("the credential {} expired", credential()),
        (_, ["credentials", _, "rotate"]) => format!("the credential {} got a new token", credential()),
        (_, parts) => format!("{method} /{}", parts.join("/")),
    })
}

fn describe_clock(before: Time, space: &Space) -> String {
    const DAY: i64 = 24 * 60;
    let now = space.now();
    // Two looks at a clock that runs are some microseconds apart.
    let minutes = ((now - before).num_seconds() + 30).div_euclid(60);
    let sign = if minutes < 0 { "−" } else { "+" };
    let moved = match minutes.abs() {
        0 => String::new(),
        some if some % DAY == 0 => format!(" {sign}{} d", some / DAY),
        some if some % 60 == 0 => format!(" {sign}{} h", some / 60),
        some if some > DAY => format!(" {sign}{} d", some / DAY),
        some => format!(" {sign}{some} min"),
    };
    let shown = write(now);
    let shown = shown.split('.').next().unwrap_or(&shown).trim_end_matches('Z').replace('T', " ");
    format!("clock{moved} → {shown} {}", space.clock)
}
