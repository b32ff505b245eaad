//! Requests that found no licence.

use crate::{
    http::caller::Caller,
    services::license_vault::{
        LicenseVault,
        api::{
            error::VaultError,
            report::{Parameters, RowsQuery},
            scope,
            wire::{Answer, DenialRow, Refused},
        },
        store,
    },
};

/// Requests that found no licence, by row (license-vault §2.3). A page shorter than was asked for is the last one:
/// the limit is never cut.
///
/// unverified: the order, oldest first.
#[utoipa::path(
    get, path = "/denials/report", operation_id = "getDenialsReport", tag = "License Vault Public",
    params(RowsQuery), security(("vaultToken" = []), ("automationToken" = [])),
    responses((status = 200, description = "The rows", body = Vec<DenialRow>), Refused),
)]
pub(crate) async fn get_denials_report(
    caller: Caller<LicenseVault, scope::Read>,
    parameters: Parameters,
) -> Result<Answer<Vec<DenialRow>>, VaultError> {
    let rows = parameters.rows()?;
    let denials = store::allocation::denials(&mut caller.read().await?, caller.principal.vault.id, rows).await?;
    Ok(Answer(denials.into_iter().map(Into::into).collect()))
}
