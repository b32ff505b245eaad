//! How many licences there are, and how many are in use.

use crate::{
    http::caller::Caller,
    services::license_vault::{
        LicenseVault,
        api::{
            error::VaultError,
            scope,
            wire::{Answer, LicenseUsages},
        },
        store,
    },
};

/// How many licences of each product there are, and how many are in use.
// license-vault §2.2.
#[utoipa::path(
    get, path = "/licenses/usage", operation_id = "getLicenseUsage",
    responses((status = 200, description = "The whole catalogue", body = LicenseUsages)),
)]
pub(crate) async fn get_license_usage(
    caller: Caller<LicenseVault, scope::Read>,
) -> Result<Answer<LicenseUsages>, VaultError> {
    let vault = &caller.principal.vault;
    let pools = store::vault::list_pools(&mut caller.read().await?, vault, &caller.now).await?;
    Ok(Answer(LicenseUsages::new(&vault.catalogue, &pools, caller.now.exact())))
}
