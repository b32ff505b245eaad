//! Finds the users whose login names could be mistaken for one another (license-vault §9).

use crate::store::session::on;
use crate::{
    core::error::Error,
    domain::organization::email_key,
    services::license_vault::domain::{
        allocation::VaultUser,
        login_names::{self, Namesake, choose_name, local_key},
        vault::Vault,
    },
    store::{can_be_stored, session::Session},
};

/// Finds the one user whom a login name names, in whatever case: the key of the user's address.
pub(crate) async fn find_by_name<M>(db: &mut Session<M>, vault: &Vault, name: &str) -> Result<Option<String>, Error> {
    let namesakes = list_namesakes(db, vault, name).await?;
    let key = email_key(name);
    Ok(namesakes.into_iter().find(|one| email_key(&one.username) == key).map(|one| one.email_key))
}

/// Gives a user the login name that the vault knows the user by, or is to know the user by.
pub(crate) async fn name_user<M>(db: &mut Session<M>, vault: &Vault, user: VaultUser) -> Result<VaultUser, Error> {
    Ok(choose_name(&list_namesakes(db, vault, &user.email).await?, user))
}

/// Lists the users whose addresses have the same text before the `@` as this address or login name.
async fn list_namesakes<M>(db: &mut Session<M>, vault: &Vault, name: &str) -> Result<Vec<Namesake>, Error> {
    const HOLDERS: &str = "SELECT email_key, username FROM vault_allocation \
                           WHERE vault_id = $1 AND email_key >= $2 AND email_key < $3 \
                           GROUP BY email_key, username ORDER BY min(allocated_at), email_key, username";
    const PEOPLE: &str = "SELECT email_key, email FROM person \
                          WHERE organization_id = $1 AND email_key >= $2 AND email_key < $3 ORDER BY id";
    if !can_be_stored(name) {
        return Ok(Vec::new());
    }
    let local = local_key(name);
    // `A` follows `@`, so between the two is every address that begins so. An index finds them.
    let (first, end) = (format!("{local}@"), format!("{local}A"));
    let holders: Vec<(String, String)> =
        on!(db, |c| sqlx::query_as(HOLDERS).bind(vault.id.0).bind(&first).bind(&end).fetch_all(c).await)?;
    let people: Vec<(String, String)> =
        on!(db, |c| sqlx::query_as(PEOPLE).bind(vault.organization.id.0).bind(&first).bind(&end).fetch_all(c).await)?;
    Ok(login_names::list_namesakes(&local, holders, people))
}
