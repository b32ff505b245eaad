//! Licences that users hold: listed, revoked, reported.
//!
//! unverified: all paths and bodies (license-vault §2.4).

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::{error::Error, now::Now},
    http::{caller::Caller, extract::Query},
    services::license_vault::{
        LicenseVault,
        api::{
            error::{ErrorBody, VaultError},
            query::{DaysQuery, RowsQuery, UserQuery, read_page},
            scope,
            wire::{Answer, UsageRow, UserLicense},
        },
        domain::{
            allocation::{Allocation, AllocationFilter, UserName},
            vault::Vault,
        },
        store,
    },
    store::Session,
};

/// The licences that a user holds.
///
/// `username` or `email` says which user.
#[utoipa::path(
    get, path = "/licenses", operation_id = "getUserLicenses",
    params(UserQuery, RowsQuery),
    responses(
        (status = 200, description = "The licences", body = Vec<UserLicense>),
        (status = 404, description = "No such user", body = ErrorBody),
    ),
    extensions(("x-locum-unverified" = json!("the path is not public"))),
)]
pub(crate) async fn get_user_licenses(
    caller: Caller<LicenseVault, scope::Read>,
    user: Query<LicenseVault, UserQuery>,
    rows: Query<LicenseVault, RowsQuery>,
) -> Result<Answer<Vec<UserLicense>>, VaultError> {
    let (user, (offset, limit)) = (user.0.read()?, rows.0.read()?);
    let vault = &caller.principal.vault;
    let allocations = list_of_user(&mut caller.read().await?, vault, &caller.now, user).await?;
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let describe = |allocation| UserLicense::new(&vault.catalogue, allocation);
    Ok(Answer(allocations.into_iter().skip(offset).take(limit).map(describe).collect()))
}

/// Lists the allocations of a user; an error when the vault does not know the user.
pub(super) async fn list_of_user<M>(
    db: &mut Session<M>,
    vault: &Vault,
    now: &Now,
    user: UserName<'_>,
) -> Result<Vec<Allocation>, VaultError> {
    let email = match user {
        UserName::Email(email) => email.to_owned(),
        UserName::Login(name) => store::users::find_by_name(db, vault, name).await?.ok_or(VaultError::UserUnknown)?,
    };
    let allocations = store::allocations::list_live(db, vault, now, AllocationFilter::Email(&email)).await?;
    if allocations.is_empty() && !store::allocations::is_known(db, vault, &email).await? {
        return Err(VaultError::UserUnknown);
    }
    Ok(allocations)
}

/// The licences to revoke.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct RevokeQuery {
    /// One licence; everything else is ignored then.
    allocation_id: Option<String>,
    /// With `username` or `email`: only licences with this code.
    product_code: Option<String>,
}

impl RevokeQuery {
    /// Refuses a request that does not say what is to be revoked.
    pub(crate) fn refuse_without_selector() -> VaultError {
        VaultError::InvalidParameter("allocationId, username or email is needed".to_owned())
    }
}

/// What was revoked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revoked {
    allocation_ids: Vec<String>,
}

/// Revokes one licence, or what a user holds.
///
/// `allocationId` names the licence, `username` or `email` the user. What is revoked is free at once; what runs on it
/// asks again at once, and gets a new licence if one fits.
#[utoipa::path(
    post, path = "/licenses/revoke", operation_id = "revokeLicenses",
    params(RevokeQuery, UserQuery),
    responses(
        (status = 200, description = "What was revoked", body = Revoked),
        (status = 404, description = "No such licence, no such user", body = ErrorBody),
    ),
    extensions(("x-locum-unverified" = json!("the path is not public"))),
)]
pub(crate) async fn revoke_licenses(
    caller: Caller<LicenseVault, scope::Write>,
    query: Query<LicenseVault, RevokeQuery>,
    user: Query<LicenseVault, UserQuery>,
) -> Result<Answer<Revoked>, VaultError> {
    let vault = &caller.principal.vault;
    let RevokeQuery { allocation_id, product_code } = query.0;
    let mut db = caller.write().await?;
    let now = &Now::at(db.now());
    let mut allocations;
    if let Some(id) = allocation_id {
        allocations = store::allocations::list_live(&mut db, vault, now, AllocationFilter::Id(&id)).await?;
        if allocations.is_empty() {
            return Err(VaultError::AllocationUnknown);
        }
    } else {
        let user = user.0.find().ok_or_else(RevokeQuery::refuse_without_selector)?;
        allocations = list_of_user(&mut db, vault, now, user).await?;
        allocations.retain(|allocation| product_code.as_ref().is_none_or(|product| *product == allocation.product));
    }
    let allocation_ids = store::revocations::revoke(&mut db, vault, allocations).await?;
    db.commit().await?;
    Ok(Answer(Revoked { allocation_ids }))
}

/// Every occasion on which a user ran a product. As CSV, with a line of names, for `Accept: text/csv`.
#[utoipa::path(
    get, path = "/licenses/report", operation_id = "getLicensesReport",
    params(DaysQuery, RowsQuery),
    responses(
        (status = 200, description = "The rows", content((Vec<UsageRow> = "application/json"), (String = "text/csv"))),
    ),
    extensions(("x-locum-unverified" = json!("the path and most columns are not public"))),
)]
pub(crate) async fn get_licenses_report(
    caller: Caller<LicenseVault, scope::Read>,
    headers: HeaderMap,
    days: Query<LicenseVault, DaysQuery>,
    rows: Query<LicenseVault, RowsQuery>,
) -> Result<Response, VaultError> {
    let page = read_page(&days.0, &rows.0)?;
    let vault = &caller.principal.vault;
    let usages = store::usage::list(&mut caller.read().await?, vault, &caller.now, page).await?;
    let rows: Vec<UsageRow> = usages.into_iter().map(|usage| UsageRow::new(&vault.catalogue, usage)).collect();
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.split(',').any(|media_type| media_type.trim().starts_with("text/csv")) {
        return Ok(([(header::CONTENT_TYPE, "text/csv;charset=UTF-8")], write_csv(&rows)?).into_response());
    }
    Ok(Answer(rows).into_response())
}

/// Keeps a spreadsheet from taking what a client called itself for a formula.
///
/// unverified: whether the vendor does (license-vault §2.4).
fn format_cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn write_csv(rows: &[UsageRow]) -> Result<Vec<u8>, Error> {
    const NAMES: [&str; 10] = [
        "allocation_id",
        "allocated_license",
        "username",
        "user_hostname",
        "user_ip",
        "product_name",
        "product_version",
        "license_type",
        "start_time",
        "end_time",
    ];
    // The names are written here, because the writer takes them from the first row, and there may be none.
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(NAMES).map_err(Error::internal)?;
    for row in rows {
        let row = serde_json::to_value(row).map_err(Error::internal)?;
        let cells = NAMES.map(|name| match &row[name] {
            Value::String(text) => format_cell(text),
            Value::Null => String::new(),
            other => other.to_string(),
        });
        writer.write_record(cells).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in
            [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-1", "'-1"), ("ann", "ann"), ("a=b", "a=b"), ("", "")]
        {
            assert_eq!(format_cell(text), cell);
        }
    }
}
