//! Users' login names, of which a vault has each only once (license-vault §9).

use crate::store::session::on;
use crate::{
    core::error::Error,
    domain::organization::email_key,
    services::license_vault::domain::{allocation::VaultUser, vault::Vault},
    store::{can_be_stored, session::Session},
};

/// A user whose address has a certain text before the `@`.
struct Namesake {
    email_key: String,
    /// The login name.
    username: String,
}

/// Finds the one user whom a login name names, in whatever case: the key of the user's address.
pub(crate) async fn find_by_name<M>(db: &mut Session<M>, vault: &Vault, name: &str) -> Result<Option<String>, Error> {
    let namesakes = list_namesakes(db, vault, name).await?;
    let key = email_key(name);
    Ok(namesakes.into_iter().find(|one| email_key(&one.username) == key).map(|one| one.email_key))
}

/// Gives a user the login name that the vault knows the user by, or is to know the user by.
pub(crate) async fn name_user<M>(db: &mut Session<M>, vault: &Vault, user: VaultUser) -> Result<VaultUser, Error> {
    let VaultUser { username, email } = user;
    let namesakes = list_namesakes(db, vault, &email).await?;
    let key = email_key(&email);
    let own = namesakes.iter().find(|one| one.email_key == key).map(|one| one.username.clone());
    let is_taken = || namesakes.iter().any(|one| email_key(&one.username) == email_key(&username));
    let username = own.unwrap_or_else(|| if is_taken() { email.clone() } else { username.clone() });
    Ok(VaultUser { username, email })
}

/// Lists the users whose addresses have the same text before the `@` as this address or login name: those who ever held
/// a licence, with the names that are stored; then the organization's people.
///
/// unverified: a login name is what stands before the `@`, unless another user has that name already: then it is the
/// whole address (license-vault §8.6).
async fn list_namesakes<M>(db: &mut Session<M>, vault: &Vault, name: &str) -> Result<Vec<Namesake>, Error> {
    const HOLDERS: &str = "SELECT email_key, username FROM vault_allocation \
                           WHERE vault_id = $1 AND email_key >= $2 AND email_key < $3 \
                           GROUP BY email_key, username ORDER BY min(allocated_at), email_key, username";
    const PEOPLE: &str = "SELECT email_key, email FROM person \
                          WHERE organization_id = $1 AND email_key >= $2 AND email_key < $3 ORDER BY id";
    if !can_be_stored(name) {
        return Ok(Vec::new());
    }
    let key = email_key(name);
    let local = key.split('@').next().unwrap_or_default();
    // `A` follows `@`, so between the two is every address that begins so. An index finds them.
    let (first, end) = (format!("{local}@"), format!("{local}A"));
    let holders: Vec<(String, String)> =
        on!(db, |c| sqlx::query_as(HOLDERS).bind(vault.id.0).bind(&first).bind(&end).fetch_all(c).await)?;
    let people: Vec<(String, String)> =
        on!(db, |c| sqlx::query_as(PEOPLE).bind(vault.organization.id.0).bind(&first).bind(&end).fetch_all(c).await)?;
    let mut namesakes: Vec<Namesake> = Vec::new();
    for (email_key, username) in holders {
        namesakes.push(Namesake { email_key, username });
    }
    for (key, email) in people {
        if namesakes.iter().any(|one| one.email_key == key) {
            continue;
        }
        let is_taken = namesakes.iter().any(|one| email_key(&one.username) == local);
        let username = if is_taken { email } else { VaultUser::from_email(&email).username };
        namesakes.push(Namesake { email_key: key, username });
    }
    Ok(namesakes)
}
