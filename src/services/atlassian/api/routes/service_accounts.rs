//! Service accounts: listed, created, changed, deleted. The vendor calls these operations a preview.

use axum::{
    extract::OriginalUri,
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::services::atlassian::domain::ids::AtlassianIds as _;
use crate::{
    core::error::Error,
    http::{
        caller::Caller,
        extract::{Json, Path, Query},
    },
    services::atlassian::{
        Atlassian, HOST,
        api::{
            error::{AtlassianError, ErrorResponse, GatewayError, ParameterError, PreviewNotFound},
            scope,
            wire::{Answer, CreatedServiceAccount, ServiceAccount, answer_created},
        },
        domain::{
            api_access::Admin,
            service_account::{self, LONGEST_DESCRIPTION, NAME_LENGTH, make_address},
        },
        store,
    },
};

/// Accounts on a page, and the most that `limit` may ask for.
///
/// unverified: there are no documented parameters; the service behind takes a `limit` of up to 80
/// (atlassian-api-access §6).
const LARGEST_PAGE: i64 = 80;

/// Where the pages around this one are.
#[derive(Serialize, ToSchema)]
pub(crate) struct UrlLinks {
    /// Left out on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "https://api.atlassian.com/admin/api-access/v1/orgs/o/service-accounts?cursor=80&limit=80"
    )]
    next: Option<String>,
    /// Left out on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "https://api.atlassian.com/admin/api-access/v1/orgs/o/service-accounts?cursor=80&limit=80"
    )]
    prev: Option<String>,
}

/// A page of service accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceAccountList {
    links: UrlLinks,
    items: Vec<ServiceAccount>,
    /// How many there are in all.
    total: i64,
}

/// Query of `listServiceAccounts`.
// unverified: the vendor documents no parameters; the service behind takes these (atlassian-api-access §6).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most accounts on a page.
    #[param(minimum = 1, maximum = 80, default = 80, value_type = Option<i64>)]
    limit: Option<String>,
    /// Where the page begins, as the URLs of `links` have it.
    cursor: Option<String>,
}

/// The path of one account.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(crate) struct AccountPath {
    /// The account's id
    #[param(example = "svc-1")]
    pub(crate) service_account_id: String,
}

/// Refuses where a quirk says that the preview is not rolled out.
///
/// unverified: its paths match no route there (atlassian-api-access §7.18).
fn check_rollout(admin: &Admin) -> Result<(), Error> {
    if admin.quirks.service_accounts { Ok(()) } else { Err(Error::RouteUnknown) }
}

/// The service accounts of the organization.
// atlassian-api-access §7.18.
#[utoipa::path(
    get, path = "/orgs/{orgId}/service-accounts", operation_id = "listServiceAccounts", tag = "Service Account",
    params(PageQuery),
    security(("apiKey" = ["read:service-accounts:admin"])),
    responses(
        (status = 200, description = "One page", body = ServiceAccountList),
        (status = 400, description = "A parameter that cannot be read", body = ErrorResponse),
        (status = 404, description = "The preview is not rolled out", body = GatewayError),
    ),
)]
pub(crate) async fn get_service_accounts(
    caller: Caller<Atlassian, scope::ReadServiceAccounts>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    query: Query<Atlassian, PageQuery>,
) -> Result<Answer<ServiceAccountList>, AtlassianError> {
    check_rollout(&caller.principal)?;
    let PageQuery { limit, cursor } = &query.0;
    let after = match cursor {
        None => 0,
        Some(text) => {
            let position = text.parse().ok().filter(|position: &i64| *position >= 0);
            position.ok_or_else(|| ParameterError::format("cursor is none of this list's"))?
        }
    };
    let limit = match limit {
        None => LARGEST_PAGE,
        Some(text) => {
            let number = text.parse().ok().filter(|number| (1..=LARGEST_PAGE).contains(number));
            let detail = || format!("limit must be a whole number from 1 to {LARGEST_PAGE}, not `{text}`");
            number.ok_or_else(|| ParameterError::format(detail()))?
        }
    };
    let organization = &caller.principal.organization;
    let mut db = caller.read().await?;
    let mut found = store::service_account::list(&mut db, organization.id, after, limit + 1).await?;
    let total = store::service_account::count(&mut db, organization.id).await?;
    let is_more = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().map(|(position, _)| *position).filter(|_| is_more);
    let prev = match after {
        0 => None,
        after => Some(store::service_account::find_page_before(&mut db, organization.id, after, limit).await?),
    };
    let link = |position: i64| caller.make_link(&headers, &uri, &format!("cursor={position}&limit={limit}"));
    Ok(Answer(ServiceAccountList {
        links: UrlLinks { next: next.map(link), prev: prev.map(link) },
        items: found.into_iter().map(|(_, account)| ServiceAccount::new(account, &organization.org_id)).collect(),
        total,
    }))
}

impl Caller<Atlassian, scope::ReadServiceAccounts> {
    /// Makes the URL of this list with another query, with the host under which the client reaches the service. Who
    /// reaches it under the vendor's knows of no other.
    fn make_link(&self, headers: &HeaderMap, uri: &Uri, query: &str) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or(HOST);
        let is_vendors = host.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case(HOST));
        let base = match self.public_url().filter(|_| !is_vendors) {
            Some(url) => url.to_owned(),
            None => format!("{}://{host}", if self.is_over_tls { "https" } else { "http" }),
        };
        format!("{base}{}?{query}", uri.path())
    }
}

/// What a service account may do somewhere.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PermissionRule {
    #[schema(example = "ari:cloud:jira::site/5f1c5a2e-0000-4000-8000-000000000001")]
    resource: String,
    #[schema(example = "atlassian/user")]
    role: String,
}

/// A group.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdditionalGroup {
    #[expect(dead_code, reason = "a body without it is refused, but nothing uses it")]
    directory_id: String,
    #[expect(dead_code, reason = "a body without it is refused, but nothing uses it")]
    group_id: String,
}

/// Body of `createServiceAccount`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "displayName": "deploy-bot",
    "description": "Deploys",
    "permissionRules": [
        { "resource": "ari:cloud:jira::site/5f1c5a2e-0000-4000-8000-000000000001", "role": "atlassian/user" },
    ],
}))]
pub(crate) struct CreateServiceAccount {
    #[schema(min_length = 6, max_length = 30)]
    display_name: String,
    #[schema(max_length = 255)]
    description: Option<String>,
    /// At least one. Kept by nobody: nothing shows them again.
    #[schema(min_items = 1)]
    permission_rules: Vec<PermissionRule>,
    #[expect(dead_code, reason = "the body may have them, but no answer shows them again")]
    additional_groups: Option<Vec<AdditionalGroup>>,
}

/// Checks the lengths of texts (atlassian-api-access §7.19).
///
/// unverified: the limits are the same where an account is changed (§7.20).
fn check_texts(name: Option<&str>, description: Option<&str>) -> Result<(), ParameterError> {
    if name.is_some_and(|name| {
        name.trim().is_empty() || name.contains('\0') || !NAME_LENGTH.contains(&name.chars().count())
    }) {
        return Err(ParameterError::format("displayName must have 6 to 30 characters"));
    }
    if description.is_some_and(|text| text.contains('\0') || text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(ParameterError::format("description must have at most 255 characters"));
    }
    Ok(())
}

/// Creates a service account.
// unverified: any text is a resource, and a role; the answer where a quota is reached (atlassian-api-access §7.19).
#[utoipa::path(
    post, path = "/orgs/{orgId}/service-accounts", operation_id = "createServiceAccount", tag = "Service Account",
    security(("apiKey" = ["write:service-accounts:admin"])), request_body = CreateServiceAccount,
    responses(
        (status = 201, description = "It is there", body = CreatedServiceAccount),
        (status = 400, description = "A body that cannot be read, or a name too short or too long",
            body = ErrorResponse),
        (status = 404, description = "The preview is not rolled out", body = GatewayError),
        (status = 409, description = "As many as the organization may have, where a quirk sets a quota",
            body = ErrorResponse),
    ),
)]
pub(crate) async fn create_service_account(
    caller: Caller<Atlassian, scope::WriteServiceAccounts>,
    body: Json<Atlassian, CreateServiceAccount>,
) -> Result<Response, AtlassianError> {
    check_rollout(&caller.principal)?;
    let CreateServiceAccount { display_name, description, permission_rules, .. } = body.0;
    check_texts(Some(&display_name), description.as_deref())?;
    if permission_rules.is_empty()
        || permission_rules.iter().any(|rule| rule.resource.is_empty() || rule.role.is_empty())
    {
        return Err(ParameterError::format("permissionRules must hold at least one resource with a role").into());
    }
    let organization = &caller.principal.organization;
    let mut db = caller.write().await?;
    if let Some(quota) = caller.principal.quirks.service_account_quota
        && store::service_account::count(&mut db, organization.id).await? >= i64::from(quota)
    {
        return Err(AtlassianError::QuotaReached(quota));
    }
    let account = service_account::ServiceAccount {
        id: db.ids().atlassian_account_id(),
        email: make_address(&display_name, &db.ids().suffix()),
        name: display_name,
        description,
        updated_at: db.now(),
        created_by: None,
    };
    store::service_account::upsert(&mut db, organization.id, &account, "created").await?;
    db.commit().await?;
    Ok(answer_created(CreatedServiceAccount::new(account, &organization.org_id)))
}

/// Body of `updateServiceAccount`. What is left out, or null, stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "atlassianId": "svc-1", "displayName": "release-bot" }))]
pub(crate) struct UpdateServiceAccount {
    /// Which.
    atlassian_id: String,
    #[schema(min_length = 6, max_length = 30)]
    display_name: Option<String>,
    #[schema(max_length = 255)]
    description: Option<String>,
}

/// Changes a service account: which, says the body.
// unverified: `updatedAt` moves; null leaves a member as it is (atlassian-api-access §7.20).
#[utoipa::path(
    patch, path = "/orgs/{orgId}/service-accounts", operation_id = "updateServiceAccount", tag = "Service Account",
    security(("apiKey" = ["write:service-accounts:admin"])), request_body = UpdateServiceAccount,
    responses(
        (status = 200, description = "As it is now", body = ServiceAccount),
        (status = 400, description = "A body that cannot be read, or a name too short or too long",
            body = ErrorResponse),
        (status = 404, description = "No such service account, or the preview is not rolled out",
            body = PreviewNotFound),
    ),
)]
pub(crate) async fn update_service_account(
    caller: Caller<Atlassian, scope::WriteServiceAccounts>,
    body: Json<Atlassian, UpdateServiceAccount>,
) -> Result<Answer<ServiceAccount>, AtlassianError> {
    check_rollout(&caller.principal)?;
    let UpdateServiceAccount { atlassian_id, display_name, description } = body.0;
    check_texts(display_name.as_deref(), description.as_deref())?;
    let organization = &caller.principal.organization;
    let mut db = caller.write().await?;
    let account = store::service_account::find(&mut db, organization.id, &atlassian_id).await?;
    let account = account.ok_or(AtlassianError::UnknownServiceAccount)?;
    let changed = service_account::ServiceAccount {
        name: display_name.unwrap_or(account.name),
        description: description.or(account.description),
        updated_at: db.now(),
        ..account
    };
    store::service_account::upsert(&mut db, organization.id, &changed, "changed").await?;
    db.commit().await?;
    Ok(Answer(ServiceAccount::new(changed, &organization.org_id)))
}

/// Deletes a service account, its API tokens and its OAuth clients. Needs the write
/// scope: there is none for deleting.
// atlassian-api-access §7.21.
#[utoipa::path(
    delete, path = "/orgs/{orgId}/service-accounts/{serviceAccountId}", operation_id = "deleteServiceAccount",
    tag = "Service Account",
    params(AccountPath),
    security(("apiKey" = ["write:service-accounts:admin"])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "An id that cannot be read", body = ErrorResponse),
        (status = 404, description = "No such service account, or the preview is not rolled out",
            body = PreviewNotFound),
    ),
)]
pub(crate) async fn delete_service_account(
    caller: Caller<Atlassian, scope::WriteServiceAccounts>,
    path: Path<Atlassian, AccountPath>,
) -> Result<StatusCode, AtlassianError> {
    check_rollout(&caller.principal)?;
    let mut db = caller.write().await?;
    if !store::service_account::delete(&mut db, caller.principal.organization.id, &path.0.service_account_id).await? {
        return Err(AtlassianError::UnknownServiceAccount);
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
