//! `/requests`: the journal, and questions about it.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    control::{
        info::{check_operation, check_service},
        selector,
    },
    core::{clock, duration::parse_duration, error::Error},
    domain::{
        journal::{CredentialOutcome, DecisionTrace, Entry, Expected, Filter, Message},
        organization::SpaceId,
        selector::{Difference, Selector},
    },
    http::{
        control_input::{Answer, InSpace, Json, Params, Segments, SpaceQuery},
        extract::object,
        problem::{Problem, Refused},
    },
    services::{Registry, Services},
    store::{
        self,
        journal::{Count, SequencedEntry},
    },
};

/// Requests on a page, unless the query says otherwise.
const PAGE: u32 = 100;
/// The most that it may say.
const LONGEST_PAGE: u32 = 1000;
/// The longest that a question waits.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// Requests that are named when none was as expected.
const NEAREST: usize = 3;

/// The journal of a space.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JournalPage {
    /// The newest first.
    requests: Vec<RequestSummary>,
    /// How many were dropped to make room since the journal was last cleared.
    evicted: i64,
    /// Where the next page begins: send it as `cursor`. Absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A request, in short.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RequestSummary {
    /// The `X-Request-Id` of its answer.
    id: String,
    /// When it was asked, by the space's clock.
    #[schema(format = DateTime, example = "2026-01-15T09:00:00Z")]
    at: String,
    /// How long the answer took, in microseconds.
    elapsed_us: u64,
    /// Absent where the path is no service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "jetbrains_account")]
    service: Option<Cow<'static, str>>,
    /// Absent where path and method are no operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "assignLicense")]
    operation: Option<Cow<'static, str>>,
    /// What the credential is called, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ann@example.test (organization)")]
    credential: Option<String>,
    #[schema(example = "POST")]
    method: String,
    #[schema(example = "/api/v1/customer/licenses/assign")]
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[schema(example = 200)]
    status: u16,
    /// The injected fault that hit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Why it was refused, in Locum's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// A request, whole. `[label]` stands where a credential was sent, `********` where one was that nobody knows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RequestDetail {
    #[serde(flatten)]
    summary: RequestSummary,
    /// What was asked.
    request: MessageAnswer,
    /// What was answered.
    response: MessageAnswer,
    trail: TrailAnswer,
}

/// Headers and body.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageAnswer {
    /// In the order in which they came.
    headers: Vec<Header>,
    /// The body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The body, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    /// How many bytes it had. The journal keeps the first 64 KiB.
    body_bytes: usize,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Header {
    #[schema(example = "content-type")]
    name: String,
    value: String,
}

/// How a request was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrailAnswer {
    credential: CredentialTrail,
    permission: PermissionTrail,
    /// The window that it was counted in; absent where nothing is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<WindowTrail>,
    /// The injected fault that hit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultTrail>,
    /// Why it was refused, in Locum's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// Which credential matched.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CredentialTrail {
    /// `nothing` (none was sent), `unknown`, `expired` or `good`.
    #[schema(value_type = String, example = "good")]
    outcome: CredentialOutcome,
    /// What it is called, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// Which role or scope was needed, and found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PermissionTrail {
    /// Absent where no handler asked, as for an unknown path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "read:tokens:admin")]
    needed: Option<Cow<'static, str>>,
    /// What the credential may do, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "every scope")]
    held: Option<String>,
}

/// A rate-limit window, after the request was counted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WindowTrail {
    /// Requests in one window.
    limit: i64,
    /// How many more are let through.
    remaining: i64,
    /// When counting starts over.
    #[schema(format = DateTime)]
    reset: String,
    /// The request was refused for it.
    exceeded: bool,
}

/// An injected fault.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultTrail {
    /// The rule's id.
    id: String,
    /// What it did.
    #[schema(example = "delay 500ms, status 503")]
    did: String,
}

impl From<&Entry> for RequestSummary {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            at: clock::write(entry.at),
            elapsed_us: entry.elapsed_micros,
            service: entry.service.clone(),
            operation: entry.operation.clone(),
            credential: entry.credential.as_deref().map(ToOwned::to_owned),
            method: entry.method.to_string(),
            path: entry.path.to_string(),
            query: entry.query.as_deref().map(ToOwned::to_owned),
            status: entry.status,
            fault: entry.trail.fault.as_ref().map(|hit| hit.did.clone()),
            refusal: entry.trail.refusal.clone(),
        }
    }
}

impl From<&Message> for MessageAnswer {
    fn from(message: &Message) -> Self {
        let text = std::str::from_utf8(&message.body);
        let is_kept = !message.body.is_empty();
        Self {
            headers: message
                .headers
                .iter()
                .map(|(name, value)| Header { name: name.to_owned(), value: value.to_owned() })
                .collect(),
            body: text.ok().filter(|_| is_kept).map(ToOwned::to_owned),
            body_base64: text.is_err().then(|| BASE64_STANDARD.encode(&message.body)),
            body_bytes: message.length,
        }
    }
}

impl From<&Entry> for TrailAnswer {
    fn from(entry: &Entry) -> Self {
        let DecisionTrace { credential, needed, held, window, fault, refusal } = entry.trail.clone();
        let text = |shared: &Option<Arc<str>>| shared.as_deref().map(ToOwned::to_owned);
        Self {
            credential: CredentialTrail { outcome: credential, label: text(&entry.credential) },
            permission: PermissionTrail { needed, held: text(&held) },
            rate_limit: window.map(|window| WindowTrail {
                limit: window.limit,
                remaining: window.remaining,
                reset: clock::write(window.reset),
                exceeded: window.exceeded,
            }),
            fault: fault.map(|hit| FaultTrail { id: hit.id, did: hit.did }),
            refusal,
        }
    }
}

/// Which requests a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RequestsQuery {
    /// Of this service.
    service: Option<String>,
    /// With this operation id.
    operation: Option<String>,
    /// With the credential of this label.
    credential: Option<String>,
    /// With this status, or of this class: `404`, `4xx`.
    status: Option<String>,
    /// From this time on, by the space's clock; or behind the request with this id.
    since: Option<String>,
    /// How many on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where the page before said that the next begins.
    cursor: Option<String>,
}

impl RequestsQuery {
    async fn read(self, app: &App, services: &Registry, space: SpaceId) -> Result<(Filter, usize), Problem> {
        let Self { service, operation, credential, status, since, limit, cursor } = self;
        if let Some(service) = &service {
            check_service(services, "/service", service)?;
        }
        if let Some(operation) = &operation {
            check_operation(services, "/operation", operation)?;
        }
        let status = status.map(|text| statuses(&text)).transpose()?;
        let before =
            cursor.map(|text| text.parse().map_err(|_| Error::invalid("/cursor", "not a cursor of this list")));
        let limit = limit.unwrap_or(PAGE);
        if !(1..=LONGEST_PAGE).contains(&limit) {
            return Err(Error::invalid("/limit", format!("expected a number from 1 to {LONGEST_PAGE}")).into());
        }
        let mut filter =
            Filter { service, operation, credential, status, before: before.transpose()?, ..Filter::default() };
        match since.map(|text| clock::parse(&text).map_err(|_| text)) {
            None => {}
            Some(Ok(time)) => filter.since = Some(time),
            Some(Err(id)) => {
                let found = store::journal::find(&app.db, space, &id).await?;
                let wrong = || {
                    Error::invalid(
                        "/since",
                        format!(
                            "`{id}` is neither a time like 2026-01-15T09:00:00Z nor the id of a request in the journal"
                        ),
                    )
                };
                filter.after = Some(found.ok_or_else(wrong)?.0);
            }
        }
        Ok((filter, usize::try_from(limit).unwrap_or(usize::MAX)))
    }
}

/// `404`, or all of a class: `4xx`.
fn statuses(text: &str) -> Result<(u16, u16), Error> {
    let exact = text.parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    let class =
        text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok()).filter(|class| (1..=5).contains(class));
    let range = exact.map(|status| (status, status)).or(class.map(|class| (class * 100, class * 100 + 99)));
    range.ok_or_else(|| Error::invalid("/status", format!("`{text}` is not a status: expected one like 404 or 4xx")))
}

/// Refuses what there is no journal for.
fn check_kept(app: &App) -> Result<(), Problem> {
    if app.config.journal.is_some() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::CONFLICT, "no journal is kept: start Locum without `--journal off`"))
}

/// The journal, the newest request first. Requests of the control API are not in it.
#[utoipa::path(get, path = "/requests", operation_id = "getRequests", tag = "Requests", security((), ("controlToken" = [])),
    params(SpaceQuery, RequestsQuery),
    responses((status = 200, description = "The requests", body = JournalPage), Refused))]
pub(super) async fn get_requests(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    Params(query): Params<RequestsQuery>,
) -> Result<Answer<JournalPage>, Problem> {
    check_kept(&app)?;
    let (filter, limit) = query.read(&app, &services, space.id).await?;
    // One more, to know whether there is another page.
    let mut page = store::journal::list(&app.db, space.id, &filter, limit + 1).await?;
    let is_last = page.len() <= limit;
    page.truncate(limit);
    let next = page.last().filter(|_| !is_last).map(|(number, _)| number.to_string());
    let summary = |(_, entry): &SequencedEntry| RequestSummary::from(&**entry);
    let evicted = store::journal::evicted(&app.db, space.id).await?;
    Ok(Answer(JournalPage { requests: page.iter().map(summary).collect(), evicted, next }))
}

/// Clears the journal.
#[utoipa::path(delete, path = "/requests", operation_id = "deleteRequests", tag = "Requests", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "What is left: none", body = JournalPage), Refused))]
pub(super) async fn delete_requests(
    State(app): State<App>,
    InSpace(space): InSpace,
) -> Result<Answer<JournalPage>, Problem> {
    check_kept(&app)?;
    let mut db = app.db.write(space.id).await?;
    store::journal::clear(&mut db).await?;
    db.commit().await?;
    Ok(Answer(JournalPage { requests: Vec::new(), evicted: 0, next: None }))
}

/// One request, with headers, bodies, and how it was decided.
#[utoipa::path(get, path = "/requests/{id}", operation_id = "getRequest", tag = "Requests", security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The `X-Request-Id` of its answer"), SpaceQuery),
    responses((status = 200, description = "The request", body = RequestDetail), Refused))]
pub(super) async fn get_request(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<RequestDetail>, Problem> {
    check_kept(&app)?;
    let id = path.get("id");
    let found = store::journal::find(&app.db, space.id, id).await?;
    let Some((_, entry)) = found else {
        return Err(Error::NotFound(format!("the journal holds no request `{id}`")).into());
    };
    Ok(Answer(RequestDetail {
        summary: (&*entry).into(),
        request: (&entry.request).into(),
        response: (&entry.response).into(),
        trail: (&*entry).into(),
    }))
}

/// A question about the journal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    /// Which requests; left out, all of them.
    #[serde(default, deserialize_with = "object")]
    r#match: Wanted,
    /// How many; left out, at least one.
    #[serde(default, deserialize_with = "object")]
    count: Usage,
    /// How long to wait for it, like `2s`, up to `10m`; left out, not at all.
    #[schema(example = "2s")]
    within: Option<String>,
}

/// Which requests. Everything that is said must fit.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[schema(example = "jetbrains_account")]
    service: Option<String>,
    /// A vendor's operation id.
    #[schema(example = "assignLicense")]
    operation: Option<String>,
    /// What the credential is called.
    #[schema(example = "ann@example.test (organization)")]
    credential: Option<String>,
    #[schema(example = "POST")]
    method: Option<String>,
    /// The whole path; a `*` at its end stands for anything.
    #[schema(example = "/api/v1/*")]
    path: Option<String>,
    /// The answer's status.
    #[schema(example = 200)]
    status: Option<u16>,
    /// Query parameters by name, decoded; others do not matter.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// The body: of an object, members that are not named do not matter; a text is the whole body.
    body: Option<Value>,
}

/// How many requests. Exactly one of these.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Usage {
    #[schema(minimum = 0)]
    exactly: Option<i64>,
    #[schema(minimum = 0)]
    at_least: Option<i64>,
    #[schema(minimum = 0)]
    at_most: Option<i64>,
}

/// How many requests are expected.
#[derive(Debug, Clone, Copy)]
enum Number {
    Exactly(i64),
    AtLeast(i64),
    AtMost(i64),
}

/// What can be said about a number of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    True,
    /// More requests may make it true.
    NotYet,
    False,
    /// What was dropped may have been among those that are asked about.
    Unknowable,
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(number) => write!(f, "exactly {number}"),
            Self::AtLeast(number) => write!(f, "at least {number}"),
            Self::AtMost(number) => write!(f, "at most {number}"),
        }
    }
}

impl Number {
    fn judge(self, Count { found, evicted }: Count) -> Verdict {
        match self {
            Self::AtLeast(number) if found >= number => Verdict::True,
            Self::AtLeast(_) => Verdict::NotYet,
            Self::Exactly(number) | Self::AtMost(number) if found > number => Verdict::False,
            Self::Exactly(_) | Self::AtMost(_) if evicted > 0 => Verdict::Unknowable,
            Self::Exactly(number) if found < number => Verdict::NotYet,
            Self::Exactly(_) | Self::AtMost(_) => Verdict::True,
        }
    }
}

impl Usage {
    fn read(&self) -> Result<Number, Error> {
        let counts = [
            ("exactly", self.exactly, Number::Exactly as fn(i64) -> Number),
            ("at_least", self.at_least, Number::AtLeast),
            ("at_most", self.at_most, Number::AtMost),
        ];
        let mut said = counts.into_iter().filter_map(|(name, number, kind)| Some((name, number?, kind)));
        let (name, number, kind) = said.next().unwrap_or(("at_least", 1, Number::AtLeast));
        if said.next().is_some() {
            return Err(Error::invalid("/count", "expected one of exactly, at_least, at_most"));
        }
        if number < 0 {
            return Err(Error::invalid(format!("/count/{name}"), "expected a number from 0"));
        }
        Ok(kind(number))
    }
}

impl Wanted {
    fn read(self, services: &Registry) -> Result<Expected, Problem> {
        let Self { service, operation, credential, method, path, status, query, body } = self;
        let which = Selector { service, operation, credential, method, path };
        selector::check(services, &which)?;
        if status.is_some_and(|status| !(100..=599).contains(&status)) {
            return Err(Error::invalid("/match/status", "expected a status from 100 to 599").into());
        }
        Ok(Expected { which, status, query, body })
    }
}

/// It is as expected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verified {
    #[schema(example = "at least 1")]
    expected: String,
    /// How many there are.
    found: i64,
}

/// It is not as expected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotVerified {
    #[serde(flatten)]
    problem: Problem,
    #[schema(example = "at least 1")]
    expected: String,
    /// How many there are.
    found: i64,
    /// How many requests of any kind were dropped to make room, and can be counted no more.
    evicted: i64,
    /// Requests that are not among those that were asked about, but nearly.
    nearest: Vec<Near>,
}

/// A request that nearly matches, and why it does not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Near {
    #[serde(flatten)]
    request: RequestSummary,
    differences: Vec<DifferenceAnswer>,
}

/// A field that is not as expected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DifferenceAnswer {
    /// As in `match`: `operation`, `query/page`, `body/contact/email`.
    #[schema(example = "credential")]
    field: String,
    expected: String,
    /// Absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
}

impl From<Difference> for DifferenceAnswer {
    fn from(Difference { field, expected, found }: Difference) -> Self {
        Self { field, expected, found }
    }
}

/// Whether requests were made as expected: 200 as soon as it is true, 409 when it is not in time.
#[utoipa::path(post, path = "/requests/verify", operation_id = "verifyRequests", tag = "Requests", security((), ("controlToken" = [])),
    params(SpaceQuery), request_body = Verify,
    responses((status = 200, description = "It is as expected", body = Verified),
        (status = 409, description = "It is not; with what comes nearest", body = NotVerified, content_type = "application/problem+json"), Refused))]
pub(super) async fn verify_requests(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    Json(body): Json<Verify>,
) -> Result<Response, Problem> {
    check_kept(&app)?;
    let Verify { r#match, count, within } = body;
    let (expected, number) = (r#match.read(&services)?, count.read()?);
    let within = within.map(|text| parse_duration(&text).map_err(|e| Error::invalid("/within", e))).transpose()?;
    if within.is_some_and(|within| within > LONGEST_WAIT) {
        return Err(Error::invalid("/within", "expected at most 10m").into());
    }
    let started = Instant::now();
    // Before counting, so that nothing happens unheard in between.
    let mut listener = app.db.listen(space.id).await?;
    let (count, verdict) = loop {
        let count = store::journal::count(&app.db, space.id, &expected).await?;
        let verdict = number.judge(count);
        let left = within.and_then(|within| within.checked_sub(started.elapsed()));
        let (Verdict::NotYet, Some(left)) = (verdict, left) else { break (count, verdict) };
        let is_over = tokio::select! {
            heard = tokio::time::timeout(left, listener.next()) => heard.is_err(),
            () = app.stopping() => true,
        };
        if is_over {
            break (count, verdict);
        }
    };
    if verdict == Verdict::True {
        return Ok(Answer(Verified { expected: number.to_string(), found: count.found }).into_response());
    }
    let nearest = store::journal::nearest(&app.db, space.id, &expected, NEAREST).await?;
    let near = |entry: &Entry| Near {
        request: entry.into(),
        differences: expected.differences(entry).into_iter().map(Into::into).collect(),
    };
    let nearest = nearest.iter().map(|entry| near(entry)).collect();
    Ok(refusal(number, count, verdict, nearest).into_response())
}

fn refusal(number: Number, count: Count, verdict: Verdict, nearest: Vec<Near>) -> NotVerified {
    let Count { found, evicted } = count;
    let mut detail = format!("expected {number} such requests, found {found}");
    if verdict == Verdict::Unknowable {
        detail = format!(
            "{detail}, but {evicted} requests were dropped to make room, and some of those may have been such: clear the \
             journal before the test, or keep more of it with --journal"
        );
    } else if evicted > 0 {
        detail = format!("{detail}; {evicted} requests were dropped to make room and are not counted");
    }
    NotVerified {
        problem: Problem::new(StatusCode::CONFLICT, detail),
        expected: number.to_string(),
        found,
        evicted,
        nearest,
    }
}

impl IntoResponse for NotVerified {
    fn into_response(self) -> Response {
        crate::http::problem::problem(StatusCode::CONFLICT, &self)
    }
}
