//! What happens in spaces, for whoever waits for it, in whichever process it happens.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::broadcast;

use crate::{
    core::error::Error,
    domain::organization::SpaceId,
    store::session::{Db, Driver, Pools, ReadWrite, Session},
};

/// Events that a slow listener may lag behind before it misses some.
pub(crate) const BACKLOG: usize = 1024;
/// How long PostgreSQL is left alone when it does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Something that happened in a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A request was answered, and is in the journal.
    Request,
    /// Something was written.
    State,
    /// The clock was set.
    Clock,
    /// The faults to inject are others now, or one hit.
    Fault,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// In which space.
    pub space: i64,
    /// What.
    pub happened: EventKind,
    /// The request's id, or the fault's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
}

/// What listeners are told; `None` when they may have missed something.
pub(crate) type Told = Option<Event>;

/// A seat from which one space's events are seen.
pub struct Listener {
    events: broadcast::Receiver<Told>,
    space: SpaceId,
}

impl Listener {
    /// The next event; `None` when some may have been missed.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.events.recv().await {
                Ok(Some(event)) if event.space != self.space.0 => {}
                Ok(described) => return described,
                // It lagged behind: whoever tells lives as long as the database.
                Err(_) => return None,
            }
        }
    }
}

impl EventKind {
    /// What PostgreSQL passes on.
    pub(crate) fn payload(self, space: SpaceId, id: &str) -> Result<String, Error> {
        let event = Event { space: space.0, happened: self, id: id.to_owned() };
        serde_json::to_string(&event).map_err(Error::internal)
    }
}

impl Db {
    /// Listens to what happens in a space from here on, in any process on the database.
    pub async fn listen(&self, space: SpaceId) -> Result<Listener, Error> {
        let events = self.events().subscribe();
        if let Pools::Postgres(pool) = self.pools() {
            self.relay().get_or_try_init(async || relay(pool, self.events().clone()).await).await?;
        }
        Ok(Listener { events, space })
    }

    /// Tells whoever listens. PostgreSQL tells everybody itself.
    pub(crate) fn tell(&self, space: SpaceId, happened: EventKind, id: &str) {
        let events = self.events();
        if !self.is_shared() && events.receiver_count() > 0 {
            // It fails only when nobody listens any more.
            let _ = events.send(Some(Event { space: space.0, happened, id: id.to_owned() }));
        }
    }
}

/// Passes on what PostgreSQL says, to this process's listeners. Its channels are the database's, ours the schema's.
async fn relay(pool: &PgPool, events: broadcast::Sender<Told>) -> Result<(), Error> {
    const NAME: &str = "SELECT 'locum_' || current_schema()";
    let name: String = sqlx::query_scalar(NAME).fetch_one(pool).await?;
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(&name).await?;
    let pool = pool.clone();
    tokio::spawn(async move {
        while !pool.is_closed() {
            let described = match listener.try_recv().await {
                Ok(Some(notification)) => serde_json::from_str(notification.payload()).ok(),
                // The connection was lost; the next call makes another.
                Ok(None) => None,
                Err(_) => {
                    pause().await;
                    None
                }
            };
            // It fails only when nobody listens.
            let _ = events.send(described);
        }
    });
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a database that is away is not asked without end")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

/// With the commit, whoever listens is told.
pub(crate) async fn tell(db: &mut Session<ReadWrite>, happened: EventKind, id: &str) -> Result<(), Error> {
    const SQL: &str = "SELECT pg_notify('locum_' || current_schema(), $1)";
    let space = db.space().id;
    if let Driver::Postgres(c) = db.driver() {
        sqlx::query(SQL).bind(happened.payload(space, id)?).execute(c).await?;
    } else {
        db.tell_at_commit(Event { space: space.0, happened, id: id.to_owned() });
    }
    Ok(())
}
