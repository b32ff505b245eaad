//! The vault of a seed, as the control API answers it.

use serde::Serialize;
use utoipa::ToSchema;

use super::plan::{NewToken, PlannedVault};

/// A vault that a seed made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededVault {
    #[schema(example = "example")]
    name: String,
    tokens: Vec<SeededVaultToken>,
}

/// A credential of a vault.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededVaultToken {
    /// `vault`, `automation` or `reporting`.
    kind: &'static str,
    /// What an automation token is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    token: String,
}

impl From<PlannedVault> for SeededVault {
    fn from(plan: PlannedVault) -> Self {
        let make_answer = |new: NewToken| SeededVaultToken {
            kind: new.kind.name(),
            name: new.name,
            token: new.token.expose().to_owned(),
        };
        Self { name: plan.name, tokens: plan.tokens.into_iter().map(make_answer).collect() }
    }
}
