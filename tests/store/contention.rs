//! Many at once: what one waits for, another does not fail by; and rights count at the moment of the write.

use std::time::{Duration, Instant};

use chrono::DateTime;
use futures_util::future::{join, join_all};
use locum::{
    core::rate_window::window,
    domain::{credential::CredentialId, organization::DEFAULT_SPACE},
    store::{self, rate_window},
};
use serde_json::json;

use crate::support::{
    Answer, Database, FULL_KEY, READER_KEY, Role, TestApp, VAULT_TOKEN, apply, config, on_both_databases,
};

/// Starts on a file, whose readers do not wait for its writer.
async fn start_on_file(folder: &tempfile::TempDir) -> TestApp {
    let url = format!("sqlite://{}", folder.path().join("locum.db").display());
    TestApp::start_on(Some(&url), &[]).await
}

/// Requests with a key that is being revoked are answered as before or as after, and so are those whose space is being
/// deleted, unless it happens meanwhile: no other space is to hear of them.
#[apply(on_both_databases)]
async fn a_request_whose_credential_is_being_revoked_is_refused_or_answered(app: TestApp) {
    for round in 0..15 {
        let requests = join_all((0..8).map(async |_| app.atlassian(READER_KEY).get("/api-tokens/count").await));
        let revoke = async { app.control().post("/credentials/reader/revoke", "").await.expect_ok() };
        for answer in join(requests, revoke).await.0 {
            assert!([200, 401].contains(&answer.status.as_u16()), "round {round}: {}", answer.text());
        }
        assert_eq!(app.atlassian(READER_KEY).get("/api-tokens/count").await.status, 401);

        let space = app.control().post("/spaces", json!({"name": "gone"})).await.expect_ok();
        let variable = |name: &str| space["variables"][name].as_str().unwrap().to_owned();
        let key = app.atlassian(&variable("ATLASSIAN_API_KEY")).in_organization(&variable("ATLASSIAN_ORG_ID"));
        let key = key.without_document_check();
        let requests = join_all((0..8).map(async |_| key.get("/api-tokens/count").await));
        let delete = async { app.control().delete("/spaces/gone").await.expect_ok() };
        for answer in join(requests, delete).await.0 {
            assert!([200, 401, 503].contains(&answer.status.as_u16()), "round {round}: {}", answer.text());
        }
        app.control().post("/reset", "").await.expect_ok();
    }
}

/// Counting and the journal wait for no write that is open, whatever it deletes.
#[apply(on_both_databases)]
async fn counting_waits_for_nobody_who_deletes_what_is_counted_for(app: TestApp) {
    let counted = app.atlassian(FULL_KEY).get("/api-tokens/count").await;
    counted.expect_ok();
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let credentials = store::credential::list(&mut app.app.db.read().await.unwrap(), space.id).await.unwrap();
    let key = credentials.iter().find(|credential| credential.kind == "api_key").unwrap();
    let mut open = app.app.db.write(space.id).await.unwrap();
    store::space::wipe(&mut open).await.unwrap();
    if app.database == Database::Sqlite {
        // In memory, nobody reads beside a writer.
        drop(open);
        return;
    }
    let began = Instant::now();
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let window = window(now, Duration::from_mins(1));
    let count = rate_window::count(&app.app.db, space.id, space.generation(), key.id, "getX", window);
    assert_eq!(count.await.unwrap(), 1);
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    app.license_vault(VAULT_TOKEN).get("/public-api/licenses/usage").await.expect_ok();
    assert!(began.elapsed() < Duration::from_secs(2), "it waited {:?}", began.elapsed());
    open.commit().await.unwrap();
    let count = rate_window::count(&app.app.db, space.id, space.generation(), key.id, "getX", window);
    assert_eq!(count.await.unwrap(), 1, "nobody is counted for any more");
}

/// Whoever waits for a space keeps nobody else waiting: no reader, no other space, no probe.
async fn keeps_nobody_else_waiting(app: TestApp) {
    app.control().post("/spaces", json!({"name": "other"})).await.expect_ok();
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let open = app.app.db.write(space.id).await.unwrap();
    let waiting =
        join_all((0..40).map(async |_| app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await));
    let others = async {
        let began = Instant::now();
        for _ in 0..5 {
            app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses").await.expect_ok();
            app.license_vault(VAULT_TOKEN).get("/public-api/licenses/usage").await.expect_ok();
            app.control().get("/clock").await.expect_ok();
            assert_eq!(app.client().get("/readyz").await.status, 200);
            if app.database == Database::Postgres {
                app.control().in_space("other").put("/clock", r#"{"mode":"real"}"#).await.expect_ok();
            }
        }
        let took = began.elapsed();
        drop(open);
        took
    };
    let (answers, took) = join(waiting, others).await;
    assert!(took < Duration::from_secs(5), "the others waited {took:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "one gets the licence");
    assert!(answers.iter().all(|answer| [200, 400].contains(&answer.status.as_u16())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_to_write_keeps_nobody_else_waiting_on_postgres() {
    keeps_nobody_else_waiting(TestApp::start(Database::Postgres).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_to_write_keeps_nobody_else_waiting_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    keeps_nobody_else_waiting(start_on_file(&folder).await).await;
}

/// A write that cannot have its turn ends all the same, also one of the control API.
#[apply(on_both_databases)]
async fn a_write_ends_when_its_turn_does_not_come(app: TestApp) {
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let open = app.app.db.write(space.id).await.unwrap();
    let (began, control) = (Instant::now(), app.control().without_document_check());
    let clock = async { control.put("/clock", r#"{"mode":"real"}"#).await };
    let reset = async { control.post("/reset", "").await };
    let (clock, reset) = join(clock, reset).await;
    clock.expect_problem(503);
    reset.expect_problem(503);
    assert!(began.elapsed() < Duration::from_secs(15), "it waited {:?}", began.elapsed());
    drop(open);
    app.control().put("/clock", r#"{"mode":"real"}"#).await.expect_ok();
}

/// No session is open while a token is hashed: for a start, a reset, a seed, a space, and each token that is made.
#[apply(on_both_databases)]
async fn tokens_are_hashed_before_the_write(app: TestApp) {
    app.control().post("/reset", "").await.expect_ok();
    app.control().post("/spaces", json!({"name": "t1"})).await.expect_ok();
    app.control().in_space("t1").post("/reset", "").await.expect_ok();
    app.seed_atlassian("      api_keys: [{ label: made }, { label: spelled, token: spelled-out-token }]").await;
    let control = app.control();
    for (method, path, body) in [
        ("POST", "/credentials/reader/rotate", json!({})),
        (
            "POST",
            "/organizations/6700001/jetbrains-account/tokens",
            json!({"actor": "ann@example.test", "person": "ann@example.test"}),
        ),
        ("POST", "/organizations/6700001/atlassian/session", json!({"actor": "ann@example.test"})),
        ("POST", "/vaults/example/token", json!({"actor": "ann@example.test"})),
        ("POST", "/vaults/example/automation-tokens", json!({"actor": "ann@example.test", "name": "more"})),
    ] {
        let body = if body == json!({}) { String::new() } else { body.to_string() };
        control.call(method, path, body).await.expect_ok();
    }
    app.jetbrains_account(Role::TeamViewer).post("/token/rotate", "").await.expect_ok();
    assert_eq!(app.app.keyring.late_hashes(), 0);
}

/// The same token, sixteen times at once: one request makes a new one, which is good; the others come too late.
#[apply(on_both_databases)]
async fn of_many_rotations_of_one_token_one_wins(app: TestApp) {
    let viewer = app.jetbrains_account(Role::TeamViewer);
    let answers = join_all((0..16).map(async |_| viewer.post("/token/rotate", "").await)).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
    }
    let token = won[0].json()["token"].as_str().unwrap().to_owned();
    app.jetbrains_account_token(&token, "6700001").get("/token").await.expect_ok();
}

/// The same by the control API: nobody gets a token that another request ends before it can be used. Who asks after the
/// first is done gets a new one, which ends the first; on a busy machine some of these do.
#[apply(on_both_databases)]
async fn of_many_rotations_by_the_control_api_at_once_one_is_done(app: TestApp) {
    let control = app.control();
    let path = "/credentials/reader/rotate";
    let answers = join_all((0..16).map(async |_| control.post(path, "").await)).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(lost.iter().all(|answer| answer.status == 409));
    let is_good = async |answer: &&Answer| {
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        app.atlassian(&token).get("/api-tokens/count").await.status == 200
    };
    let good = join_all(won.iter().map(is_good)).await;
    assert_eq!(good.iter().filter(|is_good| **is_good).count(), 1);
    control.post(path, "").await.expect_ok();

    let (credential, before) = (CredentialId(1_000_000), Instant::now());
    assert!(app.app.note_rotation(credential, before));
    assert!(!app.app.note_rotation(credential, before), "it arrived before the first was done");
    assert!(app.app.note_rotation(credential, Instant::now()));
}

/// What is done to the rights of a request that waits before it writes, and how it is then answered.
#[apply(on_both_databases)]
async fn rights_are_those_at_the_moment_of_the_write(app: TestApp) {
    for (change, body, status) in [
        ("/credentials/ann@example.test%20(organization)/revoke", json!(null), 401),
        ("/credentials/ann@example.test%20(organization)/rotate", json!(null), 401),
        ("/credentials/ann@example.test%20(organization)/expire", json!(null), 401),
        ("/organizations/6700001/jetbrains-account/api", json!({"enabled": false, "actor": "ann@example.test"}), 403),
        // Another write that changes nothing of it.
        ("/faults", json!({"match": {"operation": "getProducts"}, "then": {"status": 500}}), 200),
    ] {
        app.control().post("/reset", "").await.expect_ok();
        let delay = json!({"match": {"operation": "assignLicense"}, "then": {"delay": "700ms"}});
        app.control().post("/faults", delay).await.expect_ok();
        let assign = async { app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await };
        let change_rights = async {
            // The request was let in, and waits.
            while app.control().get("/faults").await.expect_ok()[0]["hits"] != 1 {
                tokio::task::yield_now().await;
            }
            let method = if body["enabled"] == false { "PUT" } else { "POST" };
            let body = if body.is_null() { String::new() } else { body.to_string() };
            app.control().call(method, change, body).await.expect_ok();
        };
        let (answer, ()) = join(assign, change_rights).await;
        assert_eq!(answer.status.as_u16(), status, "{change}: {}", answer.text());
        app.control().post("/reset", "").await.expect_ok();
    }
}

/// One person's world: what a credential is found by and whom it speaks for are read as of one moment.
#[apply(on_both_databases)]
async fn a_session_of_one_moment_sees_no_later_write(app: TestApp) {
    if app.database == Database::Sqlite {
        let folder = tempfile::tempdir().unwrap();
        return sees_no_later_write(start_on_file(&folder).await).await;
    }
    sees_no_later_write(app).await;
}

async fn sees_no_later_write(app: TestApp) {
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let mut session = app.app.db.read_one_moment().await.unwrap();
    let before = store::credential::list(&mut session, space.id).await.unwrap();
    app.control().post("/seed?mode=replace", "version: 1\norganizations: []\n").await.expect_ok();
    let after = store::credential::list(&mut session, space.id).await.unwrap();
    assert_eq!(before.len(), after.len());
    drop(session);
    let now = store::credential::list(&mut app.app.db.read().await.unwrap(), space.id).await.unwrap();
    assert!(now.is_empty());
}

/// What a dropped session began is over at once: somebody else who has the file open may write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_write_keeps_nobody_from_the_file() {
    use sqlx::{ConnectOptions as _, Executor as _};
    let folder = tempfile::tempdir().unwrap();
    let app = start_on_file(&folder).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("locum.db"));
    let mut stranger = options.busy_timeout(Duration::from_secs(3)).connect().await.unwrap();
    let mut write = async || stranger.execute("BEGIN IMMEDIATE; COMMIT").await.unwrap();
    write().await;
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    drop(app.app.db.write(space.id).await.unwrap());
    write().await;
    app.jetbrains_account(Role::OrgAdmin).assign_license("NOSUCH").await;
    write().await;
    app.control().post("/seed?dry_run", "version: 1\norganizations: []\n").await.expect_ok();
    write().await;
}

/// A file serves one process; PostgreSQL any number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = start_on_file(&folder).await;
    let url = format!("sqlite://{}", folder.path().join("locum.db").display());
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(folder.path().join("locum.db"), &link).unwrap();
    for url in [url, format!("sqlite://{}", link.display())] {
        let arguments = ["--database-url", url.as_str(), "--server-key", "a key for tests only"];
        let refused = locum::startup::start(config(&arguments)).await.map(|_| ()).unwrap_err().to_string();
        let holder = format!("in use by another Locum, process {}", std::process::id());
        assert!(refused.contains(&holder), "{refused}");
    }
    app.app.db.close().await.unwrap();
}

/// What is only tried is not there afterwards, however large, and writes none of what cannot fail.
#[apply(on_both_databases)]
async fn a_dry_run_of_a_million_keeps_nobody_waiting_for_long(app: TestApp) {
    const SEED: &str = "version: 1
organizations:
  - name: Large
    customer_code: 6700009
    people: [{ email: ann@large.test }]
    jetbrains_account:
      teams: [{ id: 1, name: Large }]
      licenses: [{ count: 50000, product: II, team: 1 }]
    atlassian: { api_tokens: [{ count: 1000000 }] }
";
    let dry = app.control().post("/seed?dry_run", SEED).await.expect_ok();
    assert!(dry.to_string().contains("50000"), "{dry}");
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let found = store::organization::list(&mut app.app.db.read().await.unwrap(), space.id).await.unwrap();
    assert!(found.iter().all(|organization| organization.name != "Large"));
    let mut trial = app.app.db.write(space.id).await.unwrap();
    trial.try_only();
    assert!(trial.commit().await.is_err(), "nothing that is tried can last");
}

/// States that are sent are in memory, so not any number of them is taken at once.
#[apply(on_both_databases)]
async fn imports_wait_for_each_other(app: TestApp) {
    let state = app.control().get("/state").await.expect_ok();
    let turns = app.app.imports.clone().acquire_many_owned(2).await.unwrap();
    let waiting = app.control();
    let import = waiting.put("/state", &state);
    let mut import = std::pin::pin!(import);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut import).await.is_err());
    app.control().get("/clock").await.expect_ok();
    drop(turns);
    import.await.expect_ok();
}
