//! Requests for a licence that were denied.

use crate::{
    http::{caller::Caller, extract::Query},
    services::license_vault::{
        LicenseVault,
        api::{
            error::VaultError,
            query::{DaysQuery, RowsQuery, read_page},
            scope,
            wire::{Answer, DenialRow},
        },
        store,
    },
};

/// Requests that found no licence, by row. A page shorter than was asked for is the last one: the limit is never cut.
///
/// Our guess: the order, oldest first.
// unverified: the order (license-vault §2.3).
#[utoipa::path(
    get, path = "/denials/report", operation_id = "getDenialsReport",
    params(DaysQuery, RowsQuery),
    responses((status = 200, description = "The rows", body = Vec<DenialRow>)),
)]
pub(crate) async fn get_denials_report(
    caller: Caller<LicenseVault, scope::Read>,
    days: Query<LicenseVault, DaysQuery>,
    rows: Query<LicenseVault, RowsQuery>,
) -> Result<Answer<Vec<DenialRow>>, VaultError> {
    let page = read_page(&days.0, &rows.0)?;
    let denials = store::denials::list(&mut caller.read().await?, caller.principal.vault.id, page).await?;
    Ok(Answer(denials.into_iter().map(|(_, denial)| denial.into()).collect()))
}
