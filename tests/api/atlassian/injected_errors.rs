//! Errors that a tester injects look like the service's own.

use serde_json::{Value, json};

use crate::support::{Answer, FULL_KEY, ORG, READER_KEY, TestApp, apply, on_both_databases};

async fn inject(app: &TestApp, status: u16) {
    app.control().post("/faults", json!({"then": {"status": status}, "times": 1})).await.expect_ok();
}

/// What a client can tell two refusals by, without the request's id.
fn describe(answer: &Answer) -> (u16, Option<String>, Option<String>, Value) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let Some(error) = body.pointer_mut("/errors/0/id") {
        *error = Value::Null;
    }
    let header = |name| answer.header(name).map(ToOwned::to_owned);
    (answer.status.as_u16(), header("content-type"), header("retry-after"), body)
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
        (422, "SOMETHING_ELSE", "Unprocessable Entity"),
    ] {
        let then = json!({"status": status, "code": code});
        app.control().post("/faults", json!({"then": then, "times": 1})).await.expect_ok();
        let answer = full.in_organization(ORG).get("/api-tokens").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["title"]), (status, &title.into()));
        assert_eq!(answer.json()["errors"][0]["code"], code);
    }
}
