//! OAuth clients, in the two forms that the API answers them in.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::now::Now,
    services::atlassian::{
        api::wire::{TokenUser, format_date},
        domain::service_account::{self, ClientStatus},
    },
};

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
    pub(crate) fn new(client: service_account::OAuthClient, now: &Now) -> Self {
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
    pub(crate) fn new(client: service_account::OAuthClient, org_id: &str) -> Self {
        Self {
            client_id: client.id,
            client_name: client.name,
            service_account: TokenUser::new(client.account, org_id),
            scopes: client.scopes,
            created_at: Some(format_date(client.created_at)),
            expires_at: client.expires_at.map(format_date),
            created_by: client.created_by.map(|user| TokenUser::new(user, org_id)),
            client_revocation_time: client.revoked_at.map(format_date),
            client_revoker_id: client.revoker_id,
        }
    }
}
