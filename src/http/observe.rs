//! One id, one log line, one entry in the journal per request.

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::future::Either;
use http_body_util::BodyExt as _;

use crate::{
    app::{App, coverage::Outcome},
    core::clock::Clock,
    http::{
        CONTROL_BASE,
        credential_places::CredentialPlaces,
        decide::Decision,
        explain::explain,
        fault_rule,
        ignored::IgnoredParts,
        journal::{self, RecordedAnswer, RecordedRequest},
        metrics::Metrics,
        nearest_operation::KnownOperations,
        request_context::RequestContext,
        time_limit::answer_in_time,
        vendor_service::Refusal,
    },
};

/// Carries the request's id to the client.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, for the handlers behind.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// The target of log lines about requests.
pub const ANSWERED: &str = "locum::http::observe";
/// The field of these that pages and probes have, which nobody who tests a client waits for.
pub const BACKGROUND: &str = "background";

/// Says of an answer that it is a page's or a probe's.
#[derive(Debug, Clone)]
struct InBackground;

/// Middleware: says so of every answer. One that failed is of interest all the same.
pub async fn mark_background(mut response: Response) -> Response {
    if response.status().as_u16() < 400 {
        response.extensions_mut().insert(InBackground);
    }
    response
}

#[derive(Clone)]
pub struct Observer {
    pub app: App,
    /// What it counts with.
    pub metrics: Arc<Metrics>,
    /// Where it hides what it logs and takes down.
    pub credential_places: Arc<CredentialPlaces>,
    /// What paths that are none may have been meant for.
    pub operations: Arc<KnownOperations>,
}

/// Middleware, outermost: names the request, ends it when it takes too long, logs, counts and takes down what became of
/// it, and lets the connection suffer what a tester wants it to. The path is logged, the query is not: it may name
/// people.
pub fn observe(
    State(observer): State<Observer>,
    request: Request,
    next: Next,
) -> impl Future<Output = Response> + Send {
    let is_delayed = observer.app.delays_requests() && !request.uri().path().starts_with(CONTROL_BASE);
    let answer = answer(observer, request, next);
    if is_delayed { Either::Left(answer_in_any_case(answer)) } else { Either::Right(answer) }
}

/// A client may give up while its request is delayed, and the request is answered and taken down all the same, because
/// whoever tests what a client does after a time-out wants to know what it had asked for, and that it was done.
async fn answer_in_any_case(answer: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(answer).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Locum stops.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

async fn answer(observer: Observer, request: Request, next: Next) -> Response {
    let Observer { app, metrics, credential_places, operations } = observer;
    let id: Arc<str> = app.next_request_id().to_string().into();
    let (arrived, started) = (Clock::Real.now(), Instant::now());
    let is_logged = tracing::enabled!(tracing::Level::INFO);
    let (mut parts, body) = request.into_parts();
    let (asked, body) = if app.config.journal.is_some() {
        let (asked, body) = RecordedRequest::capture(&parts, body);
        (Some(asked), body)
    } else {
        (None, body)
    };
    let line = is_logged.then(|| Line::of(&app, &credential_places, &parts));
    parts.extensions.insert(RequestId(Arc::clone(&id)));
    let (method, path) = (parts.method.clone(), Arc::<str>::from(parts.uri.path()));
    let answer = answer_in_time(next.run(Request::from_parts(parts, body)));
    let mut response = RequestContext::scope(Arc::clone(&path), &id, started, answer).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    let elapsed = started.elapsed();
    let elapsed_micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let decision = response.extensions_mut().remove::<Decision>();
    let status = response.status();
    if let Some(decision) = &decision
        && let Some(Refusal(reason)) = response.extensions().get()
    {
        let refused = (status, reason.as_str());
        let ignored = response.extensions().get();
        let explained = explain(&app, &operations, (&method, &path), decision, refused, ignored);
        let explained = Box::pin(explained).await;
        if let Some(explained) = explained {
            response.extensions_mut().insert(Refusal(explained));
        }
    }
    if let Some(line) = line {
        let refusal = response.extensions().get::<Refusal>().cloned();
        let reason = match refusal {
            Some(refusal) => Box::pin(hide_secrets(&app, &credential_places, decision.as_ref(), refusal)).await,
            None => None,
        };
        line.write(&id, &response, decision.as_ref(), reason.as_deref(), elapsed_micros);
    }
    // What is not the services' is Locum's own.
    let Some(decision) = decision else { return response };
    metrics.count(&decision, response.status().as_u16(), elapsed);
    count_coverage(&app, &decision, response.status());
    let damage = decision.fault.as_ref().and_then(|hit| hit.effect.fault);
    if asked.is_none() && damage.is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let whole = match body.collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) => {
            const WHAT: &str = "the body of an answer broke off, and is sent and taken down empty";
            tracing::error!(%error, request_id = &*id, "{WHAT}");
            Bytes::new()
        }
    };
    if let Some(asked) = asked {
        let refusal = parts.extensions.remove::<Refusal>().map(|refusal| refusal.0);
        let ignored = parts.extensions.remove::<IgnoredParts>();
        let (status, headers) = (parts.status, &parts.headers);
        let answered =
            RecordedAnswer { id: &id, arrived, elapsed_micros, refusal, ignored, status, headers, body: &whole };
        journal::record(&app, &credential_places, asked, &decision, answered).await;
    }
    match damage {
        Some(damage) => fault_rule::damage(damage, parts, &whole),
        None => Response::from_parts(parts, Body::from(whole)),
    }
}

fn count_coverage(app: &App, decision: &Decision, status: StatusCode) {
    let (Some(service), Some(operation)) = (decision.service, decision.identified.operation) else { return };
    let outcome = if decision.fault.is_some() {
        Outcome::Fault
    } else if decision.standing.as_ref().is_some_and(|standing| standing.exceeded) {
        Outcome::Limit
    } else if status.is_client_error() || status.is_server_error() {
        Outcome::Refusal(status.as_u16())
    } else {
        Outcome::Success
    };
    app.coverage.count((service, operation), outcome);
}

/// Why a request was refused, without secrets.
async fn hide_secrets(
    app: &App,
    places: &CredentialPlaces,
    decision: Option<&Decision>,
    Refusal(reason): Refusal,
) -> Option<String> {
    if let Some(Decision { identified, .. }) = decision {
        // A token of another process could not be hidden, so nothing is said.
        app.learn(identified.space, identified.rules_revision).await.ok()?;
    }
    Some(places.redact(&app.keyring.known(), &reason).unwrap_or(reason))
}

/// What a log line says of a request.
struct Line {
    method: String,
    path: String,
    route: Option<String>,
}

impl Line {
    fn of(app: &App, places: &CredentialPlaces, parts: &axum::http::request::Parts) -> Self {
        let (path, known) = (parts.uri.path(), app.keyring.known());
        Self {
            method: known.redact(parts.method.as_str()).unwrap_or_else(|| parts.method.to_string()),
            path: places.redact(&known, path).unwrap_or_else(|| path.to_owned()),
            route: parts.extensions.get::<MatchedPath>().map(|route| route.as_str().to_owned()),
        }
    }

    fn write(
        self,
        request_id: &str,
        response: &Response,
        decision: Option<&Decision>,
        reason: Option<&str>,
        elapsed_us: u64,
    ) {
        let Self { method, path, route } = self;
        let identified = decision.map(|decision| &decision.identified);
        tracing::info!(
            target: ANSWERED,
            request_id,
            method,
            path,
            route,
            service = decision.and_then(|decision| decision.service),
            operation = identified.and_then(|identified| identified.operation),
            credential = identified.and_then(|identified| identified.label.as_deref()),
            fault = decision.and_then(|decision| decision.fault.as_ref()).map(|hit| &hit.rule),
            background = response.extensions().get::<InBackground>().map(|_| true),
            status = response.status().as_u16(),
            reason,
            elapsed_us,
            "answered"
        );
    }
}
