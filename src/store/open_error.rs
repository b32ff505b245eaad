//! Why a database could not be opened.

use std::{io, path::PathBuf, time::Duration};

use sqlx::migrate::MigrateError;

use crate::{core::error::Error, store::error};

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
        "the database ({place}) has a schema that this version does not know: it was made by a newer \
         Locum. Use that version, or another database"
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
        "the server key is not the one that the database ({place}) was made with: its tokens could not \
         be recognised. Set --server-key to the first one, or use another database"
    )]
    Key {
        /// Where.
        place: String,
    },
    /// Another process has the file.
    #[error(
        "the database ({place}) is in use by another Locum{holder}: a file serves one process at \
         a time. Stop that one, use another file, or PostgreSQL, which any number of them share"
    )]
    InUse {
        /// Where.
        place: String,
        /// The other process, if it is known, after a comma.
        holder: String,
    },
    /// The file can be neither opened nor made, or not locked.
    #[error("cannot open and lock the database ({place}): {source}{}", error::hint_of_file(.source))]
    Lock {
        /// Where.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// There is something else in the place of the file.
    #[error("the database ({place}) is no file, but a folder, a device or the like: name a file")]
    NoFile {
        /// Where.
        place: String,
    },
    /// The file has further names. SQLite keeps a log beside the one that it is opened by: whoever opens the file by
    /// another one after a crash knows nothing of it, and damages both.
    #[error(
        "the database ({place}) has {names} names (hard links), and after a crash only the one that was used has \
         all of the data: delete the others, or make a copy by `locum backup`"
    )]
    Linked {
        /// Where.
        place: String,
        /// How many.
        names: u64,
    },
    /// What is in it is not ours to change.
    #[error("the database ({place}) is not Locum's: it holds tables of something else. Name another file")]
    Foreign {
        /// Where.
        place: String,
    },
    /// There is a key to what was in it, and no file.
    #[error(
        "there is no database ({place}), but there is a key to it, {}: it held data once. Bring the \
         file back, if it was moved or its disk is not mounted; or begin anew with --reseed",
        .key.display()
    )]
    Missing {
        /// Where.
        place: String,
        /// The file with its key.
        key: PathBuf,
    },
    /// There is a key to what was in it, and nothing in it.
    #[error(
        "the database ({place}) is empty, but there is a key to it, {}: it held data once, which is \
         missing, perhaps because the file was copied without the one that ends in -wal. Bring the data back, \
         made by `locum backup`; or begin anew with --reseed",
        .key.display()
    )]
    Empty {
        /// Where.
        place: String,
        /// The file with its key.
        key: PathBuf,
    },
    /// It holds data, and the file with its key is gone.
    #[error(
        "the key to the database ({place}) is missing: there is no {}, and without it no token is \
         recognised. Bring that file back, set --server-key to the key, or use another database",
        .key.display()
    )]
    KeyMissing {
        /// Where.
        place: String,
        /// The file that held it.
        key: PathBuf,
    },
    /// The file of a key can be neither read nor made.
    #[error("cannot keep the key in {}: {source}", .path.display())]
    KeyFile {
        path: PathBuf,
        /// Why.
        source: io::Error,
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
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Connect { source, .. } => error::is_transient(source),
            Self::Migrate { source, .. } => error::of_migration(source).is_some_and(error::is_transient),
            Self::Failed { source: Error::Unavailable(source), .. } => {
                source.downcast_ref().is_some_and(|error::Outage { source }| error::is_transient(source))
            }
            Self::Newer { .. }
            | Self::Key { .. }
            | Self::InUse { .. }
            | Self::Lock { .. }
            | Self::NoFile { .. }
            | Self::Linked { .. }
            | Self::Foreign { .. }
            | Self::Missing { .. }
            | Self::Empty { .. }
            | Self::KeyMissing { .. }
            | Self::KeyFile { .. }
            | Self::GaveUp { .. }
            | Self::Failed { .. } => false,
        }
    }
}
