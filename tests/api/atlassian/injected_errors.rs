//! Errors that a tester injects look like the service's own.

use serde_json::{Value, json};

use crate::support::{Answer, FULL_KEY, ORG, READER_KEY, TestApp, apply, on_both_databases};

async fn inject(app: &TestApp, status: u16) {
    app.control().post("/faults", json!({"then": {"status": status}, "times": 1})).await.expect_ok();
}

/// What a client can tell two refusals by, without the request's id: also whether it was counted.
fn describe(answer: &Answer) -> (u16, Option<String>, Option<String>, Option<String>, Value) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let Some(error) = body.pointer_mut("/errors/0/id") {
        *error = Value::Null;
    }
    let header = |name| answer.header(name).map(ToOwned::to_owned);
    (answer.status.as_u16(), header("content-type"), header("retry-after"), header("x-ratelimit-limit"), body)
}

#[apply(on_both_databases)]
async fn an_injected_refusal_is_as_the_operation_s_own(app: TestApp) {
    let (full, reader) = (app.atlassian(FULL_KEY), app.atlassian(READER_KEY));
    let client = r#"{"name":"x","serviceAccountId":"svc-1"}"#;
    for (status, asks, method, path, body) in [
        (401, &app.atlassian_without_key(), "GET", "/api-keys", ""),
        (403, &reader, "GET", "/api-keys", ""),
        (403, &reader, "DELETE", "/api-tokens", ""),
        (403, &reader, "DELETE", "/service-accounts/svc-1", ""),
        (403, &full, "POST", "/oauth-clients", client),
        (404, &full, "GET", "/oauth-clients/nothing", ""),
        (404, &full, "DELETE", "/oauth-clients/nothing", ""),
        (404, &full, "GET", "/service-accounts/nothing/api-tokens", ""),
        (404, &full, "DELETE", "/service-accounts/nothing", ""),
        (404, &full, "DELETE", "/service-accounts/nothing/api-tokens", ""),
        (404, &full, "GET", "/service-accounts/nothing/oauth-clients", ""),
        (404, &full, "PATCH", "/service-accounts", r#"{"atlassianId":"nothing","displayName":"nothing-bot"}"#),
        (404, &full, "GET", "/nothing", ""),
        (405, &full, "PUT", "/api-keys", ""),
        (400, &full, "PATCH", "/api-keys/revoke/nothing", ""),
    ] {
        let own = asks.call(method, path, body).await;
        assert_eq!(own.status.as_u16(), status);
        inject(&app, status).await;
        let injected = full.call(method, path, body).await;
        assert_eq!(describe(&injected), describe(&own), "{status} {method} {path}");
    }
    full.delete("/api-tokens").await.expect_empty(204);
    let own = full.delete("/api-tokens").await;
    inject(&app, 404).await;
    assert_eq!(describe(&full.delete("/api-tokens").await), describe(&own));
}

#[apply(on_both_databases)]
async fn an_injected_failure_has_the_service_s_words(app: TestApp) {
    app.seed_atlassian("      quirks: { missing_page_size_is_500: true }").await;
    let full = app.atlassian(FULL_KEY).without_document_check();
    let own = full.get("/api-tokens").await;
    inject(&app, 500).await;
    assert_eq!(describe(&full.get("/api-tokens").await), describe(&own));
    for (status, message) in [(503, "Service Unavailable"), (504, "Gateway Timeout"), (502, "Bad Gateway")] {
        inject(&app, status).await;
        let answer = full.get("/api-tokens").await;
        answer.expect_gateway_error(status, message);
        assert_eq!(answer.header("retry-after"), (status == 503).then_some("1"), "{status}");
    }
    for (status, code, title) in [
        (400, "INVALID_SORT", "Invalid sort"),
        (400, "INVALID_PAGE_SIZE", "Invalid page size"),
        (403, "FEATURE_NOT_ENABLED", "Feature not enabled"),
        (404, "GENERIC_ERROR", "Not found"),
    ] {
        let then = json!({"status": status, "code": code});
        app.control().post("/faults", json!({"then": then, "times": 1})).await.expect_ok();
        let answer = full.in_organization(ORG).get("/api-tokens").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["title"]), (status, &title.into()));
        assert_eq!(answer.json()["errors"][0]["code"], code);
    }
}

/// What no operation of theirs misses does not say that something is missing.
#[apply(on_both_databases)]
async fn an_injected_404_names_what_the_operation_looks_for(app: TestApp) {
    let full = app.atlassian(FULL_KEY).without_document_check();
    for (method, path, detail) in [
        ("GET", "/api-tokens", None),
        ("GET", "/api-tokens/count", None),
        ("GET", "/api-keys", None),
        ("GET", "/api-keys/count", None),
        ("GET", "/oauth-clients", None),
        ("POST", "/oauth-clients", None),
        ("POST", "/oauth-clients/count", None),
        ("POST", "/service-accounts/count", None),
        ("PATCH", "/api-keys/revoke/x", None),
        ("GET", "/service-accounts/api-tokens", Some("there is no such organization")),
        ("GET", "/service-accounts/oauth-clients", Some("there is no such organization")),
        ("GET", "/service-accounts/svc-1/api-tokens", Some("there is no such service account")),
        ("GET", "/oauth-clients/x", Some("there is no such OAuth client")),
    ] {
        inject(&app, 404).await;
        let answer = full.call(method, path, "").await;
        let error = answer.json()["errors"][0].clone();
        assert_eq!((answer.status.as_u16(), &error["code"]), (404, &"GENERIC_ERROR".into()), "{method} {path}");
        assert_eq!(error["detail"].as_str(), detail, "{method} {path}");
        assert_eq!(error["title"], "Not found");
    }
    for (method, path) in [("GET", "/service-accounts"), ("POST", "/service-accounts")] {
        inject(&app, 404).await;
        full.call(method, path, "").await.expect_gateway_error(404, "Request failed to match any route");
    }
    inject(&app, 409).await;
    let conflict = full.get("/api-tokens").await.json();
    assert_eq!(conflict["errors"][0]["title"], "Conflict", "there is no quota of tokens");
}

/// The vendor counts nobody who is not let in.
#[apply(on_both_databases)]
async fn an_injected_401_is_not_counted(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for _ in 0..3 {
        inject(&app, 401).await;
        let denied = full.get("/api-tokens/count").await;
        denied.expect_gateway_error(401, "Unauthorized");
        assert_eq!((denied.header("x-ratelimit-limit"), denied.header("x-ratelimit-remaining")), (None, None));
    }
    let counted = full.get("/api-tokens/count").await;
    assert_eq!(counted.header("x-ratelimit-remaining"), Some("999"), "{:?}", counted.headers);
    inject(&app, 403).await;
    assert_eq!(full.get("/api-tokens/count").await.header("x-ratelimit-remaining"), Some("998"));
}

/// There are no codes but those of the contract, and each comes with its statuses.
#[apply(on_both_databases)]
async fn codes_that_the_service_does_not_have_are_refused(app: TestApp) {
    let of_atlassian = json!({"service": "atlassian"});
    let of_an_operation = json!({"operation": "getApiKeyCountByOrgId"});
    let of_a_path = json!({"path": "/admin/api-access/v1/orgs/{orgId}/api-tokens/count"});
    let of_the_vault = json!({"service": "license_vault"});
    for (matcher, then, pointer, says) in [
        (
            &of_atlassian,
            json!({"code": "NOSUCH"}),
            "/then/code",
            "no error of atlassian has the code `NOSUCH`: expected `",
        ),
        (&of_an_operation, json!({"code": "INVALID_SROT"}), "/then/code", "did you mean `INVALID_SORT`?"),
        (&of_a_path, json!({"code": "MISSING_FIELD"}), "/then/code", "no error of atlassian has the code"),
        (&of_atlassian, json!({"code": "INVALID_SORT", "status": 404}), "/then/status", "comes with the status 400"),
        (&of_the_vault, json!({"code": "GENERIC_ERROR"}), "/then/code", "it is a code of atlassian"),
        (&of_the_vault, json!({"code": "NOTFOUND"}), "/then/code", "did you mean `NOT_FOUND`?"),
        (&of_the_vault, json!({"code": "TIMEOUT", "status": 503}), "/then/status", "comes with the status 504"),
    ] {
        let rule = json!({"match": matcher, "then": then});
        let problem = app.control().post("/faults", rule).await.expect_problem(422);
        assert_eq!(problem["pointer"], pointer, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    let full = app.atlassian(FULL_KEY).without_document_check();
    for (code, status) in [
        ("INVALID_API_TOKEN_SEARCH_QUERY", 400),
        ("INVALID_FIELD_FORMAT", 400),
        ("INVALID_PAGE_SIZE", 400),
        ("INVALID_SORT", 400),
        ("FEATURE_NOT_ENABLED", 403),
        ("GENERIC_ERROR", 500),
    ] {
        let rule = json!({"match": of_atlassian, "then": {"code": code}, "times": 1});
        app.control().post("/faults", rule).await.expect_ok();
        let answer = full.get("/api-keys").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["code"]), (status, &code.into()));
    }
}
