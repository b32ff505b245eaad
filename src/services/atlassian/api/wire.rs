//! What goes over the wire (atlassian-api-access §7).

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::{
    core::clock::Time,
    http::answer,
    services::atlassian::{
        Atlassian, JSON,
        api::{
            error::{ErrorResponse, GatewayError},
            query::{KeyType, encode},
        },
        domain::{
            api_access::User,
            listing::{Cursor, PageRequest, PageResult},
            service_account::ClientStatus,
        },
    },
};

/// A JSON body, with a 200 unless said otherwise.
pub(crate) struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        answer::json::<Atlassian>(JSON, &self.0)
    }
}

/// The refusals that every operation shares, for the document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum Refused {
    /// No key, or one that is unknown, expired or revoked.
    #[response(status = 401, content_type = "application/json")]
    Unauthorized(#[to_schema] GatewayError),
    /// The key is another organization's, or lacks the scope.
    #[response(status = 403, content_type = "application/json")]
    Forbidden(#[to_schema] ErrorResponse),
    /// Too many requests; the headers say until when.
    #[response(status = 429, content_type = "application/json")]
    TooManyRequests(#[to_schema] GatewayError),
    /// The vendor's failure, where a quirk asks for it.
    #[response(status = 500, content_type = "application/json")]
    Failed(#[to_schema] ErrorResponse),
}

/// unverified: milliseconds and `Z` (atlassian-api-access §7.1).
fn date(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Where the pages around this one begin. Opaque; left out at the ends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    /// This page.
    #[serde(rename = "self")]
    this: String,
    /// The next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
    /// The one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    prev: Option<String>,
}

/// One page of a list. Nothing else may stand beside these two.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageResponse<T> {
    data: Vec<T>,
    links: Links,
}

impl<T> PageResponse<T> {
    /// A page of records, each shown as `show` does.
    ///
    /// unverified: `self` is there on every page, `prev` not on the first (atlassian-api-access §6).
    pub(crate) fn new<R>(page: &PageRequest, slice: PageResult<R>, show: impl Fn(R) -> T) -> Self {
        let link = |cursor: Option<Cursor>| cursor.as_ref().map(encode);
        let links = Links { this: encode(&page.cursor), next: link(slice.next), prev: link(slice.prev) };
        Self { data: slice.items.into_iter().map(show).collect(), links }
    }
}

/// Somebody, or a service account.
///
/// unverified: what `appType` and `userStatus` hold; they are seen as nullable (atlassian-api-access §7.1, §7.16).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenUser {
    /// The Atlassian account id.
    #[schema(example = "712020:5f1c5a2e-0000-4000-8000-000000000001")]
    id: String,
    name: String,
    email: String,
    app_type: Option<String>,
    org_id: Option<String>,
    user_status: Option<String>,
}

impl TokenUser {
    /// A user of an organization.
    pub(crate) fn new(user: User, org_id: &str) -> Self {
        let User { id, name, email } = user;
        Self { id, name, email, app_type: None, org_id: Some(org_id.to_owned()), user_status: None }
    }
}

/// Whether a user's API token works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ApiTokenStatus {
    /// It does.
    Allowed,
    /// A policy stops it.
    Blocked,
}

/// An API token of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiToken {
    id: String,
    label: String,
    status: ApiTokenStatus,
    user: TokenUser,
    #[schema(format = DateTime, example = "2026-01-15T10:30:00.000Z")]
    created_at: String,
    /// Left out when it never ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    expires_at: Option<String>,
    /// Left out when it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_active_at: Option<String>,
    /// Empty for a token without scopes.
    scopes: Vec<String>,
    created_by: Option<TokenUser>,
}

impl ApiToken {
    /// The token, in an organization.
    pub(crate) fn new(token: crate::services::atlassian::domain::api_token::ApiToken, org_id: &str) -> Self {
        Self {
            id: token.id,
            label: token.label,
            status: if token.blocked { ApiTokenStatus::Blocked } else { ApiTokenStatus::Allowed },
            user: TokenUser::new(token.user, org_id),
            created_at: date(token.created_at),
            expires_at: token.expires_at.map(date),
            last_active_at: token.last_active_at.map(date),
            scopes: token.scopes,
            created_by: None,
        }
    }
}

/// Whether a service account's API token works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ServiceAccountApiTokenStatus {
    /// It does.
    Allowed,
    /// Its time is over.
    Expired,
}

/// An API token of a service account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceAccountApiToken {
    id: String,
    label: String,
    status: ServiceAccountApiTokenStatus,
    /// The service account.
    user: TokenUser,
    #[schema(format = DateTime)]
    created_at: String,
    /// Left out when it never ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    expires_at: Option<String>,
    /// Left out when it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_active_at: Option<String>,
    /// Never empty.
    scopes: Vec<String>,
    created_by: Option<TokenUser>,
}

impl ServiceAccountApiToken {
    /// The token, in an organization, as it is at `now`.
    pub(crate) fn new(
        token: crate::services::atlassian::domain::service_account::ServiceAccountToken,
        org_id: &str,
        now: Time,
    ) -> Self {
        let expired = token.is_expired(now);
        Self {
            id: token.id,
            label: token.label,
            status: if expired { ServiceAccountApiTokenStatus::Expired } else { ServiceAccountApiTokenStatus::Allowed },
            user: TokenUser::new(token.account, org_id),
            created_at: date(token.created_at),
            expires_at: token.expires_at.map(date),
            last_active_at: token.last_active_at.map(date),
            scopes: token.scopes,
            created_by: None,
        }
    }
}

/// An API key of the organization.
///
/// unverified: `keyType`, which the vendor requires without saying what it is; the resource is the organization;
/// a key without scopes lists none; a key that was never used has no `lastActiveAt` (atlassian-api-access §7.8).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    id: String,
    label: String,
    #[schema(inline)]
    key_type: KeyType,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// Left out when it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_active_at: Option<String>,
    #[schema(example = "ari:cloud:platform::org/8f2b0c1e-0000-4000-8000-000000000001")]
    resource: String,
    org_id: String,
    created_by: TokenUser,
    /// Empty for a key without scopes.
    scopes: Vec<String>,
    /// Always null: a key is shown once, when it is made.
    token: Option<String>,
    /// Null for a live key.
    revoked_by: Option<String>,
    /// Null for a live key.
    revocation_date: Option<String>,
}

impl ApiKey {
    /// The key, in an organization.
    pub(crate) fn new(key: crate::services::atlassian::domain::api_key::ApiKey, org_id: &str) -> Self {
        Self {
            id: key.id,
            label: key.label,
            key_type: KeyType::CloudAdmin,
            created_at: date(key.created_at),
            expires_at: date(key.expires_at),
            last_active_at: key.last_active_at.map(date),
            resource: organization_ari(org_id),
            org_id: org_id.to_owned(),
            created_by: TokenUser::new(key.created_by, org_id),
            scopes: key.scopes.unwrap_or_default(),
            token: None,
            revoked_by: None,
            revocation_date: None,
        }
    }
}

/// What became of an OAuth client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OAuthClientStatus {
    /// It works.
    Active,
    /// Somebody took it back.
    Revoked,
    /// Its time is over.
    Expired,
}

/// An OAuth client, by itself. Its moments are milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OAuthClient {
    client_id: String,
    name: String,
    status: OAuthClientStatus,
    #[schema(example = 1_763_149_545_609_i64)]
    created_at: i64,
    #[schema(example = 1_763_149_545_609_i64)]
    updated_at: i64,
}

impl OAuthClient {
    /// The client as it is at `now`.
    pub(crate) fn new(client: crate::services::atlassian::domain::service_account::OAuthClient, now: Time) -> Self {
        Self {
            status: match client.status(now) {
                ClientStatus::Active => OAuthClientStatus::Active,
                ClientStatus::Revoked => OAuthClientStatus::Revoked,
                ClientStatus::Expired => OAuthClientStatus::Expired,
            },
            client_id: client.id,
            name: client.name,
            created_at: client.created_at.timestamp_millis(),
            updated_at: client.updated_at.timestamp_millis(),
        }
    }
}

/// An OAuth client, by its service account. Its moments are texts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceAccountOAuthClient {
    client_id: String,
    client_name: String,
    service_account: TokenUser,
    scopes: Vec<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    created_by: Option<TokenUser>,
    #[schema(format = DateTime)]
    client_revocation_time: Option<String>,
    client_revoker_id: Option<String>,
}

impl ServiceAccountOAuthClient {
    /// The client, in an organization.
    pub(crate) fn new(client: crate::services::atlassian::domain::service_account::OAuthClient, org_id: &str) -> Self {
        Self {
            client_id: client.id,
            client_name: client.name,
            service_account: TokenUser::new(client.account, org_id),
            scopes: client.scopes,
            created_at: Some(date(client.created_at)),
            expires_at: client.expires_at.map(date),
            created_by: client.created_by.map(|user| TokenUser::new(user, org_id)),
            client_revocation_time: client.revoked_at.map(date),
            client_revoker_id: client.revoker_id,
        }
    }
}

/// A service account.
///
/// unverified: the status; that `id` and `atlassianId` are the same, which the vendor's document says and one
/// client denies (atlassian-api-access §7.18).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceAccount {
    atlassian_id: String,
    /// The same as `atlassianId`.
    id: String,
    display_name: String,
    #[schema(example = "ACTIVE")]
    status: &'static str,
    email: String,
    picture: Option<String>,
    #[schema(example = "ari:cloud:platform::org/8f2b0c1e-0000-4000-8000-000000000001")]
    container: String,
    /// In milliseconds since 1970.
    #[schema(example = 1_764_642_980_899_i64)]
    updated_at: i64,
    created_by_id: Option<String>,
    description: Option<String>,
}

impl ServiceAccount {
    /// The account, in an organization.
    pub(crate) fn new(
        account: crate::services::atlassian::domain::service_account::ServiceAccount,
        org_id: &str,
    ) -> Self {
        Self {
            atlassian_id: account.id.clone(),
            id: account.id,
            display_name: account.name,
            status: STATUS,
            email: account.email,
            picture: None,
            container: organization_ari(org_id),
            updated_at: account.updated_at.timestamp_millis(),
            created_by_id: account.created_by,
            description: account.description,
        }
    }
}

/// A service account that was just created.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedServiceAccount {
    atlassian_id: String,
    /// The same as `atlassianId`.
    id: String,
    display_name: String,
    #[schema(example = "ACTIVE")]
    status: &'static str,
    email: String,
    container: String,
    /// In milliseconds since 1970.
    updated_at: i64,
}

impl CreatedServiceAccount {
    /// The account, in an organization.
    pub(crate) fn new(
        account: crate::services::atlassian::domain::service_account::ServiceAccount,
        org_id: &str,
    ) -> Self {
        Self {
            atlassian_id: account.id.clone(),
            id: account.id,
            display_name: account.name,
            status: STATUS,
            email: account.email,
            container: organization_ari(org_id),
            updated_at: account.updated_at.timestamp_millis(),
        }
    }
}

const STATUS: &str = "ACTIVE";

fn organization_ari(org_id: &str) -> String {
    format!("ari:cloud:platform::org/{org_id}")
}

/// A 201 with a JSON body.
pub(crate) fn created(body: impl Serialize) -> Response {
    (StatusCode::CREATED, Answer(body)).into_response()
}
