//! The service's tables, and what is read from and written to them.

pub mod account_token;
pub mod api_key;
pub mod api_token;
pub mod listing;
pub mod oauth_client;
pub mod person;
mod search_plan;
pub mod service_account;
pub mod settings;
pub(crate) mod state;

use crate::{
    core::error::Error,
    domain::organization::OrganizationId,
    store::{
        can_be_stored,
        session::{ReadWrite, Session, on},
    },
};

/// Deletes one record, by a statement that takes the organization and the record's id; `false` when there is none.
async fn delete_one(
    db: &mut Session<ReadWrite>,
    sql: &'static str,
    organization: OrganizationId,
    id: &str,
) -> Result<bool, Error> {
    if !can_be_stored(id) {
        return Ok(false);
    }
    let deleted =
        on!(db, |c| sqlx::query(sql).bind(organization.0).bind(id).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}
