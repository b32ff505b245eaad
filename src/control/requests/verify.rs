//! Questions about the journal: were requests made as expected?

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{RequestSummary, check_journal_is_kept};
use crate::{
    app::App,
    control::request_matcher,
    core::{duration::parse_duration, error::Error},
    domain::{
        journal::{Count, Entry, Expectation},
        request_matcher::{Difference, RequestMatcher, read_parameters},
    },
    http::{
        control_input::{Answer, InSpace, Json, SpaceQuery},
        extract::object,
        problem::{Problem, Refused},
    },
    services::{self, Registry, Services},
    store::{self, journal::Nearest},
};

/// The longest that a verification may wait.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// How many requests are named that nearly match.
const NEAREST: usize = 3;

/// A question about the journal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "match": { "operation": "assignLicense", "body": { "contact": { "email": "eve@example.test" } } },
    "count": { "at_most": 1 },
}))]
pub(in crate::control) struct Verify {
    /// Which requests; left out, all of them.
    #[serde(default, deserialize_with = "object")]
    r#match: ExpectedRequest,
    /// How many; left out, at least one.
    #[serde(default, deserialize_with = "object")]
    count: ExpectedCount,
    /// How long to wait for it, like `2s`, up to `10m`; left out, not at all.
    #[schema(example = "2s")]
    within: Option<String>,
}

/// Which requests. Everything that is said must fit.
// A matcher's members stand here once more, because serde cannot refuse unknown members, nor say where a wrong one is,
// of a type with a flattened one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Wanted)]
pub(in crate::control) struct ExpectedRequest {
    #[schema(example = json!(services::OTHER_EXAMPLE))]
    service: Option<String>,
    /// A vendor's operation id.
    #[schema(example = "assignLicense")]
    operation: Option<String>,
    /// What the credential is called: one of the space's, or one that the journal knows.
    #[schema(example = "ann@example.test (organization)")]
    credential: Option<String>,
    #[schema(example = "POST")]
    method: Option<String>,
    /// The whole path. A whole segment `{name}` or `*` stands for any one segment, so that paths of `GET /operations`
    /// can be sent as they are; a `*` at the end stands for anything.
    #[schema(example = "/api/v1/*")]
    path: Option<String>,
    /// Whether it sent something that nothing read.
    #[schema(example = false)]
    ignored: Option<bool>,
    /// The answer's status.
    #[schema(example = 200)]
    status: Option<u16>,
    /// Query parameters by name, decoded; others do not matter.
    #[serde(default, deserialize_with = "read_parameters")]
    query: BTreeMap<String, String>,
    /// The body: of an object, members that are not named do not matter; a text is the whole body.
    body: Option<Value>,
}

/// How many requests. Exactly one of these.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Usage)]
pub(in crate::control) struct ExpectedCount {
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

/// What the journal says of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    True,
    /// More requests may make it true.
    NotYet,
    /// There were too many.
    Exceeded,
    /// Requests that were dropped may have been as expected.
    Unknowable,
}

impl Verdict {
    /// Which requests show why: of too many, those that were asked about; of too few, those that nearly were.
    fn nearest(self) -> Nearest {
        match self {
            Self::Exceeded => Nearest::Matching,
            Self::True | Self::NotYet | Self::Unknowable => Nearest::Differing,
        }
    }
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
            Self::Exactly(number) | Self::AtMost(number) if found > number => Verdict::Exceeded,
            Self::Exactly(_) | Self::AtMost(_) if evicted > 0 => Verdict::Unknowable,
            Self::Exactly(number) if found < number => Verdict::NotYet,
            Self::Exactly(_) | Self::AtMost(_) => Verdict::True,
        }
    }
}

impl ExpectedCount {
    fn read(&self) -> Result<Number, Error> {
        let counts = [
            ("exactly", self.exactly, Number::Exactly as fn(i64) -> Number),
            ("at_least", self.at_least, Number::AtLeast),
            ("at_most", self.at_most, Number::AtMost),
        ];
        if let Some((name, ..)) = counts.iter().find(|(_, number, _)| number.is_some_and(|number| number < 0)) {
            return Err(Error::invalid(format!("/count/{name}"), "expected a number from 0"));
        }
        let mut given = counts.into_iter().filter_map(|(_, number, kind)| Some(kind(number?)));
        let number = given.next().unwrap_or(Number::AtLeast(1));
        if given.next().is_some() {
            return Err(Error::invalid("/count", "expected one of exactly, at_least, at_most"));
        }
        Ok(number)
    }
}

impl ExpectedRequest {
    fn read(self, services: &Registry) -> Result<Expectation, Problem> {
        let Self { service, operation, credential, method, path, ignored, status, query, body } = self;
        let mut which = RequestMatcher { service, operation, credential, method, path, ignored, query, body };
        request_matcher::check(services, &mut which)?;
        if status.is_some_and(|status| !(100..=599).contains(&status)) {
            return Err(Error::invalid("/match/status", "expected a status from 100 to 599").into());
        }
        Ok(Expectation { which, status })
    }
}

/// It is as expected.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct Verified {
    #[schema(example = "at least 1")]
    expected: String,
    /// How many there are.
    found: i64,
}

/// It is not as expected.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct NotVerified {
    #[serde(flatten)]
    problem: Problem,
    #[schema(example = "at least 1")]
    expected: String,
    /// How many there are.
    found: i64,
    /// How many requests of any kind were dropped to make room, and can be counted no more.
    evicted: i64,
    /// The three that come nearest, the newest first among equals: where there are too many, of those that were asked
    /// about; else of the others.
    nearest: Vec<Near>,
}

/// A request that matches, or nearly, and why it does not.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct Near {
    #[serde(flatten)]
    request: RequestSummary,
    /// Empty where it matches.
    differences: Vec<Difference>,
}

/// Whether requests were made as expected: 200 as soon as it is true, 409 when it is not in time.
#[utoipa::path(post, path = "/requests/verify", operation_id = "verifyRequests", tag = "Requests",
    security((), ("controlToken" = [])),
    params(SpaceQuery), request_body = Verify,
    responses((status = 200, description = "It is as expected", body = Verified),
        (status = 409, description = "It is not; with what comes nearest", body = NotVerified,
         content_type = "application/problem+json"), Refused))]
pub(in crate::control) async fn verify_requests(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    Json(body): Json<Verify>,
) -> Result<Response, Problem> {
    check_journal_is_kept(&app)?;
    let Verify { r#match, count, within } = body;
    let (expected, number) = (r#match.read(&services)?, count.read()?);
    let within = within.map(|text| parse_duration(&text).map_err(|e| Error::invalid("/within", e))).transpose()?;
    if within.is_some_and(|within| within > LONGEST_WAIT) {
        return Err(Error::invalid("/within", "expected at most 10m").into());
    }
    request_matcher::check_past(&app, &services, space.id, &expected.which).await?;
    let started = Instant::now();
    // Before counting, because a request between counting and listening would not wake this up.
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
    let nearest = store::journal::nearest(&app.db, space.id, &expected, verdict.nearest(), NEAREST).await?;
    let describe = |entry: &Entry| Near { request: entry.into(), differences: expected.differences(entry) };
    let nearest = nearest.iter().map(|entry| describe(entry)).collect();
    Ok(NotVerified::new(number, count, verdict, nearest).into_response())
}

impl NotVerified {
    fn new(number: Number, count: Count, verdict: Verdict, nearest: Vec<Near>) -> Self {
        let Count { found, evicted } = count;
        let mut detail = format!("expected {number} such requests, found {found}");
        if verdict == Verdict::Unknowable {
            detail = format!(
                "{detail}, but {evicted} requests were dropped to make room, and some of those may have been such: \
                 clear the journal before the test, or keep more of it with --journal"
            );
        } else if evicted > 0 {
            detail = format!("{detail}; {evicted} requests were dropped to make room and are not counted");
        }
        Self {
            problem: Problem::new(StatusCode::CONFLICT, detail),
            expected: number.to_string(),
            found,
            evicted,
            nearest,
        }
    }
}

impl IntoResponse for NotVerified {
    fn into_response(self) -> Response {
        crate::http::problem::problem(StatusCode::CONFLICT, &self)
    }
}
