//! Which database errors are outages, because then the client may try again: the database is away, locked, full or
//! read-only. Every other error is a defect of ours.

use sqlx::{
    Error as SqlxError,
    Error::{Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed},
    migrate::MigrateError,
    postgres::PgDatabaseError,
    sqlite::SqliteError,
};

use crate::core::error::Error;

impl From<SqlxError> for Error {
    fn from(error: SqlxError) -> Self {
        if is_outage(&error) {
            Self::Unavailable(Outage { source: error }.into())
        } else if is_no_text(&error) {
            Self::Unreadable("a text with a NUL in it".to_owned())
        } else {
            Self::internal(error)
        }
    }
}

/// A database that does not answer, or not as it should, and what can be done.
#[derive(Debug, thiserror::Error)]
#[error("{source}{}", hint(source))]
pub(crate) struct Outage {
    pub(crate) source: SqlxError,
}

/// The database cannot do now what it could do before.
fn is_outage(error: &SqlxError) -> bool {
    match error {
        Io(_) | PoolClosed | PoolTimedOut | Tls(_) | WorkerCrashed => true,
        SqlxError::Database(error) => {
            if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                // Connections, who may connect, resources, operators, the system.
                ["08", "28", "53", "57", "58"].iter().any(|class| error.code().starts_with(class))
                    // A standby takes no writes; a transaction was ended because it idled; so far without a database;
                    // who held a lock did not give it up, or waited for another one.
                    || ["25006", "25P03", "3D000", "55P03", "40P01", "40001"].contains(&error.code())
            } else {
                matches!(
                    sqlite_code(error.as_ref()),
                    Some(BUSY | LOCKED | NOMEM | READONLY | IOERR | CORRUPT | FULL | CANTOPEN | NOTADB)
                )
            }
        }
        _ => false,
    }
}

/// PostgreSQL cannot be asked for what it cannot hold.
fn is_no_text(error: &SqlxError) -> bool {
    let code = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    code.is_some_and(|error| error.code() == "22021")
}

/// The connection is of no use any more. Silence is another matter: another connection would be as silent.
pub(crate) fn is_lost_connection(error: &SqlxError) -> bool {
    match error {
        Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
        SqlxError::Database(error) => error.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| {
            // An operator ended it, or PostgreSQL is going down.
            ["57P01", "57P02"].contains(&error.code())
        }),
        _ => false,
    }
}

/// Waiting may help who opens a database of PostgreSQL: it is not up, or not all of it. A wrong password stays wrong,
/// and so does a certificate.
pub(crate) fn is_transient(error: &SqlxError) -> bool {
    match error {
        // Says TLS of what it cannot accept.
        Io(error) if error.kind() == std::io::ErrorKind::InvalidData => false,
        Io(_) | PoolTimedOut => true,
        SqlxError::Database(error) => error.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| {
            // Going down, starting up, out of connections.
            ["57P01", "57P02", "57P03", "53300"].contains(&error.code())
        }),
        _ => false,
    }
}

/// The cause of a failed migration, where the database is the cause.
pub(crate) fn of_migration(error: &MigrateError) -> Option<&SqlxError> {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Some(error),
        _ => None,
    }
}

/// A way out of what SQLite says, for the line that a failed start ends with.
pub(crate) fn hint(error: &SqlxError) -> &'static str {
    match error.as_database_error().and_then(sqlite_code) {
        Some(BUSY | LOCKED) => ". Another process holds it: stop that one first, a file serves one Locum at a time",
        Some(READONLY) => WRITABLE,
        Some(CANTOPEN) => THERE,
        Some(FULL | NOMEM) => SMALLER,
        Some(NOTADB) => ". It is no SQLite file, or a damaged one: name another one",
        Some(CORRUPT) => {
            ". It is damaged: put a copy that `locum backup` made in its place, or begin anew in another file"
        }
        _ => "",
    }
}

/// The same for what the operating system says of a file beside the database.
pub(crate) fn hint_of_file(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => WRITABLE,
        ErrorKind::NotFound | ErrorKind::NotADirectory => THERE,
        ErrorKind::StorageFull => ROOM,
        _ => "",
    }
}

const WRITABLE: &str =
    ". The file and its directory must be writable: look at their owner and mode, and how they are mounted";
const THERE: &str =
    ". The directory must be there, and both it and the file open to this user, who needs to write in it";
const SMALLER: &str = ". Make room on the disk. A database in memory takes 2 GiB: delete snapshots or spaces, or keep \
                       the data in a file (--database-url sqlite:///data/locum.db)";
const ROOM: &str = ". Make room on the disk";

/// <https://www.sqlite.org/rescode.html>
const BUSY: i64 = 5;
const LOCKED: i64 = 6;
const NOMEM: i64 = 7;
const READONLY: i64 = 8;
const IOERR: i64 = 10;
const CORRUPT: i64 = 11;
const FULL: i64 = 13;
const CANTOPEN: i64 = 14;
const NOTADB: i64 = 26;

/// The primary code of what SQLite says; its lowest byte. The rest says more precisely what cannot be helped either.
fn sqlite_code(error: &(dyn sqlx::error::DatabaseError + 'static)) -> Option<i64> {
    error.try_downcast_ref::<SqliteError>()?;
    error.code()?.parse::<i64>().ok().map(|code| code & 0xff)
}
