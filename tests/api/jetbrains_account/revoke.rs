//! `POST /customer/licenses/revoke` (jetbrains-account §5.7).

use crate::support::{Role, TestApp, apply, on_both_databases};

const PATH: &str = "/customer/licenses/revoke";

#[apply(on_both_databases)]
async fn one_licence(app: TestApp) {
    let revoke = async |query: &str| app.jetbrains_account(Role::OrgAdmin).post(&format!("{PATH}?{query}"), "").await;
    assert_eq!(revoke("licenseId=ABCDE12345&email=bob@example.test").await.text(), r#"{"licenseIds":["ABCDE12345"]}"#);
    let license = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/ABCDE12345").await.expect_ok();
    assert!(license.get("assignee").is_none());
    assert_eq!(license["isAvailableToAssign"], true);
    assert_eq!(revoke("licenseId=ABCDE12345").await.text(), r#"{"licenseIds":[]}"#);
    revoke("licenseId=NOPE").await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "NOPE");
    revoke("licenseId=OTHER00001").await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "OTHER00001");
    revoke("").await.expect_jetbrains_error(400, "MISSING_FIELD", "Either licenseId or email must be provided");
    revoke("productCode=II").await.expect_jetbrains_error(
        400,
        "MISSING_FIELD",
        "Either licenseId or email must be provided",
    );
}

#[apply(on_both_databases)]
async fn only_after_thirty_days(app: TestApp) {
    let revoke = async || app.jetbrains_account(Role::OrgAdmin).post(&format!("{PATH}?licenseId=FRESH00001"), "").await;
    let recent = "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE";
    revoke().await.expect_jetbrains_error(400, recent, "FRESH00001");
    app.advance_clock("28d").await;
    assert_eq!(revoke().await.text(), r#"{"licenseIds":["FRESH00001"]}"#);
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).assign_license("FRESH00001").await.status, 200);
    app.advance_clock("29d").await;
    revoke().await.expect_jetbrains_error(400, recent, "FRESH00001");
}

#[apply(on_both_databases)]
async fn by_email_all_or_nothing(app: TestApp) {
    let body = |id: &str| {
        format!(r#"{{"licenseId":"{id}","contact":{{"firstName":"Ann","lastName":"Lee","email":"ann@example.test"}}}}"#)
    };
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).post("/customer/licenses/assign", &body("FREE000003")).await.status,
        200
    );
    let revoke = async |query: &str| app.jetbrains_account(Role::OrgAdmin).post(&format!("{PATH}?{query}"), "").await;
    revoke("email=ann@example.test").await.expect_jetbrains_error(
        400,
        "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE",
        "FREE000003",
    );
    let mine = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?assigneeEmail=ann@example.test").await;
    assert_eq!(mine.header("x-total-count"), Some("2"), "nothing was revoked");
    assert_eq!(revoke("email=ann@example.test&productCode=II").await.text(), r#"{"licenseIds":["ABCDE12345"]}"#);
    assert_eq!(revoke("email=nobody@example.test").await.text(), r#"{"licenseIds":[]}"#);
    app.advance_clock("30d").await;
    assert_eq!(revoke("email=ann@example.test").await.text(), r#"{"licenseIds":["FREE000003"]}"#);
}

#[apply(on_both_databases)]
async fn roles(app: TestApp) {
    for viewer in [
        app.jetbrains_account(Role::OrgViewer),
        app.jetbrains_account(Role::TeamViewer),
        app.jetbrains_account(Role::PrimaryContact),
    ] {
        viewer.post(&format!("{PATH}?licenseId=ABCDE12345"), "").await.expect_jetbrains_error(
            403,
            "INSUFFICIENT_PERMISSIONS",
            "Missing Edit permission on customer 6700001 or on team with id 2001",
        );
    }
    app.jetbrains_account(Role::OrgViewer)
        .post(&format!("{PATH}?email=ann@example.test"), "")
        .await
        .expect_jetbrains_error(403, "INSUFFICIENT_PERMISSIONS", "Missing Edit permission on customer 6700001");
    app.jetbrains_account(Role::TeamAdmin)
        .post(&format!("{PATH}?licenseId=SERVER0001"), "")
        .await
        .expect_jetbrains_error(403, "TEAM_MISMATCH", "Token was generated for team with id 2001");
    assert_eq!(
        app.jetbrains_account(Role::TeamAdmin).post(&format!("{PATH}?email=ann@example.test"), "").await.text(),
        r#"{"licenseIds":["ABCDE12345"]}"#
    );
}
