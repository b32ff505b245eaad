//! What happens in spaces, for whoever waits for it, in whichever process it happens.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{
    sync::broadcast,
    time::{error::Elapsed, timeout},
};

use crate::{
    core::error::Error,
    domain::organization::SpaceId,
    store::{
        db::{Db, Pools},
        dialect::Dialect,
        on,
        postgres::{Postgres, pause},
        session::{ReadWrite, Session},
    },
};

pub use crate::store::event::{Event, EventKind};

/// How long PostgreSQL is left alone when it does not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it may take to listen.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// After how long without an event the connection is asked for a sign of life.
const QUIET: Duration = Duration::from_secs(5);
/// How long a sign of life may take.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

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
        if let Pools::Postgres(postgres) = self.pools() {
            self.relay().get_or_try_init(async || relay(self, postgres).await).await?;
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
async fn relay(db: &Db, postgres: &Postgres) -> Result<(), Error> {
    const NAME: &str = "SELECT 'locum_' || current_schema()";
    let mut session = db.read().await?;
    let channel: String = on!(session, |c| sqlx::query_scalar(NAME).fetch_one(c).await)?;
    drop(session);
    let (options, events, mut closed) = (postgres.options().clone(), db.events().clone(), postgres.closed());
    let mut listener = connect(&options, &channel).await?;
    tokio::spawn(async move {
        let pass_on = async {
            loop {
                if let Some(event) = next(&mut listener).await {
                    // It fails only when nobody listens.
                    let _ = events.send(Some(event));
                    continue;
                }
                let _ = events.send(None);
                listener = loop {
                    match connect(&options, &channel).await {
                        Ok(listener) => break listener,
                        Err(_) => pause(PAUSE).await,
                    }
                };
                // What happened until now.
                let _ = events.send(None);
            }
        };
        tokio::select! {
            () = pass_on => {}
            // An error means that the database is gone, which is a close too.
            _ = closed.wait_for(|closed| *closed) => {}
        }
    });
    Ok(())
}

/// Makes a connection that listens. Not one of the database's other connections, because it is kept.
async fn connect(options: &PgConnectOptions, channel: &str) -> Result<PgListener, sqlx::Error> {
    let connected = async {
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options.clone())).await?;
        listener.listen(channel).await?;
        Ok(listener)
    };
    timeout(CONNECT_LIMIT, connected).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// The next event; `None` when the connection is lost. One on which nothing happens is asked for a sign of life now and
/// then, because it may have been silenced.
async fn next(listener: &mut PgListener) -> Option<Event> {
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                // One that cannot be read is of a newer version; nobody here asks for it.
                if let Ok(event) = serde_json::from_str(notification.payload()) {
                    return Some(event);
                }
            }
            Ok(Ok(None) | Err(_)) => return None,
            Err(Elapsed { .. }) => {
                let asked = timeout(SIGN_OF_LIFE, sqlx::query("SELECT 1").execute(&mut *listener)).await;
                if !matches!(asked, Ok(Ok(_))) {
                    return None;
                }
            }
        }
    }
}

/// What tells whoever listens to PostgreSQL, as a statement without binds: it can be sent with the commit.
pub(crate) fn notification(happened: EventKind, space: SpaceId, id: &str) -> Result<String, Error> {
    let payload = happened.payload(space, id)?.replace('\'', "''");
    Ok(notify(&format!("'{payload}'")))
}

fn notify(payload: &str) -> String {
    format!("SELECT pg_notify('locum_' || current_schema(), {payload})")
}

/// With the commit, whoever listens is told.
pub(crate) async fn tell(db: &mut Session<ReadWrite>, happened: EventKind, id: &str) -> Result<(), Error> {
    let space = db.space().id;
    match db.dialect() {
        Dialect::Postgres => {
            let payload = happened.payload(space, id)?;
            let sql = sqlx::AssertSqlSafe(notify("$1"));
            on!(db, |c| sqlx::query(sql).bind(&payload).execute(c).await.map(drop))?;
        }
        Dialect::Sqlite => db.tell_at_commit(Event { space: space.0, happened, id: id.to_owned() }),
    }
    Ok(())
}
