//! The organization's API keys: listed, counted, revoked one by one.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    http::{
        caller::Caller,
        extract::{Path, Query},
    },
    services::atlassian::{
        Atlassian,
        api::{
            error::{AtlassianError, ErrorResponse},
            query::{ExpiresAt, KeyFilter, KeyFilters, KeyQuery, LastActiveAt, Paging, Sorting, apply_quirks},
            scope,
            wire::{Answer, ApiKey, PageResponse},
        },
        store,
    },
};

/// The API keys of the organization.
// atlassian-api-access §7.8.
#[utoipa::path(
    get, path = "/orgs/{orgId}/api-keys", operation_id = "getAllApiKeysByOrgId", tag = "API Key",
    params(KeyFilter, ExpiresAt, LastActiveAt, Sorting, Paging),
    security(("apiKey" = ["read:keys:admin"])),
    responses(
        (status = 200, description = "One page", body = PageResponse<ApiKey>),
        (status = 400, description = "A parameter that cannot be read, or that lacks its companion",
            body = ErrorResponse),
    ),
)]
pub(crate) async fn get_api_keys(
    caller: Caller<Atlassian, scope::ReadKeys>,
    query: Query<Atlassian, KeyQuery>,
) -> Result<Answer<PageResponse<ApiKey>>, AtlassianError> {
    let organization = &caller.principal.organization;
    let (filter, page) = query.0.2.apply_quirks(&caller.principal.quirks, query.0.read(&caller.now))?;
    let found = store::api_key::page(&mut caller.read().await?, organization.id, &filter, &page, &caller.now).await?;
    Ok(Answer(PageResponse::new(&page, found, |key| ApiKey::new(key, &organization.org_id))))
}

/// How many API keys there are.
// atlassian-api-access §7.9.
#[utoipa::path(
    get, path = "/orgs/{orgId}/api-keys/count", operation_id = "getApiKeyCountByOrgId", tag = "API Key",
    params(KeyFilter, ExpiresAt, LastActiveAt),
    security(("apiKey" = ["read:keys:admin"])),
    responses(
        (status = 200, description = "How many", body = i64, content_type = "application/json"),
        (status = 400, description = "A parameter that cannot be read, or that lacks its companion",
            body = ErrorResponse),
    ),
)]
pub(crate) async fn get_api_key_count(
    caller: Caller<Atlassian, scope::ReadKeys>,
    query: Query<Atlassian, KeyFilters>,
) -> Result<Answer<i64>, AtlassianError> {
    let filter = apply_quirks(&caller.principal.quirks, query.0.read(&caller.now))?;
    let organization = caller.principal.organization.id;
    Ok(Answer(store::api_key::count(&mut caller.read().await?, organization, &filter, &caller.now).await?))
}

/// The path of one key.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(crate) struct KeyPath {
    /// The key's id
    api_key_id: String,
}

/// Revokes an API key, also the calling one.
// atlassian-api-access §7.10.
#[utoipa::path(
    patch, path = "/orgs/{orgId}/api-keys/revoke/{apiKeyId}", operation_id = "RevokeApiKey", tag = "API Key",
    params(KeyPath),
    security(("apiKey" = ["delete:keys:admin"])),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 400, description = "No such key", body = ErrorResponse),
    ),
)]
pub(crate) async fn revoke_api_key(
    caller: Caller<Atlassian, scope::DeleteKeys>,
    path: Path<Atlassian, KeyPath>,
) -> Result<StatusCode, AtlassianError> {
    let mut db = caller.write().await?;
    // unverified: an unknown key, or one that was revoked already, is a 400 (atlassian-api-access §7.10).
    if !store::api_key::revoke(&mut db, caller.principal.organization.id, &path.0.api_key_id).await? {
        return Err(AtlassianError::UnknownApiKey);
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
