//! Products and plug-ins that a seed declares are the vault's too (jetbrains-account §4.3, license-vault §4.3).

use indoc::indoc;
use serde_json::{Value, json};

use super::{USAGE, start_product};
use crate::support::{TestApp, VAULT_TOKEN, apply, on_both_databases};

const SEED: &str = indoc! {"
    version: 1
    organizations:
      - name: A
        customer_code: 7
        people: [{ email: ann@a.test }, { email: bob@a.test }]
        license_vault:
          name: example
          administrators: [ann@a.test]
          token: demo-vault-token
          reporting_token: demo-reporting-token
          rules: [{ users: [bob@a.test], products: [AIU, PWORK, II] }]
          pools:
            - { product: AIU, regular: 2 }
            - { product: PWORK, regular: 1 }
            - { product: II, regular: 2 }
          allocations:
            - { user: ann@a.test, product: AIU, running: [{ product: AIU, host: h }] }
            - { user: bob@a.test, product: PWORK, running: [{ product: Work Plug-in, host: h }] }
          denials: [{ user: eve@a.test, product: PWORK }, { user: eve@a.test, product: AIU }]
        jetbrains_account:
          products: [{ code: AIU, name: AI Ultimate }, { code: II, name: IDEA }, { code: DG, name: DataGrip }]
          plugins: [{ code: PWORK, name: Work Plug-in }, { code: PIDLE, name: Idle Plug-in }]
"};

/// Finds the row of a list of which this member has this value.
fn find<'a>(rows: &'a Value, member: &str, value: &str) -> &'a Value {
    let rows = rows.as_array().unwrap();
    rows.iter().find(|row| row[member] == value).unwrap_or_else(|| panic!("no {member} {value}: {rows:?}"))
}

#[apply(on_both_databases)]
async fn they_are_good_wherever_a_code_is_taken(app: TestApp) {
    app.control().post("/seed?mode=replace", SEED).await.expect_ok();
    let vault = app.license_vault(VAULT_TOKEN);
    let usage = vault.get(USAGE).await.expect_ok()["licenseUsages"].clone();
    for (code, name, in_use, total) in [
        ("AIU", "AI Ultimate", 1, 2),
        ("PWORK", "Work Plug-in", 1, 1),
        ("II", "IDEA", 0, 2),
        ("DB", "DataGrip", 0, 0),
        // Clients tell the rows apart by their names.
        ("DG", "DataGrip (DG)", 0, 0),
    ] {
        let row = find(&usage, "code", code);
        assert_eq!(
            (&row["displayName"], &row["regularInUse"], &row["regularTotal"]),
            (&json!(name), &json!(in_use), &json!(total))
        );
    }
    assert!(usage.as_array().unwrap().iter().all(|row| row["code"] != "PIDLE"), "{usage}");
    let codes: Vec<&str> = usage.as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    let licenses = vault.get("/public-api/licenses?username=bob").await.expect_ok();
    assert_eq!((&licenses[0]["code"], &licenses[0]["displayName"]), (&json!("PWORK"), &json!("Work Plug-in")));
    assert_eq!(
        (&licenses[0]["products"][0]["code"], &licenses[0]["products"][0]["displayName"]),
        (&json!("PWORK"), &json!("Work Plug-in"))
    );
    let denials = vault.get("/public-api/denials/report").await.expect_ok();
    for name in ["Work Plug-in", "AI Ultimate"] {
        find(&denials, "product_name", name);
    }
    let rows = vault.get("/public-api/licenses/report").await.expect_ok();
    assert_eq!(find(&rows, "product_name", "AI Ultimate")["allocated_license"], "AI Ultimate");
    let server = app.license_vault_without_token();
    let report = server.get("/licenses-report.json?token=demo-reporting-token").await.expect_ok();
    assert_eq!(find(&report["licenses"], "name", "AI Ultimate Toolbox")["available"], 1);
    let tickets = server.get("/tickets-report.json?token=demo-reporting-token").await.expect_ok();
    assert_eq!(find(&tickets, "license", "Work Plug-in Toolbox")["product"], "PWORK:2026.1");
    // The control API, and who has no licence.
    for (user, product, granted) in [
        ("bob@a.test", "AIU", true),
        ("dan@a.test", "AIU", false),
        ("dan@a.test", "Work Plug-in", false),
        ("dan@a.test", "PIDLE", false),
    ] {
        let started = start_product(&app, user, product, "h2").await;
        assert_eq!(started["granted"], granted, "{started}");
    }
    let denials = vault.get("/public-api/denials/report").await.expect_ok();
    find(&denials, "product_name", "Idle Plug-in");
    // Nothing gets lost on the way through a state, a second seed and a reset.
    let state = app.control().get("/state").await.expect_ok();
    app.control().put("/state", &state).await.expect_ok();
    assert_eq!(app.control().get("/state").await.expect_ok()["tables"], state["tables"]);
    let later = "{version: 1, organizations: [{name: A, customer_code: 7, license_vault: \
                 {name: example, pools: [{product: PIDLE, virtual: 3}]}}]}";
    app.control().post("/seed", later).await.expect_ok();
    let usage = vault.get(USAGE).await.expect_ok()["licenseUsages"].clone();
    assert_eq!(find(&usage, "code", "PIDLE")["virtualTotal"], 3);
    // Another organization's vault knows nothing of them.
    let other =
        "{version: 1, organizations: [{name: B, license_vault: {name: b, pools: [{product: AIU, regular: 1}]}}]}";
    let problem = app.control().post("/seed", other).await.expect_problem(400);
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("`AIU` is not a licence"), "{problem}");
}

#[apply(on_both_databases)]
async fn each_vault_s_page_names_them_as_its_own_organization_does(app: TestApp) {
    let organizations = [("a", Some("Apples")), ("b", None), ("c", Some("Cherries"))];
    let describe = |(vault, declared): (&str, Option<&str>)| {
        let (code, products) = match declared {
            Some(name) => ("AIU", format!("jetbrains_account: {{products: [{{code: AIU, name: {name}}}]}}, ")),
            None => ("II", String::new()),
        };
        format!(
            "{{name: {vault}, {products}license_vault: {{name: {vault}, pools: [{{product: {code}, regular: 1}}]}}}}"
        )
    };
    let seed = format!("{{version: 1, organizations: [{}]}}", organizations.map(describe).join(", "));
    app.control().post("/seed?mode=replace", &seed).await.expect_ok();
    for (vault, declared) in organizations {
        let page = app.control().get(&format!("/ui/license-vault?vault={vault}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        for name in ["Apples", "Cherries"] {
            assert_eq!(page.text().contains(name), declared == Some(name), "{vault} {name}: {}", page.text());
        }
    }
}
