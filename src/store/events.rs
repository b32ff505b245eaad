//! What happens in spaces, for whoever waits for it, in whichever process it happens.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::broadcast;

use crate::{
    core::error::Error,
    domain::organization::SpaceId,
    store::{
        db::{Db, Pools},
        session::{Driver, ReadWrite, Session},
    },
};

pub use crate::store::event::{Event, EventKind};

/// How long PostgreSQL is left alone when it does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Receives the events of one space.
pub struct Listener {
    events: broadcast::Receiver<Option<Event>>,
    space: SpaceId,
}

impl Listener {
    /// The next event; `None` when some may have been missed.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.events.recv().await {
                Ok(Some(event)) if event.space != self.space.0 => {}
                Ok(event) => return event,
                // It lagged behind. The sender lives as long as the database, so the channel is not closed.
                Err(_) => return None,
            }
        }
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
async fn relay(pool: &PgPool, events: broadcast::Sender<Option<Event>>) -> Result<(), Error> {
    const NAME: &str = "SELECT 'locum_' || current_schema()";
    let name: String = sqlx::query_scalar(NAME).fetch_one(pool).await?;
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(&name).await?;
    let pool = pool.clone();
    tokio::spawn(async move {
        while !pool.is_closed() {
            let event = match listener.try_recv().await {
                Ok(Some(notification)) => serde_json::from_str(notification.payload()).ok(),
                // The connection was lost; the next call makes another.
                Ok(None) => None,
                Err(_) => {
                    pause().await;
                    None
                }
            };
            // It fails only when nobody listens.
            let _ = events.send(event);
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
