//! One account's API tokens, as the vendor's User management API has them: listed, revoked one by one. They are the
//! same records that the lists of users' and service accounts' tokens have.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    http::{caller::Caller, extract::Path},
    services::atlassian::{
        Atlassian,
        api::{
            error::AtlassianError,
            scope,
            wire::{Answer, UserApiToken},
        },
        store,
    },
};

/// The path of an account.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserPath {
    /// The Atlassian account id of a person, or the id of a service account
    #[param(example = "712020:ann")]
    account_id: String,
}

/// The path of one of its tokens.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserTokenPath {
    /// The Atlassian account id of a person, or the id of a service account
    #[param(example = "svc-1")]
    account_id: String,
    /// The token's id
    #[serde(rename = "tokenId")]
    token_id: String,
}

/// The API tokens of one account, newest first.
// unverified: the order; that a service account's are listed under its id (atlassian-api-access §9.1).
#[utoipa::path(
    get, path = "/{account_id}/manage/api-tokens", operation_id = "getApiTokens", tag = "User management",
    params(UserPath),
    security(("apiKey" = [])),
    responses((status = 200, description = "All of them", body = Vec<UserApiToken>)),
)]
pub(crate) async fn get_user_api_tokens(
    caller: Caller<Atlassian, scope::Unscoped>,
    path: Result<Path<Atlassian, UserPath>, AtlassianError>,
) -> Result<Answer<Vec<UserApiToken>>, AtlassianError> {
    // An id that cannot be read is nobody's.
    let account = path.map_err(|_| AtlassianError::UnknownAccount)?.0.account_id;
    let organization = caller.principal.organization.id;
    let tokens = store::account_token::list(&mut caller.read().await?, organization, &account, &caller.now).await?;
    let tokens = tokens.ok_or(AtlassianError::UnknownAccount)?;
    Ok(Answer(tokens.into_iter().map(Into::into).collect()))
}

/// Revokes one API token of an account.
// atlassian-api-access §9.1.
#[utoipa::path(
    delete, path = "/{account_id}/manage/api-tokens/{tokenId}", operation_id = "deleteApiToken",
    tag = "User management",
    params(UserTokenPath),
    security(("apiKey" = [])),
    responses((status = 204, description = "It is revoked")),
)]
pub(crate) async fn delete_user_api_token(
    caller: Caller<Atlassian, scope::Unscoped>,
    path: Result<Path<Atlassian, UserTokenPath>, AtlassianError>,
) -> Result<StatusCode, AtlassianError> {
    let UserTokenPath { account_id, token_id } = path.map_err(|_| AtlassianError::UnknownUserToken)?.0;
    let mut db = caller.write().await?;
    if !store::account_token::revoke(&mut db, caller.principal.organization.id, &account_id, &token_id).await? {
        return Err(AtlassianError::UnknownUserToken);
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
