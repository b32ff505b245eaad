//! API tokens of managed users. They are records only, to be listed and revoked: no request is made with one.

use crate::{
    core::clock::Time,
    services::atlassian::domain::{
        api_access::User,
        listing::{SortField, SortKeyed, SortValue, micros_or_none},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    pub id: String,
    pub label: String,
    /// An administrator's policy stops its use.
    pub blocked: bool,
    /// Empty for a token without scopes.
    pub scopes: Vec<String>,
    pub created_at: Time,
    /// `None` for a token that never expires.
    pub expires_at: Option<Time>,
    /// `None` for a token that was never used.
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
