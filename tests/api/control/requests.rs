//! `/_emulator/requests`: the journal, and questions about it.

use std::time::Duration;

use axum::http::HeaderMap;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::verify::verify;
use crate::support::{
    Answer, Database, EXPIRED_KEY, FULL_KEY, NOW, READER_KEY, Role, TestApp, apply, on_both_databases,
};

async fn list_requests(app: &TestApp, query: &str) -> Vec<Value> {
    app.control().get(&format!("/requests{query}")).await.expect_ok()["requests"].as_array().unwrap().clone()
}

/// Gets the journal's entry of an answer.
async fn find_entry(app: &TestApp, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").unwrap();
    let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
    assert_eq!((entry["id"].as_str(), &entry["status"]), (Some(id), &answer.status.as_u16().into()));
    entry
}

fn header<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    message["headers"].as_array().unwrap().iter().find(|header| header["name"] == name)?["value"].as_str()
}

#[apply(on_both_databases)]
async fn an_entry_says_what_was_asked_and_answered(app: TestApp) {
    let answer = app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await;
    let entry = find_entry(&app, &answer).await;
    assert_eq!(entry["at"], NOW);
    assert_eq!((&entry["service"], &entry["operation"]), (&"jetbrains_account".into(), &"assignLicense".into()));
    assert_eq!((&entry["method"], &entry["path"]), (&"POST".into(), &"/api/v1/customer/licenses/assign".into()));
    assert_eq!(entry["credential"], "ann@example.test (organization)");
    let request = &entry["request"];
    assert_eq!(header(request, "x-api-key"), Some("[ann@example.test (organization)]"));
    assert_eq!(header(request, "x-customer-code"), Some("6700001"));
    let body = request["body"].as_str().unwrap();
    assert_eq!(
        (serde_json::from_str::<Value>(body).unwrap()["licenseId"].clone(), &request["body_bytes"]),
        ("FREE000001".into(), &body.len().into())
    );
    assert_eq!(header(&entry["response"], "content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!((&entry["response"]["body"], &entry["response"]["body_bytes"]), (&Value::Null, &0.into()));
    let listed = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?perPage=2&productCode=II").await;
    let entry = find_entry(&app, &listed).await;
    assert_eq!(
        (&entry["query"], &entry["response"]["body"]),
        (&"perPage=2&productCode=II".into(), &listed.text().into())
    );
}

#[apply(on_both_databases)]
async fn the_trail_says_why(app: TestApp) {
    let good = find_entry(&app, &app.jetbrains_account(Role::OrgViewer).get("/token").await).await;
    assert_eq!(
        good["trail"],
        json!({
            "credential": {"outcome": "good", "label": "cleo@example.test (organization)"},
            "permission": {"needed": "any role, and the customer code", "held": "viewer of the organization"},
        })
    );
    let refused = find_entry(&app, &app.jetbrains_account(Role::OrgViewer).assign_license("FREE000001").await).await;
    let needed = "an admin of the organization, or of the licence's team";
    assert_eq!(refused["trail"]["permission"], json!({"needed": needed, "held": "viewer of the organization"}));
    assert_eq!(refused["trail"]["refusal"], "no permission to edit");
    let scope = find_entry(&app, &app.atlassian(READER_KEY).get("/api-keys").await).await;
    assert_eq!(scope["trail"]["permission"], json!({"needed": "read:keys:admin", "held": "read:tokens:admin"}));
    assert_eq!(
        scope["trail"]["rate_limit"],
        json!({"limit": 1000, "remaining": 999, "reset": "2026-01-15T09:01:00Z", "exceeded": false})
    );
    assert_eq!(scope["refusal"], "the scope read:keys:admin is needed");
    let expired = find_entry(&app, &app.atlassian(EXPIRED_KEY).get("/api-keys").await).await;
    assert_eq!(expired["trail"]["credential"], json!({"outcome": "expired", "label": "expired"}));
    let unknown = find_entry(&app, &app.jetbrains_account_token("nobody's", "6700001").get("/token").await).await;
    assert_eq!(unknown["trail"]["credential"], json!({"outcome": "unknown"}));
    assert_eq!(header(&unknown["request"], "x-api-key"), Some("********"));
    let nothing = find_entry(&app, &app.jetbrains_account(Role::Anonymous).get("/token").await).await;
    assert_eq!(nothing["trail"]["credential"], json!({"outcome": "nothing"}));
    app.control().put("/rate-limits", r#"{"limit":1}"#).await.expect_ok();
    let limited = find_entry(&app, &app.atlassian(READER_KEY).get("/api-keys").await).await;
    assert_eq!((&limited["status"], &limited["trail"]["rate_limit"]["exceeded"]), (&429.into(), &true.into()));
    let fault =
        app.control().post("/faults", r#"{"then":{"status":503,"fault":"truncated"},"times":1}"#).await.expect_ok();
    let damaged = app.jetbrains_account(Role::OrgAdmin).get_stream("/token").await;
    let id = damaged.headers()["x-request-id"].to_str().unwrap();
    let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
    assert_eq!(entry["trail"]["fault"], json!({"id": fault["id"], "did": "status 503, truncated"}));
    assert_eq!((&entry["status"], &entry["fault"]), (&503.into(), &"status 503, truncated".into()));
    assert!(entry["response"]["body"].as_str().unwrap().ends_with("</html>\n"), "as it was before the damage");
    assert!(damaged.into_body().collect().await.is_err());
}

#[apply(on_both_databases)]
async fn lists_filter_and_page(app: TestApp) {
    for id in ["FREE000001", "FREE000001", "NOSUCH"] {
        app.jetbrains_account(Role::OrgAdmin).assign_license(id).await;
    }
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    assert_eq!(app.client().get("/api/v2/token").await.status, 404);
    let found = async |query: &str| {
        let found = list_requests(&app, query).await;
        found.iter().map(|r| r["status"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [404, 200, 404, 400, 200]);
    assert_eq!(found("?service=jetbrains_account").await, [404, 400, 200]);
    assert_eq!(found("?operation=assignLicense&status=4xx").await, [404, 400]);
    assert_eq!(found("?status=400").await, [400]);
    assert_eq!(found("?credential=full").await, [200]);
    assert_eq!(found("?credential=nobody").await, [0_u64; 0]);
    let last = list_requests(&app, "?status=400").await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(found(&format!("?since={last}")).await, [404, 200, 404]);
    app.advance_clock("1h").await;
    app.jetbrains_account(Role::OrgAdmin).get("/token").await;
    assert_eq!(found("?since=2026-01-15T09:30:00Z").await, [200]);
    assert_eq!(found("?since=2026-01-15T09:00:00Z").await.len(), 6);
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.control().get(&format!("/requests?limit=4{cursor}")).await.expect_ok();
        pages.push(page["requests"].as_array().unwrap().len());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages, [4, 2]);
    assert_eq!(app.control().delete("/requests").await.expect_ok(), json!({"requests": [], "evicted": 0}));
    assert_eq!(found("").await, [0_u64; 0]);
    app.jetbrains_account(Role::OrgAdmin).get("/token").await;
    assert_eq!(found("").await, [200]);
}

#[apply(on_both_databases)]
async fn spaces_have_their_own_and_reset_clears_it(app: TestApp) {
    let space = app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let account = &space["organizations"][0];
    let token = account["jetbrains_account"]["tokens"][0]["token"].as_str().unwrap();
    app.jetbrains_account_token(token, account["customer_code"].as_str().unwrap()).get("/token").await.expect_ok();
    assert_eq!((list_requests(&app, "").await.len(), list_requests(&app, "?space=t1").await.len()), (0, 1));
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    assert_eq!((list_requests(&app, "").await.len(), list_requests(&app, "?space=t1").await.len()), (1, 1));
    let question = json!({"match": {"operation": "getManagedEntityInfo"}, "count": {"exactly": 1}});
    app.control().post("/spaces/t1/requests/verify", &question).await.expect_ok();
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!((list_requests(&app, "").await.len(), list_requests(&app, "?space=t1").await.len()), (0, 1));
}

#[apply(on_both_databases)]
async fn bad_input(app: TestApp) {
    for (query, status, pointer) in [
        ("?status=9", 400, "/status"),
        ("?status=6xx", 400, "/status"),
        ("?status=abc", 400, "/status"),
        ("?limit=0", 400, "/limit"),
        ("?limit=1001", 400, "/limit"),
        ("?limit=x", 400, "/limit"),
        ("?cursor=x", 400, "/cursor"),
        ("?since=yesterday", 400, "/since"),
        ("?since=%00", 400, "/since"),
        ("?credential=%00", 400, "/credential"),
        ("?credential=a%00b", 400, "/credential"),
        ("?service=nope", 422, "/service"),
        ("?operation=getToken", 422, "/operation"),
    ] {
        let problem = app.control().get(&format!("/requests{query}")).await.expect_problem(status);
        assert_eq!(problem["pointer"], pointer, "{query}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(query != "?limit=x" || detail == "query: expected a whole number", "{detail}");
    }
    let problem = app.control().post("/requests/verify", r#"{"match":{"status":"2xx"}}"#).await.expect_problem(400);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("expected a whole number from 0 to 65535"), "{detail}");
    for (body, status, pointer) in [
        ("", 400, ""),
        ("[]", 400, ""),
        (r#"{"macth":{}}"#, 400, "/macth"),
        (r#"{"match":{"operatoin":"x"}}"#, 400, "/match/operatoin"),
        (r#"{"match":{"operation":"asignLicense"}}"#, 422, "/match/operation"),
        (r#"{"match":{"service":"x"}}"#, 422, "/match/service"),
        (r#"{"match":{"status":1}}"#, 400, "/match/status"),
        (r#"{"match":{"query":{"a":[1]}}}"#, 400, "/match/query/a"),
        (r#"{"count":{"exactly":-1}}"#, 400, "/count/exactly"),
        (r#"{"count":{"exactly":1,"at_most":2}}"#, 400, "/count"),
        (r#"{"count":{"exactly":"1"}}"#, 400, "/count/exactly"),
        (r#"{"within":"soon"}"#, 400, "/within"),
        (r#"{"within":"1h"}"#, 400, "/within"),
    ] {
        assert_eq!(
            app.control().post("/requests/verify", body).await.expect_problem(status)["pointer"],
            pointer,
            "{body}"
        );
    }
    app.control().get("/requests/nope").await.expect_problem(404);
    app.control().get("/requests/%00").await.expect_problem(404);
    app.control().get("/requests?space=nope").await.expect_problem(404);
    let misspelt = app.control().post("/requests/verify", r#"{"match":{"operation":"asignLicense"}}"#).await;
    assert_eq!(
        misspelt.expect_problem(422)["detail"],
        "there is no operation `asignLicense`, did you mean `assignLicense`? `assignLicense` is POST \
         /api/v1/customer/licenses/assign of jetbrains_account"
    );
}

#[apply(on_both_databases)]
async fn events_come_as_things_happen(app: TestApp) {
    let response = app.control().get_stream("/events").await;
    assert_eq!((response.status().as_u16(), content_type(response.headers())), (200, "text/event-stream"));
    let mut body = response.into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(Duration::from_secs(20), body.frame()).await.expect("an event in time");
        let text = String::from_utf8(frame.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap();
        let (name, data) = text.split_once('\n').unwrap();
        let data = data.strip_prefix("data: ").unwrap().lines().next().unwrap();
        (name.strip_prefix("event: ").unwrap().to_owned(), serde_json::from_str::<Value>(data).unwrap())
    };
    let (name, before) = next().await;
    assert_eq!(name, "state");
    app.advance_clock("1h").await;
    assert_eq!(next().await, ("clock".to_owned(), json!({"mode": "frozen", "now": "2026-01-15T10:00:00Z"})));
    let (name, after) = next().await;
    assert_eq!(
        (name.as_str(), after["revision"].as_i64().unwrap()),
        ("state", before["revision"].as_i64().unwrap() + 1)
    );
    let (name, note) = next().await;
    assert_eq!((name.as_str(), &note["text"]), ("note", &"clock +1 h → 2026-01-15 10:00:00 frozen".into()));
    let rule = app
        .control()
        .post("/faults", r#"{"match":{"operation":"getManagedEntityInfo"},"then":{"status":503}}"#)
        .await
        .expect_ok();
    assert_eq!(next().await, ("fault".to_owned(), rule.clone()));
    assert_eq!(next().await.0, "state");
    let (name, note) = next().await;
    let made = r#"fault made: {"operation":"getManagedEntityInfo"} gets {"status":503}"#;
    assert_eq!((name.as_str(), &note["text"], note.get("after")), ("note", &made.into(), None));
    let answer = app.jetbrains_account(Role::OrgAdmin).without_document_check().get("/token").await;
    let (name, hit) = next().await;
    assert_eq!((name.as_str(), &hit["id"], &hit["hits"]), ("fault", &rule["id"], &1.into()));
    let (name, request) = next().await;
    assert_eq!(
        (name.as_str(), request["id"].as_str(), &request["status"]),
        ("request", answer.header("x-request-id"), &503.into())
    );
    app.control().delete("/faults").await.expect_ok();
    assert_eq!(next().await, ("fault".to_owned(), json!({"id": "", "removed": true})));
}

#[apply(on_both_databases)]
async fn another_space_s_events_are_not_heard_and_the_stream_ends_with_its_own(app: TestApp) {
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let response = app.control().get_stream("/spaces/t1/events").await;
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    app.control().post("/reset", "").await.expect_ok();
    app.control().delete("/spaces/t1").await.expect_ok();
    let whole = tokio::time::timeout(Duration::from_secs(20), response.into_body().collect()).await;
    let whole = String::from_utf8(whole.expect("the stream ends").unwrap().to_bytes().to_vec()).unwrap();
    assert!(!whole.contains("event: request"), "{whole}");
    assert!(whole.starts_with("event: state\n"), "{whole}");
    assert!(whole.ends_with("event: deleted\ndata: {\"name\":\"t1\"}\n\n"), "{whole}");
}

fn content_type(headers: &HeaderMap) -> &str {
    headers["content-type"].to_str().unwrap()
}

async fn with_journal(database: Database, size: &str) -> TestApp {
    TestApp::start_with(database, &["--journal", size]).await
}

async fn bounded_by_entries_and_bytes(database: Database) {
    let app = with_journal(database, "3").await;
    for _ in 0..5 {
        app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    }
    let page = app.control().get("/requests").await.expect_ok();
    assert_eq!((page["requests"].as_array().unwrap().len(), &page["evicted"]), (3, &2.into()));
    let about = |count: Value| json!({"match": {"operation": "getManagedEntityInfo"}, "count": count});
    verify(&app, about(json!({"at_least": 3}))).await.expect_ok();
    for unknowable in [json!({"exactly": 3}), json!({"at_most": 3}), json!({"exactly": 5})] {
        let problem = verify(&app, about(unknowable)).await.expect_problem(409);
        assert!(problem["detail"].as_str().unwrap().contains("2 requests were dropped"), "{problem}");
        assert_eq!(problem["evicted"], 2);
    }
    assert!(
        verify(&app, about(json!({"at_most": 2}))).await.expect_problem(409)["detail"]
            .as_str()
            .unwrap()
            .contains("not counted")
    );
    app.control().delete("/requests").await.expect_ok();
    verify(&app, about(json!({"exactly": 0}))).await.expect_ok();
    let app = with_journal(database, "1000,40KiB").await;
    for _ in 0..20 {
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?perPage=20").await.expect_ok();
    }
    let page = app.control().get("/requests").await.expect_ok();
    let kept = page["requests"].as_array().unwrap().len();
    assert!((1..=5).contains(&kept), "{kept} lists of 10 kB are in 40 KiB");
    assert_eq!(page["evicted"].as_u64().unwrap(), 20 - kept as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bounded_by_entries_and_bytes_on_sqlite() {
    bounded_by_entries_and_bytes(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bounded_by_entries_and_bytes_on_postgres() {
    bounded_by_entries_and_bytes(Database::Postgres).await;
}

#[tokio::test]
async fn without_a_journal_questions_are_refused_and_requests_are_not() {
    let app = with_journal(Database::Sqlite, "off").await;
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    for (method, path, body) in [
        ("GET", "/requests", ""),
        ("DELETE", "/requests", ""),
        ("GET", "/requests/x", ""),
        ("POST", "/requests/verify", "{}"),
    ] {
        let problem = app.control().call(method, path, body).await.expect_problem(404);
        assert!(problem["detail"].as_str().unwrap().contains("--journal"), "{problem}");
    }
}

/// A body is kept up to 64 KiB, and what is no text is not kept where it could hide something.
#[tokio::test]
async fn long_and_binary_bodies() {
    let app = TestApp::start(Database::Sqlite).await;
    let text = format!(r#"{{"licenseIds":["{}"]}}"#, "A".repeat(100_000));
    let long =
        find_entry(&app, &app.jetbrains_account(Role::OrgAdmin).post("/customer/changeLicensesTeam", &text).await)
            .await;
    assert_eq!(long["request"]["body_bytes"], text.len());
    assert!(long["request"]["body"].as_str().unwrap().len() <= 64 * 1024);
    let binary = app.atlassian(FULL_KEY).post("/service-accounts/count", vec![0xff, 0xfe, 0]).await;
    let binary = find_entry(&app, &binary).await;
    assert_eq!((&binary["request"]["body"], &binary["request"]["body_bytes"]), (&Value::Null, &3.into()));
}
