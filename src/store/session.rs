//! Two databases behind one kind of session.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use sqlx::{PgConnection, PgPool, Postgres, SqliteConnection, Transaction, pool::PoolConnection};
use tokio::sync::{OnceCell, OwnedRwLockWriteGuard, broadcast};

use super::{
    events::{self, BACKLOG, Event, Happened, Told},
    journal::Journals,
    space,
    sqlite::{self, Sqlite},
};
use crate::{
    core::{
        clock::Time,
        fault::Fault,
        ids::{IdSeed, Ids},
    },
    domain::{
        credential::CredentialId,
        organization::{Space, SpaceId},
    },
};

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    pools: Pools,
    id_seed: IdSeed,
    /// On SQLite this process owns the data, so it knows each space's revision without asking.
    revisions: RwLock<HashMap<SpaceId, i64>>,
    /// Requests in rate-limit windows, while this process owns the data: when the window began, and how many.
    counters: Mutex<Counters>,
    /// The journals, while this process owns the data; else, what of them is to be trimmed.
    journals: Journals,
    /// Tells this process's listeners what happens.
    events: broadcast::Sender<Told>,
    /// Made when somebody listens for the first time: passes on what other processes say.
    relay: OnceCell<()>,
}

/// By space, credential and operation: when the window began, and how many requests it has seen.
pub(super) type Counters = HashMap<(SpaceId, CredentialId, &'static str), (i64, i64)>;

pub(super) enum Pools {
    Sqlite(Box<Sqlite>),
    Postgres(PgPool),
}

/// A session that only reads.
pub struct ReadOnly;

/// A session that writes to one space, alone in it until it is committed or dropped.
pub struct ReadWrite {
    space: Space,
    now: Time,
    ids: Ids,
    db: Db,
    forgets_counters: bool,
    forgets_journal: bool,
    deletes_space: bool,
    told_at_commit: Vec<Event>,
}

/// A connection with a purpose: read-only, or an open transaction that is rolled back unless committed.
pub struct Session<M> {
    handle: Handle,
    mode: M,
}

enum Handle {
    SqliteReader(sqlite::Reader),
    SqliteWriter(OwnedRwLockWriteGuard<sqlite::Writer>),
    Postgres(PoolConnection<Postgres>),
    PostgresTransaction(Transaction<'static, Postgres>),
}

/// The open connection, by database.
pub(super) enum Driver<'a> {
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

impl Db {
    pub(super) fn new(pools: Pools, id_seed: IdSeed) -> Self {
        Self(Arc::new(Inner {
            pools,
            id_seed,
            revisions: RwLock::default(),
            counters: Mutex::default(),
            journals: Journals::default(),
            events: broadcast::Sender::new(BACKLOG),
            relay: OnceCell::new(),
        }))
    }

    pub(super) fn journals(&self) -> &Journals {
        &self.0.journals
    }

    pub(super) fn events(&self) -> &broadcast::Sender<Told> {
        &self.0.events
    }

    pub(super) fn relay(&self) -> &OnceCell<()> {
        &self.0.relay
    }

    pub(super) fn pools(&self) -> &Pools {
        &self.0.pools
    }

    /// Opens a session that only reads.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when no connection can be had.
    pub async fn read(&self) -> Result<Session<ReadOnly>, Fault> {
        let handle = match &self.0.pools {
            Pools::Sqlite(sqlite) => Handle::SqliteReader(sqlite.reader().await?),
            Pools::Postgres(pool) => Handle::Postgres(pool.acquire().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }

    /// A session on the writing connection, outside any space: for what opening a database writes.
    pub(super) async fn maintain(&self) -> Result<Session<ReadOnly>, Fault> {
        let handle = match &self.0.pools {
            Pools::Sqlite(sqlite) => Handle::SqliteWriter(sqlite.writer().await?),
            Pools::Postgres(pool) => Handle::Postgres(pool.acquire().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }

    /// Opens a session that writes to `space`. Raises the space's revision first, which on PostgreSQL locks the
    /// space's row: writers of one space go one after the other on both databases, readers never wait for them.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when the space is gone; [`Fault::Unavailable`].
    pub async fn write(&self, space: SpaceId) -> Result<Session<ReadWrite>, Fault> {
        let mut handle = match &self.0.pools {
            Pools::Sqlite(sqlite) => {
                let mut writer = sqlite.writer().await?;
                // Said before it is true: whoever is dropped while it becomes true leaves it to be rolled back.
                writer.in_transaction = true;
                if let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut writer.connection).await {
                    writer.in_transaction = false;
                    return Err(error.into());
                }
                Handle::SqliteWriter(writer)
            }
            Pools::Postgres(pool) => Handle::PostgresTransaction(pool.begin().await?),
        };
        let space = space::raise_revision(handle.driver(), space)
            .await?
            .ok_or_else(|| Fault::NotFound("the space is gone".to_owned()))?;
        let ids = self.0.id_seed.of_write(&space.name, space.writes);
        Ok(Session {
            handle,
            mode: ReadWrite {
                now: space.now(),
                space,
                ids,
                db: self.clone(),
                forgets_counters: false,
                forgets_journal: false,
                deletes_space: false,
                told_at_commit: Vec::new(),
            },
        })
    }

    /// The revision `space` is at now; `None` when there is no such space.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn revision(&self, space: SpaceId) -> Result<Option<i64>, Fault> {
        if matches!(self.0.pools, Pools::Sqlite(_))
            && let Some(revision) = self.0.revisions.read().unwrap_or_else(PoisonError::into_inner).get(&space)
        {
            return Ok(Some(*revision));
        }
        let found = space::revision(&mut self.read().await?, space).await?;
        if let Some(revision) = found {
            self.remember(space, revision);
        }
        Ok(found)
    }

    /// Other processes may be using the data.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0.pools, Pools::Postgres(_))
    }

    /// The rate-limit counters of this process; `None` when processes share the database, and count there.
    pub(super) fn counters(&self) -> Option<&Mutex<Counters>> {
        matches!(self.0.pools, Pools::Sqlite(_)).then_some(&self.0.counters)
    }

    fn forget(&self, space: SpaceId) {
        self.0.revisions.write().unwrap_or_else(PoisonError::into_inner).remove(&space);
        self.0.journals.remove(space);
    }

    /// Makes a space, empty and at its real time; `None` when there is one with the name.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn create_space(&self, name: &str) -> Result<Option<SpaceId>, Fault> {
        space::create(&mut self.maintain().await?, name).await
    }

    /// Deletes a space and everything in it.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it is gone already; [`Fault::Unavailable`].
    pub async fn delete_space(&self, space: SpaceId) -> Result<(), Fault> {
        let mut session = self.write(space).await?;
        space::delete(&mut session).await?;
        session.mode.deletes_space = true;
        session.commit().await
    }

    /// A write that was committed while an older revision was being looked up must win.
    fn remember(&self, space: SpaceId, revision: i64) {
        let mut revisions = self.0.revisions.write().unwrap_or_else(PoisonError::into_inner);
        let known = revisions.entry(space).or_insert(revision);
        *known = revision.max(*known);
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
    pub(super) fn driver(&mut self) -> Driver<'_> {
        self.handle.driver()
    }

    /// For the few statements that must differ.
    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self.handle, Handle::SqliteReader(_) | Handle::SqliteWriter(_))
    }
}

impl Session<ReadWrite> {
    /// The space being written, at its new revision.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.mode.space
    }

    /// The time of this write.
    #[must_use]
    pub fn now(&self) -> Time {
        self.mode.now
    }

    /// The ids of this write.
    pub fn ids(&mut self) -> &mut Ids {
        &mut self.mode.ids
    }

    /// With the commit, the rate-limit counters of the space start over.
    pub(super) fn forget_counters(&mut self) {
        self.mode.forgets_counters = true;
    }

    /// With the commit, the space's journal starts over.
    pub(super) fn forget_journal(&mut self) {
        self.mode.forgets_journal = true;
    }

    pub(super) fn tell_at_commit(&mut self, event: Event) {
        self.mode.told_at_commit.push(event);
    }

    /// The space has changed under the session: it goes by this from here on.
    pub(super) fn go_by(&mut self, space: Space) {
        if space.writes != self.mode.space.writes {
            self.mode.ids = self.mode.db.0.id_seed.of_write(&space.name, space.writes);
        }
        self.mode.now = space.now();
        self.mode.space = space;
    }

    /// Makes the writes lasting. Runs to its end even when the caller is dropped, because between the commit
    /// and the new revision's announcement this process would still trust what it remembers.
    ///
    /// # Errors
    /// [`Fault::Unavailable`]; whether the write lasted is then not known.
    pub async fn commit(mut self) -> Result<(), Fault> {
        events::tell(&mut self, Happened::State, "").await?;
        let Self { handle, mode } = self;
        let finish = async move {
            match handle {
                Handle::SqliteWriter(mut writer) => {
                    sqlx::query("COMMIT").execute(&mut writer.connection).await?;
                    writer.in_transaction = false;
                    // Announced before the next session gets the connection.
                    if mode.deletes_space {
                        mode.db.forget(mode.space.id);
                    } else {
                        mode.db.remember(mode.space.id, mode.space.revision);
                    }
                    if mode.forgets_counters {
                        let mut counters = mode.db.0.counters.lock().unwrap_or_else(PoisonError::into_inner);
                        counters.retain(|(space, ..), _| *space != mode.space.id);
                    }
                    if mode.forgets_journal {
                        mode.db.0.journals.clear(mode.space.id, mode.space.revision);
                    }
                    for event in mode.told_at_commit {
                        // It fails only when nobody listens.
                        let _ = mode.db.0.events.send(Some(event));
                    }
                }
                Handle::PostgresTransaction(transaction) => transaction.commit().await?,
                Handle::SqliteReader(_) | Handle::Postgres(_) => {}
            }
            Ok(())
        };
        tokio::spawn(finish).await.map_err(Fault::internal)?
    }
}
