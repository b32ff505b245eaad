//! Service accounts, their API tokens and their OAuth clients.

use strum::VariantNames as _;

use crate::{
    core::{clock::Time, now::Now, suggest},
    services::atlassian::domain::{
        api_access::User,
        listing::{SortField, SortKeyed, SortValue, micros_or_none},
    },
};

/// An account of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Also its Atlassian id, as the vendor's document has it (atlassian-api-access §7.18).
    pub id: String,
    pub name: String,
    pub email: String,
    pub description: Option<String>,
    pub updated_at: Time,
    /// The creator's Atlassian id.
    pub created_by: Option<String>,
}

/// The shortest and the longest name, in characters (atlassian-api-access §7.19).
pub const NAME_LENGTH: std::ops::RangeInclusive<usize> = 6..=30;
/// The longest description, in characters (atlassian-api-access §7.19).
pub const LONGEST_DESCRIPTION: usize = 255;

/// Makes the address of a new service account from its name and from a text that tells namesakes apart
/// (atlassian-api-access §7.18).
pub fn make_address(name: &str, unique: &str) -> String {
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
    pub label: String,
    /// Never empty.
    pub scopes: Vec<String>,
    pub created_at: Time,
    /// `None` for a token that never expires.
    pub expires_at: Option<Time>,
    /// `None` for a token that was never used.
    pub last_active_at: Option<Time>,
    pub account: User,
}

impl ServiceAccountToken {
    pub fn is_expired(&self, now: &Now) -> bool {
        self.expires_at.is_some_and(|at| now.has_passed(at))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase", parse_err_ty = String, parse_err_fn = unknown_status)]
pub enum ClientStatus {
    Active,
    Revoked,
    Expired,
}

fn unknown_status(text: &str) -> String {
    suggest::describe_unknown(text, "a status", ClientStatus::VARIANTS.iter().copied())
}

/// An OAuth client of a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    pub id: String,
    pub name: String,
    /// `None` for a client that is not revoked.
    pub revoked_at: Option<Time>,
    /// The Atlassian id of whoever revoked it.
    pub revoker_id: Option<String>,
    pub scopes: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// `None` for a client that never expires.
    pub expires_at: Option<Time>,
    pub created_by: Option<User>,
    pub account: User,
}

impl OAuthClient {
    pub fn status(&self, now: &Now) -> ClientStatus {
        if self.revoked_at.is_some() {
            ClientStatus::Revoked
        } else if self.expires_at.is_some_and(|at| now.has_passed(at)) {
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

    /// The same for every field, because clients are always sorted by creation.
    fn value(&self, _: SortField) -> SortValue {
        SortValue::Time(micros_or_none(Some(self.created_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_of_the_letters_and_digits_of_names() {
        assert_eq!(make_address("Build Bot #7", "x1"), "build-bot-7-x1@serviceaccount.atlassian.com");
        assert_eq!(make_address("ボット", "x1"), "service-account-x1@serviceaccount.atlassian.com");
    }
}
