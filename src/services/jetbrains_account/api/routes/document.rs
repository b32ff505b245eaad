//! `/swagger.json`: the service's own description.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::services::jetbrains_account::{api::error::JSON, openapi};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi().to_json().unwrap_or_default());

/// This document. Takes no token.
#[utoipa::path(
    get, path = "/swagger.json", operation_id = "getSwagger", tag = "Document",
    responses((status = 200, description = "The OpenAPI document of the service", body = serde_json::Value)),
)]
pub(crate) async fn get_swagger() -> Response {
    ([(header::CONTENT_TYPE, JSON)], DOCUMENT.as_str()).into_response()
}
