//! Spaces that go when nobody asks them.

use std::time::Duration;

use locum::core::clock::{Clock, Time};
use serde_json::{Value, json};

use crate::support::{Client, Database, TestApp, apply, database_url, on_both_databases};

const TTL: Duration = Duration::from_mins(10);

/// By the machine's clock, later than everything that happened before.
fn next_moment() -> Time {
    let now = Clock::Real.now();
    while Clock::Real.now() == now {}
    now
}

/// When a space goes that was asked last at this time: where processes share a database, they give each other a while.
fn end(app: &TestApp, last: Time) -> Time {
    let grace = if app.database == Database::Postgres { Duration::from_secs(15) } else { Duration::ZERO };
    last + TTL + grace
}

async fn create(app: &TestApp, name: &str) -> Value {
    app.control().post("/spaces", json!({"name": name, "idle_ttl": "10m"})).await.expect_ok()
}

fn admin(app: &TestApp, space: &Value) -> Client {
    let value = |name: &str| space["variables"][name].as_str().unwrap();
    app.jetbrains_account_token(value("JETBRAINS_ACCOUNT_API_KEY"), value("JETBRAINS_ACCOUNT_CUSTOMER_CODE"))
}

async fn is_there(app: &TestApp, name: &str) -> bool {
    let spaces = app.control().get("/spaces").await.expect_ok();
    spaces.as_array().unwrap().iter().any(|space| space["name"] == name)
}

async fn sweep(app: &TestApp, at: Time) {
    app.app.delete_idle_spaces(at).await.unwrap();
}

#[apply(on_both_databases)]
async fn one_that_nobody_asks_is_deleted(app: TestApp) {
    app.control().post("/spaces", json!({"name": "kept"})).await.expect_ok();
    let before = next_moment();
    let space = create(&app, "t1").await;
    sweep(&app, end(&app, before)).await;
    assert!(is_there(&app, "t1").await, "it is asked for later than that");
    assert_eq!(app.control().get("/spaces").await.expect_ok()[2]["idle_ttl"], "600s");
    sweep(&app, end(&app, next_moment())).await;
    assert!(!is_there(&app, "t1").await);
    assert_eq!(admin(&app, &space).get("/token").await.status, 401);
    // The name is free again. Others stay, for how long it may be.
    create(&app, "t1").await;
    sweep(&app, next_moment() + Duration::from_hours(24)).await;
    assert!(!is_there(&app, "t1").await && is_there(&app, "kept").await && is_there(&app, "default").await);
}

#[apply(on_both_databases)]
async fn one_that_somebody_asks_stays(app: TestApp) {
    let names = ["vendor", "query", "path", "itself", "nobody"];
    let mut spaces = Vec::new();
    for name in names {
        spaces.push(create(&app, name).await);
    }
    let made = next_moment();
    admin(&app, &spaces[0]).get("/token").await.expect_ok();
    app.control().get("/clock?space=query").await.expect_ok();
    app.control().post("/spaces/path/reset", "").await.expect_ok();
    app.control().get("/spaces/itself").await.expect_ok();
    let asked = next_moment();
    sweep(&app, end(&app, made)).await;
    for name in names {
        assert_eq!(is_there(&app, name).await, name != "nobody", "{name}");
    }
    sweep(&app, end(&app, asked)).await;
    assert_eq!(app.control().get("/spaces").await.expect_ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_one_process_is_asked_the_other_knows() {
    let url = database_url(Database::Postgres).await;
    let (one, two) = (TestApp::start_on(url.as_deref(), &[]).await, TestApp::start_on(url.as_deref(), &[]).await);
    let space = create(&one, "t1").await;
    let made = next_moment();
    admin(&two, &space).get("/token").await.expect_ok();
    let asked = next_moment();
    sweep(&two, asked).await;
    sweep(&one, end(&one, made)).await;
    assert!(is_there(&one, "t1").await);
    sweep(&one, end(&one, asked)).await;
    assert_eq!(admin(&two, &space).get("/token").await.status, 401);
    sweep(&two, end(&two, asked)).await;
}

#[tokio::test]
async fn a_restart_knows_when_one_was_asked_last() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("locum.db").display());
    let app = TestApp::start_on(Some(&url), &[]).await;
    let space = create(&app, "t1").await;
    let made = next_moment();
    admin(&app, &space).get("/token").await.expect_ok();
    let asked = next_moment();
    sweep(&app, asked).await;
    app.app.db.close().await.unwrap();
    drop(app);
    let app = TestApp::start_on(Some(&url), &[]).await;
    sweep(&app, end(&app, made)).await;
    assert!(is_there(&app, "t1").await);
    sweep(&app, end(&app, asked)).await;
    assert!(!is_there(&app, "t1").await);
}
