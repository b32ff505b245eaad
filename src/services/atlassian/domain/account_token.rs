//! API tokens of one account, whether a person's or a service account's.

use crate::core::clock::Time;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountToken {
    pub id: String,
    pub label: String,
    pub created_at: Time,
    /// `None` for a token that never expires.
    pub expires_at: Option<Time>,
    /// `None` for a token that was never used.
    pub last_active_at: Option<Time>,
}
