//! A copy of a SQLite file, also of one that a Locum is using.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::store::location::Location;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no file to copy.
    #[error("{0}")]
    NoFile(String),
    /// The database cannot be read, or the copy not be written.
    #[error("cannot copy the database ({place}): {source}")]
    Database {
        place: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Copies the database as it is at one moment into a file that is not there yet, and its key beside it, so that the copy
/// opens by itself. What is written meanwhile waits for nothing.
///
/// By `VACUUM INTO`, because SQLite's other way to copy a database in use has no safe call in Rust; the copy is as whole
/// as that one's, and smaller.
pub async fn back_up(location: &Location, to: &Path) -> Result<(), BackupError> {
    let from = match location {
        Location::File(path) if path.is_file() => path,
        Location::File(path) => return Err(BackupError::NoFile(format!("there is no database {}", path.display()))),
        Location::Memory => {
            let way = "name a file by --database-url; data in memory is exported by `GET /_emulator/state`";
            return Err(BackupError::NoFile(format!("nothing to back up: {way}")));
        }
        Location::Postgres(_) => {
            return Err(BackupError::NoFile("a PostgreSQL database is backed up by its own `pg_dump`".to_owned()));
        }
    };
    // Made before it is written, because SQLite would let everybody read it.
    create(to)?;
    let copied = copy(from, to, location).await;
    if copied.is_err() {
        // A part of a copy is no copy. What it fails for is said already.
        let _ = fs::remove_file(to);
    }
    copied
}

async fn copy(from: &Path, to: &Path, location: &Location) -> Result<(), BackupError> {
    let database = |source| BackupError::Database { place: location.describe(), source };
    let mut connection =
        SqliteConnectOptions::new().filename(from).read_only(true).connect().await.map_err(database)?;
    let name = to.to_str().ok_or_else(|| BackupError::NoFile(format!("{} is no text", to.display())))?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await.map_err(database)?;
    connection.close().await.map_err(database)?;
    let write = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::Write { path, source }
    };
    File::open(to).and_then(|file| file.sync_all()).map_err(write(to))?;
    let beside = |file: &Path| Location::File(file.to_owned()).beside("key");
    if let (Some(key), Some(copy)) = (beside(from).filter(|key| key.is_file()), beside(to)) {
        create(&copy)?;
        fs::copy(&key, &copy).map_err(write(&copy))?;
        File::open(&copy).and_then(|file| file.sync_all()).map_err(write(&copy))?;
    }
    Ok(())
}

/// Makes a file that is not there yet, for its owner's eyes only.
fn create(path: &Path) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|source| BackupError::Write { path: path.to_owned(), source })
}
