//! Who gets a licence, and when it is released (license-vault §4.4, §4.5).

use indoc::formatdoc;

use super::{count_licenses, replace_vault, start_product};
use crate::support::{TestApp, VAULT_TOKEN, apply, on_both_databases};

fn read_text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

#[apply(on_both_databases)]
async fn an_allocation_survives_products_and_machines(app: TestApp) {
    replace_vault(&app, "plan: trial", "{ product: ALL, regular: 9 }").await;
    let first = start_product(&app, "bob@a.test", "II", "h1").await;
    let second = start_product(&app, "bob@a.test", "WS", "h2").await;
    assert_eq!(first["allocation"]["id"], second["allocation"]["id"]);
    let again = start_product(&app, "bob@a.test", "II", "h1").await;
    assert_eq!(again["connection"], first["connection"], "the same product on the same machine");
    let third = start_product(&app, "bob@a.test", "II", "h3").await;
    assert_ne!(third["allocation"]["id"], first["allocation"]["id"], "a third machine");
    assert_eq!(count_licenses(&app, "ALL").await[0], 2);
}

#[apply(on_both_databases)]
async fn a_pack_takes_over_separate_licences(app: TestApp) {
    replace_vault(&app, "plan: trial", "{ product: II, regular: 1 }, { product: ALL, regular: 1 }").await;
    let own = start_product(&app, "bob@a.test", "II", "h1").await;
    assert_eq!(own["allocation"]["license"], "II");
    let pack = start_product(&app, "bob@a.test", "WS", "h1").await;
    assert_eq!(pack["allocation"]["license"], "ALL");
    assert_eq!(pack["allocation"]["running"].as_array().unwrap().len(), 2);
    assert_eq!((count_licenses(&app, "II").await[0], count_licenses(&app, "ALL").await[0]), (0, 1));
}

#[apply(on_both_databases)]
async fn a_licence_is_released_when_its_products_are_not_seen_for_long(app: TestApp) {
    for (settings, short_of_release, rest) in [
        ("plan: enterprise_floating", "19m", "1m"),
        ("plan: organization_true_up", "29d", "1d"),
        ("{plan: trial, floating: true}", "19m", "1m"),
    ] {
        let settings = settings.trim_matches(['{', '}']).replace(", ", "\n      ");
        replace_vault(&app, &settings, "{ product: II, regular: 1 }").await;
        let connection = read_text(&start_product(&app, "bob@a.test", "II", "h").await["connection"]);
        app.advance_clock(short_of_release).await;
        app.control().post(&format!("/vaults/example/connections/{connection}/refresh"), "").await.expect_ok();
        app.advance_clock(short_of_release).await;
        assert_eq!(count_licenses(&app, "II").await[0], 1, "{settings}");
        app.advance_clock(rest).await;
        assert_eq!(count_licenses(&app, "II").await[0], 0, "{settings}");
        assert_eq!(app.license_vault(VAULT_TOKEN).get("/public-api/licenses?username=bob").await.text(), "[]");
        let rows = app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report").await.expect_ok();
        assert!(rows[0]["end_time"].is_string(), "{rows}");
        app.control().post(&format!("/vaults/example/connections/{connection}/refresh"), "").await.expect_problem(404);
        assert_eq!(start_product(&app, "eve@a.test", "II", "h").await["granted"], true);
        assert_eq!(
            rows[0]["end_time"],
            app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report").await.expect_ok()[0]["end_time"],
            "stored as it was listed before"
        );
    }
}

#[apply(on_both_databases)]
async fn closing_the_last_product_releases_a_floating_licence(app: TestApp) {
    for (plan, in_use) in [("enterprise_floating", 0), ("organization_true_up", 1)] {
        replace_vault(&app, &format!("plan: {plan}"), "{ product: ALL, regular: 1 }").await;
        let one = read_text(&start_product(&app, "bob@a.test", "II", "h").await["connection"]);
        let two = read_text(&start_product(&app, "bob@a.test", "WS", "h").await["connection"]);
        let close = async |id: &str| app.control().delete(&format!("/vaults/example/connections/{id}")).await;
        close(&one).await.expect_ok();
        assert_eq!(count_licenses(&app, "ALL").await[0], 1, "{plan}: one still runs");
        close(&two).await.expect_ok();
        assert_eq!(count_licenses(&app, "ALL").await[0], in_use, "{plan}");
        close(&two).await.expect_problem(404);
    }
}

#[apply(on_both_databases)]
async fn rules_strict_policy_and_priority_decide_who_gets_a_licence(app: TestApp) {
    let rules = "rules:
        - { users: [bob@a.test], products: [II] }
        - { users: [vip@a.test], products: [II], priority: true }";
    replace_vault(&app, rules, "{ product: II, regular: 1 }, { product: WS, regular: 5 }").await;
    assert_eq!(start_product(&app, "bob@a.test", "WS", "h").await["granted"], false, "only what the rules list");
    assert_eq!(start_product(&app, "eve@a.test", "II", "h").await["granted"], true, "no rule, no limit");
    assert_eq!(start_product(&app, "bob@a.test", "II", "h").await["granted"], false, "none is free");
    assert_eq!(start_product(&app, "vip@a.test", "II", "h").await["granted"], true, "priority");
    assert_eq!(count_licenses(&app, "II").await[..2], [1, 1]);
    replace_vault(&app, "strict_policy: true", "{ product: II, regular: 1 }").await;
    assert_eq!(start_product(&app, "bob@a.test", "II", "h").await["granted"], false);
}

#[apply(on_both_databases)]
async fn no_more_licences_are_given_out_than_there_are(app: TestApp) {
    replace_vault(&app, "plan: trial", "{ product: II, regular: 5 }").await;
    let app = std::sync::Arc::new(app);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let app = std::sync::Arc::clone(&app);
        tasks.spawn(
            async move { start_product(&app, &format!("u{number}@a.test"), "II", "h").await["granted"] == true },
        );
    }
    let granted = tasks.join_all().await.into_iter().filter(|granted| *granted).count();
    assert_eq!(granted, 5);
    assert_eq!(count_licenses(&app, "II").await[..2], [5, 5]);
    assert_eq!(
        app.license_vault(VAULT_TOKEN).get("/public-api/denials/report").await.expect_ok().as_array().unwrap().len(),
        27
    );
}

#[apply(on_both_databases)]
async fn bad_requests_are_refused_with_a_pointer(app: TestApp) {
    for (body, pointer) in [
        (r#"{"user":"bob","product":"II"}"#, "/user"),
        (r#"{"user":"bob@a.test","product":""}"#, "/product"),
        (r#"{"user":"bob@a.test","product":"II","host":"\u0000"}"#, "/host"),
        (r#"{"user":"bob@a.test"}"#, ""),
        (r#"{"user":"bob@a.test","product":"II","x":1}"#, "/x"),
        (r#"{"user":1,"product":"II"}"#, "/user"),
        ("[]", ""),
        ("", ""),
    ] {
        let problem = app.control().post("/vaults/example/connections", body).await.expect_problem(400);
        assert_eq!(problem["pointer"], pointer, "{body}: {problem}");
    }
    app.control()
        .post("/vaults/nobody/connections", r#"{"user":"bob@a.test","product":"II"}"#)
        .await
        .expect_problem(404);
    app.control().get("/vaults/nobody/connections").await.expect_problem(404);
    app.control().delete("/vaults/example/connections/none").await.expect_problem(404);
}

#[apply(on_both_databases)]
async fn wrong_seeds_are_refused_with_their_place(app: TestApp) {
    for (section, line, detail) in [
        ("name: two words", 6, "is not a vault's name"),
        ("name: v\n      plan: free", 7, "is not a plan"),
        ("name: v\n      pools: [{ product: IJ, regular: 1 }]", 7, "`IJ` is not a licence of the vault's catalogue"),
        ("name: v\n      pools: [{ product: II, regular: -1 }]", 7, "is not a whole number"),
        ("name: v\n      administrators: [eve@a.test]", 7, "is not one of the organization's people"),
        ("name: v\n      allocations: [{ user: bob@a.test, product: II, since: +1d }]", 7, "cannot be in the future"),
        ("name: v\n      token: demo-vault-token", 7, "in use already"),
        ("name: example", 6, "another organization has the vault `example`"),
    ] {
        let seed = formatdoc! {"
            version: 1
            organizations:
              - name: A
                people: [{{ email: bob@a.test }}]
                license_vault:
                  {section}
        "};
        let problem = app.control().post("/seed", &seed).await.expect_problem(400);
        assert_eq!(problem["errors"][0]["line"], line, "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
}
