//! A copy of a SQLite file, also of one that a Locum is using.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{self, Path, PathBuf},
};

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{
    core::secret_file::give_name,
    store::{
        error,
        file::{KEYS, PRIVATE, beside},
        location::Location,
    },
};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no file to copy.
    #[error("{0}")]
    NoFile(String),
    /// The database cannot be read, or the copy not be written.
    #[error("cannot copy the database ({place}): {source}{}", error::hint(.source))]
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

/// Copies the database as it is at one moment into a file that is not there yet, and its keys beside it, so that the
/// copy opens by itself. What is written meanwhile waits for nothing.
///
/// By `VACUUM INTO`, because SQLite's other way to copy a database in use has no safe call in Rust; the copy is as
/// whole as that one's, and smaller.
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
    let endings = KEYS.into_iter().filter(|ending| beside(from, ending).is_file());
    // The keys before the data, so that no copy is ever without its own.
    let files: Vec<&str> = endings.chain([""]).collect();
    for ending in &files {
        let to = beside(to, ending);
        if to.symlink_metadata().is_ok() {
            let source = io::Error::new(io::ErrorKind::AlreadyExists, "it is there already");
            return Err(BackupError::Write { path: to, source });
        }
    }
    let folder = Unfinished::beside(to).map_err(|source| BackupError::Write { path: to.to_owned(), source })?;
    for ending in &files {
        let copy = folder.file(ending);
        create(&copy).map_err(|source| BackupError::Write { path: to.to_owned(), source })?;
        if ending.is_empty() {
            vacuum(from, &copy, location).await?;
        } else {
            // Not `fs::copy`, which would give the copy the mode of the first one.
            fs::read(beside(from, ending))
                .and_then(|key| fs::write(&copy, key))
                .map_err(|source| BackupError::Write { path: beside(to, ending), source })?;
        }
        let synced = File::open(&copy).and_then(|file| file.sync_all());
        synced.map_err(|source| BackupError::Write { path: beside(to, ending), source })?;
    }
    let mut named = Vec::new();
    for ending in &files {
        let path = beside(to, ending);
        if let Err(source) = give_name(&folder.file(ending), &path) {
            // What it fails for is said already.
            for path in named {
                let _ = fs::remove_file::<PathBuf>(path);
            }
            return Err(BackupError::Write { path, source });
        }
        named.push(path);
    }
    Ok(())
}

async fn vacuum(from: &Path, to: &Path, location: &Location) -> Result<(), BackupError> {
    let database = |source| BackupError::Database { place: location.describe(), source };
    let options = SqliteConnectOptions::new().filename(from).read_only(true);
    let mut connection = options.connect().await.map_err(database)?;
    let name = to.to_str().ok_or_else(|| BackupError::NoFile(format!("{} is no text", to.display())))?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await.map_err(database)?;
    connection.close().await.map_err(database)
}

/// A folder beside a file that is to be made, for what is not finished, because a part of a copy is no copy: half a
/// file under the name of a whole one would be taken for that. Everything in it goes with it, also where the copying is
/// broken off.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(file: &Path) -> io::Result<Self> {
        // Whole, because SQLite reads a name that begins with `file:` as something else.
        let folder = beside(&path::absolute(file)?, &format!(".{}.unfinished", std::process::id()));
        // One that was killed may have left it, because the numbers of processes come again.
        let _ = fs::remove_dir_all(&folder);
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    fn file(&self, ending: &str) -> PathBuf {
        beside(&self.0.join("copy"), ending)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // There is nothing else to be done about it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes a file that is not there yet, for its owner's eyes only, because SQLite would let everybody read it.
fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path).map(drop)
}
