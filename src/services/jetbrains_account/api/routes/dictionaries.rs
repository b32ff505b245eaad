//! `/products` and `/plugins`.

use axum::response::{IntoResponse, Response};

use crate::{
    domain::product_catalogue::DeclaredProduct,
    http::caller::Caller,
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::ErrorBody,
            scope,
            wire::{Answer, license::ProductResponse},
        },
        domain::{
            error::JetBrainsError,
            product::{Product, list_plugins, list_products},
        },
    },
    store::declared_product,
};

/// The product dictionary
// jetbrains-account §5.8.
#[utoipa::path(
    get, path = "/products", operation_id = "getProducts", tag = "Dictionaries",
    security(("apiKey" = [])),
    responses(
        (status = 200, description = "Every product", body = Vec<ProductResponse>),
        (status = 401, description = "No token, or a bad one", body = ErrorBody),
        (status = 403, description = "The API is disabled", body = ErrorBody),
    ),
)]
pub(crate) async fn get_products(
    caller: Caller<JetBrainsAccount, scope::Dictionary>,
) -> Result<impl IntoResponse, JetBrainsError> {
    answer_dictionary(&caller, list_products).await
}

/// The paid plug-in dictionary
///
/// Those that the seed declares, because no plug-in's code is known.
// jetbrains-account §5.8.
#[utoipa::path(
    get, path = "/plugins", operation_id = "getPlugins", tag = "Dictionaries",
    security(("apiKey" = [])),
    responses(
        (status = 200, description = "Every paid plug-in", body = Vec<ProductResponse>),
        (status = 401, description = "No token, or a bad one", body = ErrorBody),
        (status = 403, description = "The API is disabled", body = ErrorBody),
    ),
)]
pub(crate) async fn get_plugins(
    caller: Caller<JetBrainsAccount, scope::Dictionary>,
) -> Result<impl IntoResponse, JetBrainsError> {
    answer_dictionary(&caller, list_plugins).await
}

async fn answer_dictionary(
    caller: &Caller<JetBrainsAccount, scope::Dictionary>,
    list: fn(Vec<DeclaredProduct>) -> Vec<Product>,
) -> Result<Response, JetBrainsError> {
    let declared = declared_product::list(&mut caller.read().await?, caller.principal.organization.id).await?;
    let entries = list(declared);
    Ok(Answer(entries.iter().map(ProductResponse::from).collect::<Vec<_>>()).into_response())
}
