//! Requests for a licence that were denied.

use crate::{
    http::{caller::Caller, extract::Query},
    services::license_vault::{
        LicenseVault,
        api::{
            error::VaultError,
            query::PageQuery,
            scope,
            wire::{Answer, DenialRow},
        },
        store,
    },
};

/// Requests that found no licence, by row (license-vault §2.3). A page shorter than was asked for is the last one:
/// the limit is never cut.
///
/// unverified: the order, oldest first.
#[utoipa::path(
    get, path = "/denials/report", operation_id = "getDenialsReport",
    params(PageQuery),
    responses((status = 200, description = "The rows", body = Vec<DenialRow>)),
)]
pub(crate) async fn get_denials_report(
    caller: Caller<LicenseVault, scope::Read>,
    query: Query<LicenseVault, PageQuery>,
) -> Result<Answer<Vec<DenialRow>>, VaultError> {
    let page = query.0.read()?;
    let denials = store::denials::list(&mut caller.read().await?, caller.principal.vault.id, page).await?;
    Ok(Answer(denials.into_iter().map(Into::into).collect()))
}
