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

/// Who asks whether Locum is ready waits a few seconds at most, and takes what comes later for a no.
const READY_LIMIT: Duration = Duration::from_secs(3);

async fn ready(State(app): State<App>) -> Response {
    let asked = timeout(READY_LIMIT, app.db.ping()).await;
    match asked.unwrap_or_else(|_| Err(Error::Unavailable("the database is busy: it did not answer in 3 s".into()))) {
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
