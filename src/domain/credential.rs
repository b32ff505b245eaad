//! What a request authenticates with, as it is kept.

use std::fmt;

use crate::{
    core::{
        clock::{Time, shift},
        duration::HumanDuration,
        token::TokenHash,
    },
    domain::organization::OrganizationId,
};

/// A credential's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CredentialId(pub i64);

/// One credential of one service.
#[derive(Debug, Clone)]
pub struct Credential {
    pub id: CredentialId,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The service that takes it.
    pub service: String,
    /// What people call it; this, never the token, stands in logs.
    pub label: String,
    /// What the token is checked against.
    pub hash: TokenHash,
    /// When it stops working.
    pub expires_at: Option<Time>,
}

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person's, in JetBrains Account.
    JetbrainsToken,
    /// A vault's own token.
    Vault,
    /// An automation token of a vault.
    Automation,
    /// The License Server's, for its reports.
    Reporting,
    /// An organization's, at Atlassian.
    ApiKey,
    /// An administrator's browser session at Atlassian.
    Session,
}

impl Kind {
    const ALL: [(Self, &str); 6] = [
        (Self::JetbrainsToken, "jetbrains_token"),
        (Self::Vault, "vault"),
        (Self::Automation, "automation"),
        (Self::Reporting, "reporting"),
        (Self::ApiKey, "api_key"),
        (Self::Session, "session"),
    ];

    /// When one that is made now stops working, where its maker says nothing.
    pub fn lasts_until(self, now: Time) -> Option<Time> {
        match self {
            Self::ApiKey => shift(now, HumanDuration::Years(1)),
            Self::Session => shift(now, SESSION),
            _ => None,
        }
    }
}

/// How long a session lasts (unverified: atlassian-api-access §7.12).
const SESSION: HumanDuration = HumanDuration::Millis(8 * 3_600_000);

/// As answers and the store name it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(kind, _)| kind == self).map_or("", |(_, name)| name))
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == text);
        found.map(|(kind, _)| kind).ok_or_else(|| format!("`{text}` is no kind of credential"))
    }
}

/// A credential as a tester sees it: never the token itself.
#[derive(Debug, Clone)]
pub struct CredentialSummary {
    pub id: CredentialId,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// JetBrains' number for that.
    pub customer_code: i64,
    /// The service that takes it.
    pub service: String,
    pub kind: Kind,
    /// What people call it.
    pub label: String,
    /// When it was made.
    pub created_at: Time,
    /// When it stops working.
    pub expires_at: Option<Time>,
}

impl CredentialSummary {
    /// It stopped working.
    pub fn is_expired(&self, now: Time) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}
