//! Opening a database: where it is, how it is tuned, which schema it has.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{
    core::{error::Error, ids::IdSeed, token::Keyring},
    store::{
        db::{Db, Pools},
        error, on, space,
        sqlite::Sqlite,
    },
};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a SQLite connection waits for a lock. This process's own do not lock each other out, and one process owns
/// a file, so it is a stranger's, who may keep it.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// Connections one process keeps to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a request waits for a connection to PostgreSQL, also to one that is away: sqlx knocks until the time is up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection to PostgreSQL that was idle for this long is asked for a sign of life, so that one that died meanwhile
/// costs nobody an answer. Under load nobody pays for the question.
const IDLE_UNASKED: Duration = Duration::from_secs(1);
/// How long a start waits for one connection to PostgreSQL.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a start waits before it knocks at PostgreSQL's door again.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// Where the data is.
#[derive(Debug, Clone)]
pub enum Location {
    /// SQLite in this process's memory.
    Memory,
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL URL.
    Postgres(SecretString),
}

impl Location {
    /// Reads `sqlite::memory:`, `sqlite:///data/locum.db` or `postgres://…`.
    pub fn parse(url: &str) -> Result<Self, String> {
        if url == "sqlite::memory:" {
            return Ok(Self::Memory);
        }
        if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            return if path.is_empty() || path.contains('?') {
                Err("a SQLite URL is sqlite:///absolute/path or sqlite://relative/path, without parameters".to_owned())
            } else {
                Ok(Self::File(path.into()))
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            url.parse::<PgConnectOptions>().map_err(|e| format!("no URL of a PostgreSQL database: {e}"))?;
            return Ok(Self::Postgres(url.to_owned().into()));
        }
        Err("expected sqlite::memory:, sqlite:///data/locum.db or postgres://user@host/database".to_owned())
    }

    /// The data outlives the process.
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Memory)
    }

    /// A file's neighbour with this at the end of its name; `None` where there is no file.
    pub fn beside(&self, ending: &str) -> Option<PathBuf> {
        let Self::File(database) = self else { return None };
        let mut path = database.clone().into_os_string();
        path.push(".");
        path.push(ending);
        Some(path.into())
    }

    /// What may be printed: never a password.
    pub fn describe(&self) -> String {
        match self {
            Self::Memory => "SQLite in memory".to_owned(),
            Self::File(path) => format!("SQLite file {}", path.display()),
            Self::Postgres(url) => match url.expose_secret().parse::<PgConnectOptions>() {
                Ok(options) => describe_postgres(&options),
                Err(_) => "PostgreSQL".to_owned(),
            },
        }
    }
}

fn describe_postgres(options: &PgConnectOptions) -> String {
    let (host, port) = (options.get_host(), options.get_port());
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(directory) => format!("PostgreSQL at {}/.s.PGSQL.{port}, database {database}", directory.display()),
        None if host.contains(':') => format!("PostgreSQL at [{host}]:{port}, database {database}"),
        None => format!("PostgreSQL at {host}:{port}, database {database}"),
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It does not answer, or not as it should.
    #[error("cannot open the database ({place}): {source}{}", error::hint(.source))]
    Connect {
        /// Where.
        place: String,
        /// Why.
        source: sqlx::Error,
    },
    /// Its tables are not ours to change.
    #[error(
        "the database ({place}) has a schema that this version does not know: it was made by a newer Locum. Use that version, or another database"
    )]
    Newer {
        /// Where.
        place: String,
    },
    /// The tables could not be brought up to date.
    #[error(
        "cannot bring the database ({place}) up to date: {source}{}",
        error::of_migration(.source).map_or("", error::hint)
    )]
    Migrate {
        /// Where.
        place: String,
        /// Why.
        source: MigrateError,
    },
    /// The key is not the one the credentials in it were made with.
    #[error(
        "the server key is not the one that the database ({place}) was made with: its tokens could not be recognised. Set --server-key to the first one, or use another database"
    )]
    Key {
        /// Where.
        place: String,
    },
    /// It was away for too long.
    #[error("{source}. Gave up after {waited:?} (--startup-timeout)")]
    GaveUp {
        /// How long it was waited for.
        waited: Duration,
        /// Why it did not open the last time.
        source: Box<OpenError>,
    },
    /// It answered once, and then not.
    #[error("the database ({place}) failed: {source}")]
    Failed {
        /// Where.
        place: String,
        /// Why.
        source: Error,
    },
}

impl OpenError {
    /// The database may open if it is given time.
    fn is_transient(&self) -> bool {
        match self {
            Self::Connect { source, .. } => error::is_transient(source),
            Self::Migrate { source, .. } => error::of_migration(source).is_some_and(error::is_transient),
            Self::Failed { source: Error::Unavailable(source), .. } => {
                source.downcast_ref().is_some_and(error::is_transient)
            }
            _ => false,
        }
    }
}

impl Db {
    /// Opens the database, brings its schema up to date, and checks that the key is its own. PostgreSQL may be away
    /// at first: it is asked again for as long as `patience` says, and the log tells.
    pub async fn open(
        location: &Location,
        keyring: &Keyring,
        id_seed: IdSeed,
        patience: Duration,
    ) -> Result<Self, OpenError> {
        let started = Instant::now();
        loop {
            let error = match Self::try_open(location, keyring, id_seed).await {
                Err(error) if matches!(location, Location::Postgres(_)) && error.is_transient() => error,
                done => return done,
            };
            let left = patience.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(OpenError::GaveUp { waited: patience, source: Box::new(error) });
            }
            tracing::warn!("{error}. Trying again, for {} s more", left.as_secs_f64().ceil());
            pause(left.min(BETWEEN_ATTEMPTS)).await;
        }
    }

    async fn try_open(location: &Location, keyring: &Keyring, id_seed: IdSeed) -> Result<Self, OpenError> {
        let place = location.describe();
        let connect = |source| OpenError::Connect { place: place.clone(), source };
        let migrated = |result: Result<(), MigrateError>| {
            result.map_err(|source| match source {
                MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
                    OpenError::Newer { place: place.clone() }
                }
                source => OpenError::Migrate { place: place.clone(), source },
            })
        };
        let pools = match location {
            Location::Memory => {
                let options = memory_options();
                let mut connection = options.connect().await.map_err(connect)?;
                migrated(SQLITE.run(&mut connection).await)?;
                Pools::Sqlite(Box::new(Sqlite::new(connection, options, true)))
            }
            Location::File(path) => {
                let options = file_options(path);
                let mut connection = options.connect().await.map_err(connect)?;
                migrated(SQLITE.run(&mut connection).await)?;
                Pools::Sqlite(Box::new(Sqlite::new(
                    connection,
                    options.read_only(true).create_if_missing(false),
                    false,
                )))
            }
            Location::Postgres(url) => {
                let options = postgres_options(url).map_err(connect)?;
                // Not by the pool, which keeps to itself why it got no connection.
                let mut connection = first_connection(&options).await.map_err(connect)?;
                migrated(POSTGRES.run(&mut connection).await)?;
                // It did what it was for.
                let _ = connection.close().await;
                Pools::Postgres(postgres_pool(options))
            }
        };
        let db = Self::new(pools, id_seed);
        let is_own_page = db.prepare(&keyring.check_value()).await;
        match is_own_page {
            Ok(true) => Ok(db),
            Ok(false) => Err(OpenError::Key { place }),
            Err(source) => Err(OpenError::Failed { place, source }),
        }
    }

    /// Writes the rows that every database has; `false` when it was made with another key.
    async fn prepare(&self, key_check: &str) -> Result<bool, Error> {
        const OURS: &str = "INSERT INTO server (only_row, key_check) VALUES (1, $1) ON CONFLICT (only_row) DO NOTHING";
        const KEY: &str = "SELECT key_check FROM server";
        let mut session = self.maintenance_session().await?;
        on!(session, |c| sqlx::query(OURS).bind(key_check).execute(c).await.map(drop))?;
        let found: String = on!(session, |c| sqlx::query_scalar(KEY).fetch_one(c).await)?;
        space::ensure_default(&mut session).await?;
        Ok(found == key_check)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut session = self.read().await?;
        on!(session, |c| sqlx::query("SELECT 1").execute(c).await.map(drop))?;
        Ok(())
    }

    /// Closes the connections to PostgreSQL. SQLite's close with the last session.
    pub async fn close(&self) {
        if let Pools::Postgres(pool) = self.pools() {
            pool.close().await;
        }
    }
}

fn sqlite_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.foreign_keys(true).busy_timeout(BUSY_TIMEOUT).synchronous(SqliteSynchronous::Normal).create_if_missing(true)
}

fn file_options(path: &std::path::Path) -> SqliteConnectOptions {
    sqlite_options(SqliteConnectOptions::new().filename(path)).journal_mode(SqliteJournalMode::Wal)
}

/// A name that SQLite's `memdb` VFS shares among this process's connections. The data lives as long as the one that
/// writes.
fn memory_options() -> SqliteConnectOptions {
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let name = format!("/locum-{}", OPENED.fetch_add(1, Ordering::Relaxed));
    sqlite_options(SqliteConnectOptions::new().filename(name).vfs("memdb"))
}

fn postgres_options(url: &SecretString) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(url.expose_secret().parse::<PgConnectOptions>()?.application_name("locum"))
}

async fn first_connection(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    connected.unwrap_or_else(|_| Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer").into()))
}

fn postgres_pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .test_before_acquire(false)
        .before_acquire(|connection, seen| {
            Box::pin(async move {
                // Dead is no error: another one is opened in its place.
                Ok(seen.idle_for < IDLE_UNASKED || connection.ping().await.is_ok())
            })
        })
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options)
}

#[expect(clippy::disallowed_methods, reason = "another process has to get ready; there is nothing to wait on")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
