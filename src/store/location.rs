//! Where a database is.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;

use crate::store::{file, postgres_options};

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
            // SQLite would read these as something else than the name of a file.
            return if path.is_empty() || path.contains('?') || path.starts_with("file:") || path.starts_with(':') {
                Err("a SQLite URL is sqlite:///absolute/path or sqlite://relative/path, without parameters and without \
                     SQLite's own `file:`, or sqlite::memory:"
                    .to_owned())
            } else if let Some(ending) = file::OF_SQLITE.iter().find(|ending| path.ends_with(**ending)) {
                Err(format!("SQLite keeps files of its own whose names end with `{ending}`: name another one"))
            } else {
                Ok(Self::File(path.into()))
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres_options::read(url)?;
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
        Some(file::beside(database, &format!(".{ending}")))
    }

    /// The kind of database, and nothing of where it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Memory => "SQLite in memory",
            Self::File(_) => "SQLite file",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// What may be printed: never a password.
    pub fn describe(&self) -> String {
        match self {
            Self::Memory => self.kind().to_owned(),
            Self::File(path) => format!("{} {}", self.kind(), path.display()),
            Self::Postgres(url) => match url.expose_secret().parse::<PgConnectOptions>() {
                Ok(options) => describe_postgres(&options),
                Err(_) => self.kind().to_owned(),
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
