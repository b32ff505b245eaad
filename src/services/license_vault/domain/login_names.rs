//! Users' login names, of which a vault has each only once (license-vault §9).

use std::collections::HashMap;

use crate::{domain::organization::email_key, services::license_vault::domain::allocation::VaultUser};

/// A user whose address has a certain text before the `@`.
pub(crate) struct Namesake {
    pub(crate) email_key: String,
    /// The login name.
    pub(crate) username: String,
}

/// The text before the `@` of an address, or a login name, in the form in which they are compared.
pub(crate) fn local_key(name: &str) -> String {
    email_key(name).split('@').next().unwrap_or_default().to_owned()
}

/// Names the users whose addresses have the same text before the `@`: those who ever held a licence, as keys of
/// addresses with the names that are stored; then the organization's people, as keys and addresses.
///
/// unverified: a login name is what stands before the `@`, unless another user has that name already: then it is the
/// whole address (license-vault §8.6).
pub(crate) fn list_namesakes(
    local: &str,
    holders: impl IntoIterator<Item = (String, String)>,
    people: impl IntoIterator<Item = (String, String)>,
) -> Vec<Namesake> {
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
    namesakes
}

/// Gives a user the login name that the vault knows the user by, or is to know the user by, beside these.
pub(crate) fn choose_name(namesakes: &[Namesake], user: VaultUser) -> VaultUser {
    let VaultUser { username, email } = user;
    let key = email_key(&email);
    let own = namesakes.iter().find(|one| one.email_key == key).map(|one| one.username.clone());
    let is_taken = || namesakes.iter().any(|one| email_key(&one.username) == email_key(&username));
    let username = own.unwrap_or_else(|| if is_taken() { email.clone() } else { username.clone() });
    VaultUser { username, email }
}

/// The login names of a vault that is being filled.
#[derive(Default)]
pub(crate) struct LoginNames {
    /// By the text before the `@`: since when somebody first holds a licence, the address' key and the name.
    holders: HashMap<String, Vec<(i64, String, String)>>,
    /// By the text before the `@`, oldest first: the address' key, and the address.
    people: HashMap<String, Vec<(String, String)>>,
}

impl LoginNames {
    /// Those of an organization whose people have these addresses, oldest first.
    pub(crate) fn new(addresses: &[&str]) -> Self {
        let mut names = Self::default();
        for address in addresses {
            let people = names.people.entry(local_key(address)).or_default();
            people.push((email_key(address), (*address).to_owned()));
        }
        names
    }

    /// See [`choose_name`].
    pub(crate) fn name(&self, user: VaultUser) -> VaultUser {
        let local = local_key(&user.email);
        let holders = self.holders.get(&local).into_iter().flatten();
        let holders = holders.map(|(_, key, name)| (key.clone(), name.clone()));
        let people = self.people.get(&local).into_iter().flatten().cloned();
        choose_name(&list_namesakes(&local, holders, people), user)
    }

    /// From `since`, in microseconds since 1970, a user with this name holds a licence.
    pub(crate) fn add_holder(&mut self, user: &VaultUser, since: i64) {
        let (key, holders) = (email_key(&user.email), self.holders.entry(local_key(&user.email)).or_default());
        match holders.iter_mut().find(|(_, known, name)| *known == key && *name == user.username) {
            Some((first, ..)) => *first = since.min(*first),
            None => holders.push((since, key, user.username.clone())),
        }
        holders.sort();
    }
}
