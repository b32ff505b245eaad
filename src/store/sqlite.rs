//! SQLite's connections: one that writes, and as many that read as there are cores.
//!
//! They are not in a pool of sqlx's, because those ask a connection for a sign of life after every use: half the
//! cost of a short read.

use std::{sync::Arc, time::Duration};

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{
    Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit,
    RwLock, Semaphore,
};

use crate::{
    core::error::Error,
    store::{
        file::{OpenFile, say_keep_log},
        sql::{Bind, Sql, bound},
        turns::TURN_TIMEOUT,
    },
};

/// How long closing a database may take: whoever stops Locum waits for it, and often kills what is not gone in 10 s.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Ends a transaction that lasts.
pub(crate) const COMMIT: &str = "COMMIT";
/// Values that waiting statements bind, before they are sent: SQLite looks each up among those before it.
const MOST_BINDS_WAITING: usize = 100;
/// Values in a text of several statements that is kept prepared.
const MOST_BINDS_KEPT: usize = 24;

/// An open SQLite database.
pub(crate) struct Sqlite {
    writer: Arc<RwLock<Writer>>,
    /// Opened when first needed: sqlx gives each a thread of its own.
    readers: Vec<Arc<Mutex<Option<SqliteConnection>>>>,
    free_readers: Arc<Semaphore>,
    /// Open what can only read.
    options: SqliteConnectOptions,
    place: Place,
}

/// Where the data is.
pub(crate) enum Place {
    /// Its readers wait for the writer.
    Memory,
    /// Its readers go by the file's log and never wait for the writer.
    File(OpenFile),
}

/// The connection that writes.
pub(crate) struct Writer {
    /// `None` when the database was closed.
    connection: Option<SqliteConnection>,
    /// A transaction was begun, and neither committed nor rolled back.
    in_transaction: bool,
}

/// A connection that reads.
pub(crate) struct Reader {
    /// `None` only while it is dropped.
    held: Option<HeldReader>,
    /// A transaction was begun, which is over when this is dropped.
    in_transaction: bool,
}

/// The order of the fields matters, because they are dropped in it: the connection has to be back before the permit
/// lets another reader look for it.
struct HeldReader {
    connection: OwnedMappedMutexGuard<Option<SqliteConnection>, SqliteConnection>,
    _permit: OwnedSemaphorePermit,
    _no_writer: Option<OwnedRwLockReadGuard<Writer>>,
}

/// The connection that writes, in a transaction that is rolled back when this is dropped: at once, because it keeps
/// whoever else has the file open from writing, and does not wait for this process's next write.
pub(crate) struct WriteTransaction {
    /// `None` only while it is dropped.
    writer: Option<OwnedRwLockWriteGuard<Writer>>,
    /// Statements of which nothing is asked: they go to SQLite's thread with the next one, because the way there and
    /// back takes longer than most statements.
    waiting: Sql,
    /// Some that waited may not have run: nothing runs after them, because it would be without them.
    is_broken: bool,
}

impl Sqlite {
    /// `readers` open connections to what `connection` is to, which can only read.
    pub(crate) fn new(connection: SqliteConnection, readers: SqliteConnectOptions, place: Place) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            writer: Arc::new(RwLock::new(Writer { connection: Some(connection), in_transaction: false })),
            readers: (0..cores).map(|_| Arc::default()).collect(),
            free_readers: Arc::new(Semaphore::new(cores)),
            options: readers.pragma("query_only", "ON"),
            place,
        }
    }

    /// A connection that reads, once one is free.
    pub(crate) async fn reader(&self) -> Result<Reader, Error> {
        self.check_file()?;
        let permit = in_time(Arc::clone(&self.free_readers).acquire_owned()).await?.map_err(|_| closed())?;
        let slot = self.readers.iter().find_map(|reader| Arc::clone(reader).try_lock_owned().ok());
        let mut slot = slot.ok_or_else(|| Error::internal("more permits than readers"))?;
        let no_writer = match self.place {
            Place::Memory => Some(self.no_writer().await?),
            Place::File(_) => None,
        };
        if slot.is_none() {
            *slot = Some(self.options.connect().await?);
        }
        let connection = OwnedMutexGuard::try_map(slot, Option::as_mut);
        let held = HeldReader {
            connection: connection.map_err(|_| Error::internal("a reader without a connection"))?,
            _permit: permit,
            _no_writer: no_writer,
        };
        Ok(Reader { held: Some(held), in_transaction: false })
    }

    /// A connection that reads everything as of one moment. In memory that is any reader, because nobody writes beside
    /// it.
    pub(crate) async fn begin_reading(&self) -> Result<Reader, Error> {
        let mut reader = self.reader().await?;
        if let Place::File(_) = self.place {
            // Set before the statement, because this future may be dropped while it runs.
            reader.in_transaction = true;
            sqlx::query("BEGIN").execute(reader.connection()?).await?;
        }
        Ok(reader)
    }

    /// Keeps writers away. What a dropped session left open is rolled back first, because it would still lock readers
    /// out.
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
    async fn writer(&self) -> Result<OwnedRwLockWriteGuard<Writer>, Error> {
        let mut writer = in_time(Arc::clone(&self.writer).write_owned()).await?;
        writer.roll_back().await;
        Ok(writer)
    }

    /// A transaction, once nobody else is in one. It begins with its first statement.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction, Error> {
        self.check_file()?;
        let mut writer = self.writer().await?;
        // Set before it begins, because a future may be dropped while it does.
        writer.in_transaction = true;
        Ok(WriteTransaction { writer: Some(writer), waiting: Sql::new("BEGIN IMMEDIATE"), is_broken: false })
    }

    fn check_file(&self) -> Result<(), Error> {
        match &self.place {
            Place::File(file) => file.check(),
            Place::Memory => Ok(()),
        }
    }

    /// Closes every connection, once nobody uses it, and brings what is in a file's log into the file: the file alone
    /// is all of the data then.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is not, and what is to be done.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        let closed = tokio::time::timeout(CLOSE_LIMIT, self.close_connections()).await;
        let Place::File(file) = &self.place else { return Ok(()) };
        file.check()?;
        let Some(log) = file.find_log() else { return Ok(()) };
        let why = match closed {
            Ok(Ok(())) => "another process has the file open".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it took longer than {CLOSE_LIMIT:?}"),
        };
        Err(say_keep_log(&log, file.path(), &why))
    }

    async fn close_connections(&self) -> Result<(), sqlx::Error> {
        // Nobody gets a reader any more, and who has one ends.
        self.free_readers.close();
        for reader in &self.readers {
            if let Some(reader) = reader.lock().await.take() {
                reader.close().await?;
            }
        }
        let mut writer = Arc::clone(&self.writer).write_owned().await;
        writer.roll_back().await;
        let Some(mut connection) = writer.connection.take() else { return Ok(()) };
        let moved = match self.place {
            Place::File(_) => sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.map(drop),
            Place::Memory => Ok(()),
        };
        connection.close().await?;
        moved
    }
}

impl Writer {
    async fn roll_back(&mut self) {
        if let Some(connection) = self.connection.as_mut().filter(|_| self.in_transaction) {
            // It fails only when there is nothing to roll back, which is what it is for.
            let _ = sqlx::query("ROLLBACK").execute(connection).await;
        }
        self.in_transaction = false;
    }
}

impl Reader {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        self.held.as_mut().map(|held| &mut *held.connection).ok_or(sqlx::Error::PoolClosed)
    }
}

impl HeldReader {
    async fn roll_back(mut self) {
        // It fails only when there is nothing to end.
        let _ = sqlx::query("ROLLBACK").execute(&mut *self.connection).await;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(held) = self.held.take().filter(|_| self.in_transaction) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(held.roll_back());
        }
    }
}

impl WriteTransaction {
    /// The connection, once the statements that waited have run.
    pub(crate) async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if self.is_broken {
            return Err(sqlx::Error::Protocol("statements before this one have not run".to_owned()));
        }
        let waiting = self.take_waiting();
        let connection = self.writer.as_mut().and_then(|writer| writer.connection.as_mut());
        let connection = connection.ok_or(sqlx::Error::PoolClosed)?;
        if !waiting.text().is_empty() {
            // A text that is like no other would drive one that comes again out of the prepared ones.
            let comes_again = waiting.count_binds() <= MOST_BINDS_KEPT;
            let (sql, binds) = waiting.into_parts();
            // Set before they run, because this future may be dropped while they do.
            self.is_broken = true;
            bound!(sqlx::query(sql), binds).persistent(comes_again).execute(&mut *connection).await?;
            self.is_broken = false;
        }
        Ok(connection)
    }

    /// The statements that wait: whoever takes them sends them.
    pub(crate) fn take_waiting(&mut self) -> Sql {
        std::mem::take(&mut self.waiting)
    }

    /// Lets a statement wait for the next one.
    pub(crate) fn add_waiting(&mut self, statement: &str, binds: impl IntoIterator<Item = Bind>) {
        self.waiting.push_statement(statement, binds);
    }

    /// Whether no more statements should wait, because SQLite numbers what they bind.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.count_binds() >= MOST_BINDS_WAITING
    }

    /// Makes the writes lasting. Nobody else writes before what is returned is dropped.
    pub(crate) async fn commit(mut self) -> Result<Self, sqlx::Error> {
        self.add_waiting(COMMIT, []);
        self.connection().await?;
        self.forget();
        Ok(self)
    }

    /// There is nothing to roll back.
    pub(crate) fn forget(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.in_transaction = false;
        }
    }
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        let Some(mut writer) = self.writer.take().filter(|writer| writer.in_transaction) else { return };
        // Without a runtime the process is ending, and the transaction with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { writer.roll_back().await });
        }
    }
}

fn closed() -> Error {
    sqlx::Error::PoolClosed.into()
}

/// What is waited for no longer than for any turn.
async fn in_time<T>(waiting: impl Future<Output = T>) -> Result<T, Error> {
    let done = tokio::time::timeout(TURN_TIMEOUT, waiting).await;
    done.map_err(|_| Error::from(sqlx::Error::PoolTimedOut))
}
