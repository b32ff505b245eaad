//! PostgreSQL's connections, and how long each may take.
//!
//! They stand in lanes, so that one kind of work cannot use up what another needs: whoever waits for a space to write
//! to keeps no reader waiting, and no counting. They are not in a pool of sqlx's, because that asks a connection for a
//! sign of life after every use, and waits for it without end where the network went silent.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use deadpool::{
    Runtime,
    managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult},
};
use parking_lot::Mutex;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqlSafeStr, postgres::PgConnectOptions};
use tokio::{
    sync::{OwnedMutexGuard, watch},
    time::{error::Elapsed, timeout, timeout_at},
};

use crate::store::{error, turns::TURN_TIMEOUT};

/// How long a use of a connection may take, before the connection is given up: PostgreSQL, or the way to it, is silent.
const USE_LIMIT: Duration = Duration::from_millis(3500);
/// The same for a use that may have to wait for another process's write.
const WRITE_LIMIT: Duration = TURN_TIMEOUT.saturating_add(Duration::from_secs(2));
/// The same where everything of a space is read or replaced.
const WORLD_LIMIT: Duration = Duration::from_mins(1);
/// PostgreSQL itself gives a statement up this much earlier, because then the connection stays good.
const EARLIER: Duration = Duration::from_millis(500);
/// How long it takes at most to open a connection, also to a PostgreSQL that is away: it may just be starting again.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// The same for what is noted down after an answer is there: nobody is to wait for it.
const CLERK_CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// How long a clerk's use of a connection may take.
const CLERK_LIMIT: Duration = Duration::from_millis(2500);
/// How long a PostgreSQL that is away is left alone before it is asked again.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);
/// A connection that was idle for this long is asked for a sign of life, so that one that died meanwhile costs nobody
/// an answer. Under load nobody pays for the question.
const IDLE_UNASKED: Duration = Duration::from_secs(1);
/// How long a sign of life may take.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// A connection that is older is closed, so that what stands between gets to distribute them anew, and PostgreSQL gets
/// back what it keeps for each.
const MAXIMUM_AGE: Duration = Duration::from_mins(30);

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    /// Can only read.
    readers: Pool<Connector>,
    writers: Pool<Connector>,
    /// For what every request writes down: counts and the journal. They wait for nobody's write.
    clerks: Pool<Connector>,
    options: PgConnectOptions,
    closed: watch::Sender<bool>,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Read,
    Write,
    /// See [`Postgres::clerk`].
    Clerk,
}

impl Lane {
    /// How many connections there are at most: one process has 16, and one more while somebody listens to events.
    fn size(self) -> usize {
        match self {
            Self::Read => 8,
            Self::Write | Self::Clerk => 4,
        }
    }

    /// How long a connection of the lane is waited for, whatever keeps it.
    fn wait(self) -> Duration {
        match self {
            Self::Read => Duration::from_secs(3),
            Self::Write => TURN_TIMEOUT,
            Self::Clerk => Duration::from_secs(1),
        }
    }

    /// How long a use may take.
    fn limit(self) -> Duration {
        match self {
            Self::Read => USE_LIMIT,
            Self::Clerk => CLERK_LIMIT,
            Self::Write => WRITE_LIMIT,
        }
    }

    fn connect_limit(self) -> Duration {
        match self {
            Self::Read | Self::Write => CONNECT_LIMIT,
            Self::Clerk => CLERK_CONNECT_LIMIT,
        }
    }

    /// What a connection of the lane is told first. PostgreSQL looks after the network itself, which also keeps what
    /// stands between from forgetting a quiet connection; and it ends what a vanished process has begun.
    fn settings(self) -> String {
        let statement = self.limit().saturating_sub(EARLIER).as_millis();
        let lock = TURN_TIMEOUT.min(self.limit().saturating_sub(EARLIER * 2)).as_millis();
        let idle = WORLD_LIMIT.as_millis();
        let read_only = if self == Self::Read { "on" } else { "off" };
        // What is counted and noted is worth less than the time of a disk: with the power, the last of it may be lost.
        let lasting = if self == Self::Clerk { "off" } else { "on" };
        format!(
            "SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = {idle}; \
             SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
             SET synchronous_commit = {lasting}; SET default_transaction_read_only = {read_only}"
        )
    }
}

impl Postgres {
    pub(crate) fn new(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        let last_silence = Arc::default();
        let pool = |lane: Lane| {
            let connector = Connector { lane, options: options.clone(), last_silence: Arc::clone(&last_silence) };
            Pool::builder(connector)
                .max_size(lane.size())
                .queue_mode(QueueMode::Lifo)
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(lane.wait()))
                .build()
                .map_err(|e| sqlx::Error::Configuration(e.into()))
        };
        Ok(Self {
            readers: pool(Lane::Read)?,
            writers: pool(Lane::Write)?,
            clerks: pool(Lane::Clerk)?,
            options: options.clone(),
            closed: watch::Sender::new(false),
        })
    }

    /// Opens connections to the same database.
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// A connection that can only read.
    pub(crate) async fn reader(&self) -> Result<Lease, sqlx::Error> {
        Lease::of(&self.readers).await
    }

    /// A connection for one statement that writes, which PostgreSQL makes a transaction of its own.
    pub(crate) async fn clerk(&self) -> Result<Lease, sqlx::Error> {
        Lease::of(&self.clerks).await
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self, turn: Option<OwnedMutexGuard<()>>) -> Result<Lease, sqlx::Error> {
        let mut lease = begin(&self.writers, "BEGIN").await?;
        lease.turn = turn;
        Ok(lease)
    }

    /// Begins a transaction that reads everything as of one moment.
    pub(crate) async fn begin_reading(&self) -> Result<Lease, sqlx::Error> {
        begin(&self.readers, "BEGIN ISOLATION LEVEL REPEATABLE READ").await
    }

    /// Tells when the database was closed.
    pub(crate) fn closed(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Closes what is idle, and lets nobody have a connection any more.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
        [&self.readers, &self.writers, &self.clerks].into_iter().for_each(Pool::close);
    }
}

/// Begins a transaction. Nothing was written before it, so what does not answer is left for another connection.
async fn begin(pool: &Pool<Connector>, statement: &'static str) -> Result<Lease, sqlx::Error> {
    let mut lease = Lease::of(pool).await?;
    if let Ok(()) = lease.begin(statement).await {
        return Ok(lease);
    }
    drop(lease);
    let mut lease = Lease::of(pool).await?;
    lease.begin(statement).await?;
    Ok(lease)
}

/// Opens the connections of a lane.
struct Connector {
    lane: Lane,
    options: PgConnectOptions,
    /// When a connection of any lane was silent last. What was not used since then is as old, and not asked one by one.
    last_silence: Arc<Mutex<Option<Instant>>>,
}

struct Kept {
    connection: PgConnection,
    last_use: Instant,
}

impl Connector {
    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        connection.execute(sqlx::AssertSqlSafe(self.lane.settings())).await?;
        Ok(connection)
    }

    fn note_silence(&self) {
        *self.last_silence.lock() = Some(Instant::now());
    }
}

impl Manager for Connector {
    type Type = Kept;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Kept, sqlx::Error> {
        let limit = self.lane.connect_limit();
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let error = match timeout_at(deadline, Box::pin(self.connect())).await {
                Ok(Ok(connection)) => return Ok(Kept { connection, last_use: Instant::now() }),
                Ok(Err(error)) => error,
                Err(Elapsed { .. }) => silent("it could not be connected to", limit),
            };
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if !error::is_transient(&error) || left < BETWEEN_ATTEMPTS {
                return Err(error);
            }
            pause(BETWEEN_ATTEMPTS).await;
        }
    }

    async fn recycle(&self, kept: &mut Kept, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() > MAXIMUM_AGE {
            return Err(RecycleError::message("it is old"));
        }
        if self.last_silence.lock().is_some_and(|silence| kept.last_use < silence) {
            return Err(RecycleError::message("it may be silent"));
        }
        if kept.last_use.elapsed() < IDLE_UNASKED {
            return Ok(());
        }
        if let Ok(answered) = timeout(SIGN_OF_LIFE, Box::pin(kept.connection.ping())).await {
            return Ok(answered?);
        }
        self.note_silence();
        Err(RecycleError::message("it is silent"))
    }
}

/// A connection for one session. Dropped, it goes back, or is closed where nobody knows what is under way on it.
pub(crate) struct Lease {
    /// `None` once it was closed.
    kept: Option<Object<Connector>>,
    limit: Duration,
    /// A use began and did not end: its future was dropped.
    in_use: bool,
    in_transaction: bool,
    /// This process's turn to write to a space, kept until the connection is back.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Lease {
    async fn of(pool: &Pool<Connector>) -> Result<Self, sqlx::Error> {
        let lane = pool.manager().lane;
        // All of it together: until one is free, until those that died are found out, until a new one is there.
        let kept = match timeout(lane.wait(), pool.get()).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(PoolError::Backend(error))) => return Err(error),
            Ok(Err(PoolError::Closed)) => return Err(sqlx::Error::PoolClosed),
            Ok(Err(PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_))) => {
                return Err(sqlx::Error::PoolTimedOut);
            }
            Err(Elapsed { .. }) => return Err(silent("no connection could be had", lane.wait())),
        };
        let limit = lane.limit();
        Ok(Self { kept: Some(kept), limit, in_use: false, in_transaction: false, turn: None })
    }

    /// The connection, for one use, and how long that may take. What became of it is told to [`Self::end_use`].
    pub(crate) fn begin_use(&mut self) -> Result<(&mut PgConnection, Duration), sqlx::Error> {
        let Some(kept) = &mut self.kept else { return Err(sqlx::Error::PoolClosed) };
        self.in_use = true;
        Ok((&mut kept.connection, self.limit))
    }

    pub(crate) fn end_use<T>(&mut self, done: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<T, sqlx::Error> {
        let done = done.unwrap_or_else(|Elapsed { .. }| {
            self.note_silence();
            Err(silent("it did not answer", self.limit))
        });
        self.in_use = false;
        // After what else PostgreSQL itself says, and after what this program cannot read, the connection goes on.
        if let Err(error) = &done {
            let is_lost = error::is_lost_connection(error);
            if is_lost {
                // Whatever ended this one may have ended all of them.
                self.note_silence();
            }
            if is_lost || matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_)) {
                self.close_hard();
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.last_use = Instant::now();
        }
        done
    }

    fn note_silence(&self) {
        if let Some(pool) = self.kept.as_ref().and_then(Object::pool) {
            pool.manager().note_silence();
        }
    }

    /// Closes the connection without a word to PostgreSQL, which may not hear it.
    fn close_hard(&mut self) {
        drop(self.kept.take().map(Object::take));
    }

    async fn execute(&mut self, statement: impl SqlSafeStr + Send) -> Result<(), sqlx::Error> {
        let (connection, limit) = self.begin_use()?;
        let done = timeout(limit, connection.execute(sqlx::raw_sql(statement))).await;
        self.end_use(done).map(drop)
    }

    async fn begin(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.in_transaction = true;
        let limit = std::mem::replace(&mut self.limit, SIGN_OF_LIFE);
        self.execute(statement).await?;
        self.limit = limit;
        Ok(())
    }

    /// Lets each of the transaction's statements take as long as what replaces a world.
    pub(crate) async fn be_patient(&mut self) -> Result<(), sqlx::Error> {
        let milliseconds = WORLD_LIMIT.saturating_sub(EARLIER).as_millis();
        self.execute(sqlx::AssertSqlSafe(format!("SET LOCAL statement_timeout = {milliseconds}"))).await?;
        self.limit = WORLD_LIMIT;
        Ok(())
    }

    /// Makes the transaction's writes lasting.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.commit_by("COMMIT").await
    }

    /// The same, in one trip with a last statement.
    pub(crate) async fn commit_saying(&mut self, statement: &str) -> Result<(), sqlx::Error> {
        self.commit_by(sqlx::AssertSqlSafe(format!("{statement}; COMMIT"))).await
    }

    async fn commit_by(&mut self, statements: impl SqlSafeStr + Send) -> Result<(), sqlx::Error> {
        self.execute(statements).await?;
        self.in_transaction = false;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.in_use && !self.in_transaction {
            return;
        }
        let Some(mut kept) = self.kept.take() else { return };
        // Without a runtime the process is ending, and the connection with it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return drop(Object::take(kept)) };
        let (in_transaction, turn) = (self.in_transaction, self.turn.take());
        runtime.spawn(async move {
            let rest = async {
                if in_transaction {
                    kept.connection.execute("ROLLBACK").await.map(drop)
                } else {
                    kept.connection.ping().await
                }
            };
            match timeout(SIGN_OF_LIFE, rest).await {
                Ok(Ok(())) => kept.last_use = Instant::now(),
                Ok(Err(_)) | Err(Elapsed { .. }) => drop(Object::take(kept)),
            }
            drop(turn);
        });
    }
}

fn silent(what: &str, limit: Duration) -> sqlx::Error {
    let why = format!("PostgreSQL is silent: {what} within {} s", limit.as_secs_f64());
    std::io::Error::new(std::io::ErrorKind::TimedOut, why).into()
}

/// Leaves a database alone that is away, before it is asked again.
#[expect(clippy::disallowed_methods, reason = "another process has to get ready; there is nothing to wait on")]
pub(in crate::store) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
