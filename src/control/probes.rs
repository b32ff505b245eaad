//! `/livez`, `/readyz` and `/metrics`.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::time::timeout;

use crate::{
    app::App,
    core::error::Error,
    http::{
        metrics::{CONTENT_TYPE, Metrics},
        problem::Problem,
    },
};

pub(super) fn router(metrics: &Arc<Metrics>) -> Router<App> {
    let metrics = Arc::clone(metrics);
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move || measured(&metrics)))
}

fn measured(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => Problem::from(Error::internal(error)).into_response(),
    }
}

/// How long `/readyz` waits for the database, because probes wait for a few seconds only, and take silence for a no.
const READY_LIMIT: Duration = Duration::from_secs(3);

async fn ready(State(app): State<App>) -> Response {
    let asked = timeout(READY_LIMIT, app.db.ping()).await;
    let busy = |_| Err(Error::Unavailable(format!("the database is busy: no answer in {READY_LIMIT:?}").into()));
    match asked.unwrap_or_else(busy) {
        Ok(()) => "ready\n".into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// What is answered until the database is migrated and seeded: alive, nothing else.
pub async fn starting(uri: Uri) -> Response {
    if uri.path() == "/livez" {
        return (StatusCode::OK, "ok\n").into_response();
    }
    // Nothing is wrong, so nothing is logged.
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting: the database is being prepared").into_response()
}
