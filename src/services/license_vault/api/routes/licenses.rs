//! Licences in users' hands: listed, revoked, reported. unverified: all paths and bodies (license-vault §2.4).

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::error::Error,
    http::caller::Caller,
    services::license_vault::{
        LicenseVault,
        api::{
            error::{ErrorBody, VaultError},
            report::{Parameters, RowsQuery, UserQuery},
            scope,
            wire::{Answer, Refused, UsageRow, UserLicense},
        },
        store::{self, allocation::AllocationFilter},
    },
    store::{ReadWrite, Session},
};

/// The licences that a user holds.
#[utoipa::path(
    get, path = "/licenses", operation_id = "getUserLicenses", tag = "License Vault Public",
    params(UserQuery, RowsQuery), security(("vaultToken" = []), ("automationToken" = [])),
    responses(
        (status = 200, description = "The licences", body = Vec<UserLicense>),
        (status = 404, description = "No such user", body = ErrorBody),
        Refused,
    ),
    extensions(("x-locum-unverified" = json!("the path is not public: license-vault §2.4, P1"))),
)]
pub(crate) async fn get_user_licenses(
    caller: Caller<LicenseVault, scope::Read>,
    parameters: Parameters,
) -> Result<Answer<Vec<UserLicense>>, VaultError> {
    let (whose, rows) = (parameters.user()?, parameters.rows()?);
    let vault = &caller.principal.vault;
    let mut db = caller.read().await?;
    let held = store::allocation::live(&mut db, vault, caller.now, whose).await?;
    if held.is_empty() {
        check_known(store::allocation::is_known(&mut db, vault, whose).await?)?;
    }
    let skipped = usize::try_from(rows.offset).unwrap_or(usize::MAX);
    let shown = usize::try_from(rows.limit).unwrap_or(usize::MAX);
    Ok(Answer(held.into_iter().skip(skipped).take(shown).map(Into::into).collect()))
}

fn check_known(is_known: bool) -> Result<(), Error> {
    if is_known { Ok(()) } else { Err(Error::NotFound("there is no such user".to_owned())) }
}

/// What is revoked.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct RevokeQuery {
    /// One licence; everything else is ignored then.
    allocation_id: Option<String>,
    /// With `username` or `email`: only licences with this code.
    product_code: Option<String>,
}

/// What was revoked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revoked {
    allocation_ids: Vec<String>,
}

/// Revokes one licence, or what a user holds. They are free at once; the user may ask again at once.
#[utoipa::path(
    post, path = "/licenses/revoke", operation_id = "revokeLicenses", tag = "License Vault Public",
    params(RevokeQuery, UserQuery), security(("vaultToken" = []), ("automationToken" = [])),
    responses(
        (status = 200, description = "What was revoked", body = Revoked),
        (status = 404, description = "No such licence, no such user", body = ErrorBody),
        Refused,
    ),
    extensions(("x-locum-unverified" = json!("the path is not public: license-vault §2.4, P2"))),
)]
pub(crate) async fn revoke_licenses(
    caller: Caller<LicenseVault, scope::Write>,
    parameters: Parameters,
) -> Result<Answer<Revoked>, VaultError> {
    let mut db = caller.write().await?;
    let held = held(&caller, &mut db, &parameters).await?;
    let product = parameters.given("productCode").filter(|_| parameters.given("allocationId").is_none());
    let held = held.into_iter().filter(|allocation| product.is_none_or(|product| product == allocation.product));
    let ids: Vec<String> = held.map(|allocation| allocation.id).collect();
    store::vault::revoke(&mut db, &caller.principal.vault, &ids).await?;
    db.commit().await?;
    Ok(Answer(Revoked { allocation_ids: ids }))
}

async fn held(
    caller: &Caller<LicenseVault, scope::Write>,
    db: &mut Session<ReadWrite>,
    parameters: &Parameters,
) -> Result<Vec<crate::services::license_vault::domain::vault::Allocation>, Error> {
    let vault = &caller.principal.vault;
    let now = db.now();
    if let Some(id) = parameters.given("allocationId") {
        let found = store::allocation::live(db, vault, now, AllocationFilter::Id(id)).await?;
        if found.is_empty() {
            return Err(Error::NotFound("there is no such allocation".to_owned()));
        }
        return Ok(found);
    }
    let whose = parameters.user()?;
    let found = store::allocation::live(db, vault, now, whose).await?;
    if found.is_empty() {
        check_known(store::allocation::is_known(db, vault, whose).await?)?;
    }
    Ok(found)
}

/// Every occasion on which a user ran a product. As CSV, with a line of names, for `Accept: text/csv`.
#[utoipa::path(
    get, path = "/licenses/report", operation_id = "getLicensesReport", tag = "License Vault Public",
    params(RowsQuery), security(("vaultToken" = []), ("automationToken" = [])),
    responses(
        (status = 200, description = "The rows", content((Vec<UsageRow> = "application/json"), (String = "text/csv"))),
        Refused,
    ),
    extensions(("x-locum-unverified" = json!("the path and most columns are not public: license-vault §2.4, P4"))),
)]
pub(crate) async fn get_licenses_report(
    caller: Caller<LicenseVault, scope::Read>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, VaultError> {
    let rows = parameters.rows()?;
    let vault = &caller.principal.vault;
    let usages = store::allocation::usages(&mut caller.read().await?, vault, caller.now, rows).await?;
    let rows: Vec<UsageRow> = usages.into_iter().map(Into::into).collect();
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.split(',').any(|kind| kind.trim().starts_with("text/csv")) {
        return Ok(([(header::CONTENT_TYPE, "text/csv;charset=UTF-8")], csv(&rows)?).into_response());
    }
    Ok(Answer(rows).into_response())
}

fn csv(rows: &[UsageRow]) -> Result<Vec<u8>, Error> {
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
    // The names also where there are no rows.
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(NAMES).map_err(Error::internal)?;
    for row in rows {
        writer.serialize(row).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.to_string()))
}
