//! API keys of an organization, as they are listed.

use crate::{
    core::clock::Time,
    services::atlassian::domain::{
        api_access::User,
        listing::{SortField, SortKeyed, SortValue, micros_or_none},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    pub label: String,
    /// `None` for a key without scopes, which may do everything.
    pub scopes: Option<Vec<String>>,
    pub created_at: Time,
    pub expires_at: Time,
    /// When it was made, for a key that was never used.
    pub last_active_at: Time,
    pub created_by: User,
}

impl SortKeyed for ApiKey {
    fn id(&self) -> &str {
        &self.id
    }

    fn value(&self, field: SortField) -> SortValue {
        match field {
            SortField::Label => SortValue::Text(self.label.clone()),
            SortField::PersonName => SortValue::Text(self.created_by.name.clone()),
            SortField::CreatedAt => SortValue::Time(micros_or_none(Some(self.created_at))),
            SortField::ExpiresAt => SortValue::Time(micros_or_none(Some(self.expires_at))),
            SortField::LastActiveAt => SortValue::Time(micros_or_none(Some(self.last_active_at))),
        }
    }
}
