//! A page that shows OpenAPI documents, and needs no network.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::compression::CompressionLayer;
use utoipa_swagger_ui::{Config, Url};

use crate::http::observe::mark_background;

/// The files of the page below `at`, first of all its `index.html`. `documents` are names and where each is found,
/// relative to the page, so that both can stand behind a prefix.
///
/// They are compressed for who takes that, as every browser does.
pub fn files<S: Clone + Send + Sync + 'static>(at: &str, documents: &[(&'static str, &'static str)]) -> Router<S> {
    let urls = documents.iter().map(|(name, url)| Url::new(name, url));
    // Without this, the page asks a server of its makers about the document.
    let config = Arc::new(Config::new(urls).validator_url("none"));
    let file = async move |Path(parameters): Path<HashMap<String, String>>| {
        let file = parameters.get("file").map(String::as_str).unwrap_or_default();
        send(file, config)
    };
    Router::new()
        .route(&format!("{at}/{{*file}}"), get(file))
        .layer(map_response(mark_background))
        .layer(CompressionLayer::new())
        .layer(map_response(restrict))
}

/// The page loads nothing from other sites, and is in no frame. It writes styles of its own.
const POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

async fn restrict(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn send(file: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(file)) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "the page of the documents cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
