//! `/openapi.json` and `/docs`: what there is to ask, here and of the services.

use axum::{
    Router,
    http::header,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};

use crate::{
    app::App,
    http::{
        document::{self, Document},
        problem::Refused,
        swagger_ui,
    },
    services::Registry,
};

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "getDocument", tag = "Info",
    security((), ("controlToken" = [])),
    responses((status = 200, description = "The OpenAPI document of the control API", body = serde_json::Value),
        Refused))]
pub(super) async fn get_document() -> Response {
    send(document::find(super::DOCUMENT))
}

fn send(document: &Document) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.compact_text()).into_response()
}

/// The page, and beside it the services' documents: what it reads there is no request to a service, so no journal
/// has it.
pub(super) fn router(services: &Registry) -> Router<App> {
    let mut documents = vec![("Locum control API", "../openapi.json".to_owned())];
    let mut router = Router::new().route("/docs", get(async || Redirect::to("docs/index.html")));
    for service in services.iter() {
        let (document, file) = (service.document, format!("{}.json", service.document_name));
        router = router.route(&format!("/docs/{file}"), get(async move || send(document)));
        documents.push((service.document_title, file));
    }
    router.merge(swagger_ui::files("/docs", &documents))
}
