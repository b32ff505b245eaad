//! What a process remembers is good until the next write, whoever wrote.

use locum::domain::organization::DEFAULT_SPACE;

use crate::support::{Database, Role, TestApp, apply, config, database_url, on_both_databases};

#[apply(on_both_databases)]
async fn every_write_raises_the_revision_and_a_dropped_one_does_not(app: TestApp) {
    let before = app.app.space(DEFAULT_SPACE).await.unwrap();
    let session = app.app.db.write(before.id).await.unwrap();
    assert_eq!(session.space().revision, before.revision + 1);
    drop(session);
    assert_eq!(app.app.space(DEFAULT_SPACE).await.unwrap(), before);
    let session = app.app.db.write(before.id).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(app.app.db.revision(before.id).await.unwrap(), Some(before.revision + 1));
}

#[apply(on_both_databases)]
async fn a_write_that_is_dropped_leaves_nothing_half_done(app: TestApp) {
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let mut session = app.app.db.write(space.id).await.unwrap();
    locum::store::space::wipe(&mut session).await.unwrap();
    drop(session);
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses").await.header("x-total-count"),
        Some("37")
    );
}

/// What one process is told, the other does with its next request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_postgres_are_one() {
    let url = database_url(Database::Postgres).await.unwrap();
    let arguments = ["--database-url", url.as_str(), "--server-key", "a key for tests only", "--id-seed", "7"];
    let start = async || {
        let started = locum::startup::start(config(&arguments)).await.unwrap();
        (TestApp { router: started.router, app: started.app, database: Database::Postgres }, started.plan.is_some())
    };
    let ((one, first_seeded), (two, second_seeded)) = tokio::join!(start(), start());
    assert!(first_seeded != second_seeded, "exactly one of them seeds the empty database");
    one.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    two.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    let off = r#"{"enabled":false,"actor":"ann@example.test"}"#;
    one.control().put("/organizations/6700001/jetbrains-account/api", off).await.expect_ok();
    assert_eq!(two.jetbrains_account(Role::OrgAdmin).get("/token").await.status, 403);
    two.control().put("/clock", r#"{"mode":"frozen","now":"2030-01-01T00:00:00Z"}"#).await.expect_ok();
    assert_eq!(
        one.jetbrains_account(Role::OtherOrgAdmin).get("/token").await.header("date"),
        Some("Tue, 01 Jan 2030 00:00:00 GMT")
    );
    let token = one.jetbrains_account(Role::OtherOrgAdmin).post("/token/rotate", "").await.expect_ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(two.jetbrains_account(Role::OtherOrgAdmin).get("/token").await.status, 401);
    two.jetbrains_account_token(&token, "6700002").get("/token").await.expect_ok();
    one.control().put("/snapshots/shared", "").await.expect_ok();
    two.control().post("/reset", "").await.expect_ok();
    assert_eq!(one.jetbrains_account_token(&token, "6700002").get("/token").await.status, 401);
    two.control().post("/snapshots/shared/restore", "").await.expect_ok();
    one.jetbrains_account_token(&token, "6700002").get("/token").await.expect_ok();
}

#[tokio::test]
async fn another_key_is_refused() {
    let url = database_url(Database::Postgres).await.unwrap();
    let start = async |key: &str| {
        locum::startup::start(config(&["--database-url", &url, "--server-key", key]))
            .await
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    start("the first key it was given").await.unwrap();
    let refused = start("another key, a wrong one").await.unwrap_err();
    assert!(refused.contains("--server-key"), "{refused}");
}
