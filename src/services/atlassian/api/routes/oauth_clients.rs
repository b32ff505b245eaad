//! The organization's OAuth clients: listed, counted, created, deleted.

use axum::{http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        caller::Caller,
        extract::{Json, Path, Query},
    },
    services::atlassian::{
        Atlassian,
        api::{
            error::{AtlassianError, ErrorResponse, ParameterError},
            query::Paging,
            scope,
            wire::{Answer, OAuthClient, PageResponse, answer_created},
        },
        domain::{api_access::User, service_account},
        store,
    },
};

/// The longest name of a client, in characters (atlassian-api-access §7.12).
const LONGEST_NAME: usize = 255;

/// The OAuth clients of the organization.
// atlassian-api-access §7.11.
#[utoipa::path(
    get, path = "/orgs/{orgId}/oauth-clients", operation_id = "listOAuthClients", tag = "OAuth Client",
    params(Paging),
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    responses(
        (status = 200, description = "One page", body = PageResponse<OAuthClient>),
        (status = 400, description = "A parameter that cannot be read", body = ErrorResponse),
    ),
)]
pub(crate) async fn get_oauth_clients(
    caller: Caller<Atlassian, scope::ReadServiceAccountTokens>,
    query: Query<Atlassian, Paging>,
) -> Result<Answer<PageResponse<OAuthClient>>, AtlassianError> {
    let page = query.0.apply_quirks(&caller.principal.quirks, query.0.read_page_by_creation())?;
    let found =
        store::oauth_client::page(&mut caller.read().await?, caller.principal.organization.id, &page, &caller.now)
            .await?;
    Ok(Answer(PageResponse::new(&page, found, |client| OAuthClient::new(client, &caller.now))))
}

/// Body of `createOAuthClient`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "name": "sync", "serviceAccountId": "svc-1" }))]
pub(crate) struct CreateOAuthClient {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    service_account_id: String,
}

/// Makes an OAuth client. Only an administrator's browser session may: the control API
/// opens one.
// atlassian-api-access §7.12.
#[utoipa::path(
    post, path = "/orgs/{orgId}/oauth-clients", operation_id = "createOAuthClient", tag = "OAuth Client",
    security(("session" = [])), request_body = CreateOAuthClient,
    responses(
        (status = 201, description = "It is there", body = OAuthClient),
        (status = 400, description = "A body that cannot be read, or an unknown service account", body = ErrorResponse),
    ),
    extensions(("x-locum-unverified" =
        json!("how a session is shown is not known: a cookie that the control API hands out"))),
)]
pub(crate) async fn create_oauth_client(
    caller: Caller<Atlassian, scope::Session>,
    body: Json<Atlassian, CreateOAuthClient>,
) -> Result<Response, AtlassianError> {
    let CreateOAuthClient { name, service_account_id } = body.0;
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || name.contains('\0') {
        return Err(ParameterError::format(format!("name must have 1 to {LONGEST_NAME} characters")).into());
    }
    let organization = caller.principal.organization.id;
    let mut db = caller.write().await?;
    // unverified: an unknown service account is a 400 (atlassian-api-access §7.12).
    let account = store::service_account::find(&mut db, organization, &service_account_id).await?;
    let account = account.ok_or_else(|| ParameterError::format("serviceAccountId is none of the organization's"))?;
    let client = service_account::OAuthClient {
        id: db.ids().uuid().simple().to_string(),
        name,
        revoked_at: None,
        revoker_id: None,
        scopes: Vec::new(),
        created_at: db.now(),
        updated_at: db.now(),
        expires_at: None,
        created_by: Some(caller.principal.administrator()?.clone()),
        account: User { id: account.id, name: account.name, email: account.email },
    };
    store::oauth_client::upsert(&mut db, organization, &client).await?;
    db.commit().await?;
    Ok(answer_created(OAuthClient::new(client, &caller.now)))
}

/// How many.
#[derive(Serialize, ToSchema)]
pub(crate) struct Total {
    total: i64,
}

/// How many OAuth clients there are. Reads, although it is a POST; a body does not matter.
// atlassian-api-access §7.13.
#[utoipa::path(
    post, path = "/orgs/{orgId}/oauth-clients/count", operation_id = "countOAuthClients", tag = "OAuth Client",
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    responses((status = 200, description = "How many", body = Total)),
)]
pub(crate) async fn get_oauth_client_count(
    caller: Caller<Atlassian, scope::ReadServiceAccountTokens>,
) -> Result<Answer<Total>, AtlassianError> {
    let organization = caller.principal.organization.id;
    let total = store::oauth_client::count(&mut caller.read().await?, organization).await?;
    Ok(Answer(Total { total }))
}

/// The path of one client.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(crate) struct ClientPath {
    /// The client's id
    #[param(example = "client-sync")]
    client_id: String,
}

/// One OAuth client.
// atlassian-api-access §7.14.
#[utoipa::path(
    get, path = "/orgs/{orgId}/oauth-clients/{clientId}", operation_id = "getOAuthClient", tag = "OAuth Client",
    params(ClientPath),
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    responses(
        (status = 200, description = "The client", body = OAuthClient),
        (status = 400, description = "An id that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such client", body = ErrorResponse),
    ),
)]
pub(crate) async fn get_oauth_client(
    caller: Caller<Atlassian, scope::ReadServiceAccountTokens>,
    path: Path<Atlassian, ClientPath>,
) -> Result<Answer<OAuthClient>, AtlassianError> {
    let organization = caller.principal.organization.id;
    let client = store::oauth_client::find(&mut caller.read().await?, organization, &path.0.client_id).await?;
    let client = client.ok_or(AtlassianError::UnknownOAuthClient)?;
    Ok(Answer(OAuthClient::new(client, &caller.now)))
}

/// Deletes an OAuth client.
// unverified: it is gone then, not listed as revoked (atlassian-api-access §7.15).
#[utoipa::path(
    delete, path = "/orgs/{orgId}/oauth-clients/{clientId}", operation_id = "deleteOAuthClient", tag = "OAuth Client",
    params(ClientPath),
    security(("apiKey" = ["delete:service-accounts-tokens:admin"])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "An id that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such client", body = ErrorResponse),
    ),
)]
pub(crate) async fn delete_oauth_client(
    caller: Caller<Atlassian, scope::DeleteServiceAccountTokens>,
    path: Path<Atlassian, ClientPath>,
) -> Result<StatusCode, AtlassianError> {
    let mut db = caller.write().await?;
    if !store::oauth_client::delete(&mut db, caller.principal.organization.id, &path.0.client_id).await? {
        return Err(AtlassianError::UnknownOAuthClient);
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
