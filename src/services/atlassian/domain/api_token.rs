//! API tokens of managed users: records that are listed and revoked.

use crate::{
    core::clock::Time,
    services::atlassian::domain::{
        api_access::User,
        listing::{Field, SortKeyed, Value, moment},
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

    fn value(&self, field: Field) -> Value {
        match field {
            Field::Label => Value::Text(self.label.clone()),
            Field::PersonName => Value::Text(self.user.name.clone()),
            Field::CreatedAt => Value::Time(moment(Some(self.created_at))),
            Field::ExpiresAt => Value::Time(moment(self.expires_at)),
            Field::LastActiveAt => Value::Time(moment(self.last_active_at)),
        }
    }
}
