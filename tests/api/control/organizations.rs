//! What people click in the vendor's pages (jetbrains-account §14).

use serde_json::json;

use crate::support::{Role, TestApp, apply, on_both_databases};

const TOKENS: &str = "/organizations/6700001/jetbrains-account/tokens";
const ROLES: &str = "/organizations/6700001/jetbrains-account/roles";
const TEAMS: &str = "/organizations/6700001/jetbrains-account/teams";

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

/// Role by role, one is taken before the other is given, and the token dies in between.
#[apply(on_both_databases)]
async fn roles_are_set_at_once_and_the_token_lives_as_long_as_one_is_left(app: TestApp) {
    let set = |roles: &[&str]| {
        json!({"actor": "bob@example.test", "person": "dan@example.test", "team": 2001, "roles": roles}).to_string()
    };
    let dan = |left: &serde_json::Value| {
        let roles = left["roles"].as_array().unwrap().iter().filter(|role| role["person"] == "dan@example.test");
        roles.map(|role| role["role"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let viewer = app.jetbrains_account(Role::TeamViewer);
    for (roles, held, standing) in [
        (&["team_admin"][..], &["team_admin"][..], "ADMIN"),
        (&["viewer", "viewer"], &["viewer"], "VIEWER"),
        (&["viewer", "team_admin"], &["team_admin", "viewer"], "ADMIN"),
        (&["viewer"], &["viewer"], "VIEWER"),
    ] {
        assert_eq!(dan(&app.control().put(ROLES, &set(roles)).await.expect_ok()), held);
        assert_eq!(viewer.get("/token").await.expect_ok()["team"]["role"], standing);
    }
    // What is refused changes nothing.
    for (roles, pointer) in [(&["team_admin", "boss"][..], "/roles/1"), (&["organization_admin"], "/roles/0")] {
        assert_eq!(app.control().put(ROLES, &set(roles)).await.expect_problem(400)["pointer"], pointer);
    }
    let of_the_organization =
        json!({"actor": "bob@example.test", "person": "dan@example.test", "roles": ["viewer"]}).to_string();
    app.control().put(ROLES, &of_the_organization).await.expect_problem(403);
    assert_eq!(viewer.get("/token").await.expect_ok()["team"]["role"], "VIEWER");

    assert_eq!(dan(&app.control().put(ROLES, &set(&[])).await.expect_ok()), [""; 0]);
    app.control().put(ROLES, &set(&["viewer"])).await.expect_ok();
    viewer.get("/token").await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
}

#[apply(on_both_databases)]
async fn teams_are_created_renamed_and_deleted(app: TestApp) {
    let name = |name: &str| json!({"actor": "ann@example.test", "name": name}).to_string();
    let with_id = |id: i64| json!({"actor": "ann@example.test", "name": "Backend", "id": id}).to_string();
    let actor = json!({"actor": "ann@example.test"}).to_string();
    let team = format!("{TEAMS}/2004");

    let page = app.control().post(TEAMS, &with_id(2004)).await.expect_ok();
    assert_eq!(page["teams"][3], json!({"id": 2004, "name": "Backend"}));
    assert_eq!(app.control().post(TEAMS, &with_id(2004)).await.expect_problem(409)["pointer"], "/id");
    let page = app.control().post(TEAMS, &name("Of any number")).await.expect_ok();
    assert!(page["teams"][4]["id"].as_i64().unwrap() > 2_000_000, "{page}");
    app.control().put(&team, &name("Front end")).await.expect_ok();
    let org_admin = app.jetbrains_account(Role::OrgAdmin);
    let mine = org_admin.get("/token").await.expect_ok();
    assert_eq!(mine["teams"].as_array().unwrap().len(), 5);
    assert_eq!(mine["teams"][3]["name"], "Front end");

    // It holds licences and people as any other does.
    for roles in [json!(["team_admin"]), json!(["viewer"])] {
        let body = json!({"actor": "ann@example.test", "person": "pia@example.test", "team": 2004, "roles": roles});
        app.control().put(ROLES, &body.to_string()).await.expect_ok();
    }
    let body = json!({"actor": "pia@example.test", "person": "pia@example.test", "team": 2004}).to_string();
    let token = app.control().post(TOKENS, &body).await.expect_ok()["token"].as_str().unwrap().to_owned();
    let pia = app.jetbrains_account_token(&token, "6700001");
    assert_eq!(pia.get("/token").await.expect_ok()["team"]["name"], "Front end");
    let move_to = |id: i32| json!({"targetTeamId": id, "licenseIds": ["FREE000001"]}).to_string();
    org_admin.post("/customer/changeLicensesTeam", &move_to(2004)).await.expect_ok();
    let refused = app.control().call("DELETE", &team, &actor).await.expect_problem(409);
    assert!(refused["detail"].as_str().unwrap().starts_with("team 2004 has 1 license: "), "{refused}");
    pia.get("/token").await.expect_ok();

    org_admin.post("/customer/changeLicensesTeam", &move_to(2001)).await.expect_ok();
    let left = app.control().call("DELETE", &team, &actor).await.expect_ok();
    let is_of_it = |thing: &serde_json::Value| thing["team"] == 2004 || thing["id"] == 2004;
    for list in ["teams", "roles", "tokens"] {
        assert!(!left[list].as_array().unwrap().iter().any(is_of_it), "{list}: {left}");
    }
    pia.get("/token").await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
    org_admin.post("/customer/changeLicensesTeam", &move_to(2004)).await.expect_jetbrains_error(
        404,
        "TEAM_NOT_FOUND",
        "2004",
    );
    // A team of this number is a new one.
    app.control().post(TEAMS, &with_id(2004)).await.expect_ok();
    pia.get("/token").await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
}

#[apply(on_both_databases)]
async fn what_no_team_can_be_is_refused(app: TestApp) {
    let body = |actor: &str, name: &str, id: i64| {
        json!({"actor": format!("{actor}@example.test"), "name": name, "id": id}).to_string()
    };
    for actor in ["bob", "cleo", "eve", "nobody"] {
        app.control().post(TEAMS, &body(actor, "A", 7)).await.expect_problem(403);
        let rename = json!({"actor": format!("{actor}@example.test"), "name": "A"}).to_string();
        app.control().put(&format!("{TEAMS}/2001"), &rename).await.expect_problem(403);
        let delete = json!({"actor": format!("{actor}@example.test")}).to_string();
        app.control().call("DELETE", &format!("{TEAMS}/2003"), &delete).await.expect_problem(403);
    }
    for (name, id, pointer) in
        [("", 7, "/name"), (&*"x".repeat(256), 7, "/name"), ("A", 0, "/id"), ("A", -1, "/id"), ("A", 1 << 31, "/id")]
    {
        assert_eq!(app.control().post(TEAMS, &body("ann", name, id)).await.expect_problem(400)["pointer"], pointer);
    }
    for id in ["9", "0", "x", "2001x", "99999999999"] {
        let path = format!("{TEAMS}/{id}");
        let rename = json!({"actor": "ann@example.test", "name": "A"}).to_string();
        app.control().put(&path, &rename).await.expect_problem(404);
        app.control().call("DELETE", &path, r#"{"actor":"ann@example.test"}"#).await.expect_problem(404);
    }
}
