//! A page that shows OpenAPI documents, and needs no network: Swagger UI, as committed beside this file.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use flate2::{Compression, bufread::GzEncoder, read::GzDecoder};
use serde_json::json;

use crate::http::observe::mark_background;

/// A file of the page.
#[derive(Clone)]
enum File {
    Plain(Bytes),
    Compressed(&'static [u8]),
}

macro_rules! compressed {
    ($name:literal) => {
        File::Compressed(include_bytes!(concat!("swagger_ui/", $name, ".gz")))
    };
}

macro_rules! plain {
    ($name:literal) => {
        File::Plain(Bytes::from_static(include_bytes!(concat!("swagger_ui/", $name))))
    };
}

/// The file that tells the page what to show.
const INITIALIZER: &str = "swagger-initializer.js";

/// Finds a file of the page that is the same wherever that stands.
fn find(name: &str) -> Option<File> {
    Some(match name {
        "index.html" => plain!("index.html"),
        "index.css" => plain!("index.css"),
        "favicon-32x32.png" => plain!("favicon-32x32.png"),
        "swagger-ui.css" => compressed!("swagger-ui.css"),
        "swagger-ui-bundle.js" => compressed!("swagger-ui-bundle.js"),
        "swagger-ui-standalone-preset.js" => compressed!("swagger-ui-standalone-preset.js"),
        _ => return None,
    })
}

/// The files of the page below `at`, first of all its `index.html`. `documents` are names and where each is found,
/// relative to the page, so that both can stand behind a prefix.
///
/// They are compressed for who takes that, as every browser does.
pub fn files<S: Clone + Send + Sync + 'static>(at: &str, documents: &[(&'static str, String)]) -> Router<S> {
    let initializer = File::Plain(write_initializer(documents).into());
    let file = async move |Path(parameters): Path<HashMap<String, String>>, headers: HeaderMap| {
        let name = parameters.get("file").map(String::as_str).unwrap_or_default();
        let file = if name == INITIALIZER { Some(initializer) } else { find(name) };
        file.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |file| send(name, file, &headers))
    };
    Router::new()
        .route(&format!("{at}/{{*file}}"), get(file))
        .layer(map_response(mark_background))
        .layer(map_response(restrict))
}

fn write_initializer(documents: &[(&'static str, String)]) -> String {
    let urls: Vec<_> = documents.iter().map(|(name, url)| json!({ "name": name, "url": url })).collect();
    let config = json!({
        "dom_id": "#swagger-ui",
        "deepLinking": true,
        "layout": "StandaloneLayout",
        "urls": urls,
        // Else the page asks a server of its makers about the document.
        "validatorUrl": "none",
    });
    format!(
        "window.ui = SwaggerUIBundle(Object.assign({config:#}, {{\n  \
         presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],\n  \
         plugins: [SwaggerUIBundle.plugins.DownloadUrl],\n}}));\n"
    )
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

fn send(name: &str, file: File, headers: &HeaderMap) -> Response {
    let content_type = match name.rsplit('.').next() {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("png") => "image/png",
        _ => "text/html",
    };
    let takes_gzip = takes_gzip(headers);
    let bytes = match file {
        File::Plain(bytes) if !takes_gzip => Ok(bytes),
        File::Compressed(bytes) if takes_gzip => Ok(Bytes::from_static(bytes)),
        File::Plain(bytes) => read_all(GzEncoder::new(&bytes[..], Compression::default())),
        File::Compressed(bytes) => read_all(GzDecoder::new(bytes)),
    };
    match bytes {
        Ok(bytes) => {
            let described = [(header::CONTENT_TYPE, content_type), (header::VARY, "accept-encoding")];
            let encoding = takes_gzip.then_some([(header::CONTENT_ENCODING, "gzip")]);
            (described, encoding, bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the page of the documents cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn read_all(mut reader: impl Read) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Whether the client takes answers that gzip compressed (RFC 9110, 12.5.3): what it says of gzip counts, else what it
/// says of all others.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING);
    let said = |coding: &str| {
        let mut codings = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        codings.find_map(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
            let weight = weight.trim().trim_start_matches("q=").parse().unwrap_or(0.0);
            name.trim().eq_ignore_ascii_case(coding).then_some(weight > 0.0)
        })
    };
    said("gzip").or_else(|| said("*")).unwrap_or(false)
}
