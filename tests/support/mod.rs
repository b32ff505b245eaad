//! What every test stands on: an app on either database, and clients that speak one kind of request.

mod answer;
mod client;
pub mod document_check;
mod full_dataset;
mod slow_body;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use clap::{Args, Command, FromArgMatches};
use indoc::formatdoc;
use locum::{app::App, config::Settings};
pub use macro_rules_attribute::apply;
use serde_json::json;
use sqlx::Executor as _;

pub use answer::Answer;
pub use client::{
    Client, EXPIRED_KEY, FULL_KEY, IntoBody, ORG, OTHER_ORG, OTHER_ORG_KEY, READER_KEY, Role, VAULT_TOKEN,
};
pub use slow_body::SlowBody;

/// The clock of every test.
pub const NOW: &str = "2026-01-15T09:00:00Z";

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// Makes of one test function two tests, `name::sqlite` and `name::postgres`: `#[apply(on_both_databases)]`.
macro_rules! on_both_databases {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block) => {
        $(#[$meta])*
        async fn $name($app: TestApp) $body

        mod $name {
            use $crate::support::{Database, TestApp};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(TestApp::start(Database::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(TestApp::start(Database::Postgres).await).await;
            }
        }
    };
}
pub(crate) use on_both_databases;

/// A running Locum without a socket.
pub struct TestApp {
    pub app: App,
    pub router: Router,
    pub database: Database,
}

/// A database of the test's own: on PostgreSQL a new schema.
pub async fn database_url(database: Database) -> Option<String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    if database == Database::Sqlite {
        return None;
    }
    let url = std::env::var("TEST_POSTGRES_URL").expect(
        "TEST_POSTGRES_URL is not set: run the tests with `make test`, or a single one with \
         `scripts/with-postgres cargo test NAME`",
    );
    let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.expect("PostgreSQL answers");
    pool.execute(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await.expect("a schema of its own");
    pool.close().await;
    let separator = if url.contains('?') { '&' } else { '?' };
    Some(format!("{url}{separator}options=-c%20search_path%3D{schema}"))
}

/// Settings as the command line would give them.
pub fn config(arguments: &[&str]) -> locum::config::Config {
    let command = Settings::augment_args(Command::new("test"));
    let matches = command.try_get_matches_from(std::iter::once(&"test").chain(arguments)).expect("good arguments");
    Settings::from_arg_matches(&matches).expect("good settings").check(&matches, &[]).expect("good settings")
}

impl TestApp {
    /// The demo seed, at [`NOW`].
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, &[]).await
    }

    /// The demo seed, at [`NOW`], with further settings.
    pub async fn start_with(database: Database, further: &[&str]) -> Self {
        Self::start_on(database_url(database).await.as_deref(), further).await
    }

    /// The same on a database that others may be using; `None` is one in memory.
    pub async fn start_on(url: Option<&str>, further: &[&str]) -> Self {
        let clock = format!("frozen@{NOW}");
        let mut arguments = vec!["--clock", &clock, "--id-seed", "7", "--server-key", "a key for tests only"];
        if let Some(url) = url {
            arguments.extend(["--database-url", url]);
        }
        arguments.extend(further);
        let started = locum::startup::start(config(&arguments)).await.expect("the app starts");
        let is_postgres = url.is_some_and(|url| url.starts_with("postgres"));
        let database = if is_postgres { Database::Postgres } else { Database::Sqlite };
        Self { router: started.router, app: started.app, database }
    }

    /// Stops the clock at that time.
    pub async fn freeze_clock(&self, now: &str) {
        self.control().put("/clock", json!({"mode": "frozen", "now": now})).await.expect_ok();
    }

    /// Moves the clock on.
    pub async fn advance_clock(&self, by: &str) {
        self.control().post("/clock/advance", json!({"by": by})).await.expect_ok();
    }

    /// Adds to the Atlassian section of the demo organization, as flow or block YAML that is indented by six.
    pub async fn seed_atlassian(&self, section: &str) {
        let seed = formatdoc! {"
            version: 1
            organizations:
              - name: Example Corp
                customer_code: 6700001
                atlassian:
            {section}
        "};
        self.control().post("/seed", seed).await.expect_ok();
    }
}
