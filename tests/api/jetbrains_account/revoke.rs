//! `POST /customer/licenses/revoke` (jetbrains-account §5.7).

use crate::support::{TestApp, apply, on_both_databases};

const PATH: &str = "/customer/licenses/revoke";

#[apply(on_both_databases)]
async fn one_licence(app: TestApp) {
    let revoke = async |query: &str| app.org_admin().post(&format!("{PATH}?{query}"), "").await;
    assert_eq!(revoke("licenseId=ABCDE12345&email=bob@example.test").await.text(), r#"{"licenseIds":["ABCDE12345"]}"#);
    let license = app.org_admin().get("/customer/licenses/ABCDE12345").await.ok();
    assert!(license.get("assignee").is_none());
    assert_eq!(license["isAvailableToAssign"], true);
    assert_eq!(revoke("licenseId=ABCDE12345").await.text(), r#"{"licenseIds":[]}"#);
    revoke("licenseId=NOPE").await.refused(404, "LICENSE_NOT_FOUND", "NOPE");
    revoke("licenseId=OTHER00001").await.refused(404, "LICENSE_NOT_FOUND", "OTHER00001");
    revoke("").await.refused(400, "MISSING_FIELD", "Either licenseId or email must be provided");
    revoke("productCode=II").await.refused(400, "MISSING_FIELD", "Either licenseId or email must be provided");
}

#[apply(on_both_databases)]
async fn only_after_thirty_days(app: TestApp) {
    let revoke = async || app.org_admin().post(&format!("{PATH}?licenseId=FRESH00001"), "").await;
    let recent = "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE";
    revoke().await.refused(400, recent, "FRESH00001");
    app.control("POST", "/clock/advance", r#"{"by":"28d"}"#).await.ok();
    assert_eq!(revoke().await.text(), r#"{"licenseIds":["FRESH00001"]}"#);
    assert_eq!(app.org_admin().assign("FRESH00001").await.status, 200);
    app.control("POST", "/clock/advance", r#"{"by":"29d"}"#).await.ok();
    revoke().await.refused(400, recent, "FRESH00001");
}

#[apply(on_both_databases)]
async fn by_email_all_or_nothing(app: TestApp) {
    let body = |id: &str| {
        format!(r#"{{"licenseId":"{id}","contact":{{"firstName":"Ann","lastName":"Lee","email":"ann@example.test"}}}}"#)
    };
    assert_eq!(app.org_admin().post("/customer/licenses/assign", &body("FREE000003")).await.status, 200);
    let revoke = async |query: &str| app.org_admin().post(&format!("{PATH}?{query}"), "").await;
    revoke("email=ann@example.test").await.refused(
        400,
        "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE",
        "FREE000003",
    );
    let mine = app.org_admin().get("/customer/licenses?assigneeEmail=ann@example.test").await;
    assert_eq!(mine.header("x-total-count"), Some("2"), "nothing was revoked");
    assert_eq!(revoke("email=ann@example.test&productCode=II").await.text(), r#"{"licenseIds":["ABCDE12345"]}"#);
    assert_eq!(revoke("email=nobody@example.test").await.text(), r#"{"licenseIds":[]}"#);
    app.control("POST", "/clock/advance", r#"{"by":"30d"}"#).await.ok();
    assert_eq!(revoke("email=ann@example.test").await.text(), r#"{"licenseIds":["FREE000003"]}"#);
}

#[apply(on_both_databases)]
async fn roles(app: TestApp) {
    for viewer in [app.org_viewer(), app.team_viewer(), app.primary_contact()] {
        viewer.post(&format!("{PATH}?licenseId=ABCDE12345"), "").await.refused(
            403,
            "INSUFFICIENT_PERMISSIONS",
            "Missing Edit permission on customer 6700001 or on team with id 2001",
        );
    }
    app.org_viewer().post(&format!("{PATH}?email=ann@example.test"), "").await.refused(
        403,
        "INSUFFICIENT_PERMISSIONS",
        "Missing Edit permission on customer 6700001",
    );
    app.team_admin().post(&format!("{PATH}?licenseId=SERVER0001"), "").await.refused(
        403,
        "TEAM_MISMATCH",
        "Token was generated for team with id 2001",
    );
    assert_eq!(
        app.team_admin().post(&format!("{PATH}?email=ann@example.test"), "").await.text(),
        r#"{"licenseIds":["ABCDE12345"]}"#
    );
}
