//! `/openapi.json` and `/docs`: what there is to ask, here and of the services.

use axum::{Router, response::Redirect, routing::get};
use utoipa::openapi::OpenApi;

use crate::{
    app::App,
    http::{control_input::Answer, problem::Refused, swagger_ui},
    services::{atlassian, jetbrains_account, license_vault},
};

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "getDocument", tag = "Info", security((), ("controlToken" = [])),
    responses((status = 200, description = "The OpenAPI document of the control API", body = serde_json::Value), Refused))]
pub(super) async fn get_document() -> Answer<OpenApi> {
    Answer(super::openapi())
}

/// The page, and beside it the services' documents: what it reads there is no request to a service, so no journal
/// has it.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/docs", get(async || Redirect::to("docs/index.html")))
        .route("/docs/jetbrains-account.json", get(async || Answer(jetbrains_account::openapi())))
        .route("/docs/license-vault.json", get(async || Answer(license_vault::openapi())))
        .route("/docs/atlassian-api-access.json", get(async || Answer(atlassian::openapi())))
        .merge(swagger_ui::files(
            "/docs",
            &[
                ("Locum control API", "../openapi.json"),
                ("JetBrains Account API", "jetbrains-account.json"),
                ("License Vault API", "license-vault.json"),
                ("Atlassian Admin API Access", "atlassian-api-access.json"),
            ],
        ))
}
