//! Lists and single licences (jetbrains-account §4.1, §5.2–§5.4).

use crate::support::{Answer, Client, Role, TestApp, apply, on_both_databases};

async fn list_ids(client: &Client, path: &str) -> Vec<String> {
    read_ids(&client.get(path).await)
}

#[track_caller]
fn read_ids(answer: &Answer) -> Vec<String> {
    answer.expect_ok().as_array().unwrap().iter().map(|l| l["licenseId"].as_str().unwrap().to_owned()).collect()
}

#[apply(on_both_databases)]
async fn one_licence_byte_for_byte(app: TestApp) {
    let license = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/FRESH00001").await;
    let pack = license.json()["subscription"]["subscriptionPackRef"].as_str().unwrap().to_owned();
    assert_eq!(
        license.text(),
        concat!(
            r#"{"licenseId":"FRESH00001","product":{"code":"II","name":"IntelliJ IDEA Ultimate"},"assignee":"#,
            r#"{"name":"Bo* Ra*","email":"bob@example.test","type":"USER"},"subscription":{"validUntilDate":"#,
            r#""2027-01-15T00:00:00.000+03:00","isOutdated":false,"subscriptionPackRef":"PACK","#,
            r#""isAutomaticallyRenewed":true},"lastSeen":{"lastAssignmentDate":"2026-01-13T12:00:00.000+03:00","#,
            r#""isOfflineCodeGenerated":false},"team":{"id":2001,"name":"Platform"},"#,
            r#""isTransferableBetweenTeams":true,"isTrial":false,"isSuspended":false,"isAvailableToAssign":false}"#
        )
        .replace("PACK", &pack)
    );
}

#[apply(on_both_databases)]
async fn null_members_are_left_out(app: TestApp) {
    let license = async |id: &str| {
        app.jetbrains_account(Role::OrgAdmin).get(&format!("/customer/licenses/{id}")).await.expect_ok()
    };
    let free = license("FREE000001").await;
    for absent in ["assignee", "perpetual", "domain", "lastSeen"] {
        assert!(free.get(absent).is_none(), "{absent}");
    }
    assert_eq!(free["isAvailableToAssign"], true);
    let perpetual = license("PERPETUAL1").await;
    assert!(perpetual.get("subscription").is_none());
    assert_eq!(perpetual["perpetual"]["isOutdated"], true);
    let expired = license("EXPIRED001").await;
    assert_eq!(expired["subscription"]["isOutdated"], true);
    let server = license("SERVER0001").await;
    assert_eq!(server["assignee"].to_string(), r#"{"serverType":"LICENSE_VAULT","type":"SERVER","uid":"example"}"#);
    let key = license("KEYHOLDER1").await;
    assert_eq!(key["assignee"]["registrationName"], "Example Corp");
    let ann = license("ABCDE12345").await;
    assert_eq!(ann["assignee"]["name"], "Ann Lee");
    assert_eq!(ann["lastSeen"]["lastSeenDate"], "2026-01-14T12:00:00.000+03:00");
}

#[apply(on_both_databases)]
async fn availability(app: TestApp) {
    let available =
        list_ids(&app.jetbrains_account(Role::OrgAdmin), "/customer/teams/2001/licenses?assigned=false").await;
    assert!(available.contains(&"EXPIRED001".to_owned()), "no assignee is not the same as available");
    let all = app.jetbrains_account(Role::OrgAdmin).get("/customer/teams/2001/licenses").await.expect_ok();
    let mut to_assign: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|l| l["isAvailableToAssign"] == true)
        .map(|l| l["licenseId"].as_str().unwrap())
        .collect();
    to_assign.sort_unstable();
    assert_eq!(to_assign, ["FALLBACK01", "FREE000001", "FREE000002", "FREE000003", "ROOTED0001"]);
}

#[apply(on_both_databases)]
async fn unknown_and_foreign_licences(app: TestApp) {
    app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/NOPE").await.expect_jetbrains_error(
        404,
        "LICENSE_NOT_FOUND",
        "NOPE",
    );
    app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/OTHER00001").await.expect_jetbrains_error(
        404,
        "LICENSE_NOT_FOUND",
        "OTHER00001",
    );
    app.jetbrains_account(Role::TeamAdmin).get("/customer/licenses/SERVER0001").await.expect_jetbrains_error(
        403,
        "TEAM_MISMATCH",
        "Token was generated for team with id 2001",
    );
    assert_eq!(app.jetbrains_account(Role::TeamViewer).get("/customer/licenses/FREE000001").await.status, 200);
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/a%00b").await.status, 404);
    app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses/%ff").await.expect_jetbrains_error_page(400);
}

#[apply(on_both_databases)]
async fn filters(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let list = async |query: &str| list_ids(&admin, &format!("/customer/licenses?{query}")).await;
    assert_eq!(list("").await.len(), 37);
    assert_eq!(list("productCode=II").await, ["ABCDE12345", "FRESH00001", "FREE000001", "FREE000002"]);
    assert_eq!(list("productCode=II&assigned=true").await, ["ABCDE12345", "FRESH00001"]);
    assert_eq!(list("productCode=II&assigned=False").await, ["FREE000001", "FREE000002"]);
    assert_eq!(list("assigned=True").await, ["ABCDE12345", "FRESH00001", "SERVER0001", "KEYHOLDER1"]);
    assert_eq!(list("assignmentStatus=ASSIGNED&teamId=2003").await, ["SERVER0001", "KEYHOLDER1"]);
    assert_eq!(list("assignmentStatus=UNASSIGNED&assigned=true").await, [""; 0]);
    assert_eq!(list("assigneeEmail=ann@example.test").await, ["ABCDE12345"]);
    assert_eq!(list("assigneeEmail=nobody@example.test").await, [""; 0]);
    assert_eq!(list("productCode=ii").await, [""; 0]);
    assert_eq!(list("productCode=%00").await, [""; 0]);
    assert_eq!(list("assigneeEmail=%00").await, [""; 0]);
    // Generated clients send the document's defaults.
    assert_eq!(list("productCode=null&assigneeEmail=null&assigned=null&page=1&perPage=100").await.len(), 37);
    // What is given twice counts as it was given first.
    assert_eq!(list("productCode=WS&productCode=II").await, ["FREE000003"]);
}

#[apply(on_both_databases)]
async fn paging(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let first = admin.get("/customer/licenses?perPage=20&productCode=ALL&page=1").await;
    assert_eq!(first.header("x-total-count"), Some("26"));
    assert_eq!(
        first.header("link"),
        Some(concat!(
            r#"</api/v1/customer/licenses?productCode=ALL&page=1&perPage=20>; rel="first", "#,
            r#"</api/v1/customer/licenses?productCode=ALL&page=2&perPage=20>; rel="next", "#,
            r#"</api/v1/customer/licenses?productCode=ALL&page=2&perPage=20>; rel="last""#
        ))
    );
    let mut all = read_ids(&first);
    assert_eq!(all.len(), 20);
    all.extend(list_ids(&admin, "/customer/licenses?perPage=20&productCode=ALL&page=2").await);
    assert_eq!(all, list_ids(&admin, "/customer/licenses?productCode=ALL").await);
    let past = admin.get("/customer/licenses?page=9&perPage=20").await;
    assert_eq!((past.text(), past.header("x-total-count")), ("[]", Some("37")));
    assert_eq!(admin.get("/customer/licenses?page=2147483647&perPage=200").await.text(), "[]");
    for wrong in [
        "page=0",
        "page=-1",
        "perPage=0",
        "perPage=201",
        "page=x",
        "perPage=1.5",
        "page=99999999999",
        "assigned=maybe",
        "assignmentStatus=x",
        "teamId=x",
    ] {
        admin.get(&format!("/customer/licenses?{wrong}")).await.expect_jetbrains_error_page(400);
    }
}

#[apply(on_both_databases)]
async fn an_absurd_query_is_not_echoed(app: TestApp) {
    let answer = app
        .jetbrains_account(Role::OrgAdmin)
        .get(&format!("/customer/licenses?productCode={}", "x".repeat(20_000)))
        .await;
    assert_eq!((answer.text(), answer.header("link")), ("[]", None));
}

#[apply(on_both_databases)]
async fn lists_of_teams(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    assert_eq!(list_ids(&admin, "/customer/teams/2003/licenses").await, ["SERVER0001", "KEYHOLDER1"]);
    assert_eq!(admin.get("/customer/teams/2002/licenses?perPage=5").await.header("x-total-count"), Some("25"));
    admin.get("/customer/teams/9/licenses").await.expect_jetbrains_error(404, "TEAM_NOT_FOUND", "9");
    admin.get("/customer/teams/3001/licenses").await.expect_jetbrains_error(404, "TEAM_NOT_FOUND", "3001");
    admin.get("/customer/teams/x/licenses").await.expect_jetbrains_error_page(400);
    app.jetbrains_account(Role::TeamAdmin).get("/customer/teams/2002/licenses").await.expect_jetbrains_error(
        403,
        "TEAM_MISMATCH",
        "Token was generated for team with id 2001",
    );
    assert_eq!(
        list_ids(&app.jetbrains_account(Role::TeamViewer), "/customer/teams/2001/licenses?productCode=WS").await,
        ["FREE000003"]
    );
}

#[apply(on_both_databases)]
async fn a_team_token_lists_its_own_team(app: TestApp) {
    let own = list_ids(&app.jetbrains_account(Role::TeamAdmin), "/customer/licenses").await;
    assert_eq!(own, list_ids(&app.jetbrains_account(Role::OrgAdmin), "/customer/teams/2001/licenses").await);
    assert_eq!(list_ids(&app.jetbrains_account(Role::TeamAdmin), "/customer/licenses?teamId=2002").await, [""; 0]);
}

#[apply(on_both_databases)]
async fn tenants_never_see_each_other(app: TestApp) {
    assert_eq!(list_ids(&app.jetbrains_account(Role::OtherOrgAdmin), "/customer/licenses").await, ["OTHER00001"]);
    app.jetbrains_account(Role::OtherOrgAdmin).get("/customer/licenses/ABCDE12345").await.expect_jetbrains_error(
        404,
        "LICENSE_NOT_FOUND",
        "ABCDE12345",
    );
}
