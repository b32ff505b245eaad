//! API tokens of managed users: records that are listed and revoked.

use crate::{
    core::clock::Time,
    services::atlassian::domain::{
        api_access::User,
        listing::{SortField, SortKeyed, SortValue, micros_or_none},
    },
};

/// One API token of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// An administrator's policy stops its use.
    pub blocked: bool,
    /// What it may do; empty for one without scopes.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// When it was last used.
    pub last_active_at: Option<Time>,
    pub user: User,
}

impl SortKeyed for ApiToken {
    fn id(&self) -> &str {
        &self.id
    }

    fn value(&self, field: SortField) -> SortValue {
        match field {
            SortField::Label => SortValue::Text(self.label.clone()),
            SortField::PersonName => SortValue::Text(self.user.name.clone()),
            SortField::CreatedAt => SortValue::Time(micros_or_none(Some(self.created_at))),
            SortField::ExpiresAt => SortValue::Time(micros_or_none(self.expires_at)),
            SortField::LastActiveAt => SortValue::Time(micros_or_none(self.last_active_at)),
        }
    }
}
