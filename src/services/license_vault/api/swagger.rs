//! The specification that a vault serves, as JSON and as a page that needs no network (license-vault §2.6).

use axum::{Router, response::Redirect, routing::get};
use serde_json::json;

use crate::{app::App, http::swagger_ui, services::license_vault::api::wire::Answer};

/// The vendor's group of operations (license-vault §1).
pub(crate) const GROUP: &str = "License Vault Public";

/// Routes that need neither a vault nor a credential.
///
/// unverified: that none is needed; the groups and the page's configuration (license-vault §2.6).
pub(crate) fn router() -> Router<App> {
    let document = async || Answer(crate::services::license_vault::openapi());
    let config = async || Answer(json!({ "url": "/api-docs", "urls": [{ "name": GROUP, "url": "/api-docs" }] }));
    Router::new()
        .route("/api-docs", get(document))
        .route("/api-docs/swagger-config", get(config))
        .route("/api-docs/{group}", get(document))
        // Relative, because the path may begin with a vault's name.
        .route("/swagger-ui.html", get(async || Redirect::to("swagger-ui/index.html")))
        .merge(swagger_ui::files("/swagger-ui", &[(GROUP, "../api-docs")]))
        .route("/actuator/health", get(async || Answer(json!({ "status": "UP" }))))
}
