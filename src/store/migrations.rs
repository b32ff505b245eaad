//! The steps that make a database's schema, which are in the program.

use include_dir::{Dir, include_dir};
use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// Embedded by a crate that knows nothing of databases: sqlx's own macro builds SQLite and both drivers a second time.
const SQLITE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
const POSTGRES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

/// What all steps for SQLite make, without the ways there: `make schema` writes it. A database in memory begins with
/// it, because renaming and altering tables takes most of a start.
pub const SQLITE_SCHEMA: &str = include_str!("../../migrations/sqlite-schema.sql");

/// The steps for SQLite.
pub fn sqlite() -> Migrator {
    migrator(&SQLITE)
}

/// The steps for PostgreSQL.
pub fn postgres() -> Migrator {
    migrator(&POSTGRES)
}

/// A file is called `0001_what_it_makes.sql`.
fn migrator(folder: &Dir<'static>) -> Migrator {
    let migrations = folder.files().filter_map(|file| {
        let (number, name) = file.path().file_stem()?.to_str()?.split_once('_')?;
        let (number, statements) = (number.parse().ok()?, file.contents_utf8()?);
        let name = name.replace('_', " ");
        Some(Migration::new(number, name.into(), MigrationType::Simple, statements.into_sql_str(), false))
    });
    Migrator::with_migrations(migrations.collect())
}
