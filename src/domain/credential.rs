//! What a request authenticates with, as it is kept.

use super::organization::OrganizationId;
use crate::core::{clock::Time, token::TokenHash};

/// A credential's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CredentialId(pub i64);

/// One credential of one service.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its key.
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
