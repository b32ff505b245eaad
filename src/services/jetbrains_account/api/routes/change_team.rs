//! `POST /customer/changeLicensesTeam`: moves licences to another team.

use std::collections::BTreeSet;

use axum::response::IntoResponse;

use crate::{
    http::{caller::Caller, extract::Json},
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::{ErrorBody, Unauthorized},
            jackson::Object,
            scope,
            wire::{Answer, license::ChangeTeamResponse, requests::ChangeTeamRequest},
        },
        domain::error::JetBrainsError,
        store,
    },
};

/// Moves licences to another team
///
/// What is unknown, there already or not transferable stays where it is and is not listed.
// jetbrains-account §5.6.
#[utoipa::path(
    post, path = "/customer/changeLicensesTeam", operation_id = "changeTeam", tag = "Licenses",
    request_body = ChangeTeamRequest,
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "The licences that moved", body = ChangeTeamResponse<Vec<String>>),
        (status = 400, description = "A body that cannot be read", content_type = "text/html"),
        Unauthorized,
        (status = 403,
         description = "The token is a team's, its owner may not edit one of the teams, or the API is disabled",
         body = ErrorBody),
        (status = 404, description = "No such team", body = ErrorBody),
    ),
)]
pub(crate) async fn change_team(
    caller: Caller<JetBrainsAccount, scope::Edit>,
    body: Json<JetBrainsAccount, Object<ChangeTeamRequest>>,
) -> Result<impl IntoResponse, JetBrainsError> {
    let Object(request) = body.0;
    let owner = &caller.principal;
    owner.check_organization_token()?;
    // unverified: permission before the team's existence (jetbrains-account §6, change-6).
    owner.check_edit_some_team()?;
    let (organization, team) = (owner.organization.id, request.target_team_id.0);
    let mut db = caller.write().await?;
    let target = store::team::find(&mut db, organization, team).await?.ok_or(JetBrainsError::TeamUnknown(team))?;
    // unverified: that a move takes Edit on both sides, the target first, and that nothing moves when one licence may
    // not (jetbrains-account §14).
    owner.check_edit(team)?;
    let ids: BTreeSet<String> = request.license_ids.into_iter().map(|id| id.0).collect();
    for source in store::license::find_teams_of_movable(&mut db, organization, &ids, team).await? {
        owner.check_edit(source)?;
    }
    let license_ids = store::license::move_to_team(&mut db, organization, &ids, &target).await?;
    db.commit().await?;
    Ok(Answer(ChangeTeamResponse { license_ids }).into_response())
}
