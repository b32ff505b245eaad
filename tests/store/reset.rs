//! A reset leaves nothing out: every table of the live schema is as it was after the start.
//!
//! If you are here because this failed for a table that is new: change something in it in `populate_everything`
//! (`tests/support/full_dataset.rs`), and have `store::space::wipe` empty it.

use std::collections::BTreeMap;

use super::state::{Schema, schema};
use crate::support::{Database, FULL_KEY, Role, TestApp, database_url};

/// Tables in which nothing is changed here, and why.
const UNCHANGED: [(&str, &str); 5] = [
    ("_sqlx_migrations", "changes with the version only"),
    ("journal_state", "changes when entries are dropped, which the tests of the journal see to"),
    ("server", "is the whole database's"),
    ("snapshot", "is the tester's tool, which no reset takes away"),
    ("space_origin", "is what a reset of a space that was made goes back to"),
];
/// Columns that only ever rise.
const REVISIONS: [(&str, &str); 5] = [
    ("space", "revision"),
    ("space", "rules_revision"),
    ("journal_state", "since_revision"),
    ("journal_note", "number"),
    ("journal_note", "arrived"),
];
/// What SQLite does not keep in tables.
const IN_MEMORY_ON_SQLITE: [&str; 4] = ["rate_window", "journal_entry", "journal_note", "journal_state"];

/// Every row of every table, keys of the database's own replaced by their rank: a reset may give new ones.
async fn content(url: &str, schema: &Schema) -> BTreeMap<String, Vec<String>> {
    let mut content = BTreeMap::new();
    let mut ranks: BTreeMap<String, BTreeMap<i64, usize>> = BTreeMap::new();
    for (table, columns) in schema.tables() {
        if let Some(key) = columns.iter().find(|column| schema.gives_key(&table, column)) {
            let keys = schema.rows(url, &table, key).await;
            let mut keys: Vec<i64> = keys.iter().map(|key| key.trim_matches(['[', ']']).parse().unwrap()).collect();
            keys.sort_unstable();
            ranks.insert(table, keys.into_iter().enumerate().map(|(rank, key)| (key, rank)).collect());
        }
    }
    for (table, columns) in schema.tables() {
        let told: Vec<&str> = columns
            .iter()
            .filter(|column| !REVISIONS.contains(&(table.as_str(), column.as_str())))
            .map(String::as_str)
            .collect();
        let mut rows = Vec::new();
        for row in schema.rows(url, &table, &told.join(", ")).await {
            let mut cells: Vec<serde_json::Value> = serde_json::from_str(&row).unwrap();
            for (column, cell) in told.iter().zip(&mut cells) {
                let of =
                    if schema.gives_key(&table, column) { Some(table.as_str()) } else { column.strip_suffix("_id") };
                let rank = of.and_then(|of| ranks.get(of)?.get(&cell.as_i64()?));
                if let Some(rank) = rank {
                    *cell = format!("key {rank}").into();
                }
            }
            rows.push(serde_json::to_string(&cells).unwrap());
        }
        rows.sort();
        content.insert(table, rows);
    }
    content
}

async fn leaves_nothing_out(url: &str, database: Database) {
    let schema = Schema::of(url, database).await;
    let app = TestApp::start_on(Some(url), &[]).await;
    let counted = async || {
        app.atlassian(FULL_KEY)
            .get("/api-tokens/count?q=laptop")
            .await
            .header("x-ratelimit-remaining")
            .map(ToOwned::to_owned)
    };
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    app.control().post("/rate-limits/reset", "").await.expect_ok();
    app.control().post("/reset", "").await.expect_ok();
    let start = content(url, &schema).await;
    let first = (counted().await, app.control().get("/rate-limits").await.text().to_owned());
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!(content(url, &schema).await, start);

    app.populate_everything().await;
    app.control().put("/snapshots/kept", "").await.expect_ok();
    let rotated = app.jetbrains_account(Role::TeamViewer).post("/token/rotate", "").await.expect_ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    app.jetbrains_account_token(&rotated, "6700001").get("/token").await.expect_ok();
    let changed = content(url, &schema).await;
    for (table, rows) in &changed {
        let may_stay = UNCHANGED.iter().any(|(name, _)| name == table)
            || (database == Database::Sqlite && IN_MEMORY_ON_SQLITE.contains(&table.as_str()));
        assert!(
            may_stay || rows != &start[table],
            "nothing is changed in {table}: change something in `populate_everything`"
        );
    }

    app.control().post("/reset", "").await.expect_ok();
    let mut after = content(url, &schema).await;
    assert_eq!(after["snapshot"].len(), 1, "snapshots stay");
    after.insert("snapshot".to_owned(), Vec::new());
    for (table, rows) in &after {
        assert_eq!(rows, &start[table], "{table} is not as it was after the start: `store::space::wipe` leaves it out");
    }
    // What is kept in memory: the journal, counts, faults, identities, the default space's clock.
    assert_eq!(app.control().get("/requests").await.text(), r#"{"requests":[],"evicted":0}"#);
    assert_eq!((counted().await, app.control().get("/rate-limits").await.text().to_owned()), first);
    app.jetbrains_account(Role::OrgAdmin).get("/products").await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/products").await.expect_ok();
    app.jetbrains_account_token(&rotated, "6700001").get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_ok();
    assert_eq!(
        app.jetbrains_account(Role::Anonymous).get("/token").await.header("date"),
        Some("Thu, 15 Jan 2026 09:00:00 GMT")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    leaves_nothing_out(&format!("sqlite://{}", folder.path().join("locum.db").display()), Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    leaves_nothing_out(&database_url(Database::Postgres).await.unwrap(), Database::Postgres).await;
}

#[tokio::test]
async fn the_exceptions_are_tables() {
    let schema = schema(Database::Postgres).await;
    for (table, _) in UNCHANGED {
        assert!(schema.tables().any(|(name, _)| name == table), "{table} is gone: take it off the list");
    }
}
