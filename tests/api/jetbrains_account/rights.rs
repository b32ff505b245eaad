//! Rights follow all roles of the person: either grant is enough (jetbrains-account §10, §14).

use serde_json::json;

use crate::support::{Answer, Client, TestApp, apply, on_both_databases};

const MOVE: &str = "/customer/changeLicensesTeam";
const REVOKE: &str = "/customer/licenses/revoke";

/// People with grants in several profiles, and licences of three teams. Every token is named after its owner.
const SEED: &str = "
version: 1
organizations:
  - name: Example Corp
    customer_code: 6700001
    people:
      - { email: one@example.test, name: One }
      - { email: both@example.test, name: Both }
      - { email: contact@example.test, name: Contact }
      - { email: chief@example.test, name: Chief }
      - { email: holder@example.test, name: Holder }
    jetbrains_account:
      roles:
        - { person: one@example.test, role: viewer }
        - { person: one@example.test, role: team_admin, team: 2001 }
        - { person: both@example.test, role: viewer }
        - { person: both@example.test, role: team_admin, team: 2001 }
        - { person: both@example.test, role: team_admin, team: 2002 }
        - { person: contact@example.test, role: primary_contact }
        - { person: contact@example.test, role: team_admin, team: 2001 }
        - { person: chief@example.test, role: organization_admin }
        - { person: chief@example.test, role: viewer, team: 2002 }
      tokens:
        - { person: one@example.test, token: one }
        - { person: one@example.test, team: 2001, token: one-of-2001 }
        - { person: both@example.test, token: both }
        - { person: contact@example.test, token: contact }
        - { person: chief@example.test, team: 2002, token: chief-of-2002 }
      licenses:
        - { id: HELD2001, product: DS, team: 2001, assignee: holder@example.test, assigned_at: -40d }
        - { id: HELD2002, product: RM, team: 2002, assignee: holder@example.test, assigned_at: -40d }
        - { id: IN2001, product: DS, team: 2001 }
        - { id: IN2002, product: DS, team: 2002 }
        - { id: IN2003, product: DS, team: 2003 }
";

async fn seed(app: &TestApp) -> impl Fn(&str) -> Client {
    app.control().post("/seed", SEED).await.expect_ok();
    |token: &str| app.jetbrains_account_token(token, "6700001")
}

async fn assign_by_team(client: &Client, team: i32) -> Answer {
    let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
    client
        .post("/customer/licenses/assign", json!({"license": {"team": team, "productCode": "DS"}, "contact": contact}))
        .await
}

async fn move_to(client: &Client, team: i32, ids: &[&str]) -> Answer {
    client.post(MOVE, json!({"targetTeamId": team, "licenseIds": ids})).await
}

#[track_caller]
fn expect_forbidden(answer: &Answer, team: i32) {
    answer.expect_jetbrains_error(
        403,
        "INSUFFICIENT_PERMISSIONS",
        &format!("Missing Edit permission on customer 6700001 or on team with id {team}"),
    );
}

#[track_caller]
fn expect_ids(answer: &Answer, ids: &[&str]) {
    assert_eq!(answer.expect_ok(), json!({"licenseIds": ids}));
}

#[apply(on_both_databases)]
async fn a_team_admin_edits_the_team_with_the_organization_token(app: TestApp) {
    let caller = seed(&app).await;
    for token in ["one", "contact"] {
        let caller = caller(token);
        let roles = caller.get("/token").await.expect_ok();
        assert_eq!(roles["teams"][0], json!({"id": 2001, "name": "Platform", "role": "ADMIN"}), "{token}");
        assert_eq!(caller.get("/customer/teams/2003/licenses").await.status, 200, "{token} reads everything");
    }
    let one = caller("one");
    assert_eq!(one.assign_license("IN2001").await.status, 200);
    expect_forbidden(&one.assign_license("IN2002").await, 2002);
    expect_forbidden(&assign_by_team(&one, 2002).await, 2002);
    let contact = caller("contact");
    contact.assign_license("IN2001").await.expect_jetbrains_error(
        400,
        "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN",
        "ALLOCATED",
    );
    assign_by_team(&contact, 2001).await.expect_jetbrains_error(
        400,
        "NO_AVAILABLE_LICENSE_TO_ASSIGN",
        "No available license found to assign in the team 2001 with product DS",
    );
    assert_eq!(assign_by_team(&caller("both"), 2002).await.status, 200);
}

#[apply(on_both_databases)]
async fn taking_back_takes_edit_on_every_licence(app: TestApp) {
    let caller = seed(&app).await;
    let one = caller("one");
    expect_forbidden(&one.post(&format!("{REVOKE}?licenseId=HELD2002"), "").await, 2002);
    expect_forbidden(&one.post(&format!("{REVOKE}?email=holder@example.test"), "").await, 2002);
    expect_ids(&one.post(&format!("{REVOKE}?email=holder@example.test&productCode=WS"), "").await, &[]);
    expect_ids(&one.post(&format!("{REVOKE}?email=holder@example.test&productCode=DS"), "").await, &["HELD2001"]);
    expect_ids(&one.post(&format!("{REVOKE}?licenseId=HELD2001"), "").await, &[]);
    expect_ids(&caller("both").post(&format!("{REVOKE}?email=holder@example.test"), "").await, &["HELD2002"]);
}

#[apply(on_both_databases)]
async fn moving_takes_edit_on_both_teams(app: TestApp) {
    let caller = seed(&app).await;
    let one = caller("one");
    // Of the source only, of the target only, of neither.
    expect_forbidden(&move_to(&one, 2002, &["IN2001"]).await, 2002);
    expect_forbidden(&move_to(&one, 2001, &["IN2002"]).await, 2002);
    expect_forbidden(&move_to(&one, 2003, &["IN2002"]).await, 2003);
    move_to(&one, 9, &["IN2001"]).await.expect_jetbrains_error(404, "TEAM_NOT_FOUND", "9");
    let both = caller("both");
    expect_forbidden(&move_to(&both, 2001, &["IN2002", "IN2003"]).await, 2003);
    assert_eq!(both.get("/customer/licenses/IN2002").await.expect_ok()["team"]["id"], 2002, "nothing moved");
    // What does not move anyhow needs no permission.
    expect_ids(&move_to(&one, 2001, &["IN2001", "NOSUCH", "OTHER00001"]).await, &[]);
    expect_ids(&move_to(&both, 2001, &["IN2002"]).await, &["IN2002"]);
    expect_ids(&move_to(&both, 2002, &["IN2002", "IN2001"]).await, &["IN2001", "IN2002"]);
}

#[apply(on_both_databases)]
async fn a_team_token_stays_in_its_team(app: TestApp) {
    let caller = seed(&app).await;
    let mismatch = |answer: Answer, team: i32| {
        let text = format!("Token was generated for team with id {team}");
        answer.expect_jetbrains_error(403, "TEAM_MISMATCH", &text);
    };
    mismatch(caller("one-of-2001").assign_license("IN2002").await, 2001);
    // An admin of the organization, with the token of a team in which they only look on.
    let chief = caller("chief-of-2002");
    mismatch(chief.assign_license("IN2001").await, 2002);
    assert_eq!(chief.assign_license("IN2002").await.status, 200);
    move_to(&chief, 2002, &["IN2001"]).await.expect_jetbrains_error(
        403,
        "TOKEN_TYPE_MISMATCH",
        "Changing team is not possible with a token that was generated for a specific team",
    );
}

#[apply(on_both_databases)]
async fn the_journal_says_which_grants_counted(app: TestApp) {
    let caller = seed(&app).await;
    for (token, license, held) in [
        ("one", "IN2001", "viewer of the organization, admin of the team 2001"),
        ("chief-of-2002", "IN2002", "viewer of the team 2002, admin of the organization"),
    ] {
        let answer = caller(token).assign_license(license).await;
        let entry =
            app.control().get(&format!("/requests/{}", answer.header("x-request-id").unwrap())).await.expect_ok();
        assert_eq!(entry["trail"]["permission"]["held"], held);
    }
}
