//! What people click in the vendor's pages (jetbrains-account §14).

use serde_json::json;

use crate::support::{TestApp, apply, on_both_databases};

const TOKENS: &str = "/organizations/6700001/jetbrains-account/tokens";
const ROLES: &str = "/organizations/6700001/jetbrains-account/roles";

#[apply(on_both_databases)]
async fn generating_shows_the_token_once_and_kills_the_old_one(app: TestApp) {
    let own = json!({"actor": "ann@example.test", "person": "ann@example.test"}).to_string();
    let new = app.control("POST", TOKENS, &own).await.ok();
    app.org_admin().get("/token").await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
    let token = new["token"].as_str().unwrap();
    assert_eq!(new["created_at"], "2026-01-15T09:00:00Z");
    app.actor(token, "6700001").get("/token").await.ok();
    let page = app
        .control(
            "PUT",
            "/organizations/6700001/jetbrains-account/api",
            r#"{"actor":"ann@example.test","enabled":true}"#,
        )
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
        app.control("POST", TOKENS, &request(actor, person, team)).await.problem(403);
    }
    for (actor, person, team) in
        [("cleo", "cleo", None), ("pia", "pia", None), ("bob", "dan", Some(2001)), ("dan", "dan", Some(2001))]
    {
        app.control("POST", TOKENS, &request(actor, person, team)).await.ok();
    }
    for (actor, person, team) in [("bob", "cleo", None), ("dan", "bob", Some(2001)), ("cleo", "pia", None)] {
        app.control("DELETE", TOKENS, &request(actor, person, team)).await.problem(403);
    }
    let left = app.control("DELETE", TOKENS, &request("ann", "bob", Some(2001))).await.ok();
    assert_eq!(left["tokens"].as_array().unwrap().len(), 4);
    app.team_admin().get("/token").await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
    app.control("DELETE", TOKENS, &request("ann", "bob", Some(2001))).await.problem(404);
    app.control("POST", TOKENS, &request("ann", "nobody", None)).await.problem(404);
    app.control("POST", TOKENS, &request("bob", "bob", Some(9))).await.problem(404);
    app.control("POST", TOKENS, r#"{"actor":"a"}"#).await.problem(400);
    app.control("POST", "/organizations/x/jetbrains-account/tokens", &request("ann", "ann", None)).await.problem(404);
}

#[apply(on_both_databases)]
async fn the_api_is_switched_by_organization_admins_only(app: TestApp) {
    for actor in ["bob", "cleo", "pia", "eve"] {
        let body = json!({"enabled": false, "actor": format!("{actor}@example.test")}).to_string();
        app.control("PUT", "/organizations/6700001/jetbrains-account/api", &body).await.problem(403);
    }
    app.org_admin().get("/token").await.ok();
}

#[apply(on_both_databases)]
async fn the_last_role_takes_the_token_along(app: TestApp) {
    let role = |role: &str| {
        json!({"actor": "ann@example.test", "person": "dan@example.test", "role": role, "team": 2001}).to_string()
    };
    app.control("POST", ROLES, &role("team_admin")).await.ok();
    assert_eq!(app.team_viewer().get("/token").await.ok()["team"]["role"], "ADMIN", "the same token, with more rights");
    assert_eq!(app.team_viewer().assign("FREE000001").await.status, 200);
    app.control("DELETE", ROLES, &role("viewer")).await.ok();
    app.team_viewer().get("/token").await.ok();
    let left = app.control("DELETE", ROLES, &role("team_admin")).await.ok();
    assert_eq!(left["tokens"].as_array().unwrap().len(), 4);
    app.team_viewer().get("/token").await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
    app.control("DELETE", ROLES, &role("team_admin")).await.problem(404);
    app.control("POST", ROLES, &role("viewer")).await.ok();
    app.team_viewer().get("/token").await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
}

#[apply(on_both_databases)]
async fn who_may_give_roles(app: TestApp) {
    let body = |actor: &str, role: &str, team: Option<i32>| {
        json!({"actor": format!("{actor}@example.test"), "person": "pia@example.test", "role": role, "team": team})
            .to_string()
    };
    app.control("POST", ROLES, &body("bob", "viewer", Some(2001))).await.ok();
    app.control("POST", ROLES, &body("bob", "viewer", Some(2002))).await.problem(403);
    app.control("POST", ROLES, &body("bob", "organization_admin", None)).await.problem(403);
    app.control("POST", ROLES, &body("cleo", "viewer", None)).await.problem(403);
    assert_eq!(app.control("POST", ROLES, &body("ann", "boss", None)).await.problem(400)["pointer"], "/role");
    assert_eq!(app.control("POST", ROLES, &body("ann", "team_admin", None)).await.problem(400)["pointer"], "/role");
    assert_eq!(
        app.control("POST", ROLES, &body("ann", "organization_admin", Some(2001))).await.problem(400)["pointer"],
        "/role"
    );
}
