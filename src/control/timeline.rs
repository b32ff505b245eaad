//! `/timeline`: what a tester does to a space, beside its requests. Whoever looks at those later asks what happened in
//! between.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody as _},
    extract::{MatchedPath, Request, State},
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
        control_input::{Answer, FoundSpace, InSpace, NothingDone, SentBody, SpaceQuery},
        operations::Operations,
        problem::{Problem, Refused},
    },
    store::{self, Written},
};

/// As much of a note as is kept: a fault may be as long as a tester likes.
const LONGEST: usize = 300;

/// What was done to a space.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
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
        run.note(space.id, arrived, &text);
    }
    let kept = store::journal::note(&app.db, space.id, space.revision, arrived, text).await;
    kept.unwrap_or_else(|error| error.log());
}

/// The largest answer that a note is made from. Only a seed's is larger, by its many tokens.
const LARGEST: u64 = 1024 * 1024;

/// What a note is made from of an answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Done {
    /// Of the credential.
    label: Option<String>,
    /// These two of the fault.
    r#match: Value,
    then: Value,
    /// Those of the seed.
    organizations: Vec<DoneOrganization>,
}

#[derive(Deserialize)]
struct DoneOrganization {
    name: String,
    customer_code: String,
}

/// A change, as it was asked for.
struct Asked {
    method: Method,
    /// Below the control API, or below the space.
    parts: Vec<String>,
    is_dry_run: bool,
    /// What a service's own route does, in words of the document, and what stands in its path.
    route: Option<(&'static str, Vec<String>)>,
    sent: SentBody,
    /// What it has changed of a service's.
    written: Arc<Written>,
}

impl Asked {
    fn of(request: &Request, operations: &Operations) -> Self {
        let uri = request.uri();
        let mut parts: Vec<String> = uri.path().trim_matches('/').split('/').map(decode).collect();
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let route = route.and_then(|route| Some((operations.find(route, request.method())?.summary, route)));
        let route = route.map(|(summary, route)| (summary, name_parameters(route, &parts)));
        if parts.first().is_some_and(|first| first == "spaces") {
            parts.drain(..parts.len().min(2));
        }
        let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let is_dry_run = pairs.any(|(name, value)| name == "dry_run" && value != "false");
        let method = request.method().clone();
        Self { method, parts, is_dry_run, route, sent: SentBody::default(), written: Arc::default() }
    }

    fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// Whether its answer says what was done. The others are passed on unread, because a state is as long as all there is.
    fn is_told_by_answer(&self) -> bool {
        matches!(self.parts.first().map(String::as_str), Some("seed" | "faults" | "credentials"))
    }

    fn read_members(&self) -> serde_json::Map<String, Value> {
        self.sent.get().and_then(|sent| serde_json::from_slice(sent).ok()).unwrap_or_default()
    }

    /// The members of what was sent, in words.
    fn list_members(&self) -> Vec<String> {
        let members = self.read_members().into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            format!("{} {value}", name.replace('_', " "))
        });
        members.collect()
    }
}

/// What stands in a path for the parameters of its route, as what it is of the list in front of it: `team 2001`.
fn name_parameters(route: &str, parts: &[String]) -> Vec<String> {
    // What it is mounted behind stands in front of the route.
    let pattern: Vec<&str> = route.trim_matches('/').rsplit('/').collect();
    let named = pattern.windows(2).zip(parts.iter().rev()).filter_map(|(around, value)| {
        let (name, list) = (around.first()?.strip_prefix('{')?, around.get(1)?);
        let one = list.strip_suffix('s').unwrap_or(list).replace('-', " ");
        (name != "space}").then(|| format!("{one} {value}"))
    });
    let mut named: Vec<String> = named.collect();
    named.reverse();
    named
}

/// Middleware: notes what was done, where it was.
pub(super) async fn note(
    State((app, operations)): State<(App, Arc<Operations>)>,
    mut request: Request,
    next: Next,
) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let (found, asked) = (FoundSpace::default(), Asked::of(&request, &operations));
    request.extensions_mut().insert(found.clone());
    request.extensions_mut().insert(asked.sent.clone());
    request.extensions_mut().insert(Arc::clone(&asked.written));
    let mut response = next.run(request).await;
    if asked.written.has_opened_session() && asked.written.read().is_none() {
        response.extensions_mut().insert(NothingDone("it is so already"));
    }
    let is_done = response.status().is_success() && response.extensions().get::<NothingDone>().is_none();
    let Some(before) = found.get().filter(|_| is_done) else { return response };
    let (parts, mut body) = response.into_parts();
    let mut done = Done::default();
    if asked.is_told_by_answer() && body.size_hint().upper().is_some_and(|size| size <= LARGEST) {
        // An answer of these routes is there as a whole, so that reading it neither waits nor fails.
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        done = serde_json::from_slice(&bytes).unwrap_or_default();
        body = Body::from(bytes);
    }
    // Nothing is left of a space that was deleted.
    match app.space(&before.name).await {
        Ok(space) => {
            if let Some(text) = describe(&asked, &done, before, &space) {
                keep(&app, &space, text).await;
            }
        }
        Err(Error::NotFound(_)) => {}
        Err(error) => error.log(),
    }
    Response::from_parts(parts, body)
}

fn decode(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// Says what was done. `None` where the requests are the same with and without it.
fn describe(asked: &Asked, done: &Done, before: &Space, space: &Space) -> Option<String> {
    let (method, parts) = (&asked.method, asked.parts());
    let fault = || format!("{} gets {}", done.r#match, done.then);
    let credential = || done.label.as_deref().unwrap_or_default();
    let of_seed = || {
        let organizations = &done.organizations;
        let named = organizations.iter().map(|it| format!("{} ({})", it.name, it.customer_code));
        let named = named.collect::<Vec<_>>().join(", ");
        if named.is_empty() { String::new() } else { format!(": {named}") }
    };
    Some(match (method.as_str(), parts.as_slice()) {
        (_, [] | [""] | ["requests", ..]) => return None,
        (_, ["seed"]) if asked.is_dry_run => return None,
        (_, ["clock", ..]) => describe_clock(before.now(), space),
        (_, ["reset"]) => "reset to the seed".to_owned(),
        (_, ["seed"]) if before.generation() == space.generation() => format!("a seed was added{}", of_seed()),
        (_, ["seed"]) => format!("a seed replaced everything{}", of_seed()),
        ("PUT", ["state"]) => "a state replaced everything".to_owned(),
        ("PUT", ["snapshots", name]) => format!("snapshot {name} taken"),
        ("POST", ["snapshots", name, "restore"]) => format!("snapshot {name} restored"),
        ("DELETE", ["snapshots", name]) => format!("snapshot {name} deleted"),
        ("POST", ["faults"]) => format!("fault made: {}", fault()),
        ("DELETE", ["faults"]) => "all faults removed".to_owned(),
        ("DELETE", ["faults", _]) => format!("fault removed: {}", fault()),
        ("PUT", ["rate-limits"]) => format!("limits were set: {}", asked.list_members().join(", ")),
        (_, ["rate-limits", "reset"]) => "counting started over".to_owned(),
        (_, ["credentials", _, "revoke"]) => format!("the credential {} was revoked", credential()),
        (_, ["credentials", _, "expire"]) => format!("the credential {} expired", credential()),
        (_, ["credentials", _, "rotate"]) => format!("the credential {} got a new token", credential()),
        (_, parts) => match (&asked.route, asked.written.read()) {
            (Some((_, named)), Some(changed)) => {
                // The first is where it was: what else the path names is part of what was changed.
                let by = asked.read_members().get("actor").and_then(Value::as_str).map(|actor| format!("by {actor}"));
                let which = named.iter().take(1).cloned().chain(by).collect::<Vec<_>>().join(", ");
                let what = match changed.count {
                    // A product that loses its licence gets another one: that is three or four changes, and all count.
                    ..=4 => changed.first.into_iter().map(|change| change.what).collect::<Vec<_>>().join("; "),
                    _ => changed.describe(),
                };
                if which.is_empty() { what } else { format!("{what} ({which})") }
            }
            (Some((summary, named)), None) if !summary.is_empty() => {
                let what = summary.split(['.', ';']).next().unwrap_or(summary);
                let which = named.iter().cloned().chain(asked.list_members()).collect::<Vec<_>>().join(", ");
                format!("{what}: {which}")
            }
            _ => format!("{method} /{}", parts.join("/")),
        },
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
