//! `/token`: what a token manages, and its replacement.

use axum::response::IntoResponse;

use crate::{
    http::caller::Caller,
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::{ApiDisabled, Unauthorized},
            scope,
            wire::{
                Answer,
                token::{ManagedEntityResponse, RotateTokenResponse},
            },
        },
        domain::error::JetBrainsError,
        store,
    },
};

/// Whom the token speaks for
// jetbrains-account §5.1.
#[utoipa::path(
    get, path = "/token", operation_id = "getManagedEntityInfo", tag = "Token",
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "The organization or team that the token manages", body = ManagedEntityResponse),
        Unauthorized,
        ApiDisabled,
    ),
)]
pub(crate) async fn get_managed_entity_info(
    caller: Caller<JetBrainsAccount, scope::Read>,
) -> Result<impl IntoResponse, JetBrainsError> {
    let owner = &caller.principal;
    let teams = match owner.team {
        Some(_) => Vec::new(),
        None => store::team::list(&mut caller.read().await?, owner.organization.id).await?,
    };
    Ok(Answer(ManagedEntityResponse::new(owner, &teams)).into_response())
}

/// Replaces the token
///
/// The old one is invalid at once.
// jetbrains-account §5.9.
#[utoipa::path(
    post, path = "/token/rotate", operation_id = "rotateToken", tag = "Token",
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "The new token", body = RotateTokenResponse),
        Unauthorized,
        ApiDisabled,
    ),
    extensions(("x-locum-unverified" = json!("one client has it, nobody was seen to call it; the body is our guess"))),
)]
pub(crate) async fn rotate_token(
    caller: Caller<JetBrainsAccount, scope::OwnToken>,
) -> Result<impl IntoResponse, JetBrainsError> {
    let owner = &caller.principal;
    let mut db = caller.write().await?;
    let (id, profile) = (owner.organization.id, owner.profile());
    let token = store::token::generate(&mut db, &caller.app().keyring, id, &owner.person, profile).await?;
    db.commit().await?;
    Ok(Answer(RotateTokenResponse { token: token.expose() }).into_response())
}
