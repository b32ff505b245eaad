//! Two folders of migrations, one schema.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use locum::store::migrations;
use sqlx::{AssertSqlSafe, Row as _, migrate::Migrator};

use crate::support::{Database, database_url};

/// Table → column → (type, may be null).
type Schema = BTreeMap<String, BTreeMap<String, (String, bool)>>;

/// The index of parts is FTS5's on SQLite, and `pg_trgm`'s on PostgreSQL.
fn is_ours(name: &str) -> bool {
    !name.starts_with('_') && !name.starts_with("sqlite_") && !name.starts_with("api_token_search")
}

async fn sqlite() -> (Schema, BTreeSet<String>) {
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    migrations::sqlite().run(&pool).await.unwrap();
    let mut schema = Schema::new();
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'").fetch_all(&pool).await.unwrap();
    for table in tables.into_iter().filter(|t| is_ours(t)) {
        let strict: bool = sqlx::query_scalar("SELECT strict FROM pragma_table_list WHERE name = $1")
            .bind(&table)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(strict, "{table} is not STRICT");
        let sql = format!("SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')");
        let columns = sqlx::query(AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
        let columns =
            columns.iter().map(|c| (c.get("name"), (c.get("type"), c.get::<i64, _>("notnull") == 0))).collect();
        schema.insert(table, columns);
    }
    let indexes: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
            .fetch_all(&pool)
            .await
            .unwrap();
    (schema, indexes.into_iter().filter(|index| is_ours(index)).collect())
}

async fn postgres() -> (Schema, BTreeSet<String>) {
    let url = database_url(Database::Postgres).await.unwrap();
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    migrations::postgres().run(&pool).await.unwrap();
    let rows = sqlx::query(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text, collation_name::text \
         FROM information_schema.columns WHERE table_schema = current_schema()",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut schema = Schema::new();
    for row in &rows {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        if !is_ours(&table) {
            continue;
        }
        let kind: String = row.get(2);
        if kind == "text" {
            assert_eq!(row.get::<Option<String>, _>(4).as_deref(), Some("C"), "{table}.{column} is not COLLATE \"C\"");
        }
        let kind = match kind.as_str() {
            "text" => "TEXT",
            "bigint" | "boolean" => "INTEGER",
            other => panic!("{table}.{column} is {other}"),
        };
        schema.entry(table).or_default().insert(column, (kind.to_owned(), row.get::<String, _>(3) == "YES"));
    }
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT i.indexname::text FROM pg_indexes i WHERE i.schemaname = current_schema() AND NOT EXISTS \
         (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    (schema, indexes.into_iter().filter(|index| is_ours(index)).collect())
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let (sqlite, postgres) = (sqlite().await, postgres().await);
    assert_eq!(sqlite.0, postgres.0, "tables and columns");
    assert_eq!(sqlite.1, postgres.1, "indexes");
    assert!(sqlite.0.contains_key("license"));
}

#[test]
fn both_folders_have_the_same_files() {
    let names = |folder: &str| -> BTreeSet<String> {
        let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

const SCHEMA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite-schema.sql");

/// The statements that make what all steps make.
async fn write_down_schema() -> String {
    const SQL: &str = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB '_sqlx_migrations' \
                       AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'api_token_search_*' \
                       OR type = 'trigger' ORDER BY rowid";
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    migrations::sqlite().run(&pool).await.unwrap();
    let statements: Vec<String> = sqlx::query_scalar(SQL).fetch_all(&pool).await.unwrap();
    let head = "-- What the steps in `sqlite` make, for databases in memory. Written by `make schema`.\n";
    format!("{head}{};\n", statements.join(";\n"))
}

#[tokio::test]
async fn a_database_in_memory_begins_with_what_all_steps_make() {
    assert_eq!(migrations::SQLITE_SCHEMA, write_down_schema().await, "`make schema` writes it");
}

#[tokio::test]
#[ignore = "writes migrations/sqlite-schema.sql: `make schema`"]
async fn write_schema() {
    std::fs::write(SCHEMA_FILE, write_down_schema().await).unwrap();
}

#[tokio::test]
async fn every_file_is_in_the_program_as_it_is() {
    for (folder, embedded) in [("sqlite", migrations::sqlite()), ("postgres", migrations::postgres())] {
        let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = Migrator::new(Path::new(&path)).await.unwrap();
        let what = |migrator: &Migrator| -> Vec<(i64, String, Vec<u8>)> {
            migrator.iter().map(|one| (one.version, one.description.to_string(), one.checksum.to_vec())).collect()
        };
        assert_eq!(what(&embedded), what(&files), "{folder}");
    }
}
