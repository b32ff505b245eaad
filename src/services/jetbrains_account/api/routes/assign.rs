//! `POST /customer/licenses/assign`: gives a licence to a person.

use axum::response::Response;

use crate::{
    core::now::Now,
    http::{caller::Caller, extract::Json},
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::{ErrorBody, Unauthorized},
            jackson::Object,
            scope,
            wire::{
                empty,
                requests::{AssignFromTeamRequest, AssignLicenseRequest, NOTHING_TO_ASSIGN},
            },
        },
        domain::{contact::Contact, error::JetBrainsError, license::License, token_owner::TokenOwner},
        store,
    },
    store::{ReadWrite, Session, declared_product},
};

/// Gives a licence to a person
///
/// The one that is named, or the first free one of a product in a team. The body of the answer is empty.
// jetbrains-account §5.5.
#[utoipa::path(
    post, path = "/customer/licenses/assign", operation_id = "assignLicense", tag = "Licenses",
    request_body = AssignLicenseRequest,
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "Assigned"),
        (status = 204, description = "Assigned, with the quirk `assign_success_status: 204`"),
        (status = 400,
         description = "A contact that is not accepted, a licence that is not to be had; as a page, a body that cannot \
                        be read",
         content((ErrorBody = "application/json"), (String = "text/html"))),
        Unauthorized,
        (status = 403, description = "The token is another team's, its owner may not edit, or the API is disabled",
         body = ErrorBody),
        (status = 404, description = "No such licence, team or product", body = ErrorBody),
    ),
)]
pub(crate) async fn assign_license(
    caller: Caller<JetBrainsAccount, scope::Edit>,
    body: Json<JetBrainsAccount, Object<AssignLicenseRequest>>,
) -> Result<Response, JetBrainsError> {
    let Object(request) = body.0;
    let owner = &caller.principal;
    if owner.flags_required {
        request.check_flags()?;
    }
    let offline_code = request.include_offline_activation_code.is_some_and(|flag| flag.0);
    let contact = Contact::from(request.contact);
    let mut db = caller.write().await?;
    let license = match (request.license_id, request.license) {
        (Some(id), _) => find_assignable(&mut db, owner, id.0).await?,
        (None, Some(wanted)) => find_first_free(&mut db, owner, wanted).await?,
        (None, None) => return Err(JetBrainsError::FieldMissing(NOTHING_TO_ASSIGN)),
    };
    contact.check()?;
    store::license::assign(&mut db, owner.organization.id, &license.id, &contact, offline_code).await?;
    db.commit().await?;
    Ok(empty(owner.assign_success_status))
}

/// unverified: availability before the contact (jetbrains-account §6, assign-9).
async fn find_assignable(
    db: &mut Session<ReadWrite>,
    owner: &TokenOwner,
    id: String,
) -> Result<License, JetBrainsError> {
    let license =
        store::license::find(db, owner.organization.id, &id).await?.ok_or(JetBrainsError::LicenseUnknown(id))?;
    owner.check_team(license.team.id)?;
    owner.check_edit(license.team.id)?;
    match license.unavailable(&Now::at(db.now())) {
        Some(why) => Err(JetBrainsError::LicenseUnavailable(why)),
        None => Ok(license),
    }
}

/// unverified: the team is looked up before the product, and a viewer is refused here too although one recorded
/// call went through in 2023 (jetbrains-account §5.5, §6).
async fn find_first_free(
    db: &mut Session<ReadWrite>,
    owner: &TokenOwner,
    Object(wanted): Object<AssignFromTeamRequest>,
) -> Result<License, JetBrainsError> {
    let (organization, team, product) = (owner.organization.id, wanted.team.0, wanted.product_code.0);
    store::team::find(db, organization, team).await?.ok_or(JetBrainsError::TeamUnknown(team))?;
    if !declared_product::is_known(db, organization, &product).await? {
        return Err(JetBrainsError::ProductUnknown(product));
    }
    owner.check_team(team)?;
    owner.check_edit(team)?;
    let now = db.now();
    let first = store::license::first_available(db, organization, team, &product, now).await?;
    first.ok_or(JetBrainsError::NoLicenseAvailable { team, product })
}
