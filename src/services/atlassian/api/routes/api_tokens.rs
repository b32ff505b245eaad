//! Users' API tokens: listed, counted, revoked all at once.

use axum::http::StatusCode;

use crate::{
    http::{caller::Caller, extract::Query},
    services::atlassian::{
        Atlassian,
        api::{
            error::{AtlassianError, ErrorResponse},
            query::{CreatedAt, LastActiveAt, Paging, Sorting, TokenFilter, TokenFilters, TokenQuery, apply_quirks},
            scope,
            wire::{Answer, ApiToken, PageResponse},
        },
        store,
    },
};

/// API tokens of managed users.
// atlassian-api-access §7.1.
#[utoipa::path(
    get, path = "/orgs/{orgId}/api-tokens", operation_id = "getAllApiTokensByOrgId", tag = "API Token",
    params(TokenFilter, CreatedAt, LastActiveAt, Sorting, Paging),
    security(("apiKey" = ["read:tokens:admin"])),
    responses(
        (status = 200, description = "One page", body = PageResponse<ApiToken>),
        (status = 400, description = "A parameter that cannot be read, or that lacks its companion",
            body = ErrorResponse),
    ),
)]
pub(crate) async fn get_api_tokens(
    caller: Caller<Atlassian, scope::ReadTokens>,
    query: Query<Atlassian, TokenQuery>,
) -> Result<Answer<PageResponse<ApiToken>>, AtlassianError> {
    let organization = &caller.principal.organization;
    let (filter, page) = query.0.2.apply_quirks(&caller.principal.quirks, query.0.read(&caller.now))?;
    let found = store::api_token::page(&mut caller.read().await?, organization.id, &filter, &page, &caller.now).await?;
    Ok(Answer(PageResponse::new(&page, found, |token| ApiToken::new(token, &organization.org_id))))
}

/// How many API tokens of managed users there are.
// atlassian-api-access §7.3.
#[utoipa::path(
    get, path = "/orgs/{orgId}/api-tokens/count", operation_id = "getApiTokenCountByOrgId", tag = "API Token",
    params(TokenFilter, CreatedAt, LastActiveAt),
    security(("apiKey" = ["read:tokens:admin"])),
    responses(
        (status = 200, description = "How many", body = i64, content_type = "application/json"),
        (status = 400, description = "A parameter that cannot be read, or that lacks its companion",
            body = ErrorResponse),
    ),
)]
pub(crate) async fn get_api_token_count(
    caller: Caller<Atlassian, scope::ReadTokens>,
    query: Query<Atlassian, TokenFilters>,
) -> Result<Answer<i64>, AtlassianError> {
    let filter = apply_quirks(&caller.principal.quirks, query.0.read(&caller.now))?;
    let organization = caller.principal.organization.id;
    Ok(Answer(store::api_token::count(&mut caller.read().await?, organization, &filter, &caller.now).await?))
}

/// Revokes every API token of every managed user, whatever the body says.
// atlassian-api-access §7.2.
#[utoipa::path(
    delete, path = "/orgs/{orgId}/api-tokens", operation_id = "Bulk revoke API Tokens", tag = "API Token",
    security(("apiKey" = ["delete:tokens:admin"])),
    responses(
        (status = 204, description = "All are revoked"),
        (status = 404, description = "There were none"),
    ),
)]
pub(crate) async fn delete_api_tokens(
    caller: Caller<Atlassian, scope::DeleteTokens>,
) -> Result<StatusCode, AtlassianError> {
    let mut db = caller.write().await?;
    if store::api_token::revoke_all(&mut db, caller.principal.organization.id).await? {
        db.commit().await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    // unverified: nothing to revoke is a 404 without a body, or a 204 (atlassian-api-access §7.2).
    let status = StatusCode::from_u16(caller.principal.quirks.empty_bulk_revoke_status);
    Ok(status.unwrap_or(StatusCode::NOT_FOUND))
}
