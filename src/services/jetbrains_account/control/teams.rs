//! Teams, as the vendor's pages make, rename and delete them: by its API nobody does.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AccountAdmin, Administration};
use crate::services::jetbrains_account::domain::ids::JetBrainsIds as _;
use crate::{
    app::App,
    core::error::Error,
    http::{
        control_input::{Answer, Json, OrganizationPath, Segments, check_text},
        problem::Problem,
    },
    services::jetbrains_account::{
        domain::{role::Actor, team::Team},
        store,
    },
};

/// Body of `createJetbrainsTeam`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTeam {
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// At most 255 characters.
    #[schema(example = "Backend")]
    name: String,
    /// Its number; left out, one that no team of the organization has.
    #[schema(minimum = 1, example = 2004)]
    id: Option<i32>,
}

/// Body of `renameJetbrainsTeam`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameTeam {
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// At most 255 characters.
    #[schema(example = "Backend")]
    name: String,
}

/// Body of `deleteJetbrainsTeam`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteTeam {
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
}

/// Creates a team.
#[utoipa::path(post, path = "/organizations/{customerCode}/jetbrains-account/teams",
    operation_id = "createJetbrainsTeam",
    request_body = CreateTeam,
    responses(
        (status = 200, description = "The organization's administration", body = Administration),
        (status = 409, description = "There is a team with this number", body = Problem,
            content_type = "application/problem+json")))]
pub(crate) async fn create_team(
    State(app): State<App>,
    path: OrganizationPath,
    Json(body): Json<CreateTeam>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = open(path, &app, &body.actor).await?;
    check_text("/name", &body.name)?;
    let organization = page.id();
    let teams = store::team::list(&mut page.0.db, organization).await?;
    let is_taken = |id: i32| teams.iter().any(|team| team.id == id);
    let id = match body.id {
        Some(..1) => return Err(Error::invalid("/id", "expected a number of 1 or more").into()),
        Some(id) if is_taken(id) => {
            return Err(Problem::new(StatusCode::CONFLICT, format!("there is a team {id}")).at("/id"));
        }
        Some(id) => id,
        None => loop {
            let id = page.0.db.ids().team_id();
            if !is_taken(id) {
                break id;
            }
        },
    };
    page.note("team", &id.to_string(), || format!("made the team {id}, {}", body.name));
    store::team::upsert(&mut page.0.db, organization, &Team { id, name: body.name }).await?;
    page.finish().await
}

/// Renames a team.
#[utoipa::path(put, path = "/organizations/{customerCode}/jetbrains-account/teams/{teamId}",
    operation_id = "renameJetbrainsTeam",
    params(("teamId" = i32, Path, description = "The team", example = 2001)),
    request_body = RenameTeam,
    responses((status = 200, description = "The organization's administration", body = Administration)))]
pub(crate) async fn rename_team(
    State(app): State<App>,
    path: OrganizationPath,
    segments: Segments,
    Json(body): Json<RenameTeam>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = open(path, &app, &body.actor).await?;
    let Team { id, name } = find_team(&mut page, &segments).await?;
    check_text("/name", &body.name)?;
    let organization = page.id();
    if name != body.name {
        page.note("team", &id.to_string(), || format!("renamed the team {id} from {name} to {}", body.name));
    }
    store::team::upsert(&mut page.0.db, organization, &Team { id, name: body.name }).await?;
    page.finish().await
}

/// Deletes a team that has no licences. Roles and tokens of the team go too.
#[utoipa::path(delete, path = "/organizations/{customerCode}/jetbrains-account/teams/{teamId}",
    operation_id = "deleteJetbrainsTeam",
    params(("teamId" = i32, Path, description = "The team", example = 2004)),
    request_body = DeleteTeam,
    responses(
        (status = 200, description = "The organization's administration", body = Administration),
        (status = 409, description = "The team has licences", body = Problem,
            content_type = "application/problem+json")))]
pub(crate) async fn delete_team(
    State(app): State<App>,
    path: OrganizationPath,
    segments: Segments,
    Json(body): Json<DeleteTeam>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = open(path, &app, &body.actor).await?;
    let team = find_team(&mut page, &segments).await?;
    let organization = page.id();
    let licenses = store::team::count_licenses(&mut page.0.db, organization, team.id).await?;
    if licenses > 0 {
        let detail = format!(
            "team {} has {licenses} license{}: only an empty team can be deleted, so move them to another one first",
            team.id,
            if licenses == 1 { "" } else { "s" }
        );
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    page.note("team", &team.id.to_string(), || format!("deleted the team {}, {}", team.id, team.name));
    store::team::delete(&mut page.0.db, organization, team.id).await?;
    page.finish().await
}

/// The organization, for somebody who may change its teams.
async fn open(path: OrganizationPath, app: &App, actor: &str) -> Result<AccountAdmin, Problem> {
    let mut page = AccountAdmin::open(path, app).await?;
    let (actor, grants) = page.actor(actor).await?;
    Actor { is_self: false, email: &actor.email, grants: &grants }.check_change_teams()?;
    Ok(page)
}

/// What is no number names no team.
async fn find_team(page: &mut AccountAdmin, segments: &Segments) -> Result<Team, Error> {
    let written = segments.get("teamId");
    match written.parse() {
        Ok(id) => page.team(id).await,
        Err(_) => Err(Error::NotFound(format!("there is no team {written}"))),
    }
}
