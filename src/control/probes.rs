//! `/livez` and `/readyz`.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};

use super::error::Problem;
use crate::app::App;

pub(super) fn router() -> Router<App> {
    Router::new().route("/livez", get(|| async { "ok\n" })).route("/readyz", get(ready))
}

async fn ready(State(app): State<App>) -> Response {
    match app.db.ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(fault) => Problem::from(fault).into_response(),
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
