//! `POST /customer/licenses/revoke`: takes licences back.

use axum::response::IntoResponse;

use crate::{
    http::{caller::Caller, extract::Query},
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::{ErrorBody, Unauthorized},
            scope,
            wire::{
                Answer,
                license::RevokedLicensesResponse,
                requests::{Revoke, RevokeQuery},
            },
        },
        domain::{
            error::JetBrainsError,
            license::{License, LicenseFilter},
            token_owner::TokenOwner,
        },
        store,
    },
    store::{ReadWrite, Session},
};

/// Takes licences back
///
/// One, or a person's: all of them, or none when one was assigned less than 30 days ago.
// jetbrains-account §5.7.
#[utoipa::path(
    post, path = "/customer/licenses/revoke", operation_id = "revokeAsset", tag = "Licenses",
    params(RevokeQuery),
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "The licences that were taken back", body = RevokedLicensesResponse),
        (status = 400,
         description = "Assigned less than 30 days ago, or nothing named; as a page, a query that cannot be read",
         content((ErrorBody = "application/json"), (String = "text/html"))),
        Unauthorized,
        (status = 403, description = "The token is another team's, its owner may not edit, or the API is disabled",
         body = ErrorBody),
        (status = 404, description = "No such licence", body = ErrorBody),
    ),
)]
pub(crate) async fn revoke_asset(
    caller: Caller<JetBrainsAccount, scope::Edit>,
    query: Query<JetBrainsAccount, RevokeQuery>,
) -> Result<impl IntoResponse, JetBrainsError> {
    let owner = &caller.principal;
    let wanted = query.0.read()?;
    let mut db = caller.write().await?;
    let mut licenses = match wanted {
        Revoke::License(id) => find_named(&mut db, owner, id).await?,
        Revoke::Person { email, product_code } => find_held_by(&mut db, owner, email, product_code).await?,
    };
    for license in &licenses {
        license.check_revocable(db.now())?;
    }
    licenses.sort_by(|a, b| a.id.cmp(&b.id));
    for license in &licenses {
        store::license::release(&mut db, owner.organization.id, license).await?;
    }
    db.commit().await?;
    let license_ids = licenses.into_iter().map(|license| license.id).collect();
    Ok(Answer(RevokedLicensesResponse { license_ids }).into_response())
}

/// unverified: an unknown licence is not found, one that nobody holds is no error, and one that a server or a key
/// holds can be taken back too (jetbrains-account §5.7).
async fn find_named(
    db: &mut Session<ReadWrite>,
    owner: &TokenOwner,
    id: String,
) -> Result<Vec<License>, JetBrainsError> {
    let license =
        store::license::find(db, owner.organization.id, &id).await?.ok_or(JetBrainsError::LicenseUnknown(id))?;
    owner.check_team(license.team.id)?;
    owner.check_edit(license.team.id)?;
    Ok(if license.assignee.is_some() { vec![license] } else { Vec::new() })
}

/// unverified: a team's token takes back what its team holds, and leaves the person's other licences alone. With an
/// organization's, nothing is taken back when the person holds a licence of a team that the caller may not edit,
/// because by e-mail it is all or nothing.
async fn find_held_by(
    db: &mut Session<ReadWrite>,
    owner: &TokenOwner,
    email: String,
    product_code: Option<String>,
) -> Result<Vec<License>, JetBrainsError> {
    let team = owner.profile().team();
    match team {
        Some(team) => owner.check_edit(team)?,
        None => owner.check_edit_some_team()?,
    }
    let filter = LicenseFilter { team, product_code, assigned: Some(true), assignee_email: Some(email) };
    let licenses = store::license::list(db, owner.organization.id, &filter).await?;
    for license in &licenses {
        owner.check_edit(license.team.id)?;
    }
    Ok(licenses)
}
