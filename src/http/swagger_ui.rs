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

use crate::{
    app::App,
    http::{accepts::takes_gzip, observe::mark_background},
};

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
const INDEX: &str = "index.html";

/// Where the page asks for the credentials to fill in. Nobody is told who may not see them on Locum's pages.
pub const CREDENTIALS: &str = "/_emulator/docs/credentials.json";

/// Finds a file of the page that is the same wherever that stands.
fn find(name: &str) -> Option<File> {
    Some(match name {
        "index.css" => plain!("index.css"),
        "favicon-32x32.png" => plain!("favicon-32x32.png"),
        "swagger-ui.css" => compressed!("swagger-ui.css"),
        "swagger-ui-bundle.js" => compressed!("swagger-ui-bundle.js"),
        "swagger-ui-standalone-preset.js" => compressed!("swagger-ui-standalone-preset.js"),
        _ => return None,
    })
}

/// The files of the page below `at`, first of all its `index.html`, with a title. `documents` are names and where each
/// is found, relative to the page, so that both can stand behind a prefix.
///
/// They are compressed for who takes that, as every browser does.
pub fn files(app: &App, at: &str, title: &str, documents: &[(&'static str, String)]) -> Router<App> {
    let index = File::Plain(include_str!("swagger_ui/index.html").replace("{title}", title).into());
    let initializer = File::Plain(write_initializer(app, documents).into());
    let file = async move |Path(parameters): Path<HashMap<String, String>>, headers: HeaderMap| {
        let name = parameters.get("file").map(String::as_str).unwrap_or_default();
        let file = match name {
            INDEX => Some(index),
            INITIALIZER => Some(initializer),
            _ => find(name),
        };
        file.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |file| send(name, file, &headers))
    };
    Router::new()
        .route(&format!("{at}/{{*file}}"), get(file))
        .layer(map_response(mark_background))
        .layer(map_response(restrict))
}

fn write_initializer(app: &App, documents: &[(&'static str, String)]) -> String {
    let urls: Vec<_> = documents.iter().map(|(name, url)| json!({ "name": name, "url": url })).collect();
    let settings = json!({
        "dom_id": "#swagger-ui",
        "deepLinking": true,
        "displayRequestDuration": true,
        "layout": "StandaloneLayout",
        "persistAuthorization": true,
        // What the page adds to a request is worth nothing to who copies that.
        "showMutatedRequest": false,
        "told": app.config.control.then_some(CREDENTIALS),
        "tryItOutEnabled": true,
        "urls": urls,
        // Else the page asks a server of its makers about the document.
        "validatorUrl": "none",
    });
    include_str!("swagger_ui/initializer.js").replace("{settings}", &format!("{settings:#}"))
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
