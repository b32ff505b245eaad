//! Spaces that are made from a seed of their own, and go back to it.

use serde_json::{Value, json};

use crate::support::{Client, Database, NOW, TestApp, apply, config, database_url, on_both_databases};

const CODE: &str = "6700055";
const ORG_ID: &str = "8f2b0c1e-0000-4000-8000-000000000055";

/// One organization with a credential of each service, two of them made.
fn seed() -> Value {
    json!({
        "version": 1,
        "organizations": [{
            "name": "Own Corp",
            "customer_code": CODE,
            "org_id": ORG_ID,
            "people": [{"email": "zoe@own.test", "name": "Zoe Lin"}, {"email": "max@own.test"}],
            "jetbrains_account": {
                "teams": [{"id": 1, "name": "Own"}],
                "roles": [
                    {"person": "zoe@own.test", "role": "organization_admin"},
                    {"person": "max@own.test", "role": "team_admin", "team": 1},
                ],
                "tokens": [
                    {"person": "zoe@own.test", "token": "own-jba"},
                    {"person": "max@own.test", "team": 1},
                ],
                "licenses": [
                    {"id": "OWN0000001", "product": "II", "team": 1},
                    {"count": 2, "product": "WS", "team": 1},
                ],
            },
            "license_vault": {"name": "own", "token": "own-vault", "automation_tokens": [{"name": "ci"}]},
            "atlassian": {
                "api_keys": [
                    {"label": "full", "token": "own-key"},
                    {"label": "reader", "scopes": ["read:tokens:admin"]},
                ],
                "api_tokens": [{"user": "zoe@own.test", "label": "laptop"}],
            },
        }],
    })
}

async fn create(app: &TestApp, body: Value) -> Value {
    app.control().post("/spaces", body).await.expect_ok()
}

fn value<'a>(space: &'a Value, name: &str) -> &'a str {
    space["variables"][name].as_str().unwrap_or_else(|| panic!("{name}: {space}"))
}

fn admin(app: &TestApp, space: &Value) -> Client {
    let (token, code) = (value(space, "JETBRAINS_ACCOUNT_API_KEY"), value(space, "JETBRAINS_ACCOUNT_CUSTOMER_CODE"));
    app.jetbrains_account_token(token, code)
}

fn atlassian(app: &TestApp, space: &Value) -> Client {
    app.atlassian(value(space, "ATLASSIAN_API_KEY")).in_organization(value(space, "ATLASSIAN_ORG_ID"))
}

/// The ids of the licences, generated ones too.
async fn licenses(admin: &Client) -> Vec<String> {
    let listed = admin.get("/customer/licenses").await.expect_ok();
    listed.as_array().unwrap().iter().map(|one| one["licenseId"].as_str().unwrap().to_owned()).collect()
}

#[apply(on_both_databases)]
async fn what_is_free_is_as_the_seed_spells_it_out(app: TestApp) {
    let space = create(&app, json!({"name": "t1", "seed": seed()})).await;
    assert_eq!(space.get("replaced"), None, "{space}");
    let organization = &space["organizations"][0];
    assert_eq!((&organization["customer_code"], &organization["org_id"]), (&json!(CODE), &json!(ORG_ID)));
    assert_eq!(value(&space, "JETBRAINS_ACCOUNT_API_KEY"), "own-jba");
    assert_eq!(value(&space, "LICENSE_VAULT_TOKEN"), "own-vault");
    assert_eq!(value(&space, "ATLASSIAN_API_KEY"), "own-key");
    assert_eq!(licenses(&admin(&app, &space)).await.len(), 3);
    assert_eq!(atlassian(&app, &space).get("/api-tokens/count").await.expect_ok(), 1);
    app.license_vault("own-vault").get("/public-api/licenses/usage").await.expect_ok();
    // The start's clock, where neither the body nor the seed has one.
    assert_eq!(app.control().get("/spaces/t1/clock").await.expect_ok()["now"], NOW);
    assert_eq!(app.control().get("/spaces").await.expect_ok().as_array().unwrap().len(), 2);
}

#[apply(on_both_databases)]
async fn what_another_space_has_is_replaced_and_named(app: TestApp) {
    create(&app, json!({"name": "t1", "seed": seed()})).await;
    let text = seed().to_string();
    let space = create(&app, json!({"name": "t2", "seed": text})).await;
    assert_eq!(
        space["replaced"],
        json!([
            "organizations/0/customer_code",
            "organizations/0/org_id",
            "organizations/0/jetbrains_account/tokens/0/token",
            "organizations/0/atlassian/api_keys/0/token",
            "organizations/0/license_vault/token",
        ])
    );
    assert!(!space.to_string().contains("own-jba") && !space["organizations"].to_string().contains(ORG_ID), "{space}");
    for there in [
        &space,
        &json!({"variables": {
            "JETBRAINS_ACCOUNT_API_KEY": "own-jba", "JETBRAINS_ACCOUNT_CUSTOMER_CODE": CODE,
            "ATLASSIAN_API_KEY": "own-key", "ATLASSIAN_ORG_ID": ORG_ID,
        }}),
    ] {
        assert_eq!(licenses(&admin(&app, there)).await.len(), 3);
        atlassian(&app, there).get("/api-tokens/count").await.expect_ok();
    }
    // Only what is taken.
    let mut third = seed();
    third["organizations"][0]["customer_code"] = json!(6_700_056);
    third["organizations"][0]["license_vault"]["token"] = json!("third-vault");
    let third = create(&app, json!({"name": "t3", "seed": third})).await;
    assert_eq!(value(&third, "JETBRAINS_ACCOUNT_CUSTOMER_CODE"), "6700056");
    assert_eq!(value(&third, "LICENSE_VAULT_TOKEN"), "third-vault");
    assert_eq!(third["replaced"].as_array().unwrap().len(), 3);
    // The default space's names are taken too; in block YAML they are named alike.
    let of_default = "version: 1\norganizations:\n- name: A\n  customer_code: 6700001\n  \
                      people:\n  - email: a@b.test\n  \
                      atlassian:\n    api_keys:\n    - label: x\n      token: demo-atlassian-key\n";
    let space = create(&app, json!({"name": "t4", "seed": of_default})).await;
    let expected = json!(["organizations/0/customer_code", "organizations/0/atlassian/api_keys/0/token"]);
    assert_eq!(space["replaced"], expected);
}

#[apply(on_both_databases)]
async fn tests_at_once_post_the_same_seed(app: TestApp) {
    let app = std::sync::Arc::new(app);
    let mut making = tokio::task::JoinSet::new();
    for number in 0..12 {
        let app = std::sync::Arc::clone(&app);
        making.spawn(async move {
            let space = create(&app, json!({"name": format!("t{number}"), "seed": seed()})).await;
            assert_eq!(admin(&app, &space).assign_license("OWN0000001").await.status, 200, "{number}");
            atlassian(&app, &space).get("/api-tokens/count").await.expect_ok();
            space
        });
    }
    let spaces = making.join_all().await;
    let kept = spaces.iter().filter(|space| space.get("replaced").is_none()).count();
    assert_eq!(kept, 1, "one of them has what the seed spells out");
    for name in ["JETBRAINS_ACCOUNT_CUSTOMER_CODE", "JETBRAINS_ACCOUNT_API_KEY", "ATLASSIAN_ORG_ID"] {
        let values: std::collections::HashSet<&str> = spaces.iter().map(|space| value(space, name)).collect();
        assert_eq!(values.len(), spaces.len(), "{name}");
    }
}

#[apply(on_both_databases)]
async fn a_reset_goes_back_to_the_seed_that_made_it(app: TestApp) {
    create(&app, json!({"name": "first", "seed": seed()})).await;
    let clock = "frozen@2026-06-01T09:00:00Z";
    let space = create(&app, json!({"name": "t1", "seed": seed(), "clock": clock})).await;
    let made = licenses(&admin(&app, &space)).await;
    let control = app.control().in_space("t1");
    let change = async || {
        admin(&app, &space).assign_license("OWN0000001").await;
        control.post("/clock/advance", json!({"by": "40d"})).await.expect_ok();
        control.post("/seed?mode=replace", "version: 1\norganizations: [{ name: Other }]").await.expect_ok();
        assert_eq!(admin(&app, &space).get("/token").await.status, 401);
    };
    for also_without_the_first in [false, true] {
        change().await;
        if also_without_the_first {
            // What was taken is free now, but the space keeps what it has.
            app.control().delete("/spaces/first").await.expect_ok();
        }
        let again = control.post("/reset", "").await.expect_ok();
        assert_eq!(again["organizations"], space["organizations"]);
        assert_eq!(again["replaced"], space["replaced"]);
        assert_eq!(control.get("/clock").await.expect_ok()["now"], "2026-06-01T09:00:00Z");
        assert_eq!(licenses(&admin(&app, &space)).await, made);
        atlassian(&app, &space).get("/api-tokens/count").await.expect_ok();
    }
    // The default space goes back to the start's.
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!(app.control().get("/clock").await.expect_ok()["now"], NOW);
    app.control().get("/credentials/reader").await.expect_ok();
}

#[apply(on_both_databases)]
async fn a_token_that_somebody_took_meanwhile_is_replaced_by_a_reset(app: TestApp) {
    let space = create(&app, json!({"name": "t1", "seed": seed()})).await;
    app.control()
        .post("/spaces/t1/seed?mode=replace", "version: 1\norganizations: [{ name: Other }]")
        .await
        .expect_ok();
    let taking = "version: 1\norganizations: [{ name: A, people: [{ email: a@b.test }], atlassian: \
                  { api_keys: [{ label: mine, token: own-key }] } }]";
    app.control().post("/seed", taking).await.expect_ok();
    let again = app.control().post("/spaces/t1/reset", "").await.expect_ok();
    assert_eq!(again["replaced"], json!(["organizations/0/atlassian/api_keys/0/token"]));
    let keys = &again["organizations"][0]["atlassian"]["api_keys"];
    assert_ne!(keys[0]["token"], "own-key");
    assert_eq!(again["organizations"][0]["jetbrains_account"], space["organizations"][0]["jetbrains_account"]);
    assert_eq!(keys[1], space["organizations"][0]["atlassian"]["api_keys"][1], "all others are as they were");
    // It is that one from here on.
    app.control().post("/reset", "").await.expect_ok();
    let third = app.control().post("/spaces/t1/reset", "").await.expect_ok();
    assert_eq!(third["organizations"], again["organizations"]);
}

#[apply(on_both_databases)]
async fn clocks(app: TestApp) {
    let mut with_clock = seed();
    with_clock["clock"] = json!("2026-03-01T00:00:00Z");
    for (name, body, expected) in [
        ("t1", json!({"seed": with_clock}), "2026-03-01T00:00:00Z"),
        ("t2", json!({"seed": with_clock, "clock": "frozen@2026-04-01"}), "2026-04-01T00:00:00Z"),
        ("t3", json!({"clock": "frozen@2026-05-01"}), "2026-05-01T00:00:00Z"),
        ("t4", json!({"seed": null, "clock": null, "idle_ttl": null}), NOW),
    ] {
        let mut body = body;
        body["name"] = json!(name);
        create(&app, body).await;
        let control = app.control().in_space(name);
        assert_eq!(control.get("/clock").await.expect_ok()["now"], expected, "{name}");
        control.put("/clock", json!({"mode": "real"})).await.expect_ok();
        control.post("/reset", "").await.expect_ok();
        assert_eq!(control.get("/clock").await.expect_ok()["now"], expected, "{name}");
    }
    create(&app, json!({"name": "real", "clock": "real"})).await;
    create(&app, json!({"name": "offset", "clock": "offset@2030-01-01T00:00:00Z"})).await;
    for (name, mode) in [("real", "real"), ("offset", "offset")] {
        let control = app.control().in_space(name);
        assert_eq!(control.get("/clock").await.expect_ok()["mode"], mode);
        control.put("/clock", json!({"mode": "frozen"})).await.expect_ok();
        control.post("/reset", "").await.expect_ok();
        let clock = control.get("/clock").await.expect_ok();
        assert_eq!(clock["mode"], mode);
        assert_eq!(clock["now"].as_str().unwrap().starts_with("2030-01-01T00:"), name == "offset", "{clock}");
    }
}

/// Starts on a database that others have used, with another id seed and another seed than they.
async fn restart(url: &str, id_seed: &str, seed: &str) -> TestApp {
    let key = "a key for tests only";
    let arguments = ["--database-url", url, "--id-seed", id_seed, "--seed", seed, "--server-key", key];
    let started = locum::startup::start(config(&arguments)).await.unwrap();
    let database = if url.starts_with("postgres") { Database::Postgres } else { Database::Sqlite };
    TestApp { router: started.router, app: started.app, database }
}

async fn check_restarts(url: &str) {
    let app = restart(url, "7", "builtin:demo").await;
    create(&app, json!({"name": "other", "seed": seed()})).await;
    let space = create(&app, json!({"name": "t1", "seed": seed(), "clock": "frozen@2026-06-01"})).await;
    let of_start = create(&app, json!({"name": "t2"})).await;
    let made = licenses(&admin(&app, &space)).await;
    app.app.db.close().await.unwrap();
    drop(app);
    let app = restart(url, "8", "builtin:demo").await;
    for (name, space) in [("t1", &space), ("t2", &of_start)] {
        let again = app.control().post(&format!("/spaces/{name}/reset"), "").await.expect_ok();
        assert_eq!(again["organizations"], space["organizations"], "{name}");
        admin(&app, space).get("/token").await.expect_ok();
    }
    assert_eq!(licenses(&admin(&app, &space)).await, made);
    assert_eq!(app.control().get("/spaces/t1/clock").await.expect_ok()["now"], "2026-06-01T00:00:00Z");
    app.app.db.close().await.unwrap();
    drop(app);
    // A space that was made from the start's seed goes back to that of this start.
    let app = restart(url, "9", "builtin:minimal").await;
    let again = app.control().post("/spaces/t1/reset", "").await.expect_ok();
    assert_eq!(again["organizations"], space["organizations"]);
    let again = app.control().post("/spaces/t2/reset", "").await.expect_ok();
    assert_eq!(again["organizations"].as_array().unwrap().len(), 1);
    assert_eq!(app.control().post("/spaces/t2/reset", "").await.expect_ok(), again);
    app.app.db.close().await.unwrap();
}

#[tokio::test]
async fn a_restart_on_a_file_forgets_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("locum.db");
    Box::pin(check_restarts(&format!("sqlite://{}", file.display()))).await;
    // Neither a token nor the seed can be read in it.
    let content = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    assert!(content.contains("zoe@own.test"), "it is the file of the data");
    assert!(!content.contains("own-jba") && !content.contains("own-vault"));
}

#[tokio::test]
async fn a_restart_on_postgres_forgets_nothing() {
    let url = database_url(Database::Postgres).await.unwrap();
    Box::pin(check_restarts(&url)).await;
}

#[apply(on_both_databases)]
async fn states_and_snapshots_change_nothing_of_where_a_reset_goes(app: TestApp) {
    let space = create(&app, json!({"name": "t1", "seed": seed()})).await;
    let control = app.control().in_space("t1");
    control.put("/snapshots/made", "").await.expect_ok();
    admin(&app, &space).assign_license("OWN0000001").await;
    let state = control.get("/state").await.expect_ok();
    assert!(!state.to_string().contains("own-jba"), "no token");
    control.post("/snapshots/made/restore", "").await.expect_ok();
    control.put("/state", state).await.expect_ok();
    admin(&app, &space).get("/token").await.expect_ok();
    let again = control.post("/reset", "").await.expect_ok();
    assert_eq!(again["organizations"], space["organizations"]);
    // A new one of the same name has another origin.
    app.control().delete("/spaces/t1").await.expect_ok();
    create(&app, json!({"name": "t1"})).await;
    assert_eq!(control.post("/reset", "").await.expect_ok()["organizations"][0]["name"], "Example Corp");
}

#[apply(on_both_databases)]
async fn a_seed_that_is_wrong_makes_nothing(app: TestApp) {
    let refuse = async |seed: Value| {
        app.control().post("/spaces", json!({"name": "t1", "seed": seed})).await.expect_problem(400)
    };
    for (seed, pointer, column) in [
        (json!({"version": 1, "organisations": []}), "/seed/organisations", 2),
        (json!({"version": 1, "organizations": [{"name": "A", "org_id": "x"}]}), "/seed/organizations/0/org_id", 40),
        (json!({"organizations": []}), "/seed", 2),
        (json!({"version": 1, "organizations": [{"people": []}]}), "/seed/organizations/0", 20),
        (json!({"version": 1, "organizations": [{}]}), "/seed/organizations/0", 19),
        (json!({"version": 2}), "/seed/version", 12),
        (json!({"version": 1, "organizations": [{"name": "${HOME}"}]}), "/seed/organizations/0/name", 27),
    ] {
        let problem = refuse(seed.clone()).await;
        let error = &problem["errors"][0];
        assert_eq!((&problem["pointer"], &error["pointer"]), (&json!(pointer), &json!(pointer)), "{problem}");
        assert_eq!((&error["line"], &error["column"]), (&json!(1), &json!(column)), "{seed}: {problem}");
    }
    // Of a text, lines and columns are its own.
    let problem = refuse(json!("version: 1\norganizations:\n  - name: A\n    poeple: []\n")).await;
    assert_eq!(problem["pointer"], "/seed");
    assert_eq!(
        problem["errors"][0],
        json!({"line": 4, "column": 5, "detail": "unknown key `poeple`, did you mean `people`?"})
    );
    assert_eq!(problem["detail"], "seed:4:5: unknown key `poeple`, did you mean `people`?");
    for wrong in [json!(1), json!([]), json!(true)] {
        assert_eq!(refuse(wrong).await["pointer"], "/seed");
    }
    // A doubled key is not passed over.
    let doubled = r#"{"name":"t1","seed":{"version":1,"organizations":[{"name":"A","name":"B"}]}}"#;
    let problem = app.control().post("/spaces", doubled).await.expect_problem(400);
    assert_eq!(problem["pointer"], "/seed/organizations/0/name");
    for (body, pointer) in [
        (json!({"name": "t1", "clock": "frozen@yesterday"}), "/clock"),
        (json!({"name": "t1", "clock": "stopped"}), "/clock"),
        (json!({"name": "t1", "clock": 1}), "/clock"),
        (json!({"name": "t1", "idle_ttl": "soon"}), "/idle_ttl"),
        (json!({"name": "t1", "idle_ttl": "9s"}), "/idle_ttl"),
        (json!({"name": "t1", "idle_ttl": "31d"}), "/idle_ttl"),
        (json!({"name": "t1", "idle_ttl": "-10m"}), "/idle_ttl"),
        (json!({"name": "t1", "idle_ttl": "1y"}), "/idle_ttl"),
        (json!({"name": "t1", "sede": {}}), "/sede"),
    ] {
        let problem = app.control().post("/spaces", body.clone()).await.expect_problem(400);
        assert_eq!(problem["pointer"], pointer, "{body}: {problem}");
    }
    app.control().get("/spaces/t1").await.expect_problem(404);
}
