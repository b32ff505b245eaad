//! `/_emulator/spaces`: worlds of their own.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Client, Database, FULL_KEY, NOW, ORG, Role, TestApp, apply, on_both_databases};

async fn create(app: &TestApp, name: &str) -> Value {
    app.control().post("/spaces", format!(r#"{{"name":"{name}"}}"#)).await.expect_ok()
}

/// The organization admin of a space's first organization.
fn admin(app: &TestApp, space: &Value) -> Client {
    let organization = &space["organizations"][0];
    let token = organization["jetbrains_account"]["tokens"][0]["token"].as_str().unwrap();
    app.jetbrains_account_token(token, organization["customer_code"].as_str().unwrap())
}

/// Variables that no two spaces share.
const OF_ITS_OWN: [&str; 6] = [
    "JETBRAINS_ACCOUNT_CUSTOMER_CODE",
    "JETBRAINS_ACCOUNT_API_KEY",
    "LICENSE_VAULT_TOKEN",
    "LICENSE_VAULT_AUTOMATION_TOKEN",
    "ATLASSIAN_ORG_ID",
    "ATLASSIAN_API_KEY",
];

/// One space of many, and what a client is given there.
struct World {
    number: usize,
    variables: Value,
}

impl World {
    fn value(&self, name: &str) -> &str {
        self.variables[name].as_str().unwrap()
    }

    fn jetbrains_account(&self, app: &TestApp) -> Client {
        let (token, code) = (self.value("JETBRAINS_ACCOUNT_API_KEY"), self.value("JETBRAINS_ACCOUNT_CUSTOMER_CODE"));
        app.jetbrains_account_token(token, code)
    }

    fn atlassian(&self, app: &TestApp) -> Client {
        app.atlassian(self.value("ATLASSIAN_API_KEY")).in_organization(self.value("ATLASSIAN_ORG_ID"))
    }

    fn license_vault(&self, app: &TestApp) -> Client {
        app.license_vault(self.value("LICENSE_VAULT_TOKEN")).without_document_check()
    }

    fn control(&self, app: &TestApp) -> Client {
        app.control().in_space(&format!("t{}", self.number))
    }

    /// Every third is another kind of tester.
    fn is(&self, remainder: usize) -> bool {
        self.number % 3 == remainder
    }

    async fn change(&self, app: &TestApp) {
        let control = self.control(app);
        for id in ["FREE000001", "FREE000002"].into_iter().take(1 + self.number % 2) {
            assert_eq!(self.jetbrains_account(app).assign_license(id).await.status, 200);
        }
        control.post("/clock/advance", json!({"by": format!("{}h", self.number)})).await.expect_ok();
        control.put("/rate-limits", json!({"limit": 100 + self.number})).await.expect_ok();
        if self.is(0) {
            self.atlassian(app).delete("/api-tokens").await.expect_empty(204);
            let rule = r#"{"match":{"service":"license_vault"},"then":{"status":503}}"#;
            control.post("/faults", rule).await.expect_ok();
        }
        if self.is(1) {
            let body = r#"{"user":"eve@example.test","product":"II"}"#;
            let started = control.post("/vaults/example/connections", body).await.expect_ok();
            assert_eq!(started["granted"], true);
            control.post("/credentials/reader/revoke", "").await.expect_ok();
        }
    }

    async fn check(&self, app: &TestApp) {
        let (number, control) = (self.number, self.control(app));
        let held = self.jetbrains_account(app).get("/customer/licenses?assigned=true").await;
        assert_eq!(held.header("x-total-count"), Some((5 + number % 2).to_string().as_str()), "{number}");
        let date = held.header("date").unwrap().to_owned();
        assert!(date.ends_with(&format!(" {:02}:00:00 GMT", (9 + number) % 24)), "{number}: {date}");
        let tokens = self.atlassian(app).get("/api-tokens/count").await.expect_ok().as_i64().unwrap();
        // Up to two days later, the oldest have expired.
        let expected = if self.is(0) { 0..=0 } else { 250..=254 };
        assert!(expected.contains(&tokens), "{number}: {tokens}");
        let limits = control.get("/rate-limits").await.expect_ok();
        assert_eq!(limits["policies"][0]["limit"], 100 + number);
        let counted = if self.is(0) { 2 } else { 1 };
        assert_eq!(limits["windows"].as_array().unwrap().len(), counted, "{number}: {limits}");
        let usage = self.license_vault(app).get("/public-api/licenses/usage").await;
        let faults = control.get("/faults").await.expect_ok();
        if self.is(0) {
            assert_eq!(usage.status, 503, "{number}");
            assert_eq!(faults[0]["hits"], 1, "{number}");
        } else {
            let usage = usage.expect_ok();
            let row = usage["licenseUsages"].as_array().unwrap().iter().find(|row| row["code"] == "II").unwrap();
            assert_eq!(row["regularInUse"], if self.is(1) { 2 } else { 1 }, "{number}");
            assert_eq!(faults, json!([]), "{number}");
        }
        let credentials = control.get("/credentials").await.expect_ok();
        assert_eq!(credentials.as_array().unwrap().len(), if self.is(1) { 13 } else { 14 }, "{number}");
    }
}

#[apply(on_both_databases)]
async fn a_space_is_the_seed_with_keys_of_its_own(app: TestApp) {
    let space = create(&app, "t1").await;
    assert_eq!(space["space"], "t1");
    let organization = &space["organizations"][0];
    assert_ne!(organization["customer_code"], "6700001");
    assert_ne!(organization["org_id"], "8f2b0c1e-0000-4000-8000-000000000001");
    assert!(!space.to_string().contains("demo-"), "no token is spelled out: {space}");
    let count =
        async |actor: &Client| actor.get("/customer/licenses").await.header("x-total-count").unwrap().to_owned();
    assert_eq!(count(&admin(&app, &space)).await, count(&app.jetbrains_account(Role::OrgAdmin)).await);
    // The other two services know it too.
    let key = organization["atlassian"]["api_keys"][0]["token"].as_str().unwrap();
    let org_id = organization["org_id"].as_str().unwrap();
    assert_eq!(app.atlassian(key).in_organization(org_id).get("/api-tokens/count").await.expect_ok(), 254);
    assert_eq!(app.atlassian(FULL_KEY).in_organization(org_id).get("/api-tokens/count").await.status, 403);
    let vault = organization["license_vault"]["tokens"][0]["token"].as_str().unwrap();
    assert_eq!(app.license_vault(vault).get("/public-api/licenses/usage").await.status, 200);
}

#[apply(on_both_databases)]
async fn spaces_do_not_see_each_other(app: TestApp) {
    let space = create(&app, "t1").await;
    let there = admin(&app, &space);
    assert_eq!(there.assign_license("FREE000001").await.status, 200);
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await.status,
        200,
        "the default space has its own"
    );
    app.control().post("/spaces/t1/clock/advance", r#"{"by":"31d"}"#).await.expect_ok();
    assert_eq!(app.control().get("/clock").await.expect_ok()["now"], NOW);
    assert_eq!(app.control().get("/clock?space=t1").await.expect_ok()["now"], "2026-02-15T09:00:00Z");
    assert_eq!(there.post("/customer/licenses/revoke?licenseId=FREE000001", "").await.status, 200);
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).post("/customer/licenses/revoke?licenseId=FREE000001", "").await.status,
        400
    );
    app.control().put("/rate-limits?space=t1", r#"{"limit":1}"#).await.expect_ok();
    assert_eq!(app.control().get("/rate-limits").await.expect_ok()["policies"][0]["limit"], 1000);
    // A reset keeps the space's own keys, and touches no other.
    let again = app.control().post("/spaces/t1/reset", "").await.expect_ok();
    assert_eq!(again["organizations"][0]["customer_code"], space["organizations"][0]["customer_code"]);
    assert_eq!(admin(&app, &again).get("/customer/licenses?assigned=true").await.header("x-total-count"), Some("4"));
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?assigned=true").await.header("x-total-count"),
        Some("5")
    );
    let codes = app.control().get("/spaces/t1").await.expect_ok()["organizations"].clone();
    assert_eq!(codes[0], space["organizations"][0]["customer_code"]);
    let code = codes[0].as_str().unwrap();
    let body = r#"{"actor":"ann@example.test","enabled":false}"#;
    app.control().put(&format!("/organizations/{code}/jetbrains-account/api"), body).await.expect_problem(404);
    app.control().put(&format!("/spaces/t1/organizations/{code}/jetbrains-account/api"), body).await.expect_ok();
}

#[apply(on_both_databases)]
async fn deleting_one_kills_its_credentials(app: TestApp) {
    let space = create(&app, "t1").await;
    let there = admin(&app, &space);
    there.get("/token").await.expect_ok();
    assert_eq!(app.control().delete("/spaces/t1").await.expect_ok()["name"], "t1");
    there.get("/token").await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
    app.control().get("/spaces/t1").await.expect_problem(404);
    app.control().get("/clock?space=t1").await.expect_problem(404);
    app.control().delete("/spaces/t1").await.expect_problem(404);
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    // The name is free again; the same id seed gives the same keys.
    let again = create(&app, "t1").await;
    admin(&app, &again).get("/token").await.expect_ok();
    assert_eq!(app.control().get("/spaces").await.expect_ok().as_array().unwrap().len(), 2);
}

#[apply(on_both_databases)]
async fn fifty_at_once(app: TestApp) {
    let app = std::sync::Arc::new(app);
    let mut making = JoinSet::new();
    for number in 0..50_usize {
        let app = std::sync::Arc::clone(&app);
        making.spawn(async move {
            let world = World { number, variables: create(&app, &format!("t{number}")).await["variables"].clone() };
            world.change(&app).await;
            world
        });
    }
    let worlds = making.join_all().await;
    // Each is as it was left, whatever the others did meanwhile.
    let mut taken = std::collections::HashSet::from(
        ["6700001", "6700002", "8f2b0c1e-0000-4000-8000-000000000001"].map(Value::from),
    );
    for world in &worlds {
        world.check(&app).await;
        for name in OF_ITS_OWN {
            assert!(taken.insert(world.variables[name].clone()), "{name} of {} is another's too", world.number);
        }
    }
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?assigned=true").await.header("x-total-count"),
        Some("4")
    );
    assert_eq!(app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok(), 254);
    assert_eq!(app.control().get("/clock").await.expect_ok()["now"], NOW);
    assert_eq!(app.control().get("/faults").await.text(), "[]");
    assert_eq!(app.control().get("/rate-limits").await.expect_ok()["policies"][0]["limit"], 1000);
    app.control().get("/credentials/reader").await.expect_ok();
}

#[apply(on_both_databases)]
async fn no_code_is_another_space_s(app: TestApp) {
    let code = create(&app, "t1").await["variables"]["JETBRAINS_ACCOUNT_CUSTOMER_CODE"].as_str().unwrap().to_owned();
    app.control().delete("/spaces/t1").await.expect_ok();
    // The same id seed and the same name would give it again.
    app.control()
        .post("/seed", format!("version: 1\norganizations: [{{ name: First, customer_code: {code} }}]"))
        .await
        .expect_ok();
    assert_ne!(create(&app, "t1").await["variables"]["JETBRAINS_ACCOUNT_CUSTOMER_CODE"], code);
}

#[apply(on_both_databases)]
async fn ready_as_shell_variables(app: TestApp) {
    let make = async |name: &str, query: &str, host: Option<&str>| {
        let control = host.into_iter().fold(app.control(), |control, host| control.with_header("host", host));
        control.post(&format!("/spaces{query}"), json!({"name": name})).await
    };
    let whole = make("t1", "", Some("127.0.0.1:1234")).await.expect_ok();
    let organization = &whole["organizations"][0];
    let expected = json!({
        "LOCUM_URL": "http://127.0.0.1:1234",
        "LOCUM_SPACE": "t1",
        "JETBRAINS_ACCOUNT_URL": "http://127.0.0.1:1234/api/v1",
        "JETBRAINS_ACCOUNT_CUSTOMER_CODE": organization["customer_code"],
        "JETBRAINS_ACCOUNT_API_KEY": organization["jetbrains_account"]["tokens"][0]["token"],
        "LICENSE_VAULT_URL": "http://127.0.0.1:1234/public-api",
        "LICENSE_VAULT_TOKEN": organization["license_vault"]["tokens"][0]["token"],
        "LICENSE_VAULT_AUTOMATION_TOKEN": organization["license_vault"]["tokens"][2]["token"],
        "ATLASSIAN_API_ACCESS_URL": "http://127.0.0.1:1234/admin/api-access/v1",
        "ATLASSIAN_ORG_ID": organization["org_id"],
        "ATLASSIAN_API_KEY": organization["atlassian"]["api_keys"][0]["token"],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(whole["variables"][name], *value, "{name}");
    }
    // And one for each credential.
    let credentials = whole["credentials"].as_array().unwrap();
    assert_eq!(whole["variables"].as_object().unwrap().len(), 11 + credentials.len());
    // The same id seed and the same name give the same keys, so the texts can be compared.
    let variables = whole["variables"].as_object().unwrap();
    for (format, line) in [("shell", "export {}='{}'"), ("github", "{}={}")] {
        app.control().delete("/spaces/t1").await.expect_ok();
        let answer = make("t1", &format!("?format={format}"), Some("127.0.0.1:1234")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let mut lines: Vec<String> = answer.text().lines().map(ToOwned::to_owned).collect();
        let mut expected: Vec<String> = variables
            .iter()
            .map(|(name, value)| line.replacen("{}", name, 1).replacen("{}", value.as_str().unwrap(), 1))
            .collect();
        assert!(lines[0].contains("LOCUM_URL"), "in the order of `locum env`: {lines:?}");
        lines.sort();
        expected.sort();
        assert_eq!(lines, expected);
    }
    app.control().delete("/spaces/t1").await.expect_ok();
    let answer = make("t1", "?format=json", Some("127.0.0.1:1234")).await;
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.json(), whole["variables"]);
    // Without a host, where Locum listens. A refused format makes nothing.
    assert_eq!(make("t2", "", None).await.expect_ok()["variables"]["LOCUM_URL"], "http://localhost:8080");
    assert_eq!(make("t3", "?format=xml", None).await.expect_problem(400)["pointer"], "/format");
    app.control().get("/spaces/t3").await.expect_problem(404);
    // What a seed or a reset answers has no variables.
    assert_eq!(app.control().post("/spaces/t1/reset", "").await.expect_ok().get("variables"), None);
}

#[apply(on_both_databases)]
async fn every_credential_is_named_once(app: TestApp) {
    let space = create(&app, "t1").await;
    let answered = space["credentials"].as_array().unwrap();
    let listed = app.control().get("/credentials?space=t1").await.expect_ok();
    let listed = listed.as_array().unwrap();
    assert_eq!(answered.len(), listed.len());
    for known in listed {
        let members = ["service", "kind", "label", "organization"];
        let is_it = |one: &&Value| members.iter().all(|member| one[member] == known[member]);
        let found: Vec<&Value> = answered.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{known}: {answered:?}");
        let variable = found[0]["variable"].as_str().unwrap();
        assert_eq!(space["variables"][variable], found[0]["token"]);
    }
    let variables = &space["variables"];
    for name in [
        "JETBRAINS_ACCOUNT_API_KEY_BOB_EXAMPLE_TEST_TEAM_2001",
        "LICENSE_VAULT_AUTOMATION_TOKEN_EXAMPLE_CI_AUTOMATION",
        "LICENSE_VAULT_REPORTING_TOKEN_EXAMPLE_REPORTING",
        "LICENSE_VAULT_TOKEN_OTHER_VAULT",
        "ATLASSIAN_API_KEY_READER",
    ] {
        assert!(variables[name].is_string(), "{name}: {variables}");
    }
    // Each organization has a key that is called full.
    assert_eq!(variables["ATLASSIAN_API_KEY_FULL"], variables["ATLASSIAN_API_KEY"]);
    assert_eq!(variables["ATLASSIAN_API_KEY_FULL_2"], space["organizations"][1]["atlassian"]["api_keys"][0]["token"]);
}

#[apply(on_both_databases)]
async fn variables_again_without_secrets(app: TestApp) {
    const KNOWN: [&str; 7] = [
        "LOCUM_URL",
        "LOCUM_SPACE",
        "JETBRAINS_ACCOUNT_URL",
        "JETBRAINS_ACCOUNT_CUSTOMER_CODE",
        "LICENSE_VAULT_URL",
        "ATLASSIAN_API_ACCESS_URL",
        "ATLASSIAN_ORG_ID",
    ];
    let made = create(&app, "t1").await["variables"].clone();
    let known: Value = KNOWN.iter().map(|name| ((*name).to_owned(), made[name].clone())).collect();
    for path in ["/spaces/t1/variables", "/variables?space=t1", "/spaces/t1/variables?format=json"] {
        let answer = app.control().get(path).await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(answer.expect_ok(), known, "{path}");
    }
    for (format, line) in [("shell", "export {}='{}'\n"), ("github", "{}={}\n")] {
        let answer = app.control().get(&format!("/spaces/t1/variables?format={format}")).await;
        let write = |name: &&str| line.replacen("{}", name, 1).replacen("{}", known[name].as_str().unwrap(), 1);
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (200, KNOWN.iter().map(write).collect::<String>().as_str())
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(app.control().get("/variables?format=xml").await.expect_problem(400)["pointer"], "/format");
    app.control().get("/spaces/nobody/variables").await.expect_problem(404);
    let of_default = app.control().get("/variables").await.expect_ok();
    assert_eq!((&of_default["LOCUM_SPACE"], &of_default["ATLASSIAN_ORG_ID"]), (&json!("default"), &json!(ORG)));
    // Of what is there now: the first organization that such a credential opens.
    let seed = "version: 1\norganizations:\n- { name: A, customer_code: 71 }\n- name: B\n  customer_code: 72\n  \
                people: [{ email: b@b.test }]\n  atlassian: { api_keys: [{ label: x }] }\n";
    let seeded = app.control().post("/spaces/t1/seed?mode=replace", seed).await.expect_ok();
    let now = app.control().get("/spaces/t1/variables").await.expect_ok();
    assert_eq!(now["JETBRAINS_ACCOUNT_CUSTOMER_CODE"], "71");
    assert_eq!(now["ATLASSIAN_ORG_ID"], seeded["organizations"][1]["org_id"]);
    app.control().post("/spaces/t1/seed?mode=replace", "version: 1\n").await.expect_ok();
    let now = app.control().get("/spaces/t1/variables").await.expect_ok();
    assert_eq!(now.as_object().unwrap().len(), 5, "{now}");
}

#[apply(on_both_databases)]
async fn bad_input(app: TestApp) {
    create(&app, "t1").await;
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_problem(409);
    app.control().post("/spaces", r#"{"name":"default"}"#).await.expect_problem(409);
    for name in ["", "a b", "a/b", "ä", "\\u0000", &"x".repeat(65)] {
        let problem = app.control().post("/spaces", format!(r#"{{"name":"{name}"}}"#)).await.expect_problem(400);
        assert_eq!(problem["pointer"], "/name");
    }
    for body in ["", "[]", "{}", r#"{"name":1}"#, r#"{"name":"x","y":1}"#] {
        app.control().post("/spaces", body).await.expect_problem(400);
    }
    app.control().delete("/spaces/default").await.expect_problem(403);
    app.control().get("/spaces/default/clock?space=t1").await.expect_problem(400);
    app.control().get("/spaces/nobody/clock").await.expect_problem(404);
    app.control().get("/spaces/t1/nope").await.expect_problem(404);
}

#[tokio::test]
async fn the_public_url_is_what_clients_are_given() {
    let app = TestApp::start_with(Database::Sqlite, &["--public-url", "https://locum.test/"]).await;
    let variables = create(&app, "t1").await["variables"].clone();
    assert_eq!(variables["LOCUM_URL"], "https://locum.test");
    assert_eq!(variables["LICENSE_VAULT_URL"], "https://locum.test/public-api");
}
