//! Callers of the service, and an organization's settings there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{core::rate_window::RateLimit, domain::organization::Organization};

/// A person or a service account, as Atlassian shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The Atlassian account id.
    pub id: String,
    pub name: String,
    pub email: String,
}

/// How many requests one window allows, where an organization has no limit of its own.
///
/// unverified: the number (atlassian-api-access §4).
pub const DEFAULT_LIMIT: i64 = 200;
/// The window, where an organization has none of its own.
///
/// unverified: the length (atlassian-api-access §4).
pub const DEFAULT_WINDOW: Duration = Duration::from_mins(1);

/// The rate limit, where an organization has none of its own.
pub const DEFAULT_RATE_LIMIT: RateLimit = RateLimit { limit: DEFAULT_LIMIT, window: DEFAULT_WINDOW, mode: None };

/// Choices where the vendor's documents and observations disagree, or say nothing (atlassian-api-access §12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quirks {
    /// A list without `pageSize` answers 500, as one organization saw it.
    pub missing_page_size_is_500: bool,
    /// A query value that cannot be read answers 500, as one organization saw it.
    pub bad_query_is_500: bool,
    /// What revoking all API tokens answers when there are none: 404 or 204.
    pub empty_bulk_revoke_status: u16,
    /// The preview operations on service accounts exist; else their paths match no route.
    pub service_accounts: bool,
    /// The most service accounts that can be created; `None` for any number.
    pub service_account_quota: Option<u32>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            missing_page_size_is_500: false,
            bad_query_is_500: false,
            empty_bulk_revoke_status: 404,
            service_accounts: true,
            service_account_quota: None,
        }
    }
}

/// The kinds of the service's credentials.
#[derive(Debug, Clone)]
pub enum Access {
    /// An API key of the organization. One without scopes may do everything that keys may.
    Key { scopes: Option<Vec<String>> },
    /// An administrator's browser session.
    Session { administrator: User },
}

/// The caller: its organization and access, and the settings that its requests are answered by.
#[derive(Debug, Clone)]
pub struct Admin {
    pub organization: Organization,
    pub access: Access,
    /// `None` where nobody set one.
    pub rate_limit: Option<RateLimit>,
    pub quirks: Quirks,
}

/// Why a good credential is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// The request names another organization.
    #[error("the credential belongs to another organization")]
    ForeignTenant,
    /// The key lacks this scope.
    #[error("the scope {0} is needed")]
    ScopeMissing(&'static str),
    /// The key has scopes, whichever they are.
    #[error("only a key without scopes may do this")]
    KeyScoped,
    /// Only an administrator's browser session may do this.
    #[error("only an administrator's session may do this")]
    SessionRequired,
}

impl Admin {
    /// A key without scopes may do everything, one with scopes only what they name (atlassian-api-access §2). A session
    /// has no scopes, so it may not do what needs one.
    pub fn check_scope(&self, needed: &'static str) -> Result<(), AccessDenied> {
        match &self.access {
            Access::Key { scopes: None } => Ok(()),
            Access::Key { scopes: Some(scopes) } if scopes.iter().any(|scope| scope == needed) => Ok(()),
            Access::Key { scopes: Some(_) } | Access::Session { .. } => Err(AccessDenied::ScopeMissing(needed)),
        }
    }

    /// Some things no scope grants, so that only a key without any may do them (atlassian-api-access §9.1).
    pub fn check_unscoped(&self) -> Result<(), AccessDenied> {
        match &self.access {
            Access::Key { scopes: None } => Ok(()),
            Access::Key { scopes: Some(_) } | Access::Session { .. } => Err(AccessDenied::KeyScoped),
        }
    }

    /// The administrator whose session this is. Keys have none.
    pub fn administrator(&self) -> Result<&User, AccessDenied> {
        match &self.access {
            Access::Session { administrator } => Ok(administrator),
            Access::Key { .. } => Err(AccessDenied::SessionRequired),
        }
    }
}

/// The scopes that API keys can have today (atlassian-api-access §8).
pub const SCOPES: [&str; 8] = [
    "read:tokens:admin",
    "delete:tokens:admin",
    "read:keys:admin",
    "delete:keys:admin",
    "read:service-accounts-tokens:admin",
    "delete:service-accounts-tokens:admin",
    "read:service-accounts:admin",
    "write:service-accounts:admin",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::organization::OrganizationId;

    fn caller(access: Access) -> Admin {
        let organization =
            Organization { id: OrganizationId(1), name: String::new(), customer_code: 1, org_id: String::new() };
        Admin { organization, access, rate_limit: None, quirks: Quirks::default() }
    }

    #[test]
    fn scopes_are_matched_whole() {
        let key = |scopes: Option<&[&str]>| {
            caller(Access::Key { scopes: scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect()) })
        };
        for needed in SCOPES {
            assert!(key(None).check_scope(needed).is_ok());
            assert!(key(Some(&[needed])).check_scope(needed).is_ok());
            assert!(key(Some(&[needed])).check_unscoped().is_err());
            let others: Vec<&str> = SCOPES.into_iter().filter(|scope| *scope != needed).collect();
            assert!(key(Some(&others)).check_scope(needed).is_err());
        }
        for scopes in [&["read:tokens"][..], &["READ:TOKENS:ADMIN"], &[""], &[]] {
            assert!(key(Some(scopes)).check_scope("read:tokens:admin").is_err());
        }
        assert!(key(None).check_unscoped().is_ok() && key(None).administrator().is_err());
    }
}
