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
    domain::{journal::Change, organization::OrganizationId},
    store::{
        can_be_stored,
        session::{ReadWrite, Session, on},
    },
};

/// Deletes one record, by a statement that takes the organization and the record's id and returns what the record is
/// called; `false` when there is none.
async fn delete_one(
    db: &mut Session<ReadWrite>,
    sql: &'static str,
    organization: OrganizationId,
    id: &str,
    change: impl FnOnce(String) -> Change,
) -> Result<bool, Error> {
    if !can_be_stored(id) {
        return Ok(false);
    }
    let deleted: Option<String> =
        on!(db, |c| sqlx::query_scalar(sql).bind(organization.0).bind(id).fetch_optional(c).await)?;
    let Some(name) = deleted else { return Ok(false) };
    db.note_change(|| change(name));
    Ok(true)
}
