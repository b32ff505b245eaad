//! Service accounts, their API tokens and their OAuth clients.

use crate::{
    core::clock::Time,
    services::atlassian::domain::{
        api_access::User,
        listing::{SortField, SortKeyed, SortValue, micros_or_none},
    },
};

/// An account for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its id; also its Atlassian id, as the vendor's document has it (atlassian-api-access §7.18).
    pub id: String,
    pub name: String,
    pub email: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was last changed.
    pub updated_at: Time,
    /// Who made it, by Atlassian id.
    pub created_by: Option<String>,
}

/// The shortest and the longest name, in characters (atlassian-api-access §7.19).
pub const NAME_LENGTH: std::ops::RangeInclusive<usize> = 6..=30;
/// The longest description, in characters (atlassian-api-access §7.19).
pub const LONGEST_DESCRIPTION: usize = 255;

/// The address of a new service account: its name as a slug, and something to tell namesakes apart
/// (atlassian-api-access §7.18).
pub fn address(name: &str, unique: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let slug = if words.is_empty() { "service-account".to_owned() } else { words.join("-") };
    format!("{slug}-{unique}@serviceaccount.atlassian.com")
}

/// An API token of a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccountToken {
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What it may do; never empty.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// When it was last used.
    pub last_active_at: Option<Time>,
    pub account: User,
}

impl ServiceAccountToken {
    /// It stopped working.
    pub fn is_expired(&self, now: Time) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// What became of an OAuth client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase", parse_err_ty = String, parse_err_fn = unknown_status)]
pub enum ClientStatus {
    /// It works.
    Active,
    /// Somebody took it back.
    Revoked,
    /// Its time is over.
    Expired,
}

fn unknown_status(text: &str) -> String {
    format!("`{text}` is not a status: expected active, revoked or expired")
}

/// An OAuth client of a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    pub id: String,
    pub name: String,
    /// Somebody took it back, then.
    pub revoked_at: Option<Time>,
    /// Who did, by Atlassian id.
    pub revoker_id: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// Who made it.
    pub created_by: Option<User>,
    pub account: User,
}

impl OAuthClient {
    /// What became of it until `now`.
    pub fn status(&self, now: Time) -> ClientStatus {
        if self.revoked_at.is_some() {
            ClientStatus::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            ClientStatus::Expired
        } else {
            ClientStatus::Active
        }
    }
}

impl SortKeyed for OAuthClient {
    fn id(&self) -> &str {
        &self.id
    }

    /// Clients are listed by when they were made.
    fn value(&self, _: SortField) -> SortValue {
        SortValue::Time(micros_or_none(Some(self.created_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(address("Build Bot #7", "x1"), "build-bot-7-x1@serviceaccount.atlassian.com");
        assert_eq!(address("ボット", "x1"), "service-account-x1@serviceaccount.atlassian.com");
    }
}
