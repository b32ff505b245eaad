//! `/token` and `/token/rotate` (jetbrains-account §5.1, §5.9).

use crate::support::{Role, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn shows_what_a_token_manages(app: TestApp) {
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/token").await.text(),
        concat!(
            r#"{"type":"CUSTOMER","code":6700001,"name":"Example Corp","role":"ADMIN","contactFlags":"#,
            r#"{"isPrimaryLicensee":false,"isPrimaryTechnical":false,"isPrimaryBilling":false},"teams":"#,
            r#"[{"id":2001,"name":"Platform"},{"id":2002,"name":"Mobile"},{"id":2003,"name":"License server"}]}"#
        )
    );
    assert_eq!(
        app.jetbrains_account(Role::TeamAdmin).get("/token").await.text(),
        concat!(
            r#"{"type":"TEAM","team":{"id":2001,"name":"Platform","role":"ADMIN"},"customer":{"code":6700001,"#,
            r#""name":"Example Corp"}}"#
        )
    );
    assert_eq!(app.jetbrains_account(Role::OrgViewer).get("/token").await.expect_ok()["role"], "VIEWER");
    assert_eq!(app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_ok()["team"]["role"], "VIEWER");
    let contact = app.jetbrains_account(Role::PrimaryContact).get("/token").await.expect_ok();
    assert_eq!(contact["role"], "PRIMARY_CONTACT");
    assert_eq!(contact["contactFlags"]["isPrimaryBilling"], true);
}

#[apply(on_both_databases)]
async fn rotating_kills_the_old_token_at_once(app: TestApp) {
    let old = app.jetbrains_account(Role::TeamViewer);
    let new = old.post("/token/rotate", "").await.expect_ok()["token"].as_str().unwrap().to_owned();
    assert_eq!(new.len(), 24);
    old.get("/token").await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
    let again = app.jetbrains_account_token(&new, "6700001");
    assert_eq!(again.get("/token").await.expect_ok()["team"]["id"], 2001);
    let newest = again.post("/token/rotate", "").await.expect_ok()["token"].as_str().unwrap().to_owned();
    assert_ne!(new, newest);
    app.jetbrains_account_token(&newest, "6700001").get("/token").await.expect_ok();
}

#[apply(on_both_databases)]
async fn nobody_makes_a_token_while_the_api_is_disabled(app: TestApp) {
    let control = app.control();
    let switch = async |enabled: bool| {
        let body = format!(r#"{{"enabled":{enabled},"actor":"ann@example.test"}}"#);
        control.put("/organizations/6700001/jetbrains-account/api", body.as_str()).await.expect_ok();
    };
    let label = "ann@example.test%20(organization)";
    let rotate = format!("/credentials/{label}/rotate");
    switch(false).await;
    let generate = r#"{"actor":"ann@example.test","person":"ann@example.test"}"#;
    for (path, body) in [("/organizations/6700001/jetbrains-account/tokens", generate), (rotate.as_str(), "")] {
        let problem = control.post(path, body).await.expect_problem(403);
        assert!(problem["detail"].as_str().unwrap().contains("while the API is disabled"), "{problem}");
    }
    let ann = app.jetbrains_account(Role::OrgAdmin);
    let text = "The API is disabled for this organization";
    ann.post("/token/rotate", "").await.expect_jetbrains_error(403, "API_DISABLED", text);
    // Other services' credentials, and other organizations', are not concerned.
    control.post("/credentials/reader/rotate", "").await.expect_ok();
    for other in
        control.get("/credentials?service=jetbrains_account&organization=6700002").await.json().as_array().unwrap()
    {
        control.post(&format!("/credentials/{}/rotate", other["id"].as_str().unwrap()), "").await.expect_ok();
    }
    switch(true).await;
    ann.get("/token").await.expect_ok();
    let new = control.post(&rotate, "").await.expect_ok()["token"].as_str().unwrap().to_owned();
    app.jetbrains_account_token(&new, "6700001").get("/token").await.expect_ok();
}
