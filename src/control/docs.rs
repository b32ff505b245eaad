//! `/openapi.json` and `/docs`: what there is to ask, here and of the services.

use std::collections::BTreeMap;

use axum::{
    Extension, Router,
    extract::State,
    http::header,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};

use serde::Serialize;

use crate::{
    app::App,
    control::known_credentials,
    http::{
        control_input::Answer,
        document::{self, Document},
        problem::{Problem, Refused},
        swagger_ui,
    },
    services::{Registry, Services, seeds::Seeds},
    web::session::Session,
};

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "getDocument", tag = "Info",
    security((), ("controlToken" = [])),
    responses(
        (status = 200, description = "The OpenAPI document of the control API", body = serde_json::Value),
        (status = 401, description = "No control token, or a wrong one: a browser is asked for it", content(
            (Problem = "application/problem+json"),
            (String = "text/html"),
        )),
        Refused))]
pub(super) async fn get_document() -> Response {
    send(document::find(super::DOCUMENT))
}

fn send(document: &Document) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.compact_text()).into_response()
}

/// What the page of a document fills in, and sends along.
#[derive(Serialize)]
struct FilledIn {
    /// By the title of a document: credentials as they are written in requests to its service.
    credentials: BTreeMap<&'static str, Vec<String>>,
    /// What makes a request to the control API one of the reader's session; absent where nobody asks for a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<String>,
}

/// The credentials of the default space that the pages show, of each service and kind the one that opens most. For who
/// may see those pages only: the guard is before it.
async fn get_filled_in(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    Extension(seeds): Extension<Seeds>,
    session: Option<Extension<Session>>,
) -> Response {
    let known = known_credentials::find(&app, &seeds).await;
    let chosen = known.map(|(credentials, plan)| plan.choose_of_each_kind(credentials)).unwrap_or_default();
    let of_service = |service: &'static str| chosen.iter().filter(move |one| one.service == service);
    let credentials = services.iter().map(|service| {
        let lines = of_service(service.name).flat_map(|one| one.headers.iter().cloned()).collect();
        (service.document_title, lines)
    });
    let form = session.map(|Extension(session)| session.form_token(&app));
    let filled_in = FilledIn { credentials: credentials.collect(), form };
    ([(header::CACHE_CONTROL, "no-store")], Answer(filled_in)).into_response()
}

/// The page, and beside it the services' documents: what it reads there is no request to a service, so no journal
/// has it.
pub(super) fn router(app: &App, services: &Registry) -> Router<App> {
    let mut documents = vec![("Locum control API", "../openapi.json".to_owned())];
    let mut router = Router::new().route("/docs", get(async || Redirect::to("docs/index.html")));
    router = router.route("/docs/credentials.json", get(get_filled_in));
    for service in services.iter() {
        let (document, file) = (service.document, format!("{}.json", service.document_name));
        router = router.route(&format!("/docs/{file}"), get(async move || send(document)));
        documents.push((service.document_title, file));
    }
    router.merge(swagger_ui::files(app, "/docs", "Documents · Locum", &documents))
}
