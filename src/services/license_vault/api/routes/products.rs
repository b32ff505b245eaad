//! Running products.
//!
//! unverified: path and body (license-vault §2.4).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::now::Now,
    http::{caller::Caller, extract::Query},
    services::license_vault::{
        LicenseVault,
        api::{
            error::{ErrorBody, VaultError},
            query::UserQuery,
            routes::licenses::list_of_user,
            scope,
            wire::Answer,
        },
        store,
    },
};

/// The running products to disconnect.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct DisconnectQuery {
    /// One running product; everything else is ignored then.
    connection_id: Option<String>,
    /// With `username` or `email`: the running product's code.
    #[param(example = "II")]
    product_code: Option<String>,
    /// Only on this machine.
    hostname: Option<String>,
}

impl DisconnectQuery {
    /// Refuses a request that does not say what is to be disconnected.
    pub(crate) fn refuse_without_selector() -> VaultError {
        let needed = "connectionId, or productCode with username or email, is needed";
        VaultError::InvalidParameter(needed.to_owned())
    }
}

/// What was disconnected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disconnected {
    connection_ids: Vec<String>,
}

/// Ends a running product.
///
/// `connectionId` names it, or else `productCode` and the user, by `username` or `email`. Its licence stays while other
/// products run on it, and is given back with the last.
#[utoipa::path(
    post, path = "/products/disconnect", operation_id = "disconnectProduct",
    params(DisconnectQuery, UserQuery),
    responses(
        (status = 200, description = "What was disconnected", body = Disconnected),
        (status = 404, description = "No such running product, no such user", body = ErrorBody),
    ),
    extensions(("x-locum-unverified" = json!("the path is not public"))),
)]
pub(crate) async fn disconnect_product(
    caller: Caller<LicenseVault, scope::Write>,
    query: Query<LicenseVault, DisconnectQuery>,
    user: Query<LicenseVault, UserQuery>,
) -> Result<Answer<Disconnected>, VaultError> {
    let vault = &caller.principal.vault;
    let mut db = caller.write().await?;
    let query = query.0;
    let ids: Vec<String> = if let Some(id) = query.connection_id {
        vec![id]
    } else {
        let (Some(user), Some(product)) = (user.0.find(), query.product_code) else {
            return Err(DisconnectQuery::refuse_without_selector());
        };
        let now = Now::at(db.now());
        let allocations = list_of_user(&mut db, vault, &now, user).await?;
        let running = allocations.into_iter().flat_map(|allocation| allocation.running);
        running
            .filter(|running| {
                running.product == product && query.hostname.as_ref().is_none_or(|host| *host == running.host)
            })
            .map(|running| running.id)
            .collect()
    };
    for id in &ids {
        if !store::connections::close(&mut db, vault, id, true).await? {
            return Err(VaultError::ConnectionUnknown);
        }
    }
    db.commit().await?;
    Ok(Answer(Disconnected { connection_ids: ids }))
}
