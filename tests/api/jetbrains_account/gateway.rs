//! Authentication, headers, pages: what is the same for every route (jetbrains-account §2, §6, §8.3).

use crate::support::{Actor, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn checks_come_in_the_vendors_order(app: TestApp) {
    let with = |token: Option<&str>, code: Option<&str>| Actor {
        app: &app,
        token: token.map(ToOwned::to_owned),
        customer_code: code.map(ToOwned::to_owned),
    };
    let key = Some("demo-jba-organization-admin");
    with(None, None).get("/token").await.refused(401, "MISSING_TOKEN_HEADER", "X-Api-Key header is required");
    with(None, Some("6700001")).get("/token").await.refused(
        401,
        "MISSING_TOKEN_HEADER",
        "X-Api-Key header is required",
    );
    with(key, None).get("/token").await.refused(401, "MISSING_CUSTOMER_HEADER", "X-Customer-Code header is required");
    with(Some("nonsense"), None).get("/token").await.refused(
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
        with(Some(token), Some(code)).get("/token").await.refused(
            401,
            "INVALID_TOKEN",
            "The token provided is invalid",
        );
    }
    // Authentication comes before the body.
    with(None, None).post("/customer/licenses/assign", "{").await.refused(
        401,
        "MISSING_TOKEN_HEADER",
        "X-Api-Key header is required",
    );
}

#[apply(on_both_databases)]
async fn headers_are_the_vendors(app: TestApp) {
    let good = app.org_admin().get("/token").await;
    good.ok();
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
    let bad = app.anonymous().get("/token").await;
    for (name, value) in &expected[..4] {
        assert_eq!(bad.header(name), Some(*value), "{name}");
    }
    for (name, _) in &expected[4..] {
        assert_eq!(bad.header(name), None, "{name}");
    }
}

#[apply(on_both_databases)]
async fn unknown_paths_and_methods(app: TestApp) {
    app.org_admin().get("/nope").await.page(404);
    app.org_admin().get("/").await.page(404);
    app.org_admin().get("").await.page(404);
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let answer = app.org_admin().call(method, "/customer/licenses/assign", "").await;
        answer.page(405);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

#[apply(on_both_databases)]
async fn user_accounts_are_not_emulated(app: TestApp) {
    for method in ["POST", "DELETE"] {
        let answer = app.org_admin().call(method, "/customer/accounts", "{}").await;
        assert_eq!(answer.status, 501);
        assert_eq!(answer.json()["code"], "NOT_IMPLEMENTED");
    }
}

#[apply(on_both_databases)]
async fn a_body_over_one_mebibyte_is_refused(app: TestApp) {
    let body = format!(r#"{{"targetTeamId":2001,"licenseIds":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    app.org_admin().post("/customer/changeLicensesTeam", &body).await.page(413);
}

#[apply(on_both_databases)]
async fn a_disabled_api_refuses_and_keeps_the_tokens(app: TestApp) {
    let switch = |on: bool| format!(r#"{{"enabled":{on},"actor":"ann@example.test"}}"#);
    let path = "/organizations/6700001/jetbrains-account/api";
    assert_eq!(app.control("PUT", path, &switch(false)).await.ok()["api_enabled"], false);
    app.org_admin().get("/token").await.refused(403, "API_DISABLED", "The API is disabled for this organization");
    app.stranger().get("/token").await.ok();
    assert_eq!(app.control("PUT", path, &switch(true)).await.ok()["api_enabled"], true);
    app.org_admin().get("/token").await.ok();
}
