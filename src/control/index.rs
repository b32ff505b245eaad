//! `GET /_emulator`: what there is, for people with curl and for programs that read text.

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    control::spaces::BaseUrl,
    core::error::Error,
    http::{
        control_input::Answer,
        document,
        problem::{Problem, Refused},
    },
    web,
};

/// What there is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Index {
    #[schema(example = "http://localhost:8080/_emulator/ui/")]
    pages: String,
    /// Documents of the services and of the control API, as pages.
    #[schema(example = "http://localhost:8080/_emulator/docs")]
    docs: String,
    routes: Vec<IndexedRoute>,
}

/// A route of the control API.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IndexedRoute {
    #[schema(example = "GET")]
    method: String,
    #[schema(example = "/_emulator/clock")]
    path: String,
    #[schema(example = "The time in the space.")]
    does: String,
    #[schema(example = "curl -s 'http://localhost:8080/_emulator/clock'")]
    example: String,
}

/// Every route of the control API, with a sentence and an example. A browser is sent to the pages.
#[utoipa::path(get, path = "/", operation_id = "getIndex", tag = "Info", security((), ("controlToken" = [])),
    responses(
        (status = 200, description = "Every route", body = Index),
        (status = 303, description = "To the pages, for a browser"),
        Refused))]
pub(super) async fn get_index(BaseUrl(base): BaseUrl, headers: HeaderMap) -> Result<Response, Problem> {
    if wants_page(&headers) {
        return Ok(Redirect::to(web::HOME).into_response());
    }
    let text = document::find(super::DOCUMENT).text();
    let document: Value = serde_json::from_str(&text).map_err(Error::internal)?;
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            routes.push(describe(&base, path, method, operation));
        }
    }
    let (pages, docs) = (format!("{base}{}", web::HOME), format!("{base}{}/docs", super::BASE));
    Ok(Answer(Index { pages, docs, routes }).into_response())
}

/// Whether somebody looks with a browser, which says that it prefers pages.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.split(',').any(|range| range.split(';').next().unwrap_or_default().trim() == "text/html")
}

fn describe(base: &str, path: &str, method: &str, operation: &Value) -> IndexedRoute {
    let method = method.to_uppercase();
    let path = format!("{}{}", super::BASE, path.trim_end_matches('/'));
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    let asks = match (method.as_str(), body) {
        ("GET", Value::Null) | ("POST", Value::Object(_)) => String::new(),
        _ => format!("-X {method} "),
    };
    // Between single quotes nothing means anything but a single quote.
    let sends =
        if body.is_null() { String::new() } else { format!(" -d '{}'", body.to_string().replace('\'', r"'\''")) };
    IndexedRoute {
        example: format!("curl -s {asks}'{base}{path}'{sends}"),
        does: operation["summary"].as_str().unwrap_or_default().to_owned(),
        method,
        path,
    }
}
