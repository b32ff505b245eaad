//! What a request authenticates with, as it is kept.

use crate::{
    core::{clock::Time, token::TokenHash},
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

/// A credential as a tester sees it: never the token itself.
#[derive(Debug, Clone)]
pub struct CredentialSummary {
    pub id: CredentialId,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// Its customer code.
    pub customer_code: i64,
    /// The service that takes it.
    pub service: String,
    /// What it is, as its service names it.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// When it was made.
    pub created_at: Time,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// What its token is found by, in hexadecimal: another one after a rotation.
    pub fingerprint: String,
}

impl CredentialSummary {
    /// It stopped working.
    pub fn is_expired(&self, now: Time) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}
