//! What was asked before everything in a space was replaced changes nothing in what is there after it: whoever has
//! waited meanwhile is answered 503, and is in no journal.

use axum::body::Body;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{Answer, Client, FULL_KEY, NOW, Role, SlowBody, TestApp, VAULT_TOKEN, apply, on_both_databases};

const ASSIGN: &str = "/customer/licenses/assign";
const SEED: &str = include_str!("../../seeds/demo.yaml");

fn assignment(id: &str) -> String {
    let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
    json!({"licenseId": id, "contact": contact}).to_string()
}

/// Requests of each service that read, and that write.
fn requests(app: &TestApp) -> Vec<(Client, &'static str, String, String)> {
    let jetbrains = app.jetbrains_account(Role::OrgAdmin);
    let (vault, atlassian) = (app.license_vault(VAULT_TOKEN), app.atlassian(FULL_KEY));
    let none = String::new;
    let all = vec![
        (jetbrains.clone(), "GET", "/token".to_owned(), none()),
        (jetbrains.clone(), "HEAD", "/token".to_owned(), none()),
        (jetbrains, "POST", ASSIGN.to_owned(), assignment("FREE000001")),
        (vault.clone(), "GET", "/public-api/licenses/usage".to_owned(), none()),
        (vault, "POST", "/public-api/licenses/revoke?user=eve".to_owned(), none()),
        (atlassian.clone(), "GET", "/api-tokens".to_owned(), none()),
        (atlassian.clone(), "GET", "/api-keys".to_owned(), none()),
        (atlassian, "DELETE", "/api-tokens".to_owned(), none()),
    ];
    all.into_iter().map(|(client, method, path, body)| (client.without_document_check(), method, path, body)).collect()
}

/// What replaces everything in the default space.
const REPLACEMENTS: [&str; 4] = ["reset", "seed", "import", "restore"];

async fn replace(app: &TestApp, how: &str, state: &Value) {
    let control = app.control();
    let answer = match how {
        "reset" => control.post("/reset", "").await,
        "seed" => control.post("/seed?mode=replace", format!("clock: {NOW}\n{SEED}")).await,
        "import" => control.put("/state", state).await,
        _ => control.post("/snapshots/before/restore", "").await,
    };
    answer.expect_ok();
}

/// All that can be seen of a space.
async fn look(app: &TestApp) -> Value {
    let journal = app.control().get("/requests").await.expect_ok();
    assert_eq!(journal["evicted"], 0, "{journal}");
    json!({
        "state": app.control().get("/state").await.expect_ok(),
        "journal": journal["requests"],
        "limits": app.control().get("/rate-limits").await.expect_ok(),
        "faults": app.control().get("/faults").await.expect_ok(),
    })
}

/// Waits until that many requests were hit by a rule.
async fn wait_for_hits(app: &TestApp, rule: &Value, hits: usize) {
    let path = format!("/faults/{}", rule["id"].as_str().unwrap());
    while app.control().get(&path).await.expect_ok()["hits"] != hits {
        tokio::task::yield_now().await;
    }
}

#[track_caller]
fn expect_outlived(what: &str, answer: &Answer) {
    assert_eq!(answer.status.as_u16(), 503, "{what}: {}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("1"), "{what}");
}

fn send(client: &Client, method: &'static str, path: &str, body: Body) -> JoinHandle<Answer> {
    let (client, path) = (client.clone(), path.to_owned());
    tokio::spawn(async move { client.call(method, &path, body).await })
}

#[apply(on_both_databases)]
async fn who_was_delayed_over_a_replacement(app: TestApp) {
    app.control().put("/snapshots/before", "").await.expect_ok();
    let state = app.control().get("/state").await.expect_ok();
    for how in REPLACEMENTS {
        replace(&app, how, &state).await;
        let untouched = look(&app).await;
        for then in [json!({"delay": "400ms"}), json!({"delay": "400ms", "status": 418, "fault": "connection_reset"})] {
            // Some of these answers are remembered.
            for (client, method, path, body) in requests(&app) {
                if method == "GET" {
                    client.call(method, &path, body).await.expect_ok();
                }
            }
            let rule = app.control().post("/faults", json!({"then": then})).await.expect_ok();
            let asked = requests(&app);
            let running: Vec<_> = asked
                .iter()
                .map(|(client, method, path, body)| send(client, method, path, Body::from(body.clone())))
                .collect();
            wait_for_hits(&app, &rule, running.len()).await;
            replace(&app, how, &state).await;
            let faults = app.control().get("/faults").await.expect_ok();
            assert_eq!(faults, json!([]));
            // By the same id, because the world is the same again.
            let again = app.control().post("/faults", json!({"then": [{}]})).await.expect_ok();
            for (request, (_, method, path, _)) in running.into_iter().zip(asked) {
                expect_outlived(&format!("{how}: {method} {path}"), &request.await.unwrap());
            }
            assert_eq!(app.control().get("/faults").await.expect_ok()[0], again);
            replace(&app, how, &state).await;
            assert_eq!(look(&app).await, untouched, "{how} {then}");
        }
    }
}

/// Each vendor's own way to say that it is not available.
#[apply(on_both_databases)]
async fn the_refusal_is_each_vendor_s_own(app: TestApp) {
    let rule = app.control().post("/faults", json!({"then": {"delay": "300ms"}})).await.expect_ok();
    let (vault_path, empty) = ("/public-api/licenses/usage", Body::empty);
    let jetbrains = send(&app.jetbrains_account(Role::OrgAdmin).without_document_check(), "GET", "/token", empty());
    let vault = send(&app.license_vault(VAULT_TOKEN).without_document_check(), "GET", vault_path, empty());
    let atlassian = send(&app.atlassian(FULL_KEY).without_document_check(), "GET", "/api-tokens", empty());
    wait_for_hits(&app, &rule, 3).await;
    app.control().post("/reset", "").await.expect_ok();
    let [jetbrains, vault, atlassian] = [jetbrains.await.unwrap(), vault.await.unwrap(), atlassian.await.unwrap()];
    jetbrains.expect_jetbrains_error_page(503);
    vault.expect_vault_error(503, "UNAVAILABLE", vault_path);
    atlassian.expect_gateway_error(503, "Service Unavailable");
    // An injected one is the same.
    app.control().post("/faults", json!({"then": {"status": 503}})).await.expect_ok();
    for (own, client, path) in [
        (jetbrains, app.jetbrains_account(Role::OrgAdmin), "/token"),
        (vault, app.license_vault(VAULT_TOKEN), vault_path),
        (atlassian, app.atlassian(FULL_KEY), "/api-tokens"),
    ] {
        let injected = client.without_document_check().get(path).await;
        assert_eq!((injected.status, injected.text()), (own.status, own.text()), "{path}");
        for name in own.headers.keys().filter(|name| *name != "x-request-id") {
            assert_eq!(injected.headers.get(name), own.headers.get(name), "{path}: {name}");
        }
    }
}

/// Half of the body comes before, the other half after it.
#[apply(on_both_databases)]
async fn whose_body_came_over_a_replacement(app: TestApp) {
    app.control().put("/snapshots/before", "").await.expect_ok();
    let state = app.control().get("/state").await.expect_ok();
    for (how, has_length, rule) in [
        ("reset", true, None),
        ("seed", true, None),
        ("import", true, None),
        ("restore", true, None),
        ("reset", false, None),
        ("import", false, None),
        // The body is read before the rule is chosen.
        ("reset", false, Some(json!({"match": {"body": {"licenseId": "FREE000001"}}, "then": {"status": 418}}))),
        ("reset", true, Some(json!({"match": {"body": {"licenseId": "FREE000001"}}, "then": {"status": 418}}))),
    ] {
        replace(&app, how, &state).await;
        let untouched = look(&app).await;
        if let Some(rule) = &rule {
            app.control().post("/faults", rule).await.expect_ok();
        }
        let what = format!("{how}, has_length: {has_length}, {rule:?}");
        let asked: Vec<_> = [
            (app.jetbrains_account(Role::OrgAdmin), "POST", ASSIGN, assignment("FREE000001")),
            (app.atlassian(FULL_KEY), "DELETE", "/api-tokens", r#"{"ids":["x"]}"#.to_owned()),
        ]
        .into_iter()
        // A handler that takes no body waits for none that is sent in chunks.
        .filter(|(_, method, ..)| has_length || *method == "POST")
        .map(|(client, method, path, body)| {
            let (pieces, slow) = if has_length { SlowBody::of_length(body.len()) } else { SlowBody::without_length() };
            let (first, second) = body.as_bytes().split_at(10);
            pieces.send(first);
            let running = send(&client.without_document_check(), method, path, slow);
            (running, pieces, second.to_vec())
        })
        .collect();
        for (_, pieces, _) in &asked {
            pieces.is_awaited().await;
        }
        // Who asks is found out while the body comes.
        for _ in 0..5 {
            app.control().get("/clock").await.expect_ok();
        }
        replace(&app, how, &state).await;
        for (running, pieces, rest) in asked {
            pieces.send(&rest);
            drop(pieces);
            expect_outlived(&what, &running.await.unwrap());
        }
        assert_eq!(look(&app).await, untouched, "{what}");
    }
}

/// A space that is deleted takes with it what waited in it: no other space has heard of it.
#[apply(on_both_databases)]
async fn who_waited_in_a_space_that_is_gone(app: TestApp) {
    let made = app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let token = made["organizations"][0]["jetbrains_account"]["tokens"][0]["token"].as_str().unwrap();
    let code = made["organizations"][0]["customer_code"].as_str().unwrap();
    let client = app.jetbrains_account_token(token, code).without_document_check();
    assert_eq!(client.get("/token").await.status, 200, "{made}");
    let untouched = look(&app).await;
    let rule = app.control().post("/spaces/t1/faults", json!({"then": {"delay": "300ms"}})).await.expect_ok();
    let read = send(&client, "GET", "/token", Body::empty());
    let write = send(&client, "POST", "/token/rotate", Body::empty());
    let path = format!("/spaces/t1/faults/{}", rule["id"].as_str().unwrap());
    while app.control().get(&path).await.expect_ok()["hits"] != 2 {
        tokio::task::yield_now().await;
    }
    app.control().delete("/spaces/t1").await.expect_ok();
    expect_outlived("read", &read.await.unwrap());
    expect_outlived("write", &write.await.unwrap());
    assert_eq!(look(&app).await, untouched);
}

/// What waits within one generation is decided by what is true when it has waited.
#[apply(on_both_databases)]
async fn who_waited_while_nothing_was_replaced(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let body = assignment("FREE000001");
    let (first, second) = body.as_bytes().split_at(10);
    let (pieces, slow) = SlowBody::of_length(body.len());
    pieces.send(first);
    let running = send(&admin, "POST", ASSIGN, slow);
    pieces.is_awaited().await;
    // Made while the body was still to come, and hits all the same.
    app.control().post("/faults", json!({"then": {"status": 418}, "times": 1})).await.expect_ok();
    pieces.send(second);
    drop(pieces);
    assert_eq!(running.await.unwrap().status, 418);
    let (pieces, slow) = SlowBody::of_length(body.len());
    pieces.send(first);
    let running = send(&admin, "POST", ASSIGN, slow);
    pieces.is_awaited().await;
    app.advance_clock("1h").await;
    pieces.send(second);
    drop(pieces);
    assert_eq!(running.await.unwrap().status, 200);
    let journal = app.control().get("/requests?limit=1").await.expect_ok();
    assert_eq!(journal["requests"][0]["at"], "2026-01-15T10:00:00Z", "the clock is read when the request is whole");
    // A delay lets a write happen in the same world, after others.
    let rule = app.control().post("/faults", json!({"then": {"delay": "200ms"}})).await.expect_ok();
    let running = send(&admin, "POST", ASSIGN, Body::from(assignment("FREE000002")));
    wait_for_hits(&app, &rule, 1).await;
    app.advance_clock("1h").await;
    assert_eq!(running.await.unwrap().status, 200);
}

/// The control API's own writes too: a tester's request that was on its way when the world was replaced is not meant
/// for the new one.
#[apply(on_both_databases)]
async fn control_requests_whose_body_came_over_a_replacement(app: TestApp) {
    let state = app.control().get("/state").await.expect_ok();
    app.control().post("/reset", "").await.expect_ok();
    let untouched = look(&app).await;
    for (method, path, body) in [
        ("POST", "/faults", r#"{"then":{"status":503}}"#.to_owned()),
        ("PUT", "/clock", r#"{"mode":"frozen","now":"2030-01-01T00:00:00Z"}"#.to_owned()),
        ("POST", "/clock/advance", r#"{"by":"1h"}"#.to_owned()),
        ("PUT", "/rate-limits", r#"{"organization":"6700001","limit":1,"window":"60s"}"#.to_owned()),
        ("POST", "/seed", SEED.replace("Example Corp", "Another Corp")),
        ("POST", "/seed?mode=replace", SEED.replace("Example Corp", "Another Corp")),
        ("PUT", "/state", state.to_string().replace("Example Corp", "Another Corp")),
        ("POST", "/organizations/6700001/atlassian/session", r#"{"actor":"ann@example.test"}"#.to_owned()),
    ] {
        let (pieces, slow) = SlowBody::of_length(body.len());
        let (first, second) = body.as_bytes().split_at(5);
        pieces.send(first);
        let running = send(&app.control().without_document_check(), method, path, slow);
        pieces.is_awaited().await;
        app.control().post("/reset", "").await.expect_ok();
        pieces.send(second);
        drop(pieces);
        let answer = running.await.unwrap();
        assert_eq!(answer.status, 503, "{method} {path}: {}", answer.text());
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("everything was replaced while the request was under way: send it again"), "{detail}");
        assert_eq!(look(&app).await, untouched, "{method} {path}");
    }
    // Resets at once do not stand in each other's way.
    let resets: Vec<_> = (0..6).map(|_| send(&app.control(), "POST", "/reset", Body::empty())).collect();
    for reset in resets {
        reset.await.unwrap().expect_ok();
    }
}

/// Nobody who listens hears of a request that no journal has.
#[apply(on_both_databases)]
async fn listeners_hear_nothing_of_it(app: TestApp) {
    use http_body_util::BodyExt as _;
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let rule = app.control().post("/faults", json!({"then": {"delay": "300ms"}})).await.expect_ok();
    let running = send(&admin, "GET", "/token", Body::empty());
    wait_for_hits(&app, &rule, 1).await;
    app.control().post("/reset", "").await.expect_ok();
    let mut events = app.control().get_stream("/events").await.into_body();
    expect_outlived("GET", &running.await.unwrap());
    // Something that is heard of, so that the test knows when to stop.
    admin.get("/token").await.expect_ok();
    let mut heard = String::new();
    while !heard.contains("event: request") {
        let frame = events.frame().await.unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    assert!(heard.contains("\"status\":200") && !heard.contains("\"status\":503"), "{heard}");
    let metrics = app.client().get("/metrics").await;
    let outlived =
        r#"locum_requests_total{service="jetbrains_account",operation="getManagedEntityInfo",status="503"} 1"#;
    assert!(metrics.text().contains(outlived), "what the server did is counted: {}", metrics.text());
}
