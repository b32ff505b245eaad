//! Remembered credentials stay valid until a write changes something that decides requests: credentials, rights, the
//! clock, faults. Writes of data alone leave them as they are.

use locum::{
    core::paging::Page,
    domain::organization::{DEFAULT_SPACE, Space},
    services::jetbrains_account::{
        domain::{contact::Contact, license::LicenseFilter},
        store::license,
    },
    store,
};
use serde_json::json;
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{Client, EXPIRED_KEY, FULL_KEY, READER_KEY, Role, TestApp, VAULT_TOKEN, apply, on_both_databases};

/// What scopes with `Changes::Data` may write. No request is decided by any of it.
const DATA: [&str; 10] = [
    "license",
    "api_token",
    "api_token_count",
    "service_account",
    "service_account_token",
    "oauth_client",
    "vault_allocation",
    "vault_connection",
    "vault_denial",
    "vault_revocation",
];
/// Tables beside the data of a space. No request is decided by them either.
const BESIDE: [&str; 8] = [
    "ended_credential",
    "journal_entry",
    "journal_note",
    "journal_state",
    "rate_window",
    "snapshot",
    "server",
    "space_origin",
];
/// What every write changes.
const SPACE: &str = "space";

async fn space_of(app: &TestApp) -> Space {
    app.app.space(DEFAULT_SPACE).await.unwrap()
}

#[apply(on_both_databases)]
async fn only_what_requests_are_decided_by_raises_the_revision_of_the_rules(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let before = space_of(&app).await;
    admin.assign_license("FREE000001").await.expect_empty(200);
    let after = space_of(&app).await;
    assert_eq!(after, Space { revision: before.revision + 1, writes: before.writes + 1, ..before });
    for change in ["/clock", "/faults", "/reset"] {
        match change {
            "/clock" => app.control().put(change, json!({"mode": "real"})).await.expect_ok(),
            "/faults" => app
                .control()
                .post(change, json!({"match": {"operation": "getProducts"}, "then": {"status": 500}}))
                .await
                .expect_ok(),
            _ => app.control().post(change, "").await.expect_ok(),
        };
        let space = space_of(&app).await;
        assert!(space.rules_revision > after.revision, "{change}: {space:?}");
        assert_eq!(space, space_of(&app).await);
    }
}

/// Opens the file that an app has open. What it is told is not checked.
async fn open_beside(folder: &tempfile::TempDir) -> (TestApp, SqliteConnection) {
    let path = folder.path().join("locum.db");
    let app = TestApp::start_on(Some(&format!("sqlite://{}", path.display())), &[]).await;
    let options = SqliteConnectOptions::new().filename(&path).foreign_keys(false);
    (app, options.connect().await.unwrap())
}

/// The requests that need a scope with `Changes::Data`, each by what it is sent with.
async fn send_all_that_write_data(app: &TestApp) -> Vec<(String, u16)> {
    let (admin, vault, full) =
        (app.jetbrains_account(Role::OrgAdmin), app.license_vault(VAULT_TOKEN), app.atlassian(FULL_KEY));
    let users = app.client().with_header("Authorization", &format!("Bearer {FULL_KEY}")).below("/users");
    let mut done = Vec::new();
    let mut send = async |client: &Client, method: &str, path: &str, body: &str| {
        let answer = client.call(method, path, body.to_owned()).await;
        done.push((format!("{method} {path}: {}", answer.text()), answer.status.as_u16()));
        answer
    };
    let contact = r#"{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}"#;
    let assign = format!(r#"{{"licenseId":"FREE000001","contact":{contact}}}"#);
    send(&admin, "POST", "/customer/licenses/assign", &assign).await;
    let moves = r#"{"targetTeamId":2002,"licenseIds":["FREE000002"]}"#;
    send(&admin, "POST", "/customer/changeLicensesTeam", moves).await;
    send(&admin, "POST", "/customer/licenses/revoke?licenseId=ABCDE12345", "").await;
    let running = vault.get("/public-api/licenses?username=cleo").await.expect_ok();
    let connection = running[0]["products"][0]["connectionId"].as_str().unwrap();
    send(&vault, "POST", &format!("/public-api/products/disconnect?connectionId={connection}"), "").await;
    send(&vault, "POST", "/public-api/licenses/revoke?username=bob", "").await;
    let token = full.get("/api-tokens?q=laptop").await.expect_ok()["data"][0].clone();
    let (user, id) = (token["user"]["id"].as_str().unwrap(), token["id"].as_str().unwrap());
    send(&users, "DELETE", &format!("/{user}/manage/api-tokens/{id}"), "").await;
    send(&full, "DELETE", "/api-tokens", "").await;
    send(&full, "DELETE", "/oauth-clients/client-sync", "").await;
    send(&full, "DELETE", "/service-accounts/svc-1/api-tokens", "").await;
    let rules = r#"[{"resource":"ari:cloud:jira::site/x","role":"atlassian/user"}]"#;
    let account = format!(r#"{{"displayName":"new-bot","permissionRules":{rules}}}"#);
    send(&full, "POST", "/service-accounts", &account).await;
    send(&full, "PATCH", "/service-accounts", r#"{"atlassianId":"svc-1","description":"x"}"#).await;
    send(&full, "DELETE", "/service-accounts/svc-2", "").await;
    done
}

/// Handlers whose scope says that they write data only write nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_that_say_so_write_data_only() {
    let folder = tempfile::tempdir().unwrap();
    let (app, mut beside) = open_beside(&folder).await;
    // Its use is noted before, and not again within the minute.
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    for table in list_tables(&mut beside).await {
        if DATA.contains(&table.as_str()) || BESIDE.contains(&table.as_str()) {
            continue;
        }
        let columns = if table == SPACE { " OF id, name, clock_mode, clock_micros, rules_revision" } else { "" };
        for event in ["INSERT".to_owned(), "DELETE".to_owned(), format!("UPDATE{columns}")] {
            let name = format!("{table}_{}", &event[..6]);
            let trigger = format!(
                "CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{name} is no data'); END"
            );
            beside.execute(sqlx::AssertSqlSafe(trigger)).await.unwrap();
        }
    }
    for (request, status) in send_all_that_write_data(&app).await {
        assert!((200..300).contains(&status), "{status} {request}");
    }
    let refused = app.control().without_document_check().put("/clock", json!({"mode": "real"})).await;
    assert_eq!(refused.status, 500, "the triggers do something");
}

/// Nobody is let in, or kept out, by what those handlers write: without any of it, all is decided as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_decided_by_data() {
    let folder = tempfile::tempdir().unwrap();
    let (app, mut beside) = open_beside(&folder).await;
    // Requests that are answered by what is known of the credential, and some that are refused by it.
    let ask = async || {
        let clients = [
            (app.jetbrains_account(Role::OrgAdmin), "/token"),
            (app.jetbrains_account(Role::TeamViewer), "/token"),
            (app.license_vault(VAULT_TOKEN), "/licenses-report.json"),
            (app.license_vault("nobody's"), "/public-api/licenses"),
            (app.atlassian(READER_KEY), "/api-keys/count"),
            (app.atlassian(EXPIRED_KEY), "/api-keys/count"),
        ];
        let mut answers = Vec::new();
        for (client, path) in clients {
            let answer = client.get(path).await;
            answers.push((path, answer.status.as_u16(), answer.header("content-type").map(str::to_owned)));
        }
        answers
    };
    let before = ask().await;
    for table in DATA {
        beside.execute(sqlx::AssertSqlSafe(format!("DROP TABLE {table}"))).await.unwrap();
    }
    // Nothing that is remembered is good any more.
    app.control()
        .post("/faults", json!({"match": {"operation": "getProducts"}, "then": {"status": 500}}))
        .await
        .expect_ok();
    assert_eq!(ask().await, before);
}

async fn list_tables(connection: &mut SqliteConnection) -> Vec<String> {
    const SQL: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' \
                       AND name NOT LIKE 'api\\_token\\_search%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' \
                       AND name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    let tables: Vec<String> = sqlx::query_scalar(SQL).fetch_all(connection).await.unwrap();
    assert!(tables.len() > 25 && DATA.iter().all(|table| tables.contains(&(*table).to_owned())), "{tables:?}");
    tables
}

/// A statement of which nothing is asked has run before the next one, and is gone with its session.
#[apply(on_both_databases)]
async fn what_is_written_along_is_seen_by_the_next_statement_and_lasts_with_the_commit(app: TestApp) {
    let space = space_of(&app).await;
    let contact = Contact { first_name: "Eve".to_owned(), last_name: "Stone".to_owned(), email: "e@a.test".to_owned() };
    let organizations = store::organization::list(&mut app.app.db.read().await.unwrap(), space.id).await.unwrap();
    let organization = organizations[0].id;
    let everything = Page { number: 1, size: 1000 };
    let free = LicenseFilter { assigned: Some(false), ..LicenseFilter::default() };
    let mut session = app.app.db.write(space.id).await.unwrap();
    let (all, _) = license::list_page(&mut session, organization, &free, everything).await.unwrap();
    assert!(all.len() > 20, "more than wait for each other");
    for one in &all {
        license::assign(&mut session, organization, &one.id, &contact, false).await.unwrap();
    }
    let (left, _) = license::list_page(&mut session, organization, &free, everything).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    license::release(&mut session, organization, &all[0]).await.unwrap();
    drop(session);

    for commits in [false, true] {
        let mut session = app.app.db.write(space.id).await.unwrap();
        for one in &all[..3] {
            license::assign(&mut session, organization, &one.id, &contact, false).await.unwrap();
        }
        license::release(&mut session, organization, &all[0]).await.unwrap();
        if commits {
            session.commit().await.unwrap();
        } else {
            drop(session);
        }
        let mut reader = app.app.db.read().await.unwrap();
        let held = LicenseFilter { assignee_email: Some(contact.email.clone()), ..LicenseFilter::default() };
        let held = license::list(&mut reader, organization, &held).await.unwrap();
        assert_eq!(held.len(), if commits { 2 } else { 0 });
    }
}
