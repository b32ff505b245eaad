//! Opening a database: how it is tuned, which schema it has, whose key its credentials were made with.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, SqliteConnection,
    migrate::MigrateError,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};

use crate::{
    core::{error::Error, ids::IdSeed, token::Keyring},
    store::{
        db::{Db, Pools},
        error,
        file::OpenFile,
        location::Location,
        migrations, on,
        open_error::OpenError,
        postgres::{Postgres, pause},
        postgres_options, space,
        sqlite::{Place, Sqlite},
    },
};

/// How long a SQLite connection waits for a lock. This process's own do not lock each other out, and one process owns
/// a file, so it is a stranger's, who may keep it.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// How much of a database in memory each connection keeps a copy of: -KiB, as SQLite counts. What it looks up is as near
/// without.
const PAGES_KEPT: &str = "-256";
/// How long a start waits for one connection to PostgreSQL.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a start waits before it knocks at PostgreSQL's door again.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// What opens a database, and how.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    pub location: &'a Location,
    pub id_seed: IdSeed,
    /// How long PostgreSQL may be away.
    pub patience: Duration,
    /// What was there is to be replaced, so it does not matter that nothing is.
    pub begins_anew: bool,
    /// Where the key is kept, unless somebody gave it.
    pub key_file: Option<&'a Path>,
}

impl Opening<'_> {
    /// Opens the database, brings its schema up to date, and checks that the key is its own. `key` is asked for once
    /// there is a database that it can be kept beside. PostgreSQL may be away at first: it is asked again, and the log
    /// tells.
    pub async fn open(self, key: impl Fn() -> Result<Keyring, OpenError>) -> Result<(Db, Keyring), OpenError> {
        let started = Instant::now();
        loop {
            let error = match self.try_open(&key).await {
                Err(error) if matches!(self.location, Location::Postgres(_)) && error.is_transient() => error,
                done => return done,
            };
            let left = self.patience.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(OpenError::GaveUp { waited: self.patience, source: Box::new(error) });
            }
            tracing::warn!("{error}. Trying again, for {} s more", left.as_secs_f64().ceil());
            pause(left.min(BETWEEN_ATTEMPTS)).await;
        }
    }

    async fn try_open(self, key: impl Fn() -> Result<Keyring, OpenError>) -> Result<(Db, Keyring), OpenError> {
        let place = self.location.describe();
        let connect = |source| OpenError::Connect { place: place.clone(), source };
        let migrated = |result: Result<(), MigrateError>| {
            result.map_err(|source| match source {
                MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
                    OpenError::Newer { place: place.clone() }
                }
                source => OpenError::Migrate { place: place.clone(), source },
            })
        };
        let pools = match self.location {
            Location::Memory => {
                let options = memory_options();
                let mut connection = options.connect().await.map_err(connect)?;
                sqlx::raw_sql(migrations::SQLITE_SCHEMA).execute(&mut connection).await.map_err(connect)?;
                Pools::Sqlite(Box::new(Sqlite::new(connection, options, Place::Memory)))
            }
            Location::File(path) => {
                self.check_there(path)?;
                let file = OpenFile::lock(path, &place)?;
                let options = sqlite_options(SqliteConnectOptions::new().filename(path)).create_if_missing(false);
                let mut connection = options.connect().await.map_err(connect)?;
                self.check_content(&mut connection).await?;
                file.make_private();
                sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await.map_err(connect)?;
                migrated(migrations::sqlite().run(&mut connection).await)?;
                Pools::Sqlite(Box::new(Sqlite::new(connection, options.read_only(true), Place::File(file))))
            }
            Location::Postgres(url) => {
                let options = read_postgres_options(url).map_err(connect)?;
                // Not by a pool, because nobody knows the schema yet.
                let mut connection = first_connection(&options).await.map_err(connect)?;
                migrated(migrations::postgres().run(&mut connection).await)?;
                // It did what it was for.
                let _ = connection.close().await;
                Pools::Postgres(Box::new(Postgres::new(&options).map_err(connect)?))
            }
        };
        let db = Db::new(pools, self.id_seed);
        let keyring = key()?;
        match db.prepare(&keyring.check_value()).await {
            Ok(true) => Ok((db, keyring)),
            Ok(false) => Err(OpenError::Key { place }),
            Err(source) => Err(OpenError::Failed { place, source }),
        }
    }

    /// Refuses a file that is not there beside a key: it once held data, which may be elsewhere.
    fn check_there(self, path: &Path) -> Result<(), OpenError> {
        match self.find_key().filter(|_| !path.exists()) {
            Some(key) => Err(OpenError::Missing { place: self.location.describe(), key }),
            None => Ok(()),
        }
    }

    /// Refuses what is not ours, before anything is written to it; a file without tables beside a key, because it once
    /// held data, which would be lost behind a new seed; and data whose key is gone, because no other one fits.
    async fn check_content(self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        // What a start leaves that was killed before its first migration was done is like nothing.
        const TABLES: &str = "SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'), \
                              (SELECT COUNT(*) FROM pragma_table_info('server') WHERE name = 'key_check')";
        const KEYS: &str = "SELECT COUNT(*) FROM server";
        let place = self.location.describe();
        let failed = |source| OpenError::Connect { place: place.clone(), source };
        let (tables, ours): (i64, i64) = sqlx::query_as(TABLES).fetch_one(&mut *connection).await.map_err(failed)?;
        if tables == 0 {
            return self.find_key().map_or(Ok(()), |key| Err(OpenError::Empty { place, key }));
        }
        if ours == 0 {
            return Err(OpenError::Foreign { place });
        }
        let Some(key) = self.key_file.filter(|key| !key.exists()) else { return Ok(()) };
        let keys: i64 = sqlx::query_scalar(KEYS).fetch_one(connection).await.map_err(failed)?;
        if keys == 0 { Ok(()) } else { Err(OpenError::KeyMissing { place, key: key.to_owned() }) }
    }

    /// The key beside a file, where it shows that there was data, and that matters. An empty one was never finished.
    fn find_key(self) -> Option<PathBuf> {
        let is_whole = |key: &PathBuf| key.metadata().is_ok_and(|found| found.len() > 0);
        self.location.beside("key").filter(|key| !self.begins_anew && is_whole(key))
    }
}

impl Db {
    /// Writes the rows that every database has; `false` when it was made with another key.
    async fn prepare(&self, key_check: &str) -> Result<bool, Error> {
        const OURS: &str = "INSERT INTO server (only_row, key_check) VALUES (1, $1) ON CONFLICT (only_row) DO NOTHING";
        const KEY: &str = "SELECT key_check FROM server";
        let mut session = self.begin().await?;
        on!(session, |c| sqlx::query(OURS).bind(key_check).execute(c).await.map(drop))?;
        let found: String = on!(session, |c| sqlx::query_scalar(KEY).fetch_one(c).await)?;
        space::ensure_default(&mut session).await?;
        session.commit().await?;
        Ok(found == key_check)
    }

    /// Whether the database answers what every request asks it.
    pub async fn ping(&self) -> Result<(), Error> {
        const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM credential c JOIN organization o \
                           ON o.id = c.organization_id JOIN space s ON s.id = o.space_id LIMIT 1) AS first";
        let mut session = self.read().await?;
        let asked = on!(session, |c| sqlx::query(SQL).execute(c).await.map(drop));
        if self.is_shared() && asked.as_ref().is_err_and(error::is_lost_connection) {
            // The connection had been closed before. That says nothing of whether the database is there.
            let mut session = self.read().await?;
            on!(session, |c| sqlx::query(SQL).execute(c).await.map(drop))?;
            return Ok(());
        }
        asked?;
        Ok(())
    }

    /// Closes every connection. A SQLite file is all of the data then, without the log beside it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is not.
    pub async fn close(&self) -> Result<(), Error> {
        match self.pools() {
            Pools::Sqlite(sqlite) => sqlite.close().await,
            Pools::Postgres(postgres) => {
                postgres.close();
                Ok(())
            }
        }
    }
}

fn sqlite_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.foreign_keys(true).busy_timeout(BUSY_TIMEOUT).synchronous(SqliteSynchronous::Normal).create_if_missing(true)
}

/// A name that SQLite's `memdb` VFS shares among this process's connections. The data lives as long as the one that
/// writes.
fn memory_options() -> SqliteConnectOptions {
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let name = format!("/locum-{}", OPENED.fetch_add(1, Ordering::Relaxed));
    sqlite_options(SqliteConnectOptions::new().filename(name).vfs("memdb")).pragma("cache_size", PAGES_KEPT)
}

fn read_postgres_options(url: &SecretString) -> Result<PgConnectOptions, sqlx::Error> {
    let url = url.expose_secret();
    let options = postgres_options::read(url).map_err(|why| sqlx::Error::Configuration(why.into()))?;
    postgres_options::check_files(url, &options)?;
    Ok(options.application_name("locum"))
}

async fn first_connection(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    connected.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into()))
}
