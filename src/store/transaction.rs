//! How a write begins, and what its commit brings with it.

use sqlx::{FromRow, postgres::PgRow, sqlite::SqliteRow};

use crate::{
    core::{clock::Time, error::Error},
    domain::organization::{Space, SpaceId},
    store::{
        db::{Db, Pools, Position},
        dialect::Dialect,
        event::{Event, EventKind},
        events, journal,
        postgres::Lease,
        rate_window,
        session::{Changes, Handle, ReadWrite, Session, Transaction, on},
        space, space_origin,
        sql::{Sql, bound},
        sqlite::{self, WriteTransaction},
    },
};

impl Db {
    /// Opens a session that writes to `space`. Raises the space's revision first, which on PostgreSQL locks the
    /// space's row: writers of one space go one after the other on both databases, readers never wait for them.
    pub async fn write(&self, space: SpaceId) -> Result<Session<ReadWrite>, Error> {
        self.write_what(space, Changes::Rules).await
    }

    /// The same, for who has found the space as it is said to be.
    ///
    /// # Errors
    /// [`Error::DataReplaced`] when everything in it was replaced since.
    pub async fn write_in(&self, space: &Space) -> Result<Session<ReadWrite>, Error> {
        let session = self.write(space.id).await?;
        if session.generation() == space.generation() { Ok(session) } else { Err(Error::DataReplaced) }
    }

    /// The same, for what changes no more than is said.
    pub async fn write_what(&self, space: SpaceId, changes: Changes) -> Result<Session<ReadWrite>, Error> {
        let handle = match self.pools() {
            Pools::Sqlite(sqlite) => Handle::SqliteWriter(sqlite.begin().await?),
            // Of one process, whoever waits for the space does so without a connection, so that the other spaces'
            // writers find one.
            Pools::Postgres(postgres) => {
                let turn = self.turns().take(space).await?;
                Handle::Postgres(postgres.begin(Some(turn)).await?)
            }
        };
        let mut session = Session { handle, mode: Transaction };
        let space = space::raise_revision(&mut session, space, changes).await?;
        let space = space.ok_or_else(|| Error::NotFound("the space is gone".to_owned()))?;
        Ok(self.write_to(session, space))
    }

    /// Opens a transaction that writes to no space.
    pub(crate) async fn begin(&self) -> Result<Session<Transaction>, Error> {
        let handle = match self.pools() {
            Pools::Sqlite(sqlite) => Handle::SqliteWriter(sqlite.begin().await?),
            Pools::Postgres(postgres) => Handle::Postgres(postgres.begin(None).await?),
        };
        Ok(Session { handle, mode: Transaction })
    }

    /// Writes by one statement that is a transaction of its own and waits for no space's writers: the rows that it
    /// returns. PostgreSQL needs no word for that transaction; it has lasted once all that it says was read.
    pub(crate) async fn write_alone<Row>(&self, sql: Sql) -> Result<Vec<Row>, Error>
    where
        Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        match self.pools() {
            Pools::Sqlite(sqlite) => {
                let mut transaction = sqlite.begin().await?;
                let mut all = transaction.take_waiting();
                all.push_sql(sql);
                all.push_statement(sqlite::COMMIT, []);
                let (sql, binds) = all.into_parts();
                let connection = transaction.connection().await?;
                let rows = bound!(sqlx::query_as(sql), binds).fetch_all(connection).await?;
                transaction.forget();
                Ok(rows)
            }
            Pools::Postgres(postgres) => {
                let handle = Handle::Postgres(postgres.clerk().await?);
                let mut session = Session { handle, mode: Transaction };
                let (sql, binds) = sql.into_parts();
                Ok(on!(session, |c| bound!(sqlx::query_as(sql), binds).fetch_all(c).await)?)
            }
        }
    }

    fn write_to(&self, session: Session<Transaction>, space: Space) -> Session<ReadWrite> {
        let ids = self.id_seed().of_write(&space.name, space.writes);
        let mode = ReadWrite {
            now: space.now(),
            generation: space.generation(),
            space,
            ids,
            db: self.clone(),
            clears_counters: false,
            clears_journal: false,
            deletes_space: false,
            is_trial: false,
            events: Vec::new(),
            changed: None,
        };
        Session { handle: session.handle, mode }
    }

    /// Opens a session that makes a space, empty and at its real time; `None` when there is one with the name.
    pub async fn create_space(&self, name: &str) -> Result<Option<Session<ReadWrite>>, Error> {
        let mut session = self.begin().await?;
        let space = space::create(&mut session, name).await?;
        Ok(space.map(|space| self.write_to(session, space)))
    }

    /// Deletes a space and everything in it.
    pub async fn delete_space(&self, space: SpaceId) -> Result<(), Error> {
        self.delete(self.write(space).await?).await
    }

    /// The same of one that nobody has asked since `before`: `false` when somebody has, or when it is gone.
    pub async fn delete_idle_space(&self, space: SpaceId, before: Time) -> Result<bool, Error> {
        let mut session = match self.write(space).await {
            Err(Error::NotFound(_)) => return Ok(false),
            session => session?,
        };
        if !space_origin::is_idle(&mut session, before).await? {
            return Ok(false);
        }
        self.delete(session).await?;
        Ok(true)
    }

    async fn delete(&self, mut session: Session<ReadWrite>) -> Result<(), Error> {
        let space = session.space().id;
        space::delete(&mut session).await?;
        session.mode.deletes_space = true;
        session.commit().await?;
        self.turns().forget(space);
        Ok(())
    }
}

impl Session<Transaction> {
    /// Makes the writes lasting.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; whether the write lasted is then not known.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self.handle {
            Handle::SqliteWriter(writer) => drop(writer.commit().await?),
            Handle::Postgres(mut lease) => lease.commit().await?,
            Handle::SqliteReader(_) => {}
        }
        Ok(())
    }
}

impl Session<ReadWrite> {
    /// Makes of the session one that can never be committed, and in which rows that cannot fail are left out: they
    /// might be a million, and whoever else writes would wait for them.
    pub fn try_only(&mut self) {
        self.mode.is_trial = true;
    }

    /// See [`Self::try_only`].
    pub(crate) fn is_trial(&self) -> bool {
        self.mode.is_trial
    }

    /// Makes the writes lasting. Runs to its end even when the caller is dropped, because between the commit and the
    /// caching of the new position this process would still trust what it remembers.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; whether the write lasted is then not known.
    pub async fn commit(mut self) -> Result<(), Error> {
        if self.is_trial() {
            return Err(Error::internal("a trial cannot be committed"));
        }
        if self.dialect() == Dialect::Postgres && self.mode.clears_journal && !self.mode.deletes_space {
            journal::postgres::clear(&mut self).await?;
        }
        let Self { handle, mut mode } = self;
        let changed = mode.changed.take();
        let finish = async move {
            match handle {
                Handle::SqliteWriter(writer) => mode.commit_to_sqlite(writer).await,
                Handle::Postgres(lease) => mode.commit_to_postgres(lease).await,
                Handle::SqliteReader(_) => Ok(()),
            }?;
            if let Some((changed, written)) = changed {
                written.add(changed);
            }
            Ok(())
        };
        tokio::spawn(finish).await.map_err(Error::internal)?
    }
}

impl ReadWrite {
    async fn commit_to_postgres(self, mut lease: Lease) -> Result<(), Error> {
        lease.commit_saying(&events::notification(EventKind::State, self.space.id, "")?).await?;
        drop(lease);
        let space = self.space.id;
        if self.clears_counters {
            let deleted = rate_window::delete_counts(&self.db, space).await;
            if self.space.generation() == self.generation {
                return deleted;
            }
            // Nobody finds what was counted for the credentials of an earlier generation.
            deleted.unwrap_or_else(|error| error.log());
        }
        if self.deletes_space {
            journal::postgres::delete(&self.db, space).await.unwrap_or_else(|error| error.log());
        }
        Ok(())
    }

    async fn commit_to_sqlite(self, writer: WriteTransaction) -> Result<(), Error> {
        let (space, at) = (self.space.id, Position::of(&self.space));
        // Set before the commit, because a file's readers see it before it returns: one that reads on both sides of it
        // must notice that the generation changed.
        if at.generation != self.generation {
            self.db.cache_position(space, at);
        }
        // Held until all is said, so that the next write comes after it.
        let writer = writer.commit().await.inspect_err(|_| self.db.invalidate(space))?;
        if self.deletes_space {
            self.db.invalidate(space);
            self.db.journals().remove(space);
        } else {
            self.db.cache_position(space, at);
        }
        if self.clears_counters {
            self.db.drop_counters(|counted, _| counted == space);
        }
        if self.clears_journal {
            self.db.journals().clear(space, at.revision);
        }
        let written = Event { space: space.0, happened: EventKind::State, id: String::new() };
        for event in self.events.into_iter().chain([written]) {
            // It fails only when nobody listens.
            let _ = self.db.events().send(Some(event));
        }
        drop(writer);
        Ok(())
    }
}
