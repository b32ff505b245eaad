//! `/_emulator/faults`: what is to go wrong, does.

use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Method, Request},
};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::{TestApp, apply, on_both_databases};

async fn inject(app: &TestApp, rule: &str) -> serde_json::Value {
    app.control("POST", "/faults", rule).await.ok()
}

async fn vault(app: &TestApp) -> crate::support::Answer {
    let request =
        Request::builder().uri("/public-api/licenses/usage").header("Authorization", "Bearer demo-vault-token");
    app.send(request.body(Body::empty()).unwrap()).await
}

#[apply(on_both_databases)]
async fn in_each_vendor_s_shape(app: TestApp) {
    inject(&app, r#"{"match":{"service":"jetbrains_account"},"then":{"status":503}}"#).await;
    inject(&app, r#"{"match":{"service":"license_vault"},"then":{"status":503}}"#).await;
    app.org_admin().get("/token").await.page(503);
    let answer = vault(&app).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["code"], "SERVICE_UNAVAILABLE");
    assert_eq!(answer.json()["path"], "/public-api/licenses/usage");
    app.control("DELETE", "/faults", "").await.ok();
    inject(&app, r#"{"then":{"status":400,"code":"MISSING_FIELD"},"times":1}"#).await;
    app.org_admin().get("/token").await.refused(400, "MISSING_FIELD", "Bad Request");
    inject(&app, r#"{"then":{"status":500,"code":"GENERIC_ERROR"},"times":1}"#).await;
    app.full_key().get("/api-tokens").await.service_error(500, "GENERIC_ERROR");
    inject(&app, r#"{"then":{"status":429},"times":1}"#).await;
    app.full_key().get("/api-tokens").await.gateway(429, "Too Many Requests");
    inject(&app, r#"{"then":{"status":418,"body":{"a":[1]}},"times":1}"#).await;
    let own = app.org_admin().get("/token").await;
    assert_eq!((own.status.as_u16(), own.json()), (418, json!({"a": [1]})));
    inject(&app, r#"{"then":{"body":"plain"},"times":1}"#).await;
    assert_eq!(app.org_admin().get("/token").await.text(), "plain");
    app.org_admin().get("/token").await.ok();
}

#[apply(on_both_databases)]
async fn counted_by_what_matches(app: TestApp) {
    let rule = json!({
        "match": {
            "operation": "getManagedEntityInfo",
            "method": "get",
            "path": "/api/v1/*",
            "credential": "ann@example.test (organization)",
        },
        "then": {"status": 500},
        "times": 2,
        "after": 1,
    });
    let kept = inject(&app, &rule.to_string()).await;
    let id = kept["id"].as_str().unwrap();
    assert_eq!(kept["hits"], 0);
    app.org_viewer().get("/token").await.ok();
    app.org_admin().get("/products").await.ok();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(app.org_admin().get("/token").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 500, 500, 200, 200]);
    let kept = app.control("GET", &format!("/faults/{id}"), "").await.ok();
    assert_eq!((&kept["hits"], &kept["times"], &kept["match"]["method"]), (&2.into(), &2.into(), &"get".into()));
    assert_eq!(app.control("DELETE", &format!("/faults/{id}"), "").await.ok()["hits"], 2);
    app.control("GET", &format!("/faults/{id}"), "").await.problem(404);
    app.control("DELETE", &format!("/faults/{id}"), "").await.problem(404);
    assert_eq!(app.control("GET", "/faults", "").await.text(), "[]");
}

#[apply(on_both_databases)]
async fn a_fault_changes_nothing_else(app: TestApp) {
    inject(&app, r#"{"match":{"operation":"assignLicense"},"then":{"status":503},"times":1}"#).await;
    assert_eq!(app.org_admin().assign("FREE000001").await.status, 503);
    assert_eq!(app.org_admin().get("/customer/licenses?assigned=true").await.header("x-total-count"), Some("4"));
    assert_eq!(app.org_admin().assign("FREE000001").await.status, 200);
    // Each space has its own, and a reset takes them away.
    app.control("POST", "/spaces", r#"{"name":"t1"}"#).await.ok();
    app.control("POST", "/spaces/t1/faults", r#"{"then":{"status":503}}"#).await.ok();
    app.org_admin().get("/token").await.ok();
    inject(&app, r#"{"then":{"status":503}}"#).await;
    app.org_admin().get("/token").await.page(503);
    app.control("POST", "/reset", "").await.ok();
    app.org_admin().get("/token").await.ok();
    assert_eq!(app.control("GET", "/spaces/t1/faults", "").await.ok().as_array().unwrap().len(), 1);
}

#[apply(on_both_databases)]
async fn delays_and_broken_connections(app: TestApp) {
    inject(&app, r#"{"then":{"delay":"120ms"},"times":1}"#).await;
    let started = Instant::now();
    app.org_admin().get("/token").await.ok();
    assert!(started.elapsed() >= Duration::from_millis(120));
    inject(&app, r#"{"then":{"fault":"empty"},"times":1}"#).await;
    let empty = app.org_admin().get("/token").await;
    assert_eq!((empty.status.as_u16(), empty.text()), (200, ""));
    for (fault, some) in [("truncated", true), ("connection_reset", false)] {
        inject(&app, &format!(r#"{{"then":{{"fault":"{fault}"}},"times":1}}"#)).await;
        let request = Request::builder().method(Method::GET).uri("/api/v1/token");
        let request = request.header("X-Api-Key", "demo-jba-organization-admin").header("X-Customer-Code", "6700001");
        let mut body = app.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_body();
        if some {
            let half = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(half.starts_with(b"{") && !half.ends_with(b"}"), "{half:?}");
        }
        assert!(body.frame().await.unwrap().is_err(), "{fault}");
    }
}

#[apply(on_both_databases)]
async fn bad_input(app: TestApp) {
    for (rule, pointer) in [
        (r#"{"match":{"operation":"getApiToken"},"then":{"status":500}}"#, "/match/operation"),
        (r#"{"match":{"service":"jira"},"then":{"status":500}}"#, "/match/service"),
        (r#"{"match":{"method":"GTE"},"then":{"status":500}}"#, "/match/method"),
    ] {
        let problem = app.control("POST", "/faults", rule).await.problem(422);
        assert_eq!(problem["pointer"], pointer);
    }
    let near = app
        .control("POST", "/faults", r#"{"match":{"operation":"asignLicense"},"then":{"status":500}}"#)
        .await
        .problem(422);
    assert!(near["detail"].as_str().unwrap().contains("did you mean `assignLicense`?"), "{near}");
    for (rule, pointer) in [
        (r#"{"then":{}}"#, "/then"),
        (r#"{"then":{"status":99}}"#, "/then/status"),
        (r#"{"then":{"status":600}}"#, "/then/status"),
        (r#"{"then":{"status":"500"}}"#, "/then/status"),
        (r#"{"match":{"path":"api/v1/*"},"then":{"status":500}}"#, "/match/path"),
        (r#"{"match":{"credential":" "},"then":{"status":500}}"#, "/match/credential"),
        (r#"{"then":{"status":500,"code":"A\u0000"}}"#, "/then/code"),
        (r#"{"then":{"delay":"soon"}}"#, "/then/delay"),
        (r#"{"then":{"delay":"61s"}}"#, "/then/delay"),
        (r#"{"then":{"fault":"fire"}}"#, "/then/fault"),
        (r#"{"then":{"status":500},"times":0}"#, "/times"),
        (r#"{"then":{"status":500},"after":-1}"#, "/after"),
        (r#"{"then":{"status":500},"unless":1}"#, "/unless"),
        (r#"{"match":{"tenant":"x"},"then":{"status":500}}"#, "/match/tenant"),
        (r#"{"match":{}}"#, ""),
        ("[]", ""),
        ("", ""),
    ] {
        assert_eq!(app.control("POST", "/faults", rule).await.problem(400)["pointer"], pointer, "{rule}");
    }
    assert_eq!(app.control("GET", "/faults", "").await.text(), "[]");
}
