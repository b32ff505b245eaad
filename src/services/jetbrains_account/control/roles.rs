//! Who is what. Rights of a token follow the roles that its owner has now; with the last one in a profile the token
//! goes.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AccountAdmin, Administration};
use crate::{
    app::App,
    core::error::Error,
    domain::organization::Person,
    http::{
        control_input::{Answer, Json, OrganizationPath},
        problem::Problem,
    },
    services::jetbrains_account::{
        domain::role::{Grant, Profile, Role},
        store,
    },
};

/// Body of `giveJetbrainsRole` and `takeJetbrainsRole`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRequest {
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// The e-mail address of whose role it is.
    #[schema(example = "bob@example.test")]
    person: String,
    /// `organization_admin`, `viewer` or `primary_contact`; with a team `team_admin` or `viewer`.
    #[schema(example = "team_admin")]
    role: String,
    /// The team it is in; left out, the organization.
    #[schema(example = 2001)]
    team: Option<i32>,
}

/// Body of `setJetbrainsRoles`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolesRequest {
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// The e-mail address of whose roles they are.
    #[schema(example = "bob@example.test")]
    person: String,
    /// All that the person is from now on: `organization_admin`, `viewer`, `primary_contact`; with a team `team_admin`,
    /// `viewer`; none, and the token goes too.
    #[schema(example = json!(["viewer"]))]
    roles: Vec<String>,
    /// The team they are in; left out, the organization.
    #[schema(example = 2001)]
    team: Option<i32>,
}

/// Gives a person a role in the organization or in a team.
#[utoipa::path(post, path = "/organizations/{customerCode}/jetbrains-account/roles",
    operation_id = "giveJetbrainsRole",
    request_body = RoleRequest,
    responses((status = 200, description = "The organization's administration", body = Administration)))]
pub(crate) async fn give_role(
    State(app): State<App>,
    path: OrganizationPath,
    Json(body): Json<RoleRequest>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = AccountAdmin::open(path, &app).await?;
    let (person, grant) = read_role(&mut page, &body).await?;
    give(&mut page, &person, grant).await?;
    page.finish().await
}

/// Takes a role from a person. With the last role in a profile goes the token there.
#[utoipa::path(delete, path = "/organizations/{customerCode}/jetbrains-account/roles",
    operation_id = "takeJetbrainsRole",
    request_body = RoleRequest,
    responses((status = 200, description = "The organization's administration", body = Administration)))]
pub(crate) async fn take_role(
    State(app): State<App>,
    path: OrganizationPath,
    Json(body): Json<RoleRequest>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = AccountAdmin::open(path, &app).await?;
    let (person, grant) = read_role(&mut page, &body).await?;
    if !take(&mut page, &person, grant).await? {
        let role = grant.role.name();
        return Err(Error::NotFound(format!("{} is no {role} in the {}", person.email, grant.profile)).into());
    }
    remove_useless_token(&mut page, &person, grant.profile).await?;
    page.finish().await
}

/// Sets all roles of a person in the organization or in a team at once. The token there stays, unless none is left.
#[utoipa::path(put, path = "/organizations/{customerCode}/jetbrains-account/roles",
    operation_id = "setJetbrainsRoles",
    request_body = RolesRequest,
    responses((status = 200, description = "The organization's administration", body = Administration)))]
pub(crate) async fn set_roles(
    State(app): State<App>,
    path: OrganizationPath,
    Json(body): Json<RolesRequest>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = AccountAdmin::open(path, &app).await?;
    let (person, profile) = check_change(&mut page, &body.actor, &body.person, body.team).await?;
    let mut roles = Vec::new();
    for (index, role) in body.roles.iter().enumerate() {
        roles.push(parse_role(&format!("/roles/{index}"), role, profile)?);
    }
    for held in page.grants(&person).await?.0 {
        if held.profile == profile && !roles.contains(&held.role) {
            take(&mut page, &person, held).await?;
        }
    }
    for role in roles {
        give(&mut page, &person, Grant { role, profile }).await?;
    }
    remove_useless_token(&mut page, &person, profile).await?;
    page.finish().await
}

async fn give(page: &mut AccountAdmin, person: &Person, grant: Grant) -> Result<(), Error> {
    let id = page.id();
    if store::role::give(&mut page.0.db, id, person.id, grant).await? {
        let (Person { email, .. }, Grant { role, profile }) = (person, grant);
        page.note("role", email, || format!("gave {email} the role {} in the {profile}", role.name()));
    }
    Ok(())
}

/// Whether the person held it.
async fn take(page: &mut AccountAdmin, person: &Person, grant: Grant) -> Result<bool, Error> {
    let id = page.id();
    let was_held = store::role::take(&mut page.0.db, id, person.id, grant).await?;
    if was_held {
        let (Person { email, .. }, Grant { role, profile }) = (person, grant);
        page.note("role", email, || format!("took the role {} in the {profile} from {email}", role.name()));
    }
    Ok(was_held)
}

async fn read_role(page: &mut AccountAdmin, body: &RoleRequest) -> Result<(Person, Grant), Problem> {
    let (person, profile) = check_change(page, &body.actor, &body.person, body.team).await?;
    let role = parse_role("/role", &body.role, profile)?;
    Ok((person, Grant { role, profile }))
}

/// Whose roles are to be changed, and where, if the actor may do that.
async fn check_change(
    page: &mut AccountAdmin,
    actor: &str,
    person: &str,
    team: Option<i32>,
) -> Result<(Person, Profile), Problem> {
    let change = page.change(actor, person, team).await?;
    change.actor().check_change_role(change.profile)?;
    Ok((change.person, change.profile))
}

fn parse_role(pointer: &str, role: &str, profile: Profile) -> Result<Role, Error> {
    let role: Role = role.parse().map_err(|e: String| Error::invalid(pointer, e))?;
    role.check_fits(profile).map_err(|e| Error::invalid(pointer, e))?;
    Ok(role)
}

/// Removes the token of somebody who is nothing in the profile any more.
async fn remove_useless_token(page: &mut AccountAdmin, person: &Person, profile: Profile) -> Result<(), Error> {
    if page.grants(person).await?.standing(profile).is_none() {
        page.remove_token(person, profile).await?;
    }
    Ok(())
}
