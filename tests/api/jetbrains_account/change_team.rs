//! `POST /customer/changeLicensesTeam` (jetbrains-account §5.6).

use crate::support::{Role, TestApp, apply, on_both_databases};

const PATH: &str = "/customer/changeLicensesTeam";

#[apply(on_both_databases)]
async fn moves_and_lists_what_moved(app: TestApp) {
    let change = async |team: &str, ids: &str| {
        app.jetbrains_account(Role::OrgAdmin)
            .post(PATH, &format!(r#"{{"targetTeamId":{team},"licenseIds":{ids}}}"#))
            .await
    };
    let before = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/ABCDE12345").await.expect_ok();
    let moved = change(
        "2002",
        concat!(
            r#"["FREE000002","ABCDE12345","FREE000002","NOPE","",123,true,"OTHER00001","a\u0000b","#,
            r#""EXPIRED001","ROOTED0001","SERVER0001"]"#
        ),
    )
    .await;
    assert_eq!(moved.text(), r#"{"licenseIds":["ABCDE12345","EXPIRED001","FREE000002","SERVER0001"]}"#);
    let mut after = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/ABCDE12345").await.expect_ok();
    assert_eq!(after["team"]["id"], 2002);
    after["team"] = before["team"].clone();
    assert_eq!(after, before, "nothing else changed");
    assert_eq!(change("2002", r#"["ABCDE12345"]"#).await.text(), r#"{"licenseIds":[]}"#);
    assert_eq!(change("\"2001\"", r#"["ABCDE12345","FREE000001"]"#).await.text(), r#"{"licenseIds":["ABCDE12345"]}"#);
    assert_eq!(change("2001", "[]").await.text(), r#"{"licenseIds":[]}"#);
    app.jetbrains_account(Role::OtherOrgAdmin).get("/customer/licenses/OTHER00001").await.expect_ok();
}

#[apply(on_both_databases)]
async fn many_at_once(app: TestApp) {
    let all = app.jetbrains_account(Role::OrgAdmin).get("/customer/teams/2002/licenses").await.expect_ok();
    let mut ids: Vec<String> =
        all.as_array().unwrap().iter().map(|l| l["licenseId"].as_str().unwrap().to_owned()).collect();
    ids.extend((0..2500).map(|n| format!("UNKNOWN{n}")));
    let body = serde_json::json!({"targetTeamId": 2003, "licenseIds": ids}).to_string();
    let moved = app.jetbrains_account(Role::OrgAdmin).post(PATH, &body).await.expect_ok();
    assert_eq!(moved["licenseIds"].as_array().unwrap().len(), 25);
}

#[apply(on_both_databases)]
async fn unknown_teams(app: TestApp) {
    let change = async |body: &str| app.jetbrains_account(Role::OrgAdmin).post(PATH, body).await;
    change(r#"{"licenseIds":[]}"#).await.expect_jetbrains_error(404, "TEAM_NOT_FOUND", "0");
    for (team, text) in [
        ("null", "0"),
        ("0", "0"),
        ("9", "9"),
        ("3001", "3001"),
        ("-2147483648", "-2147483648"),
        ("2147483647", "2147483647"),
        ("0.0", "0"),
    ] {
        change(&format!(r#"{{"targetTeamId":{team},"licenseIds":["FREE000001"]}}"#)).await.expect_jetbrains_error(
            404,
            "TEAM_NOT_FOUND",
            text,
        );
        change(&format!(r#"{{"targetTeamId":{team},"licenseIds":[]}}"#)).await.expect_jetbrains_error(
            404,
            "TEAM_NOT_FOUND",
            text,
        );
    }
}

#[apply(on_both_databases)]
async fn bodies_that_cannot_be_read(app: TestApp) {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"targetTeamId":9}"#,
        r#"{"targetTeamId":9,"licenseIds":null}"#,
        r#"{"targetTeamId":2001,"licenseIds":[null]}"#,
        r#"{"targetTeamId":2001,"licenseIds":"FREE000001"}"#,
        r#"{"targetTeamId":2001,"licenseIds":[{}]}"#,
        r#"{"targetTeamId":9223372036854775807,"licenseIds":[]}"#,
        r#"{"targetTeamId":"string_id","licenseIds":[]}"#,
        r#"{"targetTeamId":true,"licenseIds":[]}"#,
        r#"{"targetTeamId":2001,"licenseIds":{}}"#,
    ] {
        app.jetbrains_account(Role::OrgAdmin).post(PATH, body).await.expect_jetbrains_error_page(400);
    }
}

#[apply(on_both_databases)]
async fn roles(app: TestApp) {
    let body = r#"{"targetTeamId":2001,"licenseIds":["FREE000001"]}"#;
    let text = "Changing team is not possible with a token that was generated for a specific team";
    for team_token in [app.jetbrains_account(Role::TeamAdmin), app.jetbrains_account(Role::TeamViewer)] {
        team_token.post(PATH, body).await.expect_jetbrains_error(403, "TOKEN_TYPE_MISMATCH", text);
        team_token.post(PATH, "{}").await.expect_jetbrains_error_page(400);
    }
    for viewer in [app.jetbrains_account(Role::OrgViewer), app.jetbrains_account(Role::PrimaryContact)] {
        viewer.post(PATH, body).await.expect_jetbrains_error(
            403,
            "INSUFFICIENT_PERMISSIONS",
            "Missing Edit permission on customer 6700001",
        );
    }
}
