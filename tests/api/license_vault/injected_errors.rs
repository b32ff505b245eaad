//! Errors that a tester injects look like the service's own (license-vault §2.5, §5).

use serde_json::{Value, json};

use super::replace_vault;
use crate::support::{Answer, Client, TestApp, VAULT_TOKEN, apply, on_both_databases};

const REVOKE: &str = "/public-api/licenses/revoke";
const DISCONNECT: &str = "/public-api/products/disconnect";

async fn inject(app: &TestApp, operation: &str, then: Value) {
    let rule = json!({"match": {"operation": operation}, "then": then, "times": 1});
    app.control().post("/faults", rule).await.expect_ok();
}

/// A client for whom errors answer that its operation's document does not have.
fn client(app: &TestApp) -> Client {
    app.license_vault(VAULT_TOKEN).without_document_check()
}

/// What a client can tell two refusals by.
fn describe(answer: &Answer) -> (u16, Vec<Option<String>>, String) {
    let names = ["content-type", "retry-after", "www-authenticate", "content-length"];
    let headers = names.map(|name| answer.header(name).map(ToOwned::to_owned));
    (answer.status.as_u16(), headers.to_vec(), answer.text().to_owned())
}

/// By the status alone: what the operation itself answers with it.
#[apply(on_both_databases)]
async fn an_injected_status_is_as_the_operation_s_own(app: TestApp) {
    let bad_token = || app.license_vault("nonsense").without_document_check();
    let nobody = || app.license_vault_without_token().without_document_check();
    let revoke = |query: &str| format!("{REVOKE}?{query}");
    let disconnect = |query: &str| format!("{DISCONNECT}?{query}");
    for (operation, status, client, method, path) in [
        ("getLicenseUsage", 401, bad_token(), "GET", "/public-api/licenses/usage".to_owned()),
        ("revokeLicenses", 401, bad_token(), "POST", revoke("username=bob")),
        ("getUserLicenses", 400, client(&app), "GET", "/public-api/licenses".to_owned()),
        ("getUserLicenses", 404, client(&app), "GET", "/public-api/licenses?username=nosuch".to_owned()),
        ("revokeLicenses", 400, client(&app), "POST", REVOKE.to_owned()),
        ("revokeLicenses", 404, client(&app), "POST", revoke("username=nosuch")),
        ("revokeLicenses", 404, client(&app), "POST", revoke("email=x@a.test&allocationId=nosuch")),
        ("disconnectProduct", 400, client(&app), "POST", DISCONNECT.to_owned()),
        ("disconnectProduct", 400, client(&app), "POST", disconnect("productCode=II")),
        ("disconnectProduct", 404, client(&app), "POST", disconnect("connectionId=nosuch")),
        ("disconnectProduct", 404, client(&app), "POST", disconnect("username=nosuch&productCode=II")),
        ("getDenialsReport", 400, client(&app), "GET", "/public-api/denials/report?from=yesterday".to_owned()),
        ("getLicensesReport", 400, client(&app), "GET", "/public-api/licenses/report?from=yesterday".to_owned()),
        ("getLicensesReportJson", 403, nobody(), "GET", "/licenses-report.json?token=nonsense".to_owned()),
        ("getTicketsReportJson", 403, nobody(), "GET", "/tickets-report.json?token=nonsense".to_owned()),
        ("getReport", 403, nobody(), "POST", "/reportApi?token=nonsense".to_owned()),
        ("getReportInLowerCase", 403, nobody(), "POST", "/reportapi?token=nonsense".to_owned()),
        ("getReport", 400, nobody(), "POST", "/reportApi?token=demo-reporting-token&start=yesterday".to_owned()),
        ("getHealth", 500, nobody(), "GET", "/license-vault/nosuch/health".to_owned()),
    ] {
        let own = client.call(method, &path, "").await;
        assert_eq!(own.status.as_u16(), status, "{method} {path}: {}", own.text());
        inject(&app, operation, json!({"status": status})).await;
        let injected = client.call(method, &path, "").await;
        assert_eq!(describe(&injected), describe(&own), "{status} {method} {path}");
    }
}

/// Every code, with its own status and its own text.
#[apply(on_both_databases)]
async fn an_injected_code_has_its_own_status_and_text(app: TestApp) {
    let outage = "the service is not available: try again soon";
    for (code, status, message) in [
        ("INVALID_PARAMETER", 400, "allocationId, username or email is needed"),
        ("REVOCATION_LIMIT_REACHED", 400, "the plan allows 5 revocations in a calendar month, 5 were made"),
        ("UNAUTHORIZED", 401, "the credential is not valid here"),
        ("FORBIDDEN", 403, "Forbidden"),
        ("NOT_FOUND", 404, "there is no such user"),
        ("METHOD_NOT_ALLOWED", 405, "no such method here"),
        ("REQUEST_TIMEOUT", 408, "the body took too long to come"),
        ("PAYLOAD_TOO_LARGE", 413, "the body is too large"),
        ("INTERNAL_ERROR", 500, "internal error"),
        ("UNAVAILABLE", 503, outage),
        ("TIMEOUT", 504, "timed out"),
    ] {
        for then in [json!({"code": code}), json!({"code": code, "status": status})] {
            inject(&app, "revokeLicenses", then).await;
            let answer = client(&app).post(REVOKE, "").await;
            answer.expect_vault_error(status, code, REVOKE);
            assert_eq!(answer.json()["message"], message, "{code}");
        }
    }
    inject(&app, "getLicensesReportJson", json!({"code": "FORBIDDEN"})).await;
    let answer = client(&app).get("/licenses-report.json").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (403, "the credential is not valid here\n"));
    // What no error of the service's has.
    inject(&app, "revokeLicenses", json!({"status": 409})).await;
    let answer = client(&app).post(REVOKE, "").await;
    answer.expect_vault_error(409, "CONFLICT", REVOKE);
    assert_eq!(answer.json()["message"], "Conflict");
}

/// Also where the plan lets the caller's vault revoke as much as it likes.
#[apply(on_both_databases)]
async fn an_injected_limit_is_that_of_a_plan_with_one(app: TestApp) {
    replace_vault(&app, "plan: enterprise_floating", "{ product: II, regular: 1 }").await;
    inject(&app, "revokeLicenses", json!({"code": "REVOCATION_LIMIT_REACHED"})).await;
    let answer = client(&app).post(&format!("{REVOKE}?username=bob"), "").await;
    assert_eq!(answer.json()["message"], "the plan allows 5 revocations in a calendar month, 5 were made");
}

/// What Spring tells probes (license-vault §2.6).
#[apply(on_both_databases)]
async fn an_application_that_fails_is_down(app: TestApp) {
    for status in [400, 401, 403, 404, 429, 500, 503] {
        for path in ["/actuator/health", "/license-vault/example/actuator/health"] {
            inject(&app, "getActuatorHealth", json!({"status": status})).await;
            let answer = client(&app).get(path).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (status, r#"{"status":"DOWN"}"#), "{path}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("www-authenticate"), None, "{path}");
            assert_eq!(answer.header("retry-after"), matches!(status, 429 | 503).then_some("1"), "{path}");
        }
    }
}
