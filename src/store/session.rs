//! Two databases behind one kind of session.

use std::{sync::Arc, time::Duration};

use sqlx::{PgConnection, SqliteConnection};

use crate::{
    core::{
        clock::Time,
        error::Error,
        ids::{IdSeed, Ids},
    },
    domain::{
        credential::CredentialId,
        journal::{Change, Changed},
        organization::Space,
    },
    store::{
        db::{Db, Pools},
        dialect::Dialect,
        event::Event,
        postgres::Lease,
        sql::{Bind, Sql, bound},
        sqlite::{Reader, WriteTransaction},
        written::Written,
    },
};

/// A session that only reads: the connection refuses everything else.
pub struct ReadOnly;

/// An open transaction that writes to no space.
pub(crate) struct Transaction;

/// What a session that writes may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    /// Anything, also what requests are decided by, see [`Space::rules_revision`].
    Rules,
    /// Nothing of that. What is remembered of credentials stays good.
    Data,
}

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
    /// Nothing of it is to last.
    pub(super) is_trial: bool,
    pub(super) events: Vec<Event>,
    /// What it changes, and who is told; `None` where nobody is.
    pub(super) changed: Option<(Changed, Arc<Written>)>,
}

/// A connection with a purpose: read-only, or an open transaction that is rolled back unless committed. Nothing else
/// writes, because only the end of a transaction tells whether a write has lasted.
pub struct Session<M> {
    pub(super) handle: Handle,
    pub(super) mode: M,
}

pub(crate) enum Handle {
    SqliteReader(Reader),
    SqliteWriter(WriteTransaction),
    Postgres(Lease),
}

/// The open connection, by database; with PostgreSQL, how long this use of it may take.
pub(crate) enum Driver<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection, Duration),
}

/// Runs one body on whichever database the session is of. The SQL text is the same, the driver is not.
macro_rules! on {
    ($session:expr, |$connection:ident| $body:expr) => {
        match $session.begin_use().await {
            Err(error) => Err(error),
            Ok($crate::store::session::Driver::Sqlite($connection)) => $body,
            Ok($crate::store::session::Driver::Postgres($connection, limit)) => {
                let done = tokio::time::timeout(limit, async { $body }).await;
                $session.end_use(done)
            }
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
            Pools::Postgres(postgres) => Handle::Postgres(postgres.reader().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }

    /// Opens a session that reads everything as of one moment, whatever is written meanwhile.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection can be had.
    pub async fn read_one_moment(&self) -> Result<Session<ReadOnly>, Error> {
        let handle = match self.pools() {
            Pools::Sqlite(sqlite) => Handle::SqliteReader(sqlite.begin_reading().await?),
            Pools::Postgres(postgres) => Handle::Postgres(postgres.begin_reading().await?),
        };
        Ok(Session { handle, mode: ReadOnly })
    }
}

impl<M> Session<M> {
    /// What [`on!`] begins with.
    pub(crate) async fn begin_use(&mut self) -> Result<Driver<'_>, sqlx::Error> {
        Ok(match &mut self.handle {
            Handle::SqliteReader(reader) => Driver::Sqlite(reader.connection()?),
            Handle::SqliteWriter(writer) => Driver::Sqlite(writer.connection().await?),
            Handle::Postgres(lease) => {
                let (connection, limit) = lease.begin_use()?;
                Driver::Postgres(connection, limit)
            }
        })
    }

    /// What [`on!`] ends with.
    pub(crate) fn end_use<T>(
        &mut self,
        done: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, sqlx::Error> {
        match (&mut self.handle, done) {
            (Handle::Postgres(lease), done) => lease.end_use(done),
            (Handle::SqliteReader(_) | Handle::SqliteWriter(_), Ok(done)) => done,
            (Handle::SqliteReader(_) | Handle::SqliteWriter(_), Err(_)) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// A statement behind those that wait for it: one trip to SQLite.
    pub(crate) fn join_waiting(&mut self, statement: &str, binds: impl IntoIterator<Item = Bind>) -> Sql {
        let mut sql = match &mut self.handle {
            Handle::SqliteWriter(writer) => writer.take_waiting(),
            Handle::SqliteReader(_) | Handle::Postgres(_) => Sql::default(),
        };
        sql.push_statement(statement, binds);
        sql
    }

    /// For the few statements that must differ.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.handle {
            Handle::SqliteReader(_) | Handle::SqliteWriter(_) => Dialect::Sqlite,
            Handle::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Lets each further statement take as long as it takes to read or replace everything in a space. Only in a
    /// transaction.
    pub(crate) async fn be_patient(&mut self) -> Result<(), Error> {
        if let Handle::Postgres(lease) = &mut self.handle {
            lease.be_patient().await?;
        }
        Ok(())
    }
}

impl Session<ReadWrite> {
    /// Runs a statement of which nothing is asked, not even whether it found a row. SQLite gets it along with the next
    /// one, or with the commit, which then fails if it does.
    pub(crate) async fn write_along(
        &mut self,
        statement: &'static str,
        binds: impl IntoIterator<Item = Bind>,
    ) -> Result<(), Error> {
        match &mut self.handle {
            Handle::SqliteWriter(writer) if !writer.is_full() => writer.add_waiting(statement, binds),
            Handle::SqliteWriter(_) | Handle::SqliteReader(_) | Handle::Postgres(_) => {
                let binds: Vec<Bind> = binds.into_iter().collect();
                on!(self, |c| bound!(sqlx::query(statement), binds).execute(c).await.map(drop))?;
            }
        }
        Ok(())
    }

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

    /// With the commit, tells of what is noted from here on.
    pub fn tell_changes(&mut self, to: &Arc<Written>) {
        self.mode.changed = Some((Changed::default(), Arc::clone(to)));
    }

    /// Notes that a record is changed, for whoever asks what a request did. What writes to a service's table notes it;
    /// a seed and the control API's own routes are told of nothing, and pay nothing.
    pub(crate) fn note_change(&mut self, change: impl FnOnce() -> Change) {
        self.note_changes(1, std::iter::once_with(change));
    }

    /// The same of many: `each` is asked for no more than are said one by one.
    pub(crate) fn note_changes(&mut self, count: usize, each: impl IntoIterator<Item = Change>) {
        if let Some((changed, _)) = &mut self.mode.changed {
            changed.add(count, each);
        }
    }

    /// Draws the ids of the write from another number than this process's own.
    pub(crate) fn use_id_seed(&mut self, id_seed: IdSeed) {
        self.mode.ids = id_seed.of_write(&self.mode.space.name, self.mode.space.writes);
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
