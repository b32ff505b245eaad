//! `GET /_emulator`: what there is, for people with curl and for programs that read text.

use axum::{
    http::HeaderMap,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    control::spaces::BaseUrl,
    core::{error::Error, text::quote_for_shell},
    http::{
        accepts::wants_page,
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
            routes.push(describe(&document, &base, path, method, operation));
        }
    }
    let (pages, docs) = (format!("{base}{}", web::HOME), format!("{base}{}/docs", super::BASE));
    Ok(Answer(Index { pages, docs, routes }).into_response())
}

/// The example of an operation's body: its own, or that of the body's schema.
fn find_body<'a>(document: &'a Value, operation: &'a Value) -> Option<&'a Value> {
    let (_, content) = operation["requestBody"]["content"].as_object()?.iter().next()?;
    content.get("example").or_else(|| resolve(document, &content["schema"]).get("example"))
}

/// What a reference refers to.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let referred = value["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    referred.unwrap_or(value)
}

fn describe(document: &Value, base: &str, path: &str, method: &str, operation: &Value) -> IndexedRoute {
    let method = method.to_uppercase();
    let path = format!("{}{}", super::BASE, path.trim_end_matches('/'));
    let body = find_body(document, operation);
    let asks = match (method.as_str(), body) {
        ("GET", None) | ("POST", Some(_)) => String::new(),
        _ => format!("-X {method} "),
    };
    let sends = match body {
        None => String::new(),
        // It has several lines, and who sends one has it in a file.
        Some(Value::String(_)) => " --data-binary @FILE".to_owned(),
        Some(body) => format!(" -d {}", quote_for_shell(&body.to_string())),
    };
    let mut example_path = path.clone();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolve(document, parameter);
        if let (Some(name), Some(value)) = (parameter["name"].as_str(), parameter["example"].as_str()) {
            example_path = example_path.replace(&format!("{{{name}}}"), value);
        }
    }
    IndexedRoute {
        example: format!("curl -s {asks}'{base}{example_path}'{sends}"),
        does: operation["summary"].as_str().unwrap_or_default().to_owned(),
        method,
        path,
    }
}
