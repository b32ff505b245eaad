//! Two databases behind one kind of session.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use sqlx::{PgConnection, PgPool, Postgres, SqliteConnection, Transaction, pool::PoolConnection};
use tokio::sync::{OnceCell, OwnedRwLockWriteGuard, broadcast};

use crate::{
    core::{
        clock::Time,
        error::Error,
        ids::{IdSeed, Ids},
    },
    domain::{
        credential::CredentialId,
        organization::{Space, SpaceId},
    },
    store::{
        dialect::Dialect,
        events::{self, BACKLOG, Event, EventKind, Told},
        journal::Journals,
        space,
        sqlite::{self, Sqlite},
    },
};

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    pools: Pools,
    id_seed: IdSeed,
    /// On SQLite this process owns the data, so it knows what each space is at without asking.
    known: RwLock<HashMap<SpaceId, Position>>,
    /// Requests in rate-limit windows, while this process owns the data: when the window began, and how many.
    counters: Mutex<Counters>,
    /// The journals, while this process owns the data; else, what of them is to be trimmed.
    journals: Journals,
    /// Tells this process's listeners what happens.
    events: broadcast::Sender<Told>,
    /// Made when somebody listens for the first time: passes on what other processes say.
    relay: OnceCell<()>,
}

/// What a space is at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) revision: i64,
    /// See [`Space::generation`].
    pub(crate) generation: i64,
}

impl Position {
    fn of(space: &Space) -> Self {
        Self { revision: space.revision, generation: space.generation() }
    }
}

/// By space, credential and operation: when the window began, and how many requests it has seen.
pub(crate) type Counters = HashMap<(SpaceId, CredentialId, &'static str), (i64, i64)>;

pub(crate) enum Pools {
    Sqlite(Box<Sqlite>),
    Postgres(PgPool),
}

/// A session that only reads.
pub struct ReadOnly;

/// A session that writes to one space, alone in it until it is committed or dropped.
pub struct ReadWrite {
    space: Space,
    /// The generation that was there when the session was opened.
    generation: i64,
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
    pub(crate) fn new(pools: Pools, id_seed: IdSeed) -> Self {
        Self(Arc::new(Inner {
            pools,
            id_seed,
            known: RwLock::default(),
            counters: Mutex::default(),
            journals: Journals::default(),
            events: broadcast::Sender::new(BACKLOG),
            relay: OnceCell::new(),
        }))
    }

    pub(crate) fn journals(&self) -> &Journals {
        &self.0.journals
    }

    pub(crate) fn events(&self) -> &broadcast::Sender<Told> {
        &self.0.events
    }

    pub(crate) fn relay(&self) -> &OnceCell<()> {
        &self.0.relay
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.0.pools
    }

    /// Opens a session that only reads.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection can be had.
    pub async fn read(&self) -> Result<Session<ReadOnly>, Error> {
        let handle = match &self.0.pools {
            Pools::Sqlite(sqlite) => Handle::SqliteReader(sqlite.reader().await?),
            Pools::Postgres(pool) => Handle::Postgres(pool.acquire().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }

    /// A session on the writing connection, outside any space: for what opening a database writes.
    pub(crate) async fn maintenance_session(&self) -> Result<Session<ReadOnly>, Error> {
        let handle = match &self.0.pools {
            Pools::Sqlite(sqlite) => Handle::SqliteWriter(sqlite.writer().await?),
            Pools::Postgres(pool) => Handle::Postgres(pool.acquire().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }

    /// Opens a session that writes to `space`. Raises the space's revision first, which on PostgreSQL locks the
    /// space's row: writers of one space go one after the other on both databases, readers never wait for them.
    pub async fn write(&self, space: SpaceId) -> Result<Session<ReadWrite>, Error> {
        let mut handle = self.begin().await?;
        let space = space::raise_revision(handle.driver(), space).await?;
        let space = space.ok_or_else(|| Error::NotFound("the space is gone".to_owned()))?;
        Ok(self.writing(handle, space))
    }

    async fn begin(&self) -> Result<Handle, Error> {
        Ok(match &self.0.pools {
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
        })
    }

    fn writing(&self, handle: Handle, space: Space) -> Session<ReadWrite> {
        let ids = self.0.id_seed.of_write(&space.name, space.writes);
        let mode = ReadWrite {
            now: space.now(),
            generation: space.generation(),
            space,
            ids,
            db: self.clone(),
            forgets_counters: false,
            forgets_journal: false,
            deletes_space: false,
            told_at_commit: Vec::new(),
        };
        Session { handle, mode }
    }

    /// The revision `space` is at now; `None` when there is no such space.
    pub async fn revision(&self, space: SpaceId) -> Result<Option<i64>, Error> {
        Ok(self.at(space).await?.map(|at| at.revision))
    }

    /// The generation that is in `space` now, see [`Space::generation`]; `None` when there is no such space. Who finds the
    /// same one before and after has seen no other between, in however many sessions.
    pub async fn generation(&self, space: SpaceId) -> Result<Option<i64>, Error> {
        Ok(self.at(space).await?.map(|at| at.generation))
    }

    async fn at(&self, space: SpaceId) -> Result<Option<Position>, Error> {
        if let Some(at) = self.known(space) {
            return Ok(Some(at));
        }
        let found = space::at(&mut self.read().await?, space).await?;
        if let Some(at) = found {
            self.remember(space, at);
        }
        Ok(found)
    }

    /// Other processes may be using the data.
    pub fn is_shared(&self) -> bool {
        matches!(self.0.pools, Pools::Postgres(_))
    }

    /// What this process knows by itself.
    pub(crate) fn known(&self, space: SpaceId) -> Option<Position> {
        let known = || self.0.known.read().unwrap_or_else(PoisonError::into_inner).get(&space).copied();
        matches!(self.0.pools, Pools::Sqlite(_)).then(known).flatten()
    }

    /// Waits until a write that is being committed is over.
    pub async fn wait_for_writer(&self) -> Result<(), Error> {
        match &self.0.pools {
            Pools::Sqlite(sqlite) => sqlite.wait_for_writer().await,
            Pools::Postgres(_) => Ok(()),
        }
    }

    /// The rate-limit counters of this process; `None` when processes share the database, and count there.
    pub(crate) fn counters(&self) -> Option<&Mutex<Counters>> {
        matches!(self.0.pools, Pools::Sqlite(_)).then_some(&self.0.counters)
    }

    fn forget(&self, space: SpaceId) {
        self.0.known.write().unwrap_or_else(PoisonError::into_inner).remove(&space);
    }

    /// Opens a session that makes a space, empty and at its real time; `None` when there is one with the name.
    pub async fn create_space(&self, name: &str) -> Result<Option<Session<ReadWrite>>, Error> {
        let mut handle = self.begin().await?;
        let space = space::create(handle.driver(), name).await?;
        Ok(space.map(|space| self.writing(handle, space)))
    }

    /// Deletes a space and everything in it.
    pub async fn delete_space(&self, space: SpaceId) -> Result<(), Error> {
        let mut session = self.write(space).await?;
        space::delete(&mut session).await?;
        session.mode.deletes_space = true;
        session.commit().await
    }

    /// A write that was committed while an older revision was being looked up must win.
    fn remember(&self, space: SpaceId, at: Position) {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let known = known.entry(space).or_insert(at);
        if at.revision > known.revision {
            *known = at;
        }
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
        self.mode.forgets_counters = true;
    }

    /// SQLite gives the key of the last credential out again when that is gone: what was counted for it is not the new
    /// one's.
    pub(crate) fn forget_counters_of(&self, credential: CredentialId) {
        let mut counters = self.mode.db.0.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.retain(|(_, of, _), _| *of != credential);
    }

    /// With the commit, the space's journal starts over.
    pub(crate) fn forget_journal(&mut self) {
        self.mode.forgets_journal = true;
    }

    pub(crate) fn tell_at_commit(&mut self, event: Event) {
        self.mode.told_at_commit.push(event);
    }

    /// The space has changed under the session: it goes by this from here on.
    pub(crate) fn use_space(&mut self, space: Space) {
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
    /// [`Error::Unavailable`]; whether the write lasted is then not known.
    pub async fn commit(mut self) -> Result<(), Error> {
        events::tell(&mut self, EventKind::State, "").await?;
        let Self { handle, mode } = self;
        let finish = async move {
            match handle {
                Handle::SqliteWriter(mut writer) => {
                    let (space, at) = (mode.space.id, Position::of(&mode.space));
                    // A file's readers see a commit before it returns: none may believe that it saw one generation only.
                    if at.generation != mode.generation {
                        mode.db.remember(space, at);
                    }
                    if let Err(error) = sqlx::query("COMMIT").execute(&mut writer.connection).await {
                        mode.db.forget(space);
                        return Err(error.into());
                    }
                    writer.in_transaction = false;
                    // Announced before the next session gets the connection.
                    if mode.deletes_space {
                        mode.db.forget(space);
                        mode.db.0.journals.remove(space);
                    } else {
                        mode.db.remember(space, at);
                    }
                    if mode.forgets_counters {
                        let mut counters = mode.db.0.counters.lock().unwrap_or_else(PoisonError::into_inner);
                        counters.retain(|(of, ..), _| *of != space);
                    }
                    if mode.forgets_journal {
                        mode.db.0.journals.clear(space, at.revision);
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
        tokio::spawn(finish).await.map_err(Error::internal)?
    }
}
