//! What every test stands on: an app on either database, and actors that speak one kind of request.

pub mod atlassian;
pub mod documented;
pub mod rich;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode},
};
use clap::{Args, Command, FromArgMatches};
use http_body_util::BodyExt as _;
use locum::{app::App, config::Settings};
use serde_json::Value;
use sqlx::Executor as _;
use tower::ServiceExt as _;

/// The clock of every test.
pub const NOW: &str = "2026-01-15T09:00:00Z";

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// Each test body becomes two tests.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::TestApp::start($crate::support::Database::Sqlite).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::TestApp::start($crate::support::Database::Postgres).await).await;
            })*
        }
        $($(#[$meta])* async fn $name($app: $crate::support::TestApp) $body)*
    };
}

/// A running Locum without a socket.
pub struct TestApp {
    pub app: App,
    pub router: Router,
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
        let (app, _) = App::start(config(&arguments)).await.expect("the app starts");
        Self { router: locum::router::router(app.clone()), app }
    }

    /// Sends a request. Fails the test when the answer is not one that the document knows.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        documented::check(&method, &path, &answer).unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        answer
    }

    /// A request to the control API.
    pub async fn control(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(format!("/_emulator{path}"));
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    pub fn actor(&self, token: &str, customer_code: &str) -> Actor<'_> {
        Actor { app: self, token: Some(token.to_owned()), customer_code: Some(customer_code.to_owned()) }
    }

    pub fn anonymous(&self) -> Actor<'_> {
        Actor { app: self, token: None, customer_code: None }
    }

    pub fn org_admin(&self) -> Actor<'_> {
        self.actor("demo-jba-organization-admin", "6700001")
    }

    pub fn org_viewer(&self) -> Actor<'_> {
        self.actor("demo-jba-organization-viewer", "6700001")
    }

    pub fn primary_contact(&self) -> Actor<'_> {
        self.actor("demo-jba-primary-contact", "6700001")
    }

    pub fn team_admin(&self) -> Actor<'_> {
        self.actor("demo-jba-team-admin", "6700001")
    }

    pub fn team_viewer(&self) -> Actor<'_> {
        self.actor("demo-jba-team-viewer", "6700001")
    }

    pub fn stranger(&self) -> Actor<'_> {
        self.actor("demo-jba-other-organization-admin", "6700002")
    }
}

/// Somebody with a JetBrains Account token, or without.
pub struct Actor<'a> {
    pub app: &'a TestApp,
    pub token: Option<String>,
    pub customer_code: Option<String>,
}

impl Actor<'_> {
    /// Calls `/api/v1{path}`.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if let Some(token) = &self.token {
            request = request.header("X-Api-Key", token);
        }
        if let Some(code) = &self.customer_code {
            request = request.header("X-Customer-Code", code);
        }
        self.app.send(request.body(body.into()).expect("a request")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.call("POST", path, body.to_owned()).await
    }

    /// Assigns a licence by id to Eve Stone.
    pub async fn assign(&self, id: &str) -> Answer {
        let body = format!(
            r#"{{"licenseId":"{id}","contact":{{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}}}}"#
        );
        self.post("/customer/licenses/assign", &body).await
    }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A 200; gives the body.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// A business error of JetBrains Account, byte for byte.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str, description: &str) {
        let description = Value::from(description);
        assert_eq!(
            (self.status.as_u16(), self.text()),
            (status, format!(r#"{{"code":"{code}","description":{description}}}"#).as_str())
        );
        assert_eq!(self.header("content-type"), Some("application/json;charset=UTF-8"));
    }

    /// An error page of JetBrains Account.
    #[track_caller]
    pub fn page(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("text/html;charset=UTF-8"));
        let title = format!("<title>JetBrains Account :: Error {status}: ");
        assert!(self.text().contains(&title), "{}", self.text());
        assert!(!self.text().starts_with('{'));
    }

    /// A problem of the control API.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem
    }
}
