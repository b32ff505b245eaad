//! Opening a database: where it is, how it is tuned, which schema it has.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions as _, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    session::{Db, Pools},
    space,
    sqlite::Sqlite,
};
use crate::core::{fault::Fault, ids::IdSeed, token::Keyring};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a request waits for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a SQLite connection waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections one process keeps to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;

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
    ///
    /// # Errors
    /// A sentence that shows what was expected.
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
            return Ok(Self::Postgres(url.to_owned().into()));
        }
        Err("expected sqlite::memory:, sqlite:///data/locum.db or postgres://user@host/database".to_owned())
    }

    /// The data outlives the process.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Memory)
    }

    /// What may be printed: never a password.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Memory => "SQLite in memory".to_owned(),
            Self::File(path) => format!("SQLite file {}", path.display()),
            Self::Postgres(_) => "PostgreSQL".to_owned(),
        }
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It does not answer, or not as it should.
    #[error("cannot open the database ({place}): {source}")]
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
    #[error("cannot bring the database ({place}) up to date: {source}")]
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
    /// It answered once, and then not.
    #[error("the database ({place}) failed: {source}")]
    Failed {
        /// Where.
        place: String,
        /// Why.
        source: Fault,
    },
}

impl Db {
    /// Opens the database, brings its schema up to date, and checks that the key is its own.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(location: &Location, keyring: &Keyring, id_seed: IdSeed) -> Result<Self, OpenError> {
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
                let pool = postgres_pool(url).await.map_err(connect)?;
                migrated(POSTGRES.run(&pool).await)?;
                Pools::Postgres(pool)
            }
        };
        let db = Self::new(pools, id_seed);
        let is_ours = db.prepare(&keyring.check_value()).await;
        match is_ours {
            Ok(true) => Ok(db),
            Ok(false) => Err(OpenError::Key { place }),
            Err(source) => Err(OpenError::Failed { place, source }),
        }
    }

    /// Writes the rows that every database has; `false` when it was made with another key.
    async fn prepare(&self, key_check: &str) -> Result<bool, Fault> {
        const OURS: &str = "INSERT INTO server (only_row, key_check) VALUES (1, $1) ON CONFLICT (only_row) DO NOTHING";
        const KEY: &str = "SELECT key_check FROM server";
        let mut session = self.maintain().await?;
        on!(session, |c| sqlx::query(OURS).bind(key_check).execute(c).await.map(drop))?;
        let found: String = on!(session, |c| sqlx::query_scalar(KEY).fetch_one(c).await)?;
        space::ensure_default(&mut session).await?;
        Ok(found == key_check)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn ping(&self) -> Result<(), Fault> {
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

async fn postgres_pool(url: &SecretString) -> Result<PgPool, sqlx::Error> {
    let options: PgConnectOptions = url.expose_secret().parse()?;
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options.application_name("locum"))
        .await
}
