//! One id, one span, one log line per request.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;

use super::identify::CredentialLabel;
use crate::app::App;

/// Carries the request's id to the client.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, for the handlers behind.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// Middleware, outermost: names the request, and logs what became of it. The path is logged, the query is not: it
/// may name people.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.next_request_id().to_string();
    let header = HeaderValue::from_str(&id).ok();
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    if !tracing::enabled!(tracing::Level::INFO) {
        let mut response = next.run(request).await;
        response.headers_mut().extend(header.map(|id| (X_REQUEST_ID, id)));
        return response;
    }
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!("request", request_id = id);
    let mut response = next.run(request).instrument(span.clone()).await;
    response.headers_mut().extend(header.map(|id| (X_REQUEST_ID, id)));
    let credential = response.extensions().get::<CredentialLabel>().map(|label| label.0.as_ref());
    span.in_scope(|| {
        tracing::info!(
            %method,
            path,
            route,
            credential,
            status = response.status().as_u16(),
            elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    });
    response
}
