//! What a seed made of the account, as the control API answers it.

use serde::Serialize;
use utoipa::ToSchema;

use super::plan::PlannedAccount;

/// What a seed made in JetBrains Account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededAccount {
    teams: Vec<SeededTeam>,
    /// How many licences.
    licenses: usize,
    tokens: Vec<SeededToken>,
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededTeam {
    id: i32,
    name: String,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeededToken {
    person: String,
    /// Absent for a token of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<i32>,
    token: String,
}

impl From<PlannedAccount> for SeededAccount {
    fn from(account: PlannedAccount) -> Self {
        Self {
            teams: account.teams.into_iter().map(|team| SeededTeam { id: team.id, name: team.name }).collect(),
            licenses: account.licenses.len(),
            tokens: account
                .tokens
                .into_iter()
                .map(|t| SeededToken { person: t.email, team: t.profile.team(), token: t.token.expose().to_owned() })
                .collect(),
        }
    }
}
