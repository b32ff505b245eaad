//! The Atlassian account ids of people.

use std::collections::HashMap;

use crate::{
    core::error::Error,
    domain::organization::{OrganizationId, PersonId},
    store::{ReadWrite, Session, session::on},
};

pub async fn set_account_id(db: &mut Session<ReadWrite>, person: PersonId, id: &str) -> Result<(), Error> {
    const SQL: &str = "UPDATE person SET atlassian_account_id = $2 WHERE id = $1";
    on!(db, |c| sqlx::query(SQL).bind(person.0).bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// Lists the account ids of an organization's people, by the key of the address.
pub async fn list_account_ids<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
) -> Result<HashMap<String, String>, Error> {
    const SQL: &str = "SELECT email_key, atlassian_account_id FROM person \
                       WHERE organization_id = $1 AND atlassian_account_id IS NOT NULL";
    let rows: Vec<(String, String)> = on!(db, |c| sqlx::query_as(SQL).bind(organization.0).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}
