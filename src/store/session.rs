//! Two databases behind one kind of session.

use sqlx::{PgConnection, Postgres, SqliteConnection, Transaction, pool::PoolConnection};
use tokio::sync::OwnedRwLockWriteGuard;

use crate::{
    core::{clock::Time, error::Error, ids::Ids},
    domain::{credential::CredentialId, organization::Space},
    store::{
        db::{Db, Pools},
        dialect::Dialect,
        event::Event,
        sqlite,
    },
};

/// A session that only reads.
pub struct ReadOnly;

/// An open transaction that is not yet of any space.
pub(crate) struct Begun;

/// A session that writes to one space, alone in it until it is committed or dropped.
pub struct ReadWrite {
    pub(super) space: Space,
    /// The generation that was there when the session was opened.
    pub(super) generation: i64,
    pub(super) now: Time,
    pub(super) ids: Ids,
    pub(super) db: Db,
    pub(super) clears_counters: bool,
    pub(super) clears_journal: bool,
    pub(super) deletes_space: bool,
    pub(super) events: Vec<Event>,
}

/// A connection with a purpose: read-only, or an open transaction that is rolled back unless committed.
pub struct Session<M> {
    pub(super) handle: Handle,
    pub(super) mode: M,
}

pub(super) enum Handle {
    SqliteReader(sqlite::Reader),
    SqliteWriter(OwnedRwLockWriteGuard<sqlite::Writer>),
    Postgres(PoolConnection<Postgres>),
    PostgresTransaction(Transaction<'static, Postgres>),
}

/// The open connection, by database.
pub(crate) enum Driver<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// Runs one body on whichever database the session is of. The SQL text is the same, the driver is not.
macro_rules! on {
    ($session:expr, |$connection:ident| $body:expr) => {
        match $session.driver() {
            $crate::store::session::Driver::Sqlite($connection) => $body,
            $crate::store::session::Driver::Postgres($connection) => $body,
        }
    };
}

pub(crate) use on;

impl Db {
    /// Opens a session that only reads.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection can be had.
    pub async fn read(&self) -> Result<Session<ReadOnly>, Error> {
        let handle = match self.pools() {
            Pools::Sqlite(sqlite) => Handle::SqliteReader(sqlite.reader().await?),
            Pools::Postgres(pool) => Handle::Postgres(pool.acquire().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }

    /// A session on the writing connection, outside any space: for what opening a database writes.
    pub(crate) async fn maintenance_session(&self) -> Result<Session<ReadOnly>, Error> {
        let handle = match self.pools() {
            Pools::Sqlite(sqlite) => Handle::SqliteWriter(sqlite.writer().await?),
            Pools::Postgres(pool) => Handle::Postgres(pool.acquire().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }
}

impl Handle {
    fn driver(&mut self) -> Driver<'_> {
        match self {
            Self::SqliteReader(reader) => Driver::Sqlite(&mut reader.connection),
            Self::SqliteWriter(writer) => Driver::Sqlite(&mut writer.connection),
            Self::Postgres(connection) => Driver::Postgres(connection),
            Self::PostgresTransaction(transaction) => Driver::Postgres(transaction),
        }
    }
}

impl<M> Session<M> {
    pub(crate) fn driver(&mut self) -> Driver<'_> {
        self.handle.driver()
    }

    /// For the few statements that must differ.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.handle {
            Handle::SqliteReader(_) | Handle::SqliteWriter(_) => Dialect::Sqlite,
            Handle::Postgres(_) | Handle::PostgresTransaction(_) => Dialect::Postgres,
        }
    }
}

impl Session<ReadWrite> {
    /// The space being written, at its new revision.
    pub fn space(&self) -> &Space {
        &self.mode.space
    }

    /// The generation that was in the space when the session was opened.
    pub fn generation(&self) -> i64 {
        self.mode.generation
    }

    /// The time of this write.
    pub fn now(&self) -> Time {
        self.mode.now
    }

    /// The ids of this write.
    pub fn ids(&mut self) -> &mut Ids {
        &mut self.mode.ids
    }

    /// With the commit, the rate-limit counters of the space start over.
    pub(crate) fn forget_counters(&mut self) {
        self.mode.clears_counters = true;
    }

    /// SQLite gives the key of the last credential out again when that is gone: what was counted for it is not the new
    /// one's.
    pub(crate) fn forget_counters_of(&self, credential: CredentialId) {
        self.mode.db.drop_counters(|_, counted| counted == credential);
    }

    /// With the commit, the space's journal starts over.
    pub(crate) fn forget_journal(&mut self) {
        self.mode.clears_journal = true;
    }

    pub(crate) fn tell_at_commit(&mut self, event: Event) {
        self.mode.events.push(event);
    }

    /// Lets the session go by `space` from here on, because what it wrote changed the space's clock or ids.
    pub(crate) fn use_space(&mut self, space: Space) {
        if space.writes != self.mode.space.writes {
            self.mode.ids = self.mode.db.id_seed().of_write(&space.name, space.writes);
        }
        self.mode.now = space.now();
        self.mode.space = space;
    }
}
