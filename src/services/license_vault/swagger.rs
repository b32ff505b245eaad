//! The specification that a vault serves, as JSON and as a page that needs no network (license-vault §2.6).

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::json;
use utoipa_swagger_ui::Config;

use super::wire::Answer;
use crate::app::App;

/// The vendor's group of operations (license-vault §1).
const GROUP: &str = "License Vault Public";

/// Routes that are the same for everybody: no vault, no credential.
///
/// unverified: that none is needed; the groups and the page's configuration (license-vault §2.6).
pub fn router() -> Router<App> {
    let document = async || Answer(super::openapi());
    let config = async || Answer(json!({ "url": "/api-docs", "urls": [{ "name": GROUP, "url": "/api-docs" }] }));
    Router::new()
        .route("/api-docs", get(document))
        .route("/api-docs/swagger-config", get(config))
        .route("/api-docs/{group}", get(document))
        // Relative, so that it leads on behind a vault's name as well.
        .route("/swagger-ui.html", get(async || Redirect::to("swagger-ui/index.html")))
        .route("/swagger-ui/{*file}", get(page))
        .route("/actuator/health", get(async || Answer(json!({ "status": "UP" }))))
}

async fn page(Path(file): Path<std::collections::HashMap<String, String>>) -> Response {
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::from("../api-docs")));
    let file = file.get("file").map(String::as_str).unwrap_or_default();
    match utoipa_swagger_ui::serve(file, Arc::clone(&CONFIG)) {
        Ok(Some(file)) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "the page of the specification cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
