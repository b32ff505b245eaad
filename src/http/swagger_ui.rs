//! A page that shows OpenAPI documents, and needs no network.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
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
    let files = Router::new().route(&format!("{at}/{{*file}}"), get(file));
    files.layer(map_response(mark_background)).layer(CompressionLayer::new())
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
