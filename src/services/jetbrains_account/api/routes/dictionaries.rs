//! `/products` and `/plugins`.

use axum::response::IntoResponse;

use crate::{
    http::caller::Caller,
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::ErrorBody,
            scope,
            wire::{Answer, license::ProductResponse},
        },
        domain::product::{PLUGINS, PRODUCTS, Product},
    },
};

/// The product dictionary (jetbrains-account §5.8).
#[utoipa::path(
    get, path = "/products", operation_id = "getProducts", tag = "Dictionary",
    security(("apiKey" = [])),
    responses(
        (status = 200, description = "Every product", body = Vec<ProductResponse>),
        (status = 401, description = "No token, or a bad one", body = ErrorBody),
    ),
)]
pub(crate) async fn get_products(_caller: Caller<JetBrainsAccount, scope::Dictionary>) -> impl IntoResponse {
    answer_dictionary(PRODUCTS)
}

/// The paid plug-in dictionary (jetbrains-account §5.8). Empty: no plug-in code is known.
#[utoipa::path(
    get, path = "/plugins", operation_id = "getPlugins", tag = "Dictionary",
    security(("apiKey" = [])),
    responses(
        (status = 200, description = "Every paid plug-in", body = Vec<ProductResponse>),
        (status = 401, description = "No token, or a bad one", body = ErrorBody),
    ),
)]
pub(crate) async fn get_plugins(_caller: Caller<JetBrainsAccount, scope::Dictionary>) -> impl IntoResponse {
    answer_dictionary(PLUGINS)
}

fn answer_dictionary(entries: &[Product]) -> impl IntoResponse {
    Answer(entries.iter().copied().map(ProductResponse::from).collect::<Vec<_>>())
}
