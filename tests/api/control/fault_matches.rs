//! `/_emulator/faults`: rules that mean requests by their query and body, as `requests/verify` does.

use axum::body::Body;
use serde_json::{Value, json};

use crate::support::{FULL_KEY, Role, SlowBody, TestApp, apply, on_both_databases};

const ASSIGN: &str = "/customer/licenses/assign";

async fn inject(app: &TestApp, rule: &Value) -> Value {
    app.control().post("/faults", rule).await.expect_ok()
}

fn assignment(email: &str) -> Value {
    let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": email});
    json!({"licenseId": "FREE000001", "contact": contact})
}

/// What a rule means, a question to the journal finds, and says the same of what it does not mean.
#[apply(on_both_databases)]
async fn a_fault_hits_what_a_verification_finds(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let (list, assign) = ("/customer/licenses?assigned=true&page=1&assigneeEmail=a%40b.test", ASSIGN);
    let eve = assignment("eve@example.test").to_string();
    for (matcher, path, body, hits) in [
        (json!({"query": {"page": "1"}}), list, "", true),
        (json!({"query": {"page": "1", "assigned": "true"}, "operation": "getAllForCustomer"}), list, "", true),
        (json!({"query": {"assigneeEmail": "a@b.test"}}), list, "", true),
        (json!({"query": {"page": 1, "assigned": true}}), list, "", true),
        (json!({"query": {"page": 2}}), list, "", false),
        (json!({"query": {"page": "2"}}), list, "", false),
        (json!({"query": {"page": ""}}), list, "", false),
        (json!({"query": {"perpage": "1"}}), list, "", false),
        (json!({"query": {"perpage": "1"}}), "/customer/licenses?perpage=1&perpage=2", "", true),
        (json!({"query": {"perpage": "2"}}), "/customer/licenses?perpage=1&perpage=2", "", false),
        (json!({"query": {}}), list, "", true),
        (json!({"body": {"contact": {"email": "eve@example.test"}}}), assign, &eve, true),
        (json!({"body": {"licenseId": "FREE000001"}, "method": "POST", "path": "/api/v1/*"}), assign, &eve, true),
        (json!({"body": {"contact": {"email": "bob@example.test"}}}), assign, &eve, false),
        (json!({"body": {"licenseId": "FREE000001", "license": null}}), assign, &eve, false),
        (json!({"body": {}}), assign, &eve, true),
        (json!({"body": []}), assign, &eve, false),
        (json!({"body": {}}), assign, "no JSON", false),
        (json!({"body": "no JSON"}), assign, "no JSON", true),
        (json!({"body": "no"}), assign, "no JSON", false),
        (json!({"body": "no JSON"}), assign, "\"no JSON\"", true),
        (json!({"body": {}}), assign, "", false),
        (json!({"body": {"a": 1}, "query": {"x": "1"}}), "/customer/licenses/assign?x=1", r#"{"a":1}"#, true),
        (json!({"body": {"a": 1}, "query": {"x": "2"}}), "/customer/licenses/assign?x=1", r#"{"a":1}"#, false),
    ] {
        app.control().delete("/faults").await.expect_ok();
        app.control().delete("/requests").await.expect_ok();
        let kept = inject(&app, &json!({"match": matcher, "then": {"status": 418}})).await;
        let method = if body.is_empty() && path == list || path.contains("perpage") { "GET" } else { "POST" };
        let answer = admin.call(method, path, body).await;
        assert_eq!(answer.status == 418, hits, "{matcher} {path} {body}: {}", answer.status);
        let question = json!({"match": matcher, "count": {"exactly": i32::from(hits)}});
        app.control().post("/requests/verify", question).await.expect_ok();
        let id = kept["id"].as_str().unwrap();
        assert_eq!(app.control().get(&format!("/faults/{id}")).await.expect_ok()["hits"], i32::from(hits), "{matcher}");
    }
}

/// The service gets the body as it was sent, however it was sent, when a rule has looked at it in vain.
#[apply(on_both_databases)]
async fn a_body_that_was_looked_at_is_the_handler_s_all_the_same(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let none = json!({"match": {"body": {"licenseId": "OTHER00001"}}, "then": {"status": 418}});
    inject(&app, &none).await;
    inject(&app, &json!({"match": {"body": {"contact": {"email": "none@example.test"}}}, "then": {"status": 418}}))
        .await;
    assert_eq!(admin.assign_license("FREE000001").await.status, 200);
    // Without a length, and in many pieces.
    let body = assignment("eve@example.test").to_string().replace("FREE000001", "FREE000002");
    let (sender, slow) = SlowBody::without_length();
    body.as_bytes().chunks(7).for_each(|piece| sender.send(piece));
    drop(sender);
    assert_eq!(admin.post(ASSIGN, slow).await.status, 200);
    // Longer than what is kept to be sent once more.
    let long = body
        .replace("FREE000002", "FREE000003")
        .replace("{\"contact\"", &format!("{}{{\"contact\"", " ".repeat(100_000)));
    assert_eq!(admin.post(ASSIGN, &long).await.status, 200);
    let assigned = admin.get("/customer/licenses?assigneeEmail=eve@example.test").await;
    assert_eq!(assigned.list_member("licenseId"), ["FREE000001", "FREE000002", "FREE000003"]);
    let journal = app.control().get("/requests?operation=assignLicense").await.expect_ok();
    let id = journal["requests"][1]["id"].as_str().unwrap();
    let kept = app.control().get(&format!("/requests/{id}")).await.expect_ok();
    assert_eq!(kept["request"]["body"], body, "the journal has it once");
    // Such a body hits as any other.
    inject(&app, &json!({"match": {"body": {"licenseId": "FREE000009"}}, "then": {"status": 503}})).await;
    let (sender, slow) = SlowBody::without_length();
    sender.send(body.replace("FREE000002", "FREE000009").as_bytes());
    drop(sender);
    admin.post(ASSIGN, slow).await.expect_jetbrains_error_page(503);
}

/// A body that no service would take is refused as ever, and one that breaks off too.
#[apply(on_both_databases)]
async fn bodies_that_are_too_large_or_break_off(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let too_large = " ".repeat(1024 * 1024 + 1);
    let (sender, broken) = SlowBody::without_length();
    sender.send(b"{\"licenseId\":");
    sender.break_off();
    let plain = (admin.post(ASSIGN, &too_large).await, admin.post(ASSIGN, broken).await);
    assert_eq!((plain.0.status.as_u16(), plain.1.status.as_u16()), (413, 400));
    let matcher = json!({"operation": "assignLicense", "body": {"licenseId": "FREE000001"}});
    inject(&app, &json!({"match": matcher, "then": {"status": 503}})).await;
    let (sender, broken) = SlowBody::without_length();
    sender.send(b"{\"licenseId\":");
    sender.break_off();
    let looked_at = (admin.post(ASSIGN, &too_large).await, admin.post(ASSIGN, broken).await);
    assert_eq!((looked_at.0.text(), looked_at.1.text()), (plain.0.text(), plain.1.text()));
    assert_eq!((looked_at.0.status, looked_at.1.status), (plain.0.status, plain.1.status));
    let journal = app.control().get("/requests").await.expect_ok();
    let statuses: Vec<&Value> = journal["requests"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [400, 413, 400, 413]);
    let stream = Body::from_stream(futures_util::stream::pending::<Result<&[u8], std::io::Error>>());
    // Nobody reads the body of a request that no such rule means.
    assert_eq!(admin.call("GET", "/token", stream).await.status, 200);
}

/// A body that no request has can hit none; a parameter that no operation reads can be sent.
#[apply(on_both_databases)]
async fn a_body_of_requests_that_have_none_is_refused(app: TestApp) {
    for (matcher, says) in [
        (
            json!({"operation": "getManagedEntityInfo", "body": {}}),
            "as `getManagedEntityInfo` is GET /api/v1/token of jetbrains_account: leave `body` out, or match by \
             `query`",
        ),
        (json!({"method": "GET", "body": "x"}), "no operation that this matches takes a body"),
        (json!({"method": "head", "body": {"a": 1}}), "no operation that this matches takes a body"),
        (json!({"path": "/public-api/licenses/usage", "body": {}}), "`getLicenseUsage` is GET"),
        (json!({"service": "atlassian", "method": "GET", "body": {}}), "no operation that this matches takes a body"),
    ] {
        let rule = json!({"match": matcher, "then": {"status": 503}});
        let problem = app.control().post("/faults", &rule).await.expect_problem(422);
        assert_eq!(problem["pointer"], "/match/body", "{matcher}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{matcher}: {detail}");
    }
    for matcher in [
        json!({"operation": "assignLicense", "body": {"x": 1}}),
        json!({"path": "/api/v1/*", "body": "x"}),
        json!({"method": "POST", "body": {}}),
        json!({"body": {}}),
        json!({"body": null, "method": "GET"}),
        json!({"operation": "getManagedEntityInfo", "query": {"nobody": "reads it"}}),
    ] {
        inject(&app, &json!({"match": matcher, "then": {"status": 503}})).await;
    }
    for (matcher, pointer) in [
        (json!({"query": {"page": [1]}}), "/match/query/page"),
        (json!({"query": []}), "/match/query"),
        (json!({"query": "page=1"}), "/match/query"),
        (json!({"bdoy": {}}), "/match/bdoy"),
        (json!({"status": 200}), "/match/status"),
    ] {
        let rule = json!({"match": matcher, "then": {"status": 503}});
        assert_eq!(app.control().post("/faults", &rule).await.expect_problem(400)["pointer"], pointer, "{matcher}");
    }
}

/// What a rule says of query and body is part of the space's state.
#[apply(on_both_databases)]
async fn a_state_has_all_of_a_rule(app: TestApp) {
    let rule = json!({
        "match": {"operation": "assignLicense", "query": {"x": "1"}, "body": {"licenseId": "FREE000001"}},
        "then": [
            {"status": 503, "headers": {"Retry-After": "7", "Set-Cookie": ["a=1", "b=2"]}},
            {"delay": "1ms..2ms"},
            {},
            {"status": 429},
        ],
        "after": 1,
    });
    inject(&app, &rule).await;
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let body = assignment("eve@example.test");
    let ask = async || admin.post("/customer/licenses/assign?x=1", &body).await.status.as_u16();
    assert_eq!([ask().await, ask().await], [200, 503]);
    let faults = app.control().get("/faults").await.expect_ok();
    assert_eq!(
        (&faults[0]["hits"], &faults[0]["match"], &faults[0]["then"][0]),
        (&1.into(), &rule["match"], &rule["then"][0])
    );
    let state = app.control().get("/state").await.expect_ok();
    app.control().put("/snapshots/s", "").await.expect_ok();
    for restore in ["state", "snapshots"] {
        app.control().post("/reset", "").await.expect_ok();
        assert_eq!(app.control().get("/faults").await.expect_ok(), json!([]));
        if restore == "state" {
            app.control().put("/state", &state).await.expect_ok();
        } else {
            app.control().post("/snapshots/s/restore", "").await.expect_ok();
        }
        assert_eq!(app.control().get("/faults").await.expect_ok(), faults, "{restore}");
        let statuses = [ask().await, ask().await, ask().await, ask().await];
        assert_eq!(statuses, [400, 400, 429, 400], "the sequence goes on where it was");
    }
    let mut wrong = state.clone();
    let text = wrong["tables"]["injected_fault"][0]["rule"].as_str().unwrap().replace("Retry-After", "Content-Length");
    wrong["tables"]["injected_fault"][0]["rule"] = text.into();
    let problem = app.control().put("/state", &wrong).await;
    assert_eq!(problem.status, 400, "{}", problem.text());
    assert!(problem.text().contains("Content-Length"), "{}", problem.text());
}

/// Of another service, whose bodies are JSON too.
#[apply(on_both_databases)]
async fn a_body_of_atlassian(app: TestApp) {
    let atlassian = app.atlassian(FULL_KEY).without_document_check();
    let id = app.atlassian(FULL_KEY).get("/api-tokens").await.json()["data"][0]["id"].clone();
    let rule = json!({"match": {"service": "atlassian", "body": {"ids": [id]}}, "then": {"status": 503}});
    inject(&app, &rule).await;
    let body = |ids: Value| json!({"ids": ids});
    assert_eq!(atlassian.call("DELETE", "/api-tokens", body(json!([id]))).await.status, 503);
    assert_ne!(atlassian.call("DELETE", "/api-tokens", body(json!([id, id]))).await.status, 503);
}
