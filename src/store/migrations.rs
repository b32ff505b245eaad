//! The steps that make a database's schema, which are in the program.

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// What a step is called, and its statements for SQLite and for PostgreSQL.
struct Step {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Embeds the files with these names below `migrations`. sqlx's own macro would do it, and builds SQLite and both
/// drivers a second time for that.
macro_rules! steps {
    ($($name:literal),+ $(,)?) => {
        &[$(Step {
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// In their order: each has the number of its place.
const STEPS: &[Step] = steps![
    "0001_house",
    "0002_jetbrains_account",
    "0003_atlassian",
    "0004_license_vault",
    "0005_faults",
    "0006_snapshot",
    "0007_journal",
    "0008_credential_kind",
    "0009_journal_trace",
    "0010_counts_without_keys",
    "0011_required_flags",
    "0012_declared_products",
    "0013_key_last_active",
    "0014_api_token_owner",
];

pub fn sqlite() -> Migrator {
    migrator(|step| step.sqlite)
}

pub fn postgres() -> Migrator {
    migrator(|step| step.postgres)
}

fn migrator(statements: impl Fn(&Step) -> &'static str) -> Migrator {
    let migrations = (1..).zip(STEPS).map(|(number, step)| {
        let description = step.name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').replace('_', " ");
        Migration::new(number, description.into(), MigrationType::Simple, statements(step).into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
