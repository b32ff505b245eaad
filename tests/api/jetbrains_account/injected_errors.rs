//! Errors that a tester injects look like the service's own (jetbrains-account §11).

use serde_json::{Value, json};

use crate::support::{Answer, Client, Role, TestApp, apply, on_both_databases};

const ASSIGN: &str = "/customer/licenses/assign";
const MOVE: &str = "/customer/changeLicensesTeam";
const MISSING_EDIT: &str = "Missing Edit permission on customer 6700001 or on team with id 2001";
const TOKEN_TYPE: &str = "Changing team is not possible with a token that was generated for a specific team";

async fn inject(app: &TestApp, then: Value) {
    let rule = json!({"match": {"service": "jetbrains_account"}, "then": then, "times": 1});
    app.control().post("/faults", rule).await.expect_ok();
}

/// A client for whom errors answer that its operation's document does not have.
fn client(app: &TestApp, role: Role) -> Client {
    app.jetbrains_account(role).without_document_check()
}

/// What a client can tell two refusals by.
fn describe(answer: &Answer) -> (u16, Vec<Option<String>>, String) {
    let names = ["content-type", "retry-after", "access-control-allow-origin", "content-length", "server"];
    let headers = names.map(|name| answer.header(name).map(ToOwned::to_owned));
    (answer.status.as_u16(), headers.to_vec(), answer.text().to_owned())
}

/// By the status alone: what the operation itself answers this caller with it.
#[apply(on_both_databases)]
async fn an_injected_status_is_as_the_operation_s_own(app: TestApp) {
    let assign =
        r#"{"licenseId":"FREE000001","contact":{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}}"#;
    let unknown = assign.replace("FREE000001", "ABCDE12345X");
    let change = r#"{"targetTeamId":2001,"licenseIds":[]}"#;
    let bad = app.jetbrains_account_token("nonsense", "6700001").without_document_check();
    for (status, role, asks, method, path, body) in [
        (401, Role::OrgAdmin, Some(&bad), "GET", "/token", ""),
        (401, Role::OrgAdmin, Some(&bad), "GET", "/customer/licenses", ""),
        (401, Role::OrgAdmin, Some(&bad), "POST", ASSIGN, assign),
        (401, Role::OrgAdmin, Some(&bad), "POST", "/token/rotate", ""),
        (403, Role::OrgViewer, None, "POST", ASSIGN, assign),
        (403, Role::OrgViewer, None, "POST", "/customer/licenses/revoke?licenseId=ABCDE12345", ""),
        (403, Role::OrgViewer, None, "POST", MOVE, change),
        (403, Role::TeamAdmin, None, "POST", MOVE, change),
        (403, Role::TeamAdmin, None, "GET", "/customer/teams/2002/licenses", ""),
        (403, Role::TeamAdmin, None, "GET", "/customer/licenses/SERVER0001", ""),
        (404, Role::OrgAdmin, None, "GET", "/customer/licenses/NO%20SUCH", ""),
        (404, Role::OrgAdmin, None, "GET", "/customer/teams/999/licenses", ""),
        (404, Role::OrgAdmin, None, "POST", "/customer/licenses/revoke?email=x&licenseId=NO%20SUCH", ""),
        (404, Role::OrgAdmin, None, "GET", "/no/such/path", ""),
        (400, Role::OrgAdmin, None, "GET", "/customer/licenses?page=x", ""),
        (400, Role::OrgAdmin, None, "POST", ASSIGN, "{"),
        (501, Role::OrgAdmin, None, "POST", "/customer/accounts", ""),
    ] {
        let own = asks.unwrap_or(&client(&app, role)).call(method, path, body).await;
        assert_eq!(own.status.as_u16(), status, "{method} {path}: {}", own.text());
        inject(&app, json!({"status": status})).await;
        let injected = client(&app, role).call(method, path, body).await;
        assert_eq!(describe(&injected), describe(&own), "{status} {method} {path}");
    }
    let admin = client(&app, Role::OrgAdmin);
    // What the request's body names is not known.
    inject(&app, json!({"status": 404})).await;
    admin.post(ASSIGN, unknown.as_str()).await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "ABCDE12345");
    inject(&app, json!({"status": 404})).await;
    admin.post(MOVE, change).await.expect_jetbrains_error(404, "TEAM_NOT_FOUND", "2001");
    // The only 403 that there is for these.
    for path in ["/token", "/products", "/plugins", "/customer/licenses", "/customer/licenses/ABCDE12345"] {
        inject(&app, json!({"status": 403})).await;
        let answer = admin.get(path).await;
        answer.expect_jetbrains_error(403, "API_DISABLED", "The API is disabled for this organization");
    }
}

#[apply(on_both_databases)]
async fn an_injected_outage_is_as_the_service_s_own(app: TestApp) {
    let admin = client(&app, Role::OrgAdmin);
    for (status, retry_after) in [(503, Some("1")), (429, Some("1")), (504, None), (413, None), (502, None)] {
        inject(&app, json!({"status": status})).await;
        let answer = admin.get("/token").await;
        answer.expect_jetbrains_error_page(status);
        assert_eq!(answer.header("retry-after"), retry_after, "{status}");
    }
    inject(&app, json!({"status": 500})).await;
    let answer = admin.get("/token").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (500, ""));
}

/// Every code, with its own status and its own text.
#[apply(on_both_databases)]
async fn an_injected_code_has_its_own_status_and_text(app: TestApp) {
    let none_free = "No available license found to assign in the team 2001 with product II";
    let recent = "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE";
    for (code, status, description) in [
        ("MISSING_TOKEN_HEADER", 401, "X-Api-Key header is required"),
        ("MISSING_CUSTOMER_HEADER", 401, "X-Customer-Code header is required"),
        ("INVALID_TOKEN", 401, "The token provided is invalid"),
        ("TEAM_MISMATCH", 403, "Token was generated for team with id 2001"),
        ("TOKEN_TYPE_MISMATCH", 403, TOKEN_TYPE),
        ("INSUFFICIENT_PERMISSIONS", 403, MISSING_EDIT),
        ("LICENSE_NOT_FOUND", 404, "ABCDE12345"),
        ("TEAM_NOT_FOUND", 404, "2001"),
        ("PRODUCT_NOT_FOUND", 404, "II"),
        ("MISSING_FIELD", 400, "Either licenseId or license must be provided"),
        ("NO_AVAILABLE_LICENSE_TO_ASSIGN", 400, none_free),
        ("LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", 400, "ALLOCATED"),
        ("INVALID_CONTACT_EMAIL", 400, "eve@example"),
        ("INVALID_CONTACT_NAME", 400, "This field can't be empty."),
        (recent, 400, "ABCDE12345"),
        ("API_DISABLED", 403, "The API is disabled for this organization"),
    ] {
        for then in [json!({"code": code}), json!({"code": code, "status": status})] {
            for role in [Role::OrgAdmin, Role::TeamAdmin, Role::Anonymous] {
                inject(&app, then.clone()).await;
                client(&app, role).post(ASSIGN, "").await.expect_jetbrains_error(status, code, description);
            }
        }
        let wrong = json!({"then": {"code": code, "status": if status == 400 { 409 } else { 400 }}});
        let problem = app.control().post("/faults", wrong).await.expect_problem(422);
        assert_eq!(problem["pointer"], "/then/status");
        assert!(problem["detail"].as_str().unwrap().contains(&format!("the status {status}")), "{problem}");
    }
    inject(&app, json!({"code": "NOT_IMPLEMENTED"})).await;
    let answer = client(&app, Role::OrgAdmin).get("/token").await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].clone()), (501, "NOT_IMPLEMENTED".into()));
    assert_eq!(
        app.control().get("/faults").await.json().as_array().unwrap().iter().filter(|f| f["hits"] == 0).count(),
        0
    );
}

#[apply(on_both_databases)]
async fn a_code_that_the_service_never_answers_is_refused(app: TestApp) {
    for (which, code, hint) in [
        (
            json!({"service": "jetbrains_account"}),
            "NOSUCH",
            "expected `MISSING_TOKEN_HEADER`, `MISSING_CUSTOMER_HEADER`",
        ),
        (json!({"service": "jetbrains_account"}), "INVALID_TOKENS", "did you mean `INVALID_TOKEN`?"),
        (json!({"operation": "getByLicenseId"}), "LICENCE_NOT_FOUND", "did you mean `LICENSE_NOT_FOUND`?"),
        (json!({"operation": "getByLicenseId"}), "invalid_token", "did you mean `INVALID_TOKEN`?"),
    ] {
        for then in [json!({"code": code}), json!({"code": code, "status": 400}), json!({"code": code, "body": "x"})] {
            let problem =
                app.control().post("/faults", json!({"match": which, "then": then})).await.expect_problem(422);
            assert_eq!(problem["pointer"], "/then/code");
            assert!(problem["detail"].as_str().unwrap().contains(hint), "{problem}");
        }
    }
    assert_eq!(app.control().get("/faults").await.text(), "[]");
}
