//! The specification that a vault serves, as JSON and as a page that needs no network (license-vault §2.6).

use axum::{Router, extract::OriginalUri, response::Redirect, routing::get};
use serde_json::json;
use utoipa::openapi::server::Server;

use crate::{
    app::App,
    core::error::Error,
    http::{swagger_ui, vendor_service::refuse},
    services::license_vault::{self, LicenseVault, api::wire::Answer, split_path},
};

/// The vendor's group of operations (license-vault §1).
pub(crate) const GROUP: &str = "License Vault Public";

/// Routes that need neither a vault nor a credential.
///
/// unverified: that none is needed; the groups and the page's configuration (license-vault §2.6).
pub(crate) fn router() -> Router<App> {
    let document = async |OriginalUri(uri): OriginalUri| {
        let mut document = license_vault::openapi();
        // Relative, because what stands in front of Locum is not known here; and behind the vault's name if the
        // document is, because a client that is made from it must reach the same vault.
        let (vault, _) = split_path(uri.path());
        document.servers = Some(vec![Server::new(if vault.is_empty() { "/" } else { vault })]);
        Answer(document)
    };
    let config = async || Answer(json!({ "url": "/api-docs", "urls": [{ "name": GROUP, "url": "/api-docs" }] }));
    Router::new()
        .route("/api-docs", get(document))
        .route("/api-docs/swagger-config", get(config))
        .route("/api-docs/{group}", get(document))
        // Relative, because the path may begin with a vault's name.
        .route("/swagger-ui.html", get(async || Redirect::to("swagger-ui/index.html")))
        .merge(swagger_ui::files("/swagger-ui", &[(GROUP, "../api-docs")]))
        .route("/actuator/health", get(async || Answer(json!({ "status": "UP" }))))
        .method_not_allowed_fallback(|| async { refuse::<LicenseVault>(Error::MethodUnknown) })
}
