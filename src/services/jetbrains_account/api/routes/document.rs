//! `/swagger.json`: the service's own description.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    http::vendor_service::VendorService as _,
    services::jetbrains_account::{JetBrainsAccount, api::error::JSON},
};

/// This document. Takes no token.
#[utoipa::path(
    get, path = "/swagger.json", operation_id = "getSwagger", tag = "Document",
    responses((status = 200, description = "The OpenAPI document of the service", body = serde_json::Value)),
)]
pub(crate) async fn get_swagger() -> Response {
    ([(header::CONTENT_TYPE, JSON)], JetBrainsAccount::document().compact_text()).into_response()
}
