//! A state is all of a space, on either database.

use std::collections::BTreeMap;

use locum::store::migrations;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use crate::support::{Database, FULL_KEY, Role, TestApp, database_url};

/// The tables of a live database, and their columns.
pub struct Schema {
    database: Database,
    columns: BTreeMap<String, Vec<String>>,
    /// Tables with one number as their key, which the database gives.
    keyed: BTreeMap<String, String>,
}

impl Schema {
    /// Brings the database up to date, and looks.
    pub async fn of(url: &str, database: Database) -> Self {
        let rows: Vec<(String, String, bool)> = if database == Database::Sqlite {
            let mut db = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
            migrations::sqlite().run(&mut db).await.unwrap();
            let sql = "SELECT t.name, c.name, c.pk AND c.type = 'INTEGER' AND 1 = (SELECT count(*) FROM \
                       pragma_table_info(t.name) k WHERE k.pk) FROM sqlite_schema t, pragma_table_info(t.name) c \
                       WHERE t.type = 'table'";
            sqlx::query_as(sql).fetch_all(&mut db).await.unwrap()
        } else {
            let mut db = PgConnection::connect(url).await.unwrap();
            migrations::postgres().run(&mut db).await.unwrap();
            let sql = "SELECT table_name::text, column_name::text, is_identity = 'YES' FROM information_schema.columns \
                       WHERE table_schema = current_schema() ORDER BY ordinal_position";
            sqlx::query_as(sql).fetch_all(&mut db).await.unwrap()
        };
        let (mut columns, mut keyed) = (BTreeMap::<String, Vec<String>>::new(), BTreeMap::new());
        for (table, column, is_key) in rows {
            if is_key && ["id", "number"].contains(&column.as_str()) {
                keyed.insert(table.clone(), column.clone());
            }
            columns.entry(table).or_default().push(column);
        }
        assert!(columns.contains_key("license") && keyed["credential"] == "id");
        Self { database, columns, keyed }
    }

    /// Every table but the index that triggers keep, which is in no form to be compared.
    pub fn tables(&self) -> impl Iterator<Item = (String, &Vec<String>)> {
        let tables = self.columns.iter().filter(|(table, _)| !table.starts_with("api_token_search"));
        tables.map(|(table, columns)| (table.clone(), columns))
    }

    pub fn gives_key(&self, table: &str, column: &str) -> bool {
        self.keyed.get(table).is_some_and(|key| key == column)
    }

    /// Each row as a JSON array.
    pub async fn rows(&self, url: &str, table: &str, columns: &str) -> Vec<String> {
        if self.database == Database::Sqlite {
            let columns: Vec<String> = columns
                .split(", ")
                .map(|c| format!("CASE typeof({c}) WHEN 'blob' THEN hex({c}) ELSE {c} END"))
                .collect();
            let sql = format!("SELECT json_array({}) FROM {table}", columns.join(", "));
            let mut db = SqliteConnection::connect(url).await.unwrap();
            return sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut db).await.unwrap();
        }
        let sql = format!("SELECT json_build_array({columns})::text FROM {table}");
        let mut db = PgConnection::connect(url).await.unwrap();
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut db).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// The schema of an empty database.
pub async fn schema(database: Database) -> Schema {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}", folder.path().join("schema.db").display());
    Schema::of(&database_url(database).await.unwrap_or(file), database).await
}

#[tokio::test]
async fn every_column_is_in_a_state_or_has_a_reason_not_to_be() {
    let services = locum::services::registry();
    let (exported_columns, exclusions) = (services.tables().exported_columns(), services.tables().exclusions());
    for database in [Database::Sqlite, Database::Postgres] {
        let schema = schema(database).await;
        for (table, columns) in &schema.columns {
            for column in columns {
                let name = format!("{table}.{column}");
                let reasons = exclusions.iter().filter(|(left_out, _)| left_out == table || *left_out == name).count();
                assert_eq!(
                    reasons + exported_columns.iter().filter(|exported| **exported == name).count(),
                    1,
                    "{name} must be in a table of its service's store/state.rs or, with a reason, in its exclusions, \
                     and not in both"
                );
            }
        }
        for name in &exported_columns {
            let (table, column) = name.split_once('.').unwrap();
            assert!(schema.columns[table].iter().any(|c| c == column), "{name} is gone: take it out of TABLES");
        }
    }
}

#[tokio::test]
async fn no_reason_is_left_over() {
    let mut names: Vec<String> = Vec::new();
    for database in [Database::Sqlite, Database::Postgres] {
        for (table, columns) in &schema(database).await.columns {
            names.push(table.clone());
            names.extend(columns.iter().map(|column| format!("{table}.{column}")));
        }
    }
    for (name, _) in locum::services::registry().tables().exclusions() {
        assert!(names.iter().any(|known| known == name), "{name} is gone: take it out of the exclusions");
    }
}

/// What a client of each service sees.
async fn seen(app: &TestApp) -> Vec<String> {
    let mut seen = vec![
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses").await.text().to_owned(),
        app.jetbrains_account_token("rich-jba-team", "6700009").get("/customer/licenses").await.text().to_owned(),
        app.license_vault("rich-vault").get("/public-api/licenses/usage").await.text().to_owned(),
        app.control().get("/faults").await.text().to_owned(),
        app.control().get("/clock").await.text().to_owned(),
        app.control().get("/vaults/rich/connections").await.text().to_owned(),
    ];
    for path in [
        "/api-tokens?q=script&pageSize=5",
        "/api-tokens/count",
        "/api-tokens/count?status=blocked",
        "/api-keys?pageSize=9",
        "/service-accounts",
    ] {
        seen.push(app.atlassian(FULL_KEY).get(path).await.text().to_owned());
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_moves_between_the_databases() {
    for (from, to) in [(Database::Sqlite, Database::Postgres), (Database::Postgres, Database::Sqlite)] {
        let (one, two) = (TestApp::start(from).await, TestApp::start(to).await);
        one.populate_everything().await;
        let exported = one.control().get("/state").await;
        for (table, rows) in exported.expect_ok()["tables"].as_object().unwrap() {
            assert!(
                !rows.as_array().unwrap().is_empty(),
                "nothing is in {table}: change something in `populate_everything`"
            );
        }
        let before = seen(&one).await;
        assert_ne!(seen(&two).await, before);
        two.control().put("/state", exported.text()).await.expect_ok();
        assert_eq!(two.control().get("/state").await.text(), exported.text());
        assert_eq!(seen(&two).await, before);
        // What is generated goes on as it would have.
        let rotate =
            async |app: &TestApp| app.jetbrains_account(Role::TeamViewer).post("/token/rotate", "").await.expect_ok();
        assert_eq!(rotate(&one).await, rotate(&two).await);
        // A search finds what is there, and what is new.
        let more = "      api_tokens: [{ user: bob@example.test, label: a brand new script }]";
        two.seed_atlassian(more).await;
        assert_eq!(two.atlassian(FULL_KEY).get("/api-tokens/count?q=script").await.text(), "2");
    }
}
