//! The rows of a seed, on their way into a space that holds nothing else.

use std::collections::{HashMap, HashSet};

use crate::{
    core::{
        clock::micros,
        error::Error,
        token::{Keyring, PlainToken},
    },
    domain::organization::email_key,
    store::{
        ReadWrite, Session,
        credential::{self, NewCredential},
        state::{Cell, Loader, Tables},
    },
};

/// Rows of a seed. They refer to each other by numbers, which stand in the place of keys until they are poured.
pub(crate) struct SeedRows<'a> {
    pub(crate) db: &'a mut Session<ReadWrite>,
    pub(crate) loader: Loader,
    keyring: &'a Keyring,
    /// Fingerprints of the seed's tokens that other spaces' credentials have.
    taken: HashSet<String>,
}

/// The numbers of one organization's people.
#[derive(Default)]
pub(crate) struct PeopleNumbers {
    by_email_key: HashMap<String, i64>,
}

impl PeopleNumbers {
    pub(crate) fn insert(&mut self, email: &str, number: i64) {
        self.by_email_key.insert(email_key(email), number);
    }

    /// # Errors
    /// [`Error::Internal`] where there is nobody with this address, which planning has made sure of.
    pub(crate) fn find(&self, email: &str) -> Result<i64, Error> {
        let found = self.by_email_key.get(&email_key(email)).copied();
        found.ok_or_else(|| Error::internal(format!("no person {email}")))
    }
}

impl<'a> SeedRows<'a> {
    /// `tokens` are all that the seed has.
    pub(crate) async fn begin(
        db: &'a mut Session<ReadWrite>,
        keyring: &'a Keyring,
        tables: &Tables,
        tokens: impl IntoIterator<Item = PlainToken>,
    ) -> Result<Self, Error> {
        let fingerprints: Vec<String> = tokens.into_iter().map(|token| keyring.fingerprint(&token).to_hex()).collect();
        let taken = credential::find_in_use(db, &fingerprints).await?;
        let taken = taken.into_iter().map(|(fingerprint, _)| fingerprint).collect();
        Ok(Self { db, loader: Loader::new(tables), keyring, taken })
    }

    /// See [`Loader::add`].
    pub(crate) fn add<const N: usize>(
        &mut self,
        table: &'static str,
        cells: [(&'static str, Cell); N],
    ) -> Result<i64, Error> {
        self.loader.add(table, cells)
    }

    /// Adds a credential, whose organization is named by its number, and makes its token a secret of the keyring's.
    /// Returns the credential's number; `None` when the token is somebody's already.
    pub(crate) async fn add_credential(
        &mut self,
        new: &NewCredential<'_>,
        token: &PlainToken,
    ) -> Result<Option<i64>, Error> {
        let fingerprint = self.keyring.fingerprint(token);
        let written = fingerprint.to_hex();
        if self.taken.contains(&written) {
            return Ok(None);
        }
        let hash = self.keyring.hash_of(token).await?;
        self.keyring.learn(fingerprint, new.label);
        let number = self.add(
            "credential",
            [
                ("organization_id", new.organization.0.into()),
                ("service", new.service.into()),
                ("kind", new.kind.into()),
                ("label", new.label.into()),
                ("fingerprint", written.into()),
                ("hash", hash.0.into()),
                ("created_at", micros(new.created_at.unwrap_or(self.db.now())).into()),
                ("expires_at", new.expires_at.map(micros).into()),
            ],
        )?;
        Ok(Some(number))
    }

    /// Pours the rows that were added, if they are many.
    pub(crate) async fn pour_many(&mut self) -> Result<(), Error> {
        self.loader.pour_many(self.db).await
    }
}
