//! Running products. unverified: path and body (license-vault §2.4).

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::error::Error,
    http::caller::Caller,
    services::license_vault::{
        LicenseVault,
        api::{
            error::{ErrorBody, VaultError},
            report::{Parameters, UserQuery},
            scope,
            wire::{Answer, Refused},
        },
        store,
    },
};

/// What is disconnected.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct DisconnectQuery {
    /// One running product; everything else is ignored then.
    connection_id: Option<String>,
    /// With `username` or `email`: the running product's code.
    product_code: Option<String>,
    /// Only on this machine.
    hostname: Option<String>,
}

/// What was disconnected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disconnected {
    connection_ids: Vec<String>,
}

/// Ends a running product. Its licence stays while other products run on it, and is given back with the last.
#[utoipa::path(
    post, path = "/products/disconnect", operation_id = "disconnectProduct", tag = "License Vault Public",
    params(DisconnectQuery, UserQuery), security(("vaultToken" = []), ("automationToken" = [])),
    responses(
        (status = 200, description = "What was disconnected", body = Disconnected),
        (status = 404, description = "No such running product, no such user", body = ErrorBody),
        Refused,
    ),
    extensions(("x-locum-unverified" = json!("the path is not public: license-vault §2.4, P3"))),
)]
pub(crate) async fn disconnect_product(
    caller: Caller<LicenseVault, scope::Write>,
    parameters: Parameters,
) -> Result<Answer<Disconnected>, VaultError> {
    let vault = &caller.principal.vault;
    let mut db = caller.write().await?;
    let ids: Vec<String> = if let Some(id) = parameters.given("connectionId") {
        vec![id.to_owned()]
    } else {
        let (whose, Some(product)) = (parameters.user()?, parameters.given("productCode")) else {
            return Err(Error::format("connectionId, or username and productCode, are needed").into());
        };
        let now = db.now();
        let held = store::allocation::live(&mut db, vault, now, whose).await?;
        if held.is_empty() && !store::allocation::is_known(&mut db, vault, whose).await? {
            return Err(Error::NotFound("there is no such user".to_owned()).into());
        }
        let host = parameters.given("hostname");
        let running = held.into_iter().flat_map(|allocation| allocation.running);
        running
            .filter(|running| running.product == product && host.is_none_or(|host| host == running.host))
            .map(|running| running.id)
            .collect()
    };
    for id in &ids {
        if !store::allocation::close(&mut db, vault, id, true).await? {
            return Err(Error::NotFound("there is no such running product".to_owned()).into());
        }
    }
    db.commit().await?;
    Ok(Answer(Disconnected { connection_ids: ids }))
}
