//! Service accounts.

use serde::Serialize;
use utoipa::ToSchema;

use crate::services::atlassian::{api::wire::make_organization_ari, domain::service_account};

/// A service account.
// unverified: the status; that `id` and `atlassianId` are the same, which the vendor's document says and one
// client denies (atlassian-api-access §7.18).
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
    pub(crate) fn new(account: service_account::ServiceAccount, org_id: &str) -> Self {
        Self {
            atlassian_id: account.id.clone(),
            id: account.id,
            display_name: account.name,
            status: STATUS,
            email: account.email,
            picture: None,
            container: make_organization_ari(org_id),
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
    pub(crate) fn new(account: service_account::ServiceAccount, org_id: &str) -> Self {
        Self {
            atlassian_id: account.id.clone(),
            id: account.id,
            display_name: account.name,
            status: STATUS,
            email: account.email,
            container: make_organization_ari(org_id),
            updated_at: account.updated_at.timestamp_millis(),
        }
    }
}

const STATUS: &str = "ACTIVE";
