//! What a request changed, as the journal tells it.
//!
//! If you are here because an operation that writes left no change: what it writes with, in its service's `store`, does
//! not call `note_change`. If you are here because an operation is in no list below: say here whether it writes.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{
    Answer, Client, Database, FULL_KEY, READER_KEY, Role, TestApp, VAULT_TOKEN, apply, database_url, on_both_databases,
};

/// Operations that are no GET, and only read.
const READS: [&str; 4] = ["countOAuthClients", "countServiceAccountApiTokens", "getReport", "getReportInLowerCase"];

/// The entry of the request that was answered so.
async fn find_entry(app: &TestApp, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").expect("an id");
    app.control().get(&format!("/requests/{id}")).await.expect_ok()
}

/// What it says that was changed: service, kind of record, id and words.
async fn changes(app: &TestApp, answer: &Answer) -> Vec<[String; 4]> {
    let entry = find_entry(app, answer).await;
    // Where nothing was changed, there is no member.
    assert_ne!(entry.get("changes"), Some(&json!([])), "{entry}");
    let all = entry["changes"].as_array().into_iter().flatten();
    all.map(|change| ["service", "record", "id", "what"].map(|name| change[name].as_str().unwrap().to_owned()))
        .collect()
}

async fn words(app: &TestApp, answer: &Answer) -> Vec<String> {
    changes(app, answer).await.into_iter().map(|[.., what]| what).collect()
}

/// One operation that writes: who may, who may not, and what is said of it.
struct Case {
    operation: &'static str,
    client: Client,
    /// Somebody who is refused.
    refused: Client,
    method: &'static str,
    path: String,
    body: Value,
    /// Kind of record, id and words of each change. A star stands for what is drawn.
    changes: &'static [[&'static str; 3]],
}

fn case(
    operation: &'static str,
    (client, refused): (&Client, &Client),
    (method, path): (&'static str, String),
    body: Value,
    changes: &'static [[&'static str; 3]],
) -> Case {
    Case { operation, client: client.clone(), refused: refused.clone(), method, path, body, changes }
}

fn find_text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

fn list_account_cases(app: &TestApp) -> Vec<Case> {
    let (admin, viewer) = (app.jetbrains_account(Role::OrgAdmin), app.jetbrains_account(Role::OrgViewer));
    let unknown = app.jetbrains_account_token("nobody's", "6700001");
    let eve = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
    vec![
        case(
            "assignLicense",
            (&admin, &viewer),
            ("POST", "/customer/licenses/assign".into()),
            json!({"licenseId": "FREE000003", "contact": eve}),
            &[["licence", "FREE000003", "assigned FREE000003 to eve@example.test"]],
        ),
        case(
            "revokeAsset",
            (&admin, &viewer),
            ("POST", "/customer/licenses/revoke?email=ann@example.test".into()),
            Value::Null,
            &[["licence", "ABCDE12345", "took ABCDE12345 back from ann@example.test"]],
        ),
        case(
            "changeTeam",
            (&admin, &viewer),
            ("POST", "/customer/changeLicensesTeam".into()),
            json!({"licenseIds": ["FREE000002", "FREE000001", "NOSUCH"], "targetTeamId": 2002}),
            &[
                ["licence", "FREE000001", "moved FREE000001 to the team Mobile (2002)"],
                ["licence", "FREE000002", "moved FREE000002 to the team Mobile (2002)"],
            ],
        ),
        case(
            "rotateToken",
            (&app.jetbrains_account(Role::TeamAdmin), &unknown),
            ("POST", "/token/rotate".into()),
            Value::Null,
            &[["token", "bob@example.test (team 2001)", "rotated the token of bob@example.test (team 2001)"]],
        ),
    ]
}

async fn list_vault_cases(app: &TestApp) -> Vec<Case> {
    let (vault, nobody) = (app.license_vault(VAULT_TOKEN), app.license_vault_without_token());
    let bob = vault.get("/public-api/licenses?email=bob@example.test").await.expect_ok();
    let held = find_text(&bob, "/0/allocationId");
    let cleo = vault.get("/public-api/licenses?email=cleo@example.test").await.expect_ok();
    let running = cleo[0]["products"].as_array().unwrap().iter().find(|it| it["code"] == "WS").unwrap();
    let running = find_text(running, "/connectionId");
    vec![
        case(
            "revokeLicenses",
            (&vault, &nobody),
            ("POST", format!("/public-api/licenses/revoke?allocationId={held}")),
            Value::Null,
            &[
                ["licence", "*", "revoked IntelliJ IDEA Ultimate of bob@example.test"],
                ["licence", "*", "gave bob@example.test a licence of IntelliJ IDEA Ultimate"],
                ["running product", "*", "let IntelliJ IDEA Ultimate of bob@example.test run on dev-1"],
            ],
        ),
        case(
            "disconnectProduct",
            (&vault, &nobody),
            ("POST", format!("/public-api/products/disconnect?connectionId={running}")),
            Value::Null,
            &[["running product", "*", "disconnected WebStorm of cleo@example.test on dev-2"]],
        ),
    ]
}

async fn list_atlassian_cases(app: &TestApp) -> Vec<Case> {
    let (full, reader) = (app.atlassian(FULL_KEY), app.atlassian(READER_KEY));
    let session = app.sign_in_to_atlassian("ann@example.test").await;
    let (users, nobody) = (app.client().with_header("Authorization", &format!("Bearer {FULL_KEY}")), app.client());
    let rules = json!([{"resource": "ari:cloud:jira::site/1", "role": "atlassian/user"}]);
    let tokens = full.get("/api-tokens?q=laptop").await.expect_ok();
    let (bob, laptop) = (find_text(&tokens, "/data/0/user/id"), find_text(&tokens, "/data/0/id"));
    let reader_key = find_text(&full.get("/api-keys?q=reader").await.expect_ok(), "/data/0/id");
    vec![
        case(
            "deleteApiToken",
            (&users, &nobody),
            ("DELETE", format!("/users/{bob}/manage/api-tokens/{laptop}")),
            Value::Null,
            &[["API token", "*", "revoked the API token laptop of bob@example.test"]],
        ),
        case(
            "createServiceAccount",
            (&full, &reader),
            ("POST", "/service-accounts".into()),
            json!({"displayName": "deploy-bot", "permissionRules": rules}),
            &[["service account", "*", "created the service account deploy-bot"]],
        ),
        case(
            "updateServiceAccount",
            (&full, &reader),
            ("PATCH", "/service-accounts".into()),
            json!({"atlassianId": "svc-1", "displayName": "release-bot"}),
            &[["service account", "svc-1", "changed the service account release-bot"]],
        ),
        case(
            "createOAuthClient",
            (&session, &full),
            ("POST", "/oauth-clients".into()),
            json!({"name": "nightly", "serviceAccountId": "svc-2"}),
            &[["OAuth client", "*", "created the OAuth client nightly of report-bot"]],
        ),
        case(
            "deleteOAuthClient",
            (&full, &reader),
            ("DELETE", "/oauth-clients/client-sync".into()),
            Value::Null,
            &[["OAuth client", "client-sync", "deleted the OAuth client sync"]],
        ),
        case(
            "revokeApiTokens",
            (&full, &reader),
            ("DELETE", "/service-accounts/svc-1/api-tokens".into()),
            Value::Null,
            &[
                ["API token", "*", "revoked the API token last year's of the service account release-bot"],
                ["API token", "*", "revoked the API token ci of the service account release-bot"],
            ],
        ),
        case(
            "deleteServiceAccount",
            (&full, &reader),
            ("DELETE", "/service-accounts/svc-2".into()),
            Value::Null,
            &[[
                "service account",
                "svc-2",
                "deleted the service account report-bot with its API tokens and OAuth clients",
            ]],
        ),
        case(
            "RevokeApiKey",
            (&full, &reader),
            ("PATCH", format!("/api-keys/revoke/{reader_key}")),
            Value::Null,
            &[["API key", "*", "revoked the API key reader"]],
        ),
        case("Bulk revoke API Tokens", (&full, &nobody), ("DELETE", "/api-tokens".into()), Value::Null, &[]),
    ]
}

async fn send(client: &Client, case: &Case) -> Answer {
    match &case.body {
        Value::Null => client.call(case.method, &case.path, "").await,
        body => client.call(case.method, &case.path, body.clone()).await,
    }
}

/// What the space is at: a write that lasted raises it.
async fn revision(app: &TestApp) -> i64 {
    app.app.space("default").await.unwrap().revision
}

#[apply(on_both_databases)]
async fn every_operation_that_writes_says_what_it_changed(app: TestApp) {
    let operations = app.control().get("/operations").await.expect_ok();
    let writing = operations.as_array().unwrap().iter().filter(|one| one["method"] != "GET");
    let writing = writing.filter(|one| one["status"] != "missing").map(|one| one["operation"].as_str().unwrap());
    let writing: BTreeSet<&str> = writing.filter(|id| !READS.contains(id)).collect();
    let mut cases = list_account_cases(&app);
    cases.extend(list_vault_cases(&app).await);
    cases.extend(list_atlassian_cases(&app).await);
    assert_eq!(cases.iter().map(|case| case.operation).collect::<BTreeSet<_>>(), writing);
    for case in &cases {
        let before = revision(&app).await;
        let refused = send(&case.refused, case).await;
        assert!(refused.status.is_client_error(), "{}: {}", case.operation, refused.text());
        assert_eq!(changes(&app, &refused).await, Vec::<[String; 4]>::new(), "{}", case.operation);
        assert_eq!(revision(&app).await, before, "{}", case.operation);
        let answer = send(&case.client, case).await;
        assert!(answer.status.is_success(), "{}: {} {}", case.operation, answer.status, answer.text());
        assert!(revision(&app).await > before, "{}", case.operation);
        let entry = find_entry(&app, &answer).await;
        assert_eq!(entry["operation"], case.operation);
        let said = changes(&app, &answer).await;
        assert!(said.iter().all(|[service, ..]| entry["service"] == service.as_str()), "{said:?}");
        if case.changes.is_empty() {
            assert!(!said.is_empty(), "{}", case.operation);
            continue;
        }
        let found: Vec<[&str; 3]> = said.iter().map(|[_, record, id, what]| [&**record, &**id, &**what]).collect();
        let fits = |(found, expected): (&[&str; 3], &[&str; 3])| {
            found.iter().zip(expected).all(|(found, expected)| *expected == "*" || found == expected)
        };
        let are_all = found.len() == case.changes.len() && found.iter().zip(case.changes).all(fits);
        assert!(are_all, "{}: {found:?}", case.operation);
    }
}

/// A fault in place of the answer, a limit, and what finds nothing to do change nothing.
#[apply(on_both_databases)]
async fn what_did_nothing_says_nothing(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let atlassian = app.atlassian(FULL_KEY).without_document_check();
    let fault = json!({"match": {"operation": "assignLicense"}, "then": {"status": 503}, "times": 1});
    app.control().post("/faults", fault).await.expect_ok();
    let answer = admin.assign_license("FREE000001").await;
    assert_eq!((answer.status.as_u16(), words(&app, &answer).await.len()), (503, 0));
    for (status, answer) in [
        (200, admin.get("/customer/licenses/FREE000001").await),
        // Somebody holds it; nobody does; it is there.
        (400, admin.assign_license("ABCDE12345").await),
        (200, admin.post("/customer/licenses/revoke?licenseId=FREE000001", "").await),
        (
            200,
            admin
                .post("/customer/changeLicensesTeam", json!({"licenseIds": ["FREE000001"], "targetTeamId": 2001}))
                .await,
        ),
        // One of two was assigned too recently, so both stay.
        (400, admin.post("/customer/licenses/revoke?email=bob@example.test", "").await),
        (200, atlassian.post("/oauth-clients/count", "").await),
        (204, atlassian.delete("/service-accounts/svc-2/api-tokens").await),
    ] {
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
        assert!(words(&app, &answer).await.is_empty());
    }
    let limit = json!({"organization": "6700001", "limit": 1, "window": "60s"});
    app.control().put("/rate-limits", limit).await.expect_ok();
    let first = atlassian.delete("/oauth-clients/client-sync").await;
    assert_eq!(words(&app, &first).await, ["deleted the OAuth client sync"]);
    let second = atlassian.delete("/oauth-clients/client-sync").await;
    assert_eq!(second.status.as_u16(), 429);
    assert!(words(&app, &second).await.is_empty());
}

/// The client was answered nothing, and the licence is gone all the same: that is what one looks for here.
#[apply(on_both_databases)]
async fn a_lost_answer_says_what_was_done(app: TestApp) {
    for (fault, id) in [("empty", "FREE000001"), ("connection_reset", "FREE000002"), ("truncated", "FREE000003")] {
        let rule = json!({"match": {"operation": "assignLicense"}, "then": {"fault": fault}, "times": 1});
        app.control().post("/faults", rule).await.expect_ok();
        let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
        let request = Request::post("/api/v1/customer/licenses/assign")
            .header("X-Api-Key", "demo-jba-organization-admin")
            .header("X-Customer-Code", "6700001")
            .body(Body::from(json!({"licenseId": id, "contact": contact}).to_string()))
            .unwrap();
        app.router.clone().oneshot(request).await.unwrap();
        let newest = app.control().get("/requests?limit=1").await.expect_ok();
        let newest = &newest["requests"][0];
        assert!(newest["fault"].is_string(), "{newest}");
        assert_eq!(newest["changes"][0]["what"], format!("assigned {id} to eve@example.test"), "{fault}");
    }
}

#[apply(on_both_databases)]
async fn of_many_the_first_are_said_and_all_are_counted(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let count: Value = full.get("/api-tokens/count").await.expect_ok();
    let answer = full.delete("/api-tokens").await;
    let entry = find_entry(&app, &answer).await;
    assert_eq!((entry["changes"].as_array().unwrap().len(), &entry["changed"]), (8, &count));
    let old = "revoked the API token old script of bob@example.test";
    assert_eq!(entry["changes"][0]["what"], old, "the oldest comes first");
    // In the list and in an archive as well.
    let list = app.control().get("/requests?limit=1").await.expect_ok();
    assert_eq!(
        (&list["requests"][0]["changes"], &list["requests"][0]["changed"]),
        (&entry["changes"], &entry["changed"])
    );
    let archive = app.control().get("/requests?format=har").await.expect_ok();
    let archived = archive["log"]["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&archived["_locum"]["changes"], &archived["_locum"]["changed"]),
        (&entry["changes"], &entry["changed"])
    );
    let comment = archived["comment"].as_str().unwrap();
    assert!(
        comment.starts_with(old) && comment.ends_with(&format!("and {} more", count.as_i64().unwrap() - 1)),
        "{comment}"
    );
    // Of as many as are said there is no count, because it would say nothing more.
    let all = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?teamId=2002&perPage=9").await;
    let ids = all.list_member("licenseId");
    for (moved, counted) in [(&ids[..8], Value::Null), (&ids[..9], 9.into())] {
        for team in [2001, 2002] {
            let body = json!({"licenseIds": moved, "targetTeamId": team});
            let answer = app.jetbrains_account(Role::OrgAdmin).post("/customer/changeLicensesTeam", body).await;
            let entry = find_entry(&app, &answer).await;
            assert_eq!((entry["changes"].as_array().unwrap().len(), &entry["changed"]), (8, &counted));
        }
    }
}

/// Names may be tokens, if somebody mixes them up.
#[apply(on_both_databases)]
async fn no_secret_is_said(app: TestApp) {
    let session = app.sign_in_to_atlassian("ann@example.test").await;
    let body = json!({"name": format!("sync {VAULT_TOKEN}"), "serviceAccountId": "svc-1"});
    let answer = session.post("/oauth-clients", body).await;
    assert_eq!(answer.status.as_u16(), 201);
    let said = words(&app, &answer).await.join("; ");
    assert!(said.starts_with("created the OAuth client sync [") && !said.contains(VAULT_TOKEN), "{said}");
    let rotated = app.jetbrains_account(Role::OrgAdmin).post("/token/rotate", "").await;
    let token = rotated.expect_ok()["token"].as_str().unwrap().to_owned();
    let entry = find_entry(&app, &rotated).await.to_string();
    assert!(
        entry.contains("rotated the token of ann@example.test (organization)") && !entry.contains(&token),
        "{entry}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_on_the_database_says_it_too() {
    let Some(url) = database_url(Database::Postgres).await else { return };
    let (one, two) = (TestApp::start_on(Some(&url), &[]).await, TestApp::start_on(Some(&url), &[]).await);
    let answer = one.jetbrains_account(Role::OrgAdmin).assign_license("FREE000003").await;
    assert_eq!(words(&two, &answer).await, ["assigned FREE000003 to eve@example.test"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_journal_writes_are_what_they_were() {
    let app = TestApp::start_with(Database::Sqlite, &["--journal", "off"]).await;
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000003").await.status.as_u16(), 200);
}
