//! Injects the faults that a tester asked for.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::ConnectInfo,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header, request, response::Parts},
    response::{IntoResponse, Response},
};
use bytestring::ByteString;
use http_body::Frame;
use serde_json::Value;

use crate::{
    app::App,
    core::error::{Error, RETRY_AFTER_OUTAGE},
    domain::{
        fault_rule::{Damage, Effect, Hit, has_no_body},
        organization::SpaceId,
        request_matcher::RequestAttributes,
    },
    http::{
        authenticate::Identified,
        body_limit::{self, BodyLimit},
        connection::{Breakage, ConnectionBreaker},
        request_context::find_sent_uri,
        vendor_service::{InjectedError, Outcome, VendorService},
    },
    store::fault_rule::StoredRule,
};

/// What a rule matches a request by.
pub fn attributes<'a, S: VendorService>(
    parts: &'a request::Parts,
    identified: &'a Identified,
    other_paths: &'a [ByteString],
) -> RequestAttributes<'a> {
    RequestAttributes {
        service: Some(S::NAME),
        operation: identified.operation,
        credential: identified.label.as_deref(),
        method: parts.method.as_str(),
        path: find_sent_uri(parts).path(),
        other_paths,
        query: parts.uri.query(),
        // It is known only when the handler has read the request.
        ignored: false,
    }
}

/// Finds the first rule that hits a request, and what it does to it. The body is read here only where a rule asks for it
/// that means the request otherwise.
///
/// # Errors
/// Those of [`body_limit::read_within`]; [`Error::Unavailable`].
pub async fn find(
    app: &App,
    identified: &Identified,
    request: RequestAttributes<'_>,
    parts: &request::Parts,
    body: &mut Body,
) -> Result<Option<Hit>, Error> {
    let (space, generation) = (identified.space, identified.generation);
    let mut whole = None;
    for StoredRule { id, rule, .. } in rules(app, space, identified.rules_revision).await?.iter() {
        if !rule.which.matches_head(request) {
            continue;
        }
        if rule.which.body.is_some() {
            let whole = match &whole {
                Some(whole) => whole,
                None => whole.insert(Box::pin(read(parts, body)).await?),
            };
            if !rule.which.matches_body(whole) {
                continue;
            }
        }
        let draw = |hit, width: u32| app.db.id_seed().of_fault(id, hit).below(width.saturating_add(1));
        if let Some(number) = Box::pin(crate::store::fault_rule::count(&app.db, space, generation, id)).await?
            && let Some(hit) = rule.hit(id, number, draw)
        {
            return Ok(Some(hit));
        }
    }
    Ok(None)
}

/// Reads a body, which the handler gets all the same.
async fn read(parts: &request::Parts, body: &mut Body) -> Result<Bytes, Error> {
    let limit = parts.extensions.get::<BodyLimit>().map_or(usize::MAX, |limit| limit.0);
    let whole = body_limit::read_within(limit, &parts.headers, std::mem::take(body)).await?;
    *body = Body::from(whole.clone());
    Ok(whole)
}

async fn rules(app: &App, space: SpaceId, rules_revision: i64) -> Result<Arc<[StoredRule]>, Error> {
    let known = app.fault_rules.read().get(&space).cloned();
    if let Some((at, rules)) = known
        && at == rules_revision
    {
        return Ok(rules);
    }
    let rules = async { crate::store::fault_rule::list(&mut app.db.read().await?, space).await };
    let rules: Arc<[StoredRule]> = Box::pin(rules).await?.into();
    rules.iter().for_each(|stored| app.note_rule(&stored.rule));
    app.fault_rules.write().insert(space, (rules_revision, Arc::clone(&rules)));
    Ok(rules)
}

/// How long the effect lets the request wait.
pub fn delay(effect: &Effect) -> Duration {
    Duration::from_millis(effect.delay_millis.unwrap_or_default())
}

/// Waits as an effect says.
pub async fn wait(delay: Duration) {
    if !delay.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "the tester wants the client to wait")]
        tokio::time::sleep(delay).await;
    }
}

/// Gives an answer the headers that the effect has, in the place of its own.
pub fn write_headers(effect: &Effect, answer: &mut Response) {
    for (name, values) in &effect.headers {
        // What cannot be sent was refused when the rule was made.
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        answer.headers_mut().remove(&name);
        for value in values.iter().filter_map(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
            answer.headers_mut().append(&name, value);
        }
    }
}

/// What an injected error may have to tell of the request that it answers.
pub struct Asked<S: VendorService> {
    uri: Uri,
    outcome: Outcome<S>,
    /// The methods of its path.
    allowed: Option<String>,
}

impl<S: VendorService> Asked<S> {
    pub fn of(request: &request::Parts, outcome: &Outcome<S>, allowed: Option<String>) -> Self {
        Self { uri: request.uri.clone(), outcome: outcome.clone(), allowed }
    }
}

/// The answer that takes the place of the handler's, if the effect has one.
pub fn answer<S: VendorService>(
    effect: &Effect,
    operation: Option<&'static str>,
    Asked { uri, outcome, allowed }: &Asked<S>,
) -> Option<Response> {
    if !effect.answers() {
        return None;
    }
    let code = effect.code.as_deref();
    let status = effect.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.or_else(|| code.map(find_status::<S>)).unwrap_or(StatusCode::OK);
    let principal = outcome.principal().ok();
    let mut answer = match &effect.body {
        None if has_no_body(status.as_u16()) => status.into_response(),
        // Nothing went wrong, and what the operation would have said is not known.
        None if code.is_none() && status.as_u16() < 400 => {
            (status, [(header::CONTENT_TYPE, S::CONTENT_TYPE)]).into_response()
        }
        None => {
            let error = InjectedError { status, code, operation, uri, principal: principal.as_deref() };
            S::injected(error)
        }
        Some(Value::String(text)) => (status, text.clone()).into_response(),
        Some(json) => (status, [(header::CONTENT_TYPE, "application/json")], json.to_string()).into_response(),
    };
    if let Some(allowed) = allowed.as_ref().filter(|_| status == StatusCode::METHOD_NOT_ALLOWED)
        && let Ok(allowed) = HeaderValue::from_str(allowed)
    {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    Some(say_when_to_retry(answer))
}

/// Gives an answer that asks the client to come back the time for it, where the service says none: those that limit
/// nobody have no 429 of their own.
fn say_when_to_retry(mut answer: Response) -> Response {
    if matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        answer.headers_mut().entry(header::RETRY_AFTER).or_insert(RETRY_AFTER_OUTAGE.into());
    }
    answer
}

/// The status that comes with a code where none is named.
fn find_status<S: VendorService>(code: &str) -> StatusCode {
    let known = S::error_codes().into_iter().find(|known| known.name == code);
    known.and_then(|known| known.statuses.first().copied()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// What an answer is sent over, and whether it is one without a body: left on the answer for [`damage`].
#[derive(Debug, Clone)]
pub struct AnswerTarget {
    breaker: Option<ConnectionBreaker>,
    is_head: bool,
}

impl AnswerTarget {
    pub fn of(request: &request::Parts) -> Self {
        let breaker = request.extensions.get::<ConnectInfo<ConnectionBreaker>>();
        Self { breaker: breaker.map(|info| info.0.clone()), is_head: request.method == Method::HEAD }
    }
}

/// Sends an answer over a connection that breaks. `whole` is its body.
pub fn damage(damage: Damage, mut parts: Parts, whole: &Bytes) -> Response {
    let target = parts.extensions.remove::<AnswerTarget>();
    let (breaker, is_head) = target.map_or((None, false), |target| (target.breaker, target.is_head));
    let has_body = !whole.is_empty() && !is_head;
    let breakage = match damage {
        Damage::Empty if has_body => {
            parts.headers.remove(header::CONTENT_LENGTH);
            return Response::from_parts(parts, Body::empty());
        }
        Damage::Truncated if has_body => {
            // The client is promised more than it gets.
            parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
            return Response::from_parts(parts, Body::new(Broken { next: Step::Send(whole.slice(..whole.len() / 2)) }));
        }
        // Where there is no body to leave out or to cut, the client must notice it all the same.
        Damage::Empty => Breakage::Close,
        Damage::Truncated => Breakage::Cut,
        Damage::ConnectionReset => Breakage::Reset,
    };
    match breaker {
        Some(breaker) => {
            breaker.break_with(breakage);
            Response::from_parts(parts, Body::empty())
        }
        // Whoever calls without a connection, as tests do, sees a body that breaks.
        None => Response::from_parts(parts, Body::new(Broken { next: Step::Break })),
    }
}

/// A body that breaks, and the connection with it.
struct Broken {
    next: Step,
}

enum Step {
    Send(Bytes),
    /// What was sent gets out before it breaks.
    Pause,
    Break,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match std::mem::replace(&mut self.next, Step::Break) {
            Step::Send(bytes) => {
                self.next = Step::Pause;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Step::Pause => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Break => Poll::Ready(Some(Err(std::io::Error::other("an injected fault")))),
        }
    }
}
