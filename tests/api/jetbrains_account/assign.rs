//! `POST /customer/licenses/assign` (jetbrains-account §5.5–§9).

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, Database, Role, TestApp, apply, on_both_databases};

const PATH: &str = "/customer/licenses/assign";
const CONTACT: &str = r#""contact":{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}"#;

async fn assign(client: &Client, what: &str) -> Answer {
    client.post(PATH, &format!("{{{what}{}{CONTACT}}}", if what.is_empty() { "" } else { "," })).await
}

async fn get_assignee(app: &TestApp, id: &str) -> serde_json::Value {
    app.jetbrains_account(Role::OrgAdmin).get(&format!("/customer/licenses/{id}")).await.expect_ok()["assignee"].clone()
}

#[apply(on_both_databases)]
async fn by_id(app: TestApp) {
    let answer = app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000002").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert_eq!(answer.header("content-type"), Some("application/json;charset=UTF-8"));
    let license = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/FREE000002").await.expect_ok();
    assert_eq!(license["assignee"], json!({"type": "USER", "name": "Ev* St***", "email": "eve@example.test"}));
    assert_eq!(license["isAvailableToAssign"], false);
    assert_eq!(
        license["lastSeen"],
        json!({"lastAssignmentDate": "2026-01-15T12:00:00.000+03:00", "isOfflineCodeGenerated": false})
    );
}

#[apply(on_both_databases)]
async fn by_team_takes_the_first_in_listing_order(app: TestApp) {
    for expected in ["FREE000001", "FREE000002"] {
        assert_eq!(
            assign(&app.jetbrains_account(Role::TeamAdmin), r#""license":{"team":2001,"productCode":"II"}"#)
                .await
                .status,
            200
        );
        assert_eq!(get_assignee(&app, expected).await["email"], "eve@example.test");
    }
    assign(&app.jetbrains_account(Role::OrgAdmin), r#""license":{"team":2001,"productCode":"II"}"#)
        .await
        .expect_jetbrains_error(
            400,
            "NO_AVAILABLE_LICENSE_TO_ASSIGN",
            "No available license found to assign in the team 2001 with product II",
        );
    assign(&app.jetbrains_account(Role::OrgAdmin), r#""license":{"team":2001,"productCode":"GO"}"#)
        .await
        .expect_jetbrains_error(
            400,
            "NO_AVAILABLE_LICENSE_TO_ASSIGN",
            "No available license found to assign in the team 2001 with product GO",
        );
    assert_eq!(
        assign(&app.jetbrains_account(Role::OrgAdmin), r#""license":{"team":2001,"productCode":"PC"}"#).await.status,
        200,
        "a fallback is available"
    );
}

#[apply(on_both_databases)]
async fn licence_id_wins_over_licence(app: TestApp) {
    assert_eq!(
        assign(
            &app.jetbrains_account(Role::OrgAdmin),
            r#""licenseId":"FREE000003","license":{"team":9,"productCode":"nope"}"#
        )
        .await
        .status,
        200
    );
    assign(&app.jetbrains_account(Role::OrgAdmin), r#""licenseId":"FREE000001","license":{"team":2001}"#)
        .await
        .expect_jetbrains_error_page(400);
}

#[apply(on_both_databases)]
async fn names_shown(app: TestApp) {
    let body =
        r#"{"licenseId":"FREE000001","contact":{"firstName":"Some","lastName":"Body","email":"Ann@Example.test"}}"#;
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).post(PATH, body).await.status, 200);
    assert_eq!(
        get_assignee(&app, "FREE000001").await,
        json!({"name": "Ann Lee", "email": "Ann@Example.test", "type": "USER"})
    );
    let body =
        r#"{"licenseId":"FREE000002","contact":{"firstName":"Ro","lastName":"R","email":"r@jetbrains-test.com"}}"#;
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).post(PATH, body).await.status, 200);
    assert_eq!(get_assignee(&app, "FREE000002").await["name"], "R* *");
}

#[apply(on_both_databases)]
async fn offline_codes(app: TestApp) {
    let offline = async |id: &str, email: &str| {
        let body = json!({
            "licenseId": id,
            "contact": {"firstName": "A", "lastName": "B", "email": email},
            "sendEmail": false,
            "includeOfflineActivationCode": true,
        });
        assert_eq!(app.jetbrains_account(Role::OrgAdmin).post(PATH, &body).await.status, 200);
        let license = app.jetbrains_account(Role::OrgAdmin).get(&format!("/customer/licenses/{id}")).await.expect_ok();
        license["lastSeen"]["isOfflineCodeGenerated"].clone()
    };
    assert_eq!(offline("FREE000001", "eve@example.test").await, true);
    assert_eq!(offline("FREE000002", "ann@example.test").await, false, "ignored for a person with an account");
}

#[apply(on_both_databases)]
async fn what_is_not_there(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    assign(&admin, "").await.expect_jetbrains_error(
        400,
        "MISSING_FIELD",
        "Either licenseId or license must be provided",
    );
    assign(&admin, r#""licenseId":null,"license":null"#).await.expect_jetbrains_error(
        400,
        "MISSING_FIELD",
        "Either licenseId or license must be provided",
    );
    assign(&admin, r#""licenseId":"""#).await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "");
    assign(&admin, r#""licenseId":123"#).await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "123");
    assign(&admin, r#""licenseId":true"#).await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "true");
    assign(&admin, r#""licenseId":"a\u0000b""#).await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "a\0b");
    assign(&admin, r#""licenseId":"OTHER00001""#).await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "OTHER00001");
    for (team, text) in [
        ("null", "0"),
        ("-2147483648", "-2147483648"),
        ("2147483647", "2147483647"),
        ("0.0", "0"),
        ("4.9e-324", "0"),
        ("3001", "3001"),
    ] {
        assign(&admin, &format!(r#""license":{{"team":{team},"productCode":"II"}}"#)).await.expect_jetbrains_error(
            404,
            "TEAM_NOT_FOUND",
            text,
        );
    }
    assign(&admin, r#""license":{"productCode":"II"}"#).await.expect_jetbrains_error(404, "TEAM_NOT_FOUND", "0");
    assign(&admin, r#""license":{"team":2001,"productCode":"XX"}"#).await.expect_jetbrains_error(
        404,
        "PRODUCT_NOT_FOUND",
        "XX",
    );
    assign(&admin, r#""license":{"team":2001,"productCode":""}"#).await.expect_jetbrains_error(
        404,
        "PRODUCT_NOT_FOUND",
        "",
    );
    assign(&admin, r#""license":{"team":"2001","productCode":12}"#).await.expect_jetbrains_error(
        404,
        "PRODUCT_NOT_FOUND",
        "12",
    );
}

#[apply(on_both_databases)]
async fn what_cannot_be_had(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let refused = async |id: &str, why: &str| {
        admin.assign_license(id).await.expect_jetbrains_error(400, "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", why);
    };
    refused("ABCDE12345", "ALLOCATED").await;
    refused("SERVER0001", "ALLOCATED").await;
    refused("EXPIRED001", "EXPIRED_WITHOUT_FALLBACK").await;
    refused("PERPETUAL1", "NON_PER_USER").await;
    refused("NOTPERUSER", "NON_PER_USER").await;
    assert_eq!(admin.assign_license("FREE000001").await.status, 200);
    refused("FREE000001", "ALLOCATED").await;
    // A year and a half later it is expired too; its holder still comes first.
    app.advance_clock("540d").await;
    refused("FREE000001", "ALLOCATED").await;
    refused("FREE000002", "EXPIRED_WITHOUT_FALLBACK").await;
}

#[apply(on_both_databases)]
async fn roles(app: TestApp) {
    let missing = "Missing Edit permission on customer 6700001 or on team with id 2001";
    for viewer in [
        app.jetbrains_account(Role::OrgViewer),
        app.jetbrains_account(Role::TeamViewer),
        app.jetbrains_account(Role::PrimaryContact),
    ] {
        viewer.assign_license("FREE000001").await.expect_jetbrains_error(403, "INSUFFICIENT_PERMISSIONS", missing);
        assign(&viewer, r#""license":{"team":2001,"productCode":"II"}"#).await.expect_jetbrains_error(
            403,
            "INSUFFICIENT_PERMISSIONS",
            missing,
        );
    }
    let mismatch = "Token was generated for team with id 2001";
    for team_token in [app.jetbrains_account(Role::TeamAdmin), app.jetbrains_account(Role::TeamViewer)] {
        team_token.assign_license("SERVER0001").await.expect_jetbrains_error(403, "TEAM_MISMATCH", mismatch);
        assign(&team_token, r#""license":{"team":2002,"productCode":"ALL"}"#).await.expect_jetbrains_error(
            403,
            "TEAM_MISMATCH",
            mismatch,
        );
    }
    // A licence's existence, then the team, then the role, then availability.
    app.jetbrains_account(Role::TeamViewer).assign_license("NOPE").await.expect_jetbrains_error(
        404,
        "LICENSE_NOT_FOUND",
        "NOPE",
    );
    app.jetbrains_account(Role::TeamViewer).assign_license("EXPIRED001").await.expect_jetbrains_error(
        403,
        "INSUFFICIENT_PERMISSIONS",
        missing,
    );
    assert_eq!(app.jetbrains_account(Role::TeamAdmin).assign_license("FREE000001").await.status, 200);
}

#[apply(on_both_databases)]
async fn contacts(app: TestApp) {
    let with = async |contact: serde_json::Value| {
        let body = json!({"licenseId": "FREE000001", "contact": contact}).to_string();
        app.jetbrains_account(Role::OrgAdmin).post(PATH, &body).await
    };
    for email in ["", "plain", "user@.com", "wrong_email#@test", "a@dockleafs.com", "a b@example.com"] {
        with(json!({"firstName": "A", "lastName": "B", "email": email})).await.expect_jetbrains_error(
            400,
            "INVALID_CONTACT_EMAIL",
            email,
        );
    }
    with(json!({"firstName": "A", "lastName": "B", "email": 12})).await.expect_jetbrains_error(
        400,
        "INVALID_CONTACT_EMAIL",
        "12",
    );
    let long = "x".repeat(500);
    for (name, text) in [
        ("", "This field can't be empty."),
        ("   ", "This field can't be empty."),
        ("123", "Sorry, we can't accept digits in this field."),
        ("Special@#$%^&*()", "Please, don't use special characters."),
        ("a\u{0}b", "Please, don't use special characters."),
        (long.as_str(), "Value is too long."),
    ] {
        with(json!({"firstName": name, "lastName": "B", "email": "a@example.test"})).await.expect_jetbrains_error(
            400,
            "INVALID_CONTACT_NAME",
            text,
        );
        with(json!({"firstName": "A", "lastName": name, "email": "a@example.test"})).await.expect_jetbrains_error(
            400,
            "INVALID_CONTACT_NAME",
            text,
        );
    }
    with(json!({"firstName": 123, "lastName": "B", "email": "a@example.test"})).await.expect_jetbrains_error(
        400,
        "INVALID_CONTACT_NAME",
        "Sorry, we can't accept digits in this field.",
    );
    assert!(get_assignee(&app, "FREE000001").await.is_null(), "nothing of this assigned it");
    assert_eq!(
        with(json!({"firstName": "It Could Be", "lastName": "O'Neil", "email": "a@example.test"})).await.status,
        200
    );
}

#[apply(on_both_databases)]
async fn bodies_that_cannot_be_read(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{}",
        r#"{"contact":{}}"#,
        r#"{"licenseId":"FREE000001"}"#,
        r#"{"licenseId":"FREE000001","contact":null}"#,
        r#"{"licenseId":"FREE000001","contact":["Eve","Stone","eve@example.test"]}"#,
        r#"{"licenseId":"FREE000001","contact":{"firstName":null,"lastName":"B","email":"a@example.test"}}"#,
        r#"{"licenseId":"FREE000001","contact":{"firstName":"A","email":"a@example.test"}}"#,
        r#"{"licenseId":{},"contact":{"firstName":"A","lastName":"B","email":"a@example.test"}}"#,
    ] {
        admin.post(PATH, body).await.expect_jetbrains_error_page(400);
    }
    for what in [
        r#""license":{}"#,
        r#""license":{"team":2001,"productCode":null}"#,
        r#""license":{"team":9223372036854775807,"productCode":"II"}"#,
        r#""license":{"team":1.7976931348623157e308,"productCode":"II"}"#,
        r#""license":{"team":"string_id","productCode":"II"}"#,
        r#""license":{"team":true,"productCode":"II"}"#,
        r#""license":{"team":{},"productCode":"II"}"#,
        r#""licenseId":"FREE000001","sendEmail":{}"#,
        r#""license":[2001,"II"]"#,
    ] {
        assign(&admin, what).await.expect_jetbrains_error_page(400);
    }
    admin.call("POST", PATH, vec![b'{', 0xff, b'}']).await.expect_jetbrains_error_page(400);
    assert!(get_assignee(&app, "FREE000001").await.is_null());
    // Unknown members, null flags: fine.
    assert_eq!(
        assign(&admin, r#""licenseId":"FREE000001","sendEmail":null,"includeOfflineActivationCode":null,"x":[{}]"#)
            .await
            .status,
        200
    );
}

#[apply(on_both_databases)]
async fn sixty_four_clients_get_ten_licences(app: TestApp) {
    let seed = r"{version: 1, organizations: [{name: Busy, customer_code: 6700009, people: [{email: a@b.test}],
            jetbrains_account: {teams: [{id: 5, name: T}], roles: [{person: a@b.test, role: organization_admin}],
            tokens: [{person: a@b.test, token: busy-token}], licenses: [{count: 10, product: II, team: 5}]}}]}";
    app.control().post("/seed", seed).await.expect_ok();
    let app = Arc::new(app);
    let mut asking = JoinSet::new();
    for number in 0..64 {
        let app = Arc::clone(&app);
        let body = json!({
            "license": {"team": 5, "productCode": "II"},
            "contact": {"firstName": "E", "lastName": "S", "email": format!("e{number}@example.test")},
        });
        asking
            .spawn(async move { app.jetbrains_account_token("busy-token", "6700009").post(PATH, &body).await.status });
    }
    let statuses = asking.join_all().await;
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 10, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 400).count(), 54, "{statuses:?}");
    let all = app.jetbrains_account_token("busy-token", "6700009").get("/customer/licenses").await.expect_ok();
    let holders: std::collections::HashSet<_> =
        all.as_array().unwrap().iter().map(|l| l["assignee"]["email"].to_string()).collect();
    assert_eq!(holders.len(), 10);
}

#[tokio::test]
async fn the_quirk_answers_204() {
    let app = TestApp::start(Database::Sqlite).await;
    let quirk = "{version: 1, organizations: [{name: Example Corp, customer_code: 6700001, \
                 jetbrains_account: {quirks: {assign_success_status: 204}}}]}";
    app.control().post("/seed", quirk).await.expect_ok();
    let answer = app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (204, ""));
    assert_eq!(get_assignee(&app, "FREE000001").await["email"], "eve@example.test");
}

/// One suite of 2026 may have seen a missing flag refused (jetbrains-account §12).
#[apply(on_both_databases)]
async fn the_quirk_requires_both_flags(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let assign = async |flags: &str| admin.post(PATH, &format!(r#"{{"licenseId":"NOPE",{flags}{CONTACT}}}"#)).await;
    assign("").await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "NOPE");
    let quirk = "{version: 1, organizations: [{name: Example Corp, customer_code: 6700001, \
                 jetbrains_account: {quirks: {flags_required: true}}}]}";
    app.control().post("/seed", quirk).await.expect_ok();
    for flags in [
        "",
        r#""sendEmail":true,"#,
        r#""includeOfflineActivationCode":true,"#,
        r#""sendEmail":null,"includeOfflineActivationCode":false,"#,
    ] {
        assign(flags).await.expect_jetbrains_error_page(400);
    }
    let both = r#""sendEmail":false,"includeOfflineActivationCode":false,"#;
    assign(both).await.expect_jetbrains_error(404, "LICENSE_NOT_FOUND", "NOPE");
}
