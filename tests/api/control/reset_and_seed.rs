//! `/_emulator/reset` and `/_emulator/seed`.

use indoc::indoc;

use crate::support::{Role, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn reset_goes_back_to_the_seed(app: TestApp) {
    let everything = async || {
        let lists = [
            app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses").await.text().to_owned(),
            app.jetbrains_account(Role::OtherOrgAdmin).get("/customer/licenses").await.text().to_owned(),
        ];
        (
            lists,
            app.control().get("/clock").await.text().to_owned(),
            app.jetbrains_account(Role::OrgAdmin).get("/token").await.text().to_owned(),
        )
    };
    let before = everything().await;
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await.status, 200);
    app.advance_clock("1y").await;
    app.control()
        .post(
            "/organizations/6700001/jetbrains-account/roles",
            r#"{"actor":"ann@example.test","person":"bob@example.test","role":"viewer"}"#,
        )
        .await
        .expect_ok();
    let rotated = app.jetbrains_account(Role::TeamViewer).post("/token/rotate", "").await.expect_ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    app.control().post("/seed", "{version: 1, organizations: [{name: New}]}").await.expect_ok();
    let answer = app.control().post("/reset", "").await.expect_ok();
    assert_eq!(answer["organizations"][0]["jetbrains_account"]["tokens"][0]["token"], "demo-jba-organization-admin");
    assert_eq!(everything().await, before, "generated ids and packs are the same again");
    app.jetbrains_account_token(&rotated, "6700001").get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_ok();
    let admin = app
        .control()
        .put("/organizations/6700001/jetbrains-account/api", r#"{"actor":"ann@example.test","enabled":true}"#)
        .await
        .expect_ok();
    assert_eq!(admin["roles"].as_array().unwrap().len(), 5);
}

#[apply(on_both_databases)]
async fn merge_adds_and_replaces(app: TestApp) {
    let seed = r"
version: 1
organizations:
  - name: Example Corp
    customer_code: 6700001
    jetbrains_account:
      teams: [{ name: New team, id: 2009 }]
      licenses:
        - { id: FREE000001, product: RM, team: 2009, valid_until: -1d }
        - { count: 2, product: GO, team: 2001, assignee: zoe.k@example.test }
  - name: Fresh Ltd
    people: [{ email: fay@fresh.test }]
    jetbrains_account:
      teams: [{ name: Only }]
      roles: [{ person: fay@fresh.test, role: organization_admin }]
      tokens: [{ person: fay@fresh.test }]
";
    let dry = app.control().post("/seed?dry_run", seed).await.expect_ok();
    assert_eq!(dry["dry_run"], true);
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses").await.header("x-total-count"),
        Some("37")
    );
    let made = app.control().post("/seed?mode=merge", seed).await.expect_ok();
    let license = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/FREE000001").await.expect_ok();
    assert_eq!((&license["product"]["code"], &license["team"]["name"]), (&"RM".into(), &"New team".into()));
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?productCode=GO").await.expect_ok()[1]["assignee"]
            ["name"],
        "Zo* *"
    );
    let fresh = &made["organizations"][1];
    let token = fresh["jetbrains_account"]["tokens"][0]["token"].as_str().unwrap();
    app.jetbrains_account_token(token, fresh["customer_code"].as_str().unwrap()).get("/token").await.expect_ok();
}

#[apply(on_both_databases)]
async fn replace_drops_what_was_there(app: TestApp) {
    app.control().post("/seed?mode=replace", locum::seed::MINIMAL).await.expect_ok();
    assert_eq!(app.control().get("/clock").await.expect_ok()["mode"], "real", "the seed has no clock");
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses").await.header("x-total-count"),
        Some("1")
    );
    app.jetbrains_account(Role::OtherOrgAdmin).get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
}

#[apply(on_both_databases)]
async fn a_wrong_seed_is_refused_whole(app: TestApp) {
    let seed = indoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people: [{ email: a@b.test }]
            jetbrains_account:
              teams: [{ id: 1, name: T }]
              roles: [{ person: a@b.test, role: viewer }]
              tokens: [{ person: a@b.test, token: T1 }]
              licenses:
                - { product: IJ, team: 7 }
    "};
    let problem = app.control().post("/seed", seed).await.expect_problem(400);
    assert_eq!(problem["errors"][0]["line"], 11);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    let taken =
        seed.replace("{ product: IJ, team: 7 }", "{ product: II, team: 1 }").replace("T1", "demo-jba-team-admin");
    let problem = app.control().post("/seed", &taken).await.expect_problem(400);
    assert!(problem["detail"].as_str().unwrap().contains("in use"), "{problem}");
    assert_eq!(problem["errors"][0]["line"], 9);
    app.jetbrains_account_token("T1", "1").get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    app.control()
        .put("/organizations/1/jetbrains-account/api", r#"{"actor":"a@b.test","enabled":true}"#)
        .await
        .expect_problem(404);
    app.control().post("/seed", "version: 1\norganizations: [{ name: '${PATH}' }]\n").await.expect_problem(400);
    app.control().post("/seed?mode=x", "version: 1").await.expect_problem(400);
    app.jetbrains_account(Role::TeamAdmin).get("/token").await.expect_ok();
}
