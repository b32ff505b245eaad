//! The specification that a vault serves, as JSON and as a page that needs no network (license-vault §2.6).

use axum::{
    Router,
    extract::OriginalUri,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use crate::{
    app::App,
    core::error::Error,
    http::{
        swagger_ui,
        vendor_service::{VendorService as _, refuse},
    },
    services::license_vault::{
        LicenseVault,
        api::{error::VaultError, wire::Answer},
        split_path,
    },
};

/// The vendor's group of operations (license-vault §1).
pub(crate) const GROUP: &str = "License Vault Public";

/// The parts of the document as they were committed, in their order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DocumentParts<'a> {
    #[serde(borrow)]
    openapi: &'a RawValue,
    #[serde(borrow)]
    info: &'a RawValue,
    servers: Vec<DocumentServer<'a>>,
    #[serde(borrow)]
    paths: &'a RawValue,
    #[serde(borrow)]
    components: &'a RawValue,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DocumentServer<'a> {
    url: &'a str,
}

fn send_document(server: &str) -> Result<Response, VaultError> {
    let text = LicenseVault::document().compact_text();
    let mut parts: DocumentParts = serde_json::from_str(&text).map_err(Error::internal)?;
    parts.servers = vec![DocumentServer { url: server }];
    Ok(Answer(parts).into_response())
}

/// Routes that need neither a vault nor a credential.
///
/// unverified: that none is needed; the groups and the page's configuration (license-vault §2.6).
pub(crate) fn router(app: &App) -> Router<App> {
    let document = async |OriginalUri(uri): OriginalUri| {
        // Relative, because what stands in front of Locum is not known here; and behind the vault's name if the
        // document is, because a client that is made from it must reach the same vault.
        let (vault, _) = split_path(uri.path());
        send_document(if vault.is_empty() { "/" } else { vault })
    };
    let config = async || Answer(json!({ "url": "/api-docs", "urls": [{ "name": GROUP, "url": "/api-docs" }] }));
    Router::new()
        .route("/api-docs", get(document))
        .route("/api-docs/swagger-config", get(config))
        .route("/api-docs/{group}", get(document))
        // Relative, because the path may begin with a vault's name.
        .route("/swagger-ui.html", get(async || Redirect::to("swagger-ui/index.html")))
        .merge(swagger_ui::files(app, "/swagger-ui", "License Vault API", &[(GROUP, "../api-docs".to_owned())]))
        .method_not_allowed_fallback(|| async { refuse::<LicenseVault>(Error::MethodUnknown) })
}
