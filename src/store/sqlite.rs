//! SQLite's connections: one that writes, and as many that read as there are cores.
//!
//! They are not in a pool of sqlx's, because those ask a connection for a sign of life after every use: half the
//! cost of a short read.

use std::{sync::Arc, time::Duration};

use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{
    Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit,
    RwLock, Semaphore,
};

use crate::core::error::Error;

/// How long a request waits for its turn on a connection.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// An open SQLite database.
pub(crate) struct Sqlite {
    writer: Arc<RwLock<Writer>>,
    /// Opened when first needed: sqlx gives each a thread of its own.
    readers: Vec<Arc<Mutex<Option<SqliteConnection>>>>,
    free_readers: Arc<Semaphore>,
    options: SqliteConnectOptions,
    /// A file's readers go by its log and never wait for the writer; those of a database in memory do.
    readers_wait: bool,
}

/// The connection that writes.
pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    /// A transaction was begun, and neither committed nor rolled back: its session was dropped.
    pub(crate) in_transaction: bool,
}

/// A connection that reads. The order of the fields matters, because they are dropped in it: the connection has to be
/// back before the permit lets another reader look for it.
pub(crate) struct Reader {
    pub(crate) connection: OwnedMappedMutexGuard<Option<SqliteConnection>, SqliteConnection>,
    _permit: OwnedSemaphorePermit,
    _no_writer: Option<OwnedRwLockReadGuard<Writer>>,
}

impl Sqlite {
    /// `options` open further connections to what `connection` is to.
    pub(crate) fn new(connection: SqliteConnection, options: SqliteConnectOptions, in_memory: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            writer: Arc::new(RwLock::new(Writer { connection, in_transaction: false })),
            readers: (0..cores).map(|_| Arc::default()).collect(),
            free_readers: Arc::new(Semaphore::new(cores)),
            options,
            readers_wait: in_memory,
        }
    }

    /// A connection that reads, once one is free.
    pub(crate) async fn reader(&self) -> Result<Reader, Error> {
        let permit = in_time(Arc::clone(&self.free_readers).acquire_owned()).await?.map_err(Error::internal)?;
        let slot = self.readers.iter().find_map(|reader| Arc::clone(reader).try_lock_owned().ok());
        let mut slot = slot.ok_or_else(|| Error::internal("more permits than readers"))?;
        let no_writer = if self.readers_wait { Some(self.no_writer().await?) } else { None };
        if slot.is_none() {
            *slot = Some(self.options.connect().await?);
        }
        let connection = OwnedMutexGuard::try_map(slot, Option::as_mut);
        Ok(Reader {
            connection: connection.map_err(|_| Error::internal("a reader without a connection"))?,
            _permit: permit,
            _no_writer: no_writer,
        })
    }

    /// Keeps writers away. What a dropped session left open is rolled back first, because it would still lock readers out.
    async fn no_writer(&self) -> Result<OwnedRwLockReadGuard<Writer>, Error> {
        let writer = in_time(Arc::clone(&self.writer).read_owned()).await?;
        if !writer.in_transaction {
            return Ok(writer);
        }
        drop(writer);
        Ok(self.writer().await?.downgrade())
    }

    /// Waits until nobody writes.
    pub(crate) async fn wait_for_writer(&self) -> Result<(), Error> {
        in_time(self.writer.read()).await.map(drop)
    }

    /// The connection that writes, once it is free and what a dropped session left open is rolled back.
    pub(crate) async fn writer(&self) -> Result<OwnedRwLockWriteGuard<Writer>, Error> {
        let mut writer = in_time(Arc::clone(&self.writer).write_owned()).await?;
        if writer.in_transaction {
            // It fails only when there is nothing to roll back, which is what it is for.
            let _ = sqlx::query("ROLLBACK").execute(&mut writer.connection).await;
            writer.in_transaction = false;
        }
        Ok(writer)
    }
}

/// What is waited for no longer than for any connection.
async fn in_time<T>(waiting: impl Future<Output = T>) -> Result<T, Error> {
    let done = tokio::time::timeout(TURN_TIMEOUT, waiting).await;
    done.map_err(|_| Error::from(sqlx::Error::PoolTimedOut))
}
