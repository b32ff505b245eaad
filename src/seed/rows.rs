//! The rows of a seed, on their way into a space that holds nothing else.

use std::collections::{HashMap, HashSet};

use crate::{
    core::{
        error::Error,
        token::{Keyring, PlainToken},
    },
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

/// The people of one organization: their numbers, by the key of the address.
pub(crate) type PeopleNumbers = HashMap<String, i64>;

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

    /// Adds a credential and returns its number; `None` when the token is somebody's already.
    pub(crate) async fn add_credential(
        &mut self,
        new: &NewCredential<'_>,
        token: &PlainToken,
    ) -> Result<Option<i64>, Error> {
        if self.taken.contains(&self.keyring.fingerprint(token).to_hex()) {
            return Ok(None);
        }
        self.loader.add_credential(self.db, self.keyring, new, token).await.map(Some)
    }

    /// Pours the rows that were added, if they are many.
    pub(crate) async fn pour_many(&mut self) -> Result<(), Error> {
        self.loader.pour_many(self.db).await
    }
}
