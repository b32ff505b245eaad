//! What people click in the vendor's pages (jetbrains-account §14).

use serde_json::json;

use crate::support::{Role, TestApp, apply, on_both_databases};

const TOKENS: &str = "/organizations/6700001/jetbrains-account/tokens";
const ROLES: &str = "/organizations/6700001/jetbrains-account/roles";

#[apply(on_both_databases)]
async fn generating_shows_the_token_once_and_kills_the_old_one(app: TestApp) {
    let own = json!({"actor": "ann@example.test", "person": "ann@example.test"}).to_string();
    let new = app.control().post(TOKENS, &own).await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    let token = new["token"].as_str().unwrap();
    assert_eq!(new["created_at"], "2026-01-15T09:00:00Z");
    app.jetbrains_account_token(token, "6700001").get("/token").await.expect_ok();
    let page = app
        .control()
        .put("/organizations/6700001/jetbrains-account/api", r#"{"actor":"ann@example.test","enabled":true}"#)
        .await;
    assert!(!page.text().contains(token));
}

#[apply(on_both_databases)]
async fn who_may_generate_and_remove(app: TestApp) {
    let request = |actor: &str, person: &str, team: Option<i32>| {
        let mut body = json!({"actor": format!("{actor}@example.test"), "person": format!("{person}@example.test")});
        if let Some(team) = team {
            body["team"] = team.into();
        }
        body.to_string()
    };
    for (actor, person, team) in [
        ("ann", "cleo", None),
        ("cleo", "ann", None),
        ("dan", "bob", Some(2001)),
        ("ann", "ann", Some(2001)),
        ("eve", "ann", None),
    ] {
        app.control().post(TOKENS, &request(actor, person, team)).await.expect_problem(403);
    }
    for (actor, person, team) in
        [("cleo", "cleo", None), ("pia", "pia", None), ("bob", "dan", Some(2001)), ("dan", "dan", Some(2001))]
    {
        app.control().post(TOKENS, &request(actor, person, team)).await.expect_ok();
    }
    for (actor, person, team) in [("bob", "cleo", None), ("dan", "bob", Some(2001)), ("cleo", "pia", None)] {
        app.control().call("DELETE", TOKENS, &request(actor, person, team)).await.expect_problem(403);
    }
    let left = app.control().call("DELETE", TOKENS, &request("ann", "bob", Some(2001))).await.expect_ok();
    assert_eq!(left["tokens"].as_array().unwrap().len(), 4);
    app.jetbrains_account(Role::TeamAdmin).get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    app.control().call("DELETE", TOKENS, &request("ann", "bob", Some(2001))).await.expect_problem(404);
    app.control().post(TOKENS, &request("ann", "nobody", None)).await.expect_problem(404);
    app.control().post(TOKENS, &request("bob", "bob", Some(9))).await.expect_problem(404);
    app.control().post(TOKENS, r#"{"actor":"a"}"#).await.expect_problem(400);
    app.control()
        .post("/organizations/x/jetbrains-account/tokens", &request("ann", "ann", None))
        .await
        .expect_problem(404);
}

#[apply(on_both_databases)]
async fn the_api_is_switched_by_organization_admins_only(app: TestApp) {
    for actor in ["bob", "cleo", "pia", "eve"] {
        let body = json!({"enabled": false, "actor": format!("{actor}@example.test")}).to_string();
        app.control().put("/organizations/6700001/jetbrains-account/api", &body).await.expect_problem(403);
    }
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
}

/// Disabling makes the API unavailable, not the tokens bad (jetbrains-account §14).
#[apply(on_both_databases)]
async fn nobody_generates_a_token_while_the_api_is_disabled(app: TestApp) {
    let switch = async |on: bool| {
        let path = "/organizations/6700001/jetbrains-account/api";
        app.control().put(path, json!({"enabled": on, "actor": "ann@example.test"})).await.expect_ok();
    };
    let token = |actor: &str, person: &str, team: Option<i32>| {
        let (actor, person) = (format!("{actor}@example.test"), format!("{person}@example.test"));
        json!({"actor": actor, "person": person, "team": team})
    };
    switch(false).await;
    for (actor, person, team) in [
        ("ann", "ann", None),
        ("cleo", "cleo", None),
        ("pia", "pia", None),
        ("bob", "dan", Some(2001)),
        ("dan", "dan", Some(2001)),
    ] {
        let refused = app.control().post(TOKENS, token(actor, person, team)).await.expect_problem(403);
        assert!(refused["detail"].as_str().unwrap().contains("while the API is disabled"), "{refused}");
    }
    app.control().call("DELETE", TOKENS, token("ann", "pia", None)).await.expect_ok();
    switch(true).await;
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_ok();
    assert_eq!(app.jetbrains_account(Role::PrimaryContact).get("/token").await.status, 401, "removed meanwhile");
    app.control().post(TOKENS, token("pia", "pia", None)).await.expect_ok();
}

#[apply(on_both_databases)]
async fn the_last_role_takes_the_token_along(app: TestApp) {
    let role = |role: &str| {
        json!({"actor": "ann@example.test", "person": "dan@example.test", "role": role, "team": 2001}).to_string()
    };
    app.control().post(ROLES, &role("team_admin")).await.expect_ok();
    assert_eq!(
        app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_ok()["team"]["role"],
        "ADMIN",
        "the same token, with more rights"
    );
    assert_eq!(app.jetbrains_account(Role::TeamViewer).assign_license("FREE000001").await.status, 200);
    app.control().call("DELETE", ROLES, &role("viewer")).await.expect_ok();
    app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_ok();
    let left = app.control().call("DELETE", ROLES, &role("team_admin")).await.expect_ok();
    assert_eq!(left["tokens"].as_array().unwrap().len(), 4);
    app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    app.control().call("DELETE", ROLES, &role("team_admin")).await.expect_problem(404);
    app.control().post(ROLES, &role("viewer")).await.expect_ok();
    app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
}

#[apply(on_both_databases)]
async fn who_may_give_roles(app: TestApp) {
    let body = |actor: &str, role: &str, team: Option<i32>| {
        json!({"actor": format!("{actor}@example.test"), "person": "pia@example.test", "role": role, "team": team})
            .to_string()
    };
    app.control().post(ROLES, &body("bob", "viewer", Some(2001))).await.expect_ok();
    app.control().post(ROLES, &body("bob", "viewer", Some(2002))).await.expect_problem(403);
    app.control().post(ROLES, &body("bob", "organization_admin", None)).await.expect_problem(403);
    app.control().post(ROLES, &body("cleo", "viewer", None)).await.expect_problem(403);
    assert_eq!(app.control().post(ROLES, &body("ann", "boss", None)).await.expect_problem(400)["pointer"], "/role");
    assert_eq!(
        app.control().post(ROLES, &body("ann", "team_admin", None)).await.expect_problem(400)["pointer"],
        "/role"
    );
    assert_eq!(
        app.control().post(ROLES, &body("ann", "organization_admin", Some(2001))).await.expect_problem(400)["pointer"],
        "/role"
    );
}
