//! `/openapi.json` and `/docs`: what there is to ask, here and of the services.

use axum::{Extension, Router, response::Redirect, routing::get};
use utoipa::openapi::OpenApi;

use crate::{
    app::App,
    http::{control_input::Answer, problem::Refused, swagger_ui},
    services::{Registry, Services},
};

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "getDocument", tag = "Info",
    security((), ("controlToken" = [])),
    responses((status = 200, description = "The OpenAPI document of the control API", body = serde_json::Value),
        Refused))]
pub(super) async fn get_document(Extension(services): Extension<Services>) -> Answer<OpenApi> {
    Answer(super::openapi(&services))
}

/// The page, and beside it the services' documents: what it reads there is no request to a service, so no journal
/// has it.
pub(super) fn router(services: &Registry) -> Router<App> {
    let mut documents = vec![("Locum control API", "../openapi.json")];
    let mut router = Router::new().route("/docs", get(async || Redirect::to("docs/index.html")));
    for service in services.iter() {
        let document = service.document;
        router = router.route(&format!("/docs/{}", service.document_file), get(async move || Answer(document())));
        documents.push((service.document_title, service.document_file));
    }
    router.merge(swagger_ui::files("/docs", &documents))
}
