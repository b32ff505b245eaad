//! API tokens of users and of service accounts, and API keys.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::now::Now,
    services::atlassian::{
        api::{
            query::KeyType,
            wire::{TokenUser, format_date, make_organization_ari},
        },
        domain::{account_token, api_key, api_token, service_account::ServiceAccountToken},
    },
};

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
    pub(crate) fn new(token: api_token::ApiToken, org_id: &str) -> Self {
        Self {
            id: token.id,
            label: token.label,
            status: if token.blocked { ApiTokenStatus::Blocked } else { ApiTokenStatus::Allowed },
            user: TokenUser::new(token.user, org_id),
            created_at: format_date(token.created_at),
            expires_at: token.expires_at.map(format_date),
            last_active_at: token.last_active_at.map(format_date),
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
    pub(crate) fn new(token: ServiceAccountToken, org_id: &str, now: &Now) -> Self {
        let expired = token.is_expired(now);
        Self {
            id: token.id,
            label: token.label,
            status: if expired { ServiceAccountApiTokenStatus::Expired } else { ServiceAccountApiTokenStatus::Allowed },
            user: TokenUser::new(token.account, org_id),
            created_at: format_date(token.created_at),
            expires_at: token.expires_at.map(format_date),
            last_active_at: token.last_active_at.map(format_date),
            scopes: token.scopes,
            created_by: None,
        }
    }
}

/// An API key of the organization.
// unverified: `keyType`, which the vendor requires without saying what it is; the resource is the organization;
// a key without scopes lists none; the `lastActiveAt` of a key that was never used is when it was made
// (atlassian-api-access §7.8).
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
    /// When it was made, if it was never used.
    #[schema(format = DateTime)]
    last_active_at: String,
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
    pub(crate) fn new(key: api_key::ApiKey, org_id: &str) -> Self {
        Self {
            id: key.id,
            label: key.label,
            key_type: KeyType::CloudAdmin,
            created_at: format_date(key.created_at),
            expires_at: format_date(key.expires_at),
            last_active_at: format_date(key.last_active_at),
            resource: make_organization_ari(org_id),
            org_id: org_id.to_owned(),
            created_by: TokenUser::new(key.created_by, org_id),
            scopes: key.scopes.unwrap_or_default(),
            token: None,
            revoked_by: None,
            revocation_date: None,
        }
    }
}

/// An API token of one account, as the User management API has it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserApiToken {
    id: String,
    label: String,
    #[schema(format = DateTime, example = "2026-01-15T10:30:00.000Z")]
    created_at: String,
    /// Left out when it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_access: Option<String>,
    /// Left out when it never ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    expiry: Option<String>,
}

impl From<account_token::AccountToken> for UserApiToken {
    fn from(token: account_token::AccountToken) -> Self {
        Self {
            id: token.id,
            label: token.label,
            created_at: format_date(token.created_at),
            last_access: token.last_active_at.map(format_date),
            expiry: token.expires_at.map(format_date),
        }
    }
}
