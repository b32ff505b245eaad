//! Authentication, headers, pages: what is the same for every route (jetbrains-account §2, §6, §8.3).

use crate::support::{Role, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn checks_come_in_the_vendors_order(app: TestApp) {
    let with = |token: Option<&str>, code: Option<&str>| {
        let anonymous = app.jetbrains_account(Role::Anonymous);
        let headers = [("X-Api-Key", token), ("X-Customer-Code", code)];
        let given = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.fold(anonymous, |client, (name, value)| client.with_header(name, value))
    };
    let key = Some("demo-jba-organization-admin");
    with(None, None).get("/token").await.expect_jetbrains_error(
        401,
        "MISSING_TOKEN_HEADER",
        "X-Api-Key header is required",
    );
    with(None, Some("6700001")).get("/token").await.expect_jetbrains_error(
        401,
        "MISSING_TOKEN_HEADER",
        "X-Api-Key header is required",
    );
    with(key, None).get("/token").await.expect_jetbrains_error(
        401,
        "MISSING_CUSTOMER_HEADER",
        "X-Customer-Code header is required",
    );
    with(Some("nonsense"), None).get("/token").await.expect_jetbrains_error(
        401,
        "MISSING_CUSTOMER_HEADER",
        "X-Customer-Code header is required",
    );
    for (token, code) in [
        ("nonsense", "6700001"),
        ("", "6700001"),
        ("demo-jba-organization-admin", "1234567"),
        ("demo-jba-organization-admin", "test"),
        ("demo-jba-organization-admin", ""),
        ("demo-jba-organization-admin", "INVALID-CUSTOMER-00"),
        ("demo-jba-organization-admin", "06700001"),
        ("demo-jba-organization-admin", "6700002"),
        ("demo-jba-other-organization-admin", "6700001"),
    ] {
        with(Some(token), Some(code)).get("/token").await.expect_jetbrains_error(
            401,
            "INVALID_TOKEN",
            "The token provided is invalid",
        );
    }
    // Authentication comes before the body.
    with(None, None).post("/customer/licenses/assign", "{").await.expect_jetbrains_error(
        401,
        "MISSING_TOKEN_HEADER",
        "X-Api-Key header is required",
    );
}

#[apply(on_both_databases)]
async fn headers_are_the_vendors(app: TestApp) {
    let good = app.jetbrains_account(Role::OrgAdmin).get("/token").await;
    good.expect_ok();
    let expected = [
        ("content-type", "application/json;charset=UTF-8"),
        ("access-control-allow-origin", "*"),
        ("server", "nginx"),
        ("date", "Thu, 15 Jan 2026 09:00:00 GMT"),
        ("strict-transport-security", "max-age=31536000; includeSubdomains;"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-xss-protection", "1; mode=block;"),
    ];
    for (name, value) in expected {
        assert_eq!(good.header(name), Some(value), "{name}");
    }
    let bad = app.jetbrains_account(Role::Anonymous).get("/token").await;
    for (name, value) in &expected[..4] {
        assert_eq!(bad.header(name), Some(*value), "{name}");
    }
    for (name, _) in &expected[4..] {
        assert_eq!(bad.header(name), None, "{name}");
    }
}

#[apply(on_both_databases)]
async fn unknown_paths_and_methods(app: TestApp) {
    app.jetbrains_account(Role::OrgAdmin).get("/nope").await.expect_jetbrains_error_page(404);
    app.jetbrains_account(Role::OrgAdmin).get("/").await.expect_jetbrains_error_page(404);
    app.jetbrains_account(Role::OrgAdmin).get("").await.expect_jetbrains_error_page(404);
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let answer = app.jetbrains_account(Role::OrgAdmin).call(method, "/customer/licenses/assign", "").await;
        answer.expect_jetbrains_error_page(405);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

#[apply(on_both_databases)]
async fn user_accounts_are_not_emulated(app: TestApp) {
    for method in ["POST", "DELETE"] {
        let answer = app.jetbrains_account(Role::OrgAdmin).call(method, "/customer/accounts", "{}").await;
        assert_eq!(answer.status, 501);
        assert_eq!(answer.json()["code"], "NOT_IMPLEMENTED");
    }
}

#[apply(on_both_databases)]
async fn a_body_over_one_mebibyte_is_refused(app: TestApp) {
    let body = format!(r#"{{"targetTeamId":2001,"licenseIds":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    app.jetbrains_account(Role::OrgAdmin)
        .post("/customer/changeLicensesTeam", &body)
        .await
        .expect_jetbrains_error_page(413);
}

#[apply(on_both_databases)]
async fn a_disabled_api_refuses_and_keeps_the_tokens(app: TestApp) {
    let switch = |on: bool| format!(r#"{{"enabled":{on},"actor":"ann@example.test"}}"#);
    let path = "/organizations/6700001/jetbrains-account/api";
    assert_eq!(app.control().put(path, &switch(false)).await.expect_ok()["api_enabled"], false);
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_jetbrains_error(
        403,
        "API_DISABLED",
        "The API is disabled for this organization",
    );
    app.jetbrains_account(Role::OtherOrgAdmin).get("/token").await.expect_ok();
    assert_eq!(app.control().put(path, &switch(true)).await.expect_ok()["api_enabled"], true);
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
}

/// The client is told the same as of a bad token; the journal says more (jetbrains-account §0.10).
#[apply(on_both_databases)]
async fn a_wrong_customer_code_is_explained_in_the_journal(app: TestApp) {
    const ADMIN: &str = "demo-jba-organization-admin";
    let reason = async |token: &str, code: &str| {
        let answer = app.jetbrains_account_token(token, code).get("/token").await;
        answer.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
        let id = answer.header("x-request-id").unwrap();
        let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
        entry["trail"]["refusal"].as_str().unwrap().to_owned()
    };
    for code in ["6700002", "6700009", "invalid-code", "06700001", "", "6700001x"] {
        assert_eq!(
            reason(ADMIN, code).await,
            format!(
                "`{code}` is not the token's customer code: it is the token of ann@example.test (organization) in \
                 Example Corp, with the customer code 6700001"
            )
        );
    }
    let team = reason("demo-jba-team-admin", "6700002").await;
    assert!(team.contains("bob@example.test (team 2001) in Example Corp"), "{team}");
    let long = reason(ADMIN, &"9".repeat(5000)).await;
    assert!(long.contains(&format!("`{}`", "9".repeat(40))), "{long}");
    assert_eq!(
        reason("no-such-token", "6700001").await,
        "the credential is not valid here: nobody here has such a token"
    );
}
