//! How a write begins, and what its commit brings with it.

use crate::{
    core::error::Error,
    domain::organization::{Space, SpaceId},
    store::{
        db::{Db, Pools, Position},
        event::EventKind,
        events,
        session::{Begun, Handle, ReadWrite, Session},
        space,
    },
};

impl Db {
    /// Opens a session that writes to `space`. Raises the space's revision first, which on PostgreSQL locks the
    /// space's row: writers of one space go one after the other on both databases, readers never wait for them.
    pub async fn write(&self, space: SpaceId) -> Result<Session<ReadWrite>, Error> {
        let mut session = self.begin().await?;
        let space = space::raise_revision(&mut session, space).await?;
        let space = space.ok_or_else(|| Error::NotFound("the space is gone".to_owned()))?;
        Ok(self.write_to(session, space))
    }

    async fn begin(&self) -> Result<Session<Begun>, Error> {
        let handle = match self.pools() {
            Pools::Sqlite(sqlite) => {
                let mut writer = sqlite.writer().await?;
                // Set before the statement, because this future may be dropped while it runs: the next writer rolls back.
                writer.in_transaction = true;
                if let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut writer.connection).await {
                    writer.in_transaction = false;
                    return Err(error.into());
                }
                Handle::SqliteWriter(writer)
            }
            Pools::Postgres(pool) => Handle::PostgresTransaction(pool.begin().await?),
        };
        Ok(Session { handle, mode: Begun })
    }

    fn write_to(&self, session: Session<Begun>, space: Space) -> Session<ReadWrite> {
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
            events: Vec::new(),
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
        let mut session = self.write(space).await?;
        space::delete(&mut session).await?;
        session.mode.deletes_space = true;
        session.commit().await
    }
}

impl Session<ReadWrite> {
    /// Makes the writes lasting. Runs to its end even when the caller is dropped, because between the commit and the
    /// caching of the new position this process would still trust what it remembers.
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
                    // Set before the commit, because a file's readers see it before it returns: one that reads on both sides of
                    // it must notice that the generation changed.
                    if at.generation != mode.generation {
                        mode.db.cache_position(space, at);
                    }
                    if let Err(error) = sqlx::query("COMMIT").execute(&mut writer.connection).await {
                        mode.db.invalidate(space);
                        return Err(error.into());
                    }
                    writer.in_transaction = false;
                    // Set before the writing connection is free again, so that the next write comes after it.
                    if mode.deletes_space {
                        mode.db.invalidate(space);
                        mode.db.journals().remove(space);
                    } else {
                        mode.db.cache_position(space, at);
                    }
                    if mode.clears_counters {
                        mode.db.drop_counters(|counted, _| counted == space);
                    }
                    if mode.clears_journal {
                        mode.db.journals().clear(space, at.revision);
                    }
                    for event in mode.events {
                        // It fails only when nobody listens.
                        let _ = mode.db.events().send(Some(event));
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
