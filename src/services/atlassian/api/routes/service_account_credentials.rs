//! API tokens and OAuth clients of one service account, or of all.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::organization::OrganizationId,
    http::{
        caller::Caller,
        extract::{Json, Path, Query},
    },
    services::atlassian::{
        Atlassian,
        api::{
            error::{AtlassianError, ErrorResponse, ParameterError},
            query::{ClientNameQuery, LabelQuery},
            routes::service_accounts::AccountPath,
            scope,
            wire::{Answer, ServiceAccountApiToken, ServiceAccountOAuthClient},
        },
        store,
    },
    store::{ReadOnly, Session},
};

type Reader = Caller<Atlassian, scope::ReadServiceAccountTokens>;

/// The most accounts that one request may count the tokens of (atlassian-api-access §7.4).
const MOST_IDS: usize = 100;
/// The longest id of an account, in characters (atlassian-api-access §7.4).
const LONGEST_ID: usize = 100;

/// How many API tokens accounts have.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceAccountCredentialCountResponse {
    valid_service_account_ids: Vec<CredentialCount>,
    /// Ids of no account.
    invalid_service_account_ids: Vec<String>,
}

/// How many API tokens an account has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialCount {
    service_account_id: String,
    credentials_count: i64,
}

/// How many API tokens each of these service accounts has.
// unverified: in the order they are asked for, each once (atlassian-api-access §7.4).
#[utoipa::path(
    post, path = "/orgs/{orgId}/service-accounts/count", operation_id = "countServiceAccountApiTokens",
    tag = "API Token",
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    request_body(content = Vec<String>, description = "At most 100 ids of at most 100 characters",
        example = json!(["svc-1", "svc-2"])),
    responses(
        (status = 200, description = "How many", body = ServiceAccountCredentialCountResponse),
        (status = 400, description = "Not a list of at most 100 ids", body = ErrorResponse),
    ),
)]
pub(crate) async fn get_service_account_credential_counts(
    caller: Reader,
    ids: Json<Atlassian, Vec<String>>,
) -> Result<Answer<ServiceAccountCredentialCountResponse>, AtlassianError> {
    if ids.0.len() > MOST_IDS {
        return Err(ParameterError::format(format!("at most {MOST_IDS} ids")).into());
    }
    if ids.0.iter().any(|id| id.chars().count() > LONGEST_ID) {
        return Err(ParameterError::format(format!("an id has at most {LONGEST_ID} characters")).into());
    }
    let mut answer = ServiceAccountCredentialCountResponse {
        valid_service_account_ids: Vec::new(),
        invalid_service_account_ids: Vec::new(),
    };
    let mut seen = HashSet::new();
    let mut db = caller.read().await?;
    for id in ids.0 {
        if !seen.insert(id.clone()) {
            continue;
        }
        match store::service_account::count_tokens(&mut db, caller.principal.organization.id, &id).await? {
            Some(credentials_count) => {
                answer.valid_service_account_ids.push(CredentialCount { service_account_id: id, credentials_count });
            }
            None => answer.invalid_service_account_ids.push(id),
        }
    }
    Ok(Answer(answer))
}

/// Refuses an account that the organization does not have. `None` stands for all accounts.
async fn check_account(
    db: &mut Session<ReadOnly>,
    organization: OrganizationId,
    account: Option<&str>,
) -> Result<(), AtlassianError> {
    if let Some(id) = account {
        let found = store::service_account::find(db, organization, id).await?;
        found.ok_or(AtlassianError::UnknownServiceAccount)?;
    }
    Ok(())
}

async fn list_tokens(
    caller: &Reader,
    query: &LabelQuery,
    account: Option<&str>,
) -> Result<Answer<Vec<ServiceAccountApiToken>>, AtlassianError> {
    let organization = &caller.principal.organization;
    let mut db = caller.read().await?;
    check_account(&mut db, organization.id, account).await?;
    let tokens = store::service_account::list_tokens(&mut db, organization.id, account).await?;
    let matching = tokens.into_iter().filter(|token| query.matches(&token.label));
    Ok(Answer(matching.map(|token| ServiceAccountApiToken::new(token, &organization.org_id, &caller.now)).collect()))
}

async fn list_clients(
    caller: &Reader,
    query: &ClientNameQuery,
    account: Option<&str>,
) -> Result<Answer<Vec<ServiceAccountOAuthClient>>, AtlassianError> {
    let organization = &caller.principal.organization;
    let mut db = caller.read().await?;
    check_account(&mut db, organization.id, account).await?;
    let clients = store::oauth_client::list_of_accounts(&mut db, organization.id, account).await?;
    let matching = clients.into_iter().filter(|client| query.matches(&client.name));
    Ok(Answer(matching.map(|client| ServiceAccountOAuthClient::new(client, &organization.org_id)).collect()))
}

/// API tokens of all service accounts. Not paged.
// atlassian-api-access §7.7.
#[utoipa::path(
    get, path = "/orgs/{orgId}/service-accounts/api-tokens", operation_id = "listServiceAccountApiTokens",
    tag = "Service Account",
    params(LabelQuery),
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    responses(
        (status = 200, description = "All of them", body = Vec<ServiceAccountApiToken>),
        (status = 400, description = "A parameter that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such organization", body = ErrorResponse),
    ),
)]
pub(crate) async fn get_all_service_account_api_tokens(
    caller: Reader,
    query: Query<Atlassian, LabelQuery>,
) -> Result<Answer<Vec<ServiceAccountApiToken>>, AtlassianError> {
    list_tokens(&caller, &query.0, None).await
}

/// API tokens of one service account. Not paged.
// atlassian-api-access §7.5.
#[utoipa::path(
    get, path = "/orgs/{orgId}/service-accounts/{serviceAccountId}/api-tokens",
    operation_id = "getServiceAccountApiToken", tag = "API Token",
    params(AccountPath, LabelQuery),
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    responses(
        (status = 200, description = "All of them", body = Vec<ServiceAccountApiToken>),
        (status = 400, description = "An id that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such service account", body = ErrorResponse),
    ),
)]
pub(crate) async fn get_service_account_api_tokens(
    caller: Reader,
    path: Path<Atlassian, AccountPath>,
    query: Query<Atlassian, LabelQuery>,
) -> Result<Answer<Vec<ServiceAccountApiToken>>, AtlassianError> {
    list_tokens(&caller, &query.0, Some(&path.0.service_account_id)).await
}

/// Revokes every API token of a service account; its OAuth clients stay.
// unverified: a 204 also when there were none (atlassian-api-access §7.6).
#[utoipa::path(
    delete, path = "/orgs/{orgId}/service-accounts/{serviceAccountId}/api-tokens",
    operation_id = "revokeApiTokens", tag = "API Token",
    params(AccountPath),
    security(("apiKey" = ["delete:service-accounts-tokens:admin"])),
    responses(
        (status = 204, description = "All are revoked"),
        (status = 400, description = "An id that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such service account", body = ErrorResponse),
    ),
)]
pub(crate) async fn delete_service_account_api_tokens(
    caller: Caller<Atlassian, scope::DeleteServiceAccountTokens>,
    path: Path<Atlassian, AccountPath>,
) -> Result<StatusCode, AtlassianError> {
    let organization = caller.principal.organization.id;
    let mut db = caller.write().await?;
    if !store::service_account::revoke_tokens(&mut db, organization, &path.0.service_account_id).await? {
        return Err(AtlassianError::UnknownServiceAccount);
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// OAuth clients of all service accounts. Not paged.
// atlassian-api-access §7.16.
#[utoipa::path(
    get, path = "/orgs/{orgId}/service-accounts/oauth-clients", operation_id = "listServiceAccountOAuthClients",
    tag = "Service Account",
    params(ClientNameQuery),
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    responses(
        (status = 200, description = "All of them", body = Vec<ServiceAccountOAuthClient>),
        (status = 400, description = "A parameter that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such organization", body = ErrorResponse),
    ),
)]
pub(crate) async fn get_all_service_account_oauth_clients(
    caller: Reader,
    query: Query<Atlassian, ClientNameQuery>,
) -> Result<Answer<Vec<ServiceAccountOAuthClient>>, AtlassianError> {
    list_clients(&caller, &query.0, None).await
}

/// OAuth clients of one service account. Not paged.
// atlassian-api-access §7.17.
#[utoipa::path(
    get, path = "/orgs/{orgId}/service-accounts/{serviceAccountId}/oauth-clients",
    operation_id = "listServiceAccountOAuthClientsByServiceAccountId", tag = "Service Account",
    params(AccountPath, ClientNameQuery),
    security(("apiKey" = ["read:service-accounts-tokens:admin"])),
    responses(
        (status = 200, description = "All of them", body = Vec<ServiceAccountOAuthClient>),
        (status = 400, description = "An id that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such service account", body = ErrorResponse),
    ),
)]
pub(crate) async fn get_service_account_oauth_clients(
    caller: Reader,
    path: Path<Atlassian, AccountPath>,
    query: Query<Atlassian, ClientNameQuery>,
) -> Result<Answer<Vec<ServiceAccountOAuthClient>>, AtlassianError> {
    list_clients(&caller, &query.0, Some(&path.0.service_account_id)).await
}
