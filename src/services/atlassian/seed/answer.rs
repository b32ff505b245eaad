//! The Atlassian administration of a seed, as the control API answers it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{NewTokens, PlannedAtlassian};

/// What a seed made in Atlassian's administration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededAtlassian {
    api_keys: Vec<SeededKey>,
    /// How many API tokens of users.
    api_tokens: i64,
    service_accounts: Vec<SeededServiceAccount>,
}

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededKey {
    id: String,
    label: String,
    /// Absent for a key without scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    token: String,
}

/// A service account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededServiceAccount {
    id: String,
    name: String,
}

impl From<PlannedAtlassian> for SeededAtlassian {
    fn from(plan: PlannedAtlassian) -> Self {
        Self {
            api_tokens: plan.api_tokens.iter().map(NewTokens::count).sum(),
            api_keys: plan
                .api_keys
                .into_iter()
                .map(|new| SeededKey {
                    id: new.key.id,
                    label: new.key.label,
                    scopes: new.key.scopes,
                    token: new.token.expose().to_owned(),
                })
                .collect(),
            service_accounts: plan
                .service_accounts
                .into_iter()
                .map(|new| SeededServiceAccount { id: new.account.id, name: new.account.name })
                .collect(),
        }
    }
}
