//! A seed says nothing that a vault would not do: its allocations are placed as if they had been asked for
//! (license-vault §4.4, §9).

use indoc::formatdoc;

use super::{count_licenses, find_customer_code, replace_vault};
use crate::support::{TestApp, VAULT_TOKEN, apply, on_both_databases};

/// Sends a vault with these pools and allocations, in line 8. It is refused once, at the mark `^`, with this detail.
async fn refuse(app: &TestApp, settings: &str, pools: &str, allocations: &str, detail: &str) {
    let marked = formatdoc! {"
        version: 1
        organizations:
          - name: A
            license_vault:
              name: v
              {settings}
              pools: [{{ product: {pools} }}]
              allocations: [{{ user: a@a.test, {allocations} }}]
    "};
    let column = marked.lines().nth(7).unwrap().find('^').unwrap_or_else(|| panic!("no mark: {marked}")) + 1;
    for query in ["?mode=replace", "", "?dry_run"] {
        let problem =
            app.control().post(&format!("/seed{query}"), marked.replace('^', "").as_str()).await.expect_problem(400);
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{marked}: {problem}");
        assert_eq!((&errors[0]["line"], &errors[0]["column"]), (&8.into(), &column.into()), "{marked}: {problem}");
        assert!(errors[0]["detail"].as_str().unwrap().contains(detail), "{marked}: {problem}");
    }
}

#[apply(on_both_databases)]
async fn a_user_has_one_licence_for_two_machines(app: TestApp) {
    const TWO: &str = "running: [{ product: II, host: h1 }, { product: II, host: h2 }]";
    for (pools, allocations, detail) in [
        (
            "II, regular: 1, true_up: 1",
            "product: II }, { user: ^A@a.test, product: II".to_owned(),
            "has a licence of II already, in line 8, column 48, and II runs on it",
        ),
        (
            "II, regular: 1, true_up: 1",
            "product: II, kind: regular }, { user: ^a@a.test, product: II, kind: true_up".to_owned(),
            "one licence serves two machines",
        ),
        (
            "II, regular: 2",
            "product: II, running: [{ product: II, host: h1 }] }, \
             { user: ^a@a.test, product: II, running: [{ product: II, host: h2 }]"
                .to_owned(),
            "has a licence of II already",
        ),
        (
            "II, regular: 2",
            format!("product: II, {TWO} }}, {{ user: ^a@a.test, product: II, {TWO}"),
            "has a licence of II already",
        ),
        ("ALL, regular: 9", "product: WS }, { user: ^a@a.test, product: GO".to_owned(), "has a licence of ALL already"),
        (
            "II, regular: 1 }, { product: ALL, regular: 1",
            "product: ALL }, { user: ^a@a.test, product: II".to_owned(),
            "has a licence of ALL already",
        ),
        // A pack takes the place of what it covers.
        (
            "II, regular: 1 }, { product: ALL, regular: 1",
            "product: II }, { user: ^a@a.test, product: ALL".to_owned(),
            "gives that of II back, in line 8",
        ),
    ] {
        refuse(&app, "plan: trial", pools, &allocations, detail).await;
    }
}

#[apply(on_both_databases)]
async fn what_runs_on_a_licence_can_do_so(app: TestApp) {
    for (pools, allocations, detail) in [
        (
            "WS, regular: 1",
            "product: WS, running: [{ product: ^GO }]",
            "GO does not run on a licence of WS, but on one of GO or ALL",
        ),
        (
            "DUL, regular: 1",
            "product: RD, running: [{ product: RD }, { product: ^II, host: b }]",
            "II does not run on a licence of DUL",
        ),
        ("WS, regular: 1", "product: WS, running: [{ product: ^Cat }]", "`Cat` is no product that runs on a licence"),
        (
            "II, regular: 1",
            "product: II, running: \
             [{ product: II, host: a }, { product: II, host: b }, { product: II, host: ^c }]",
            "one licence serves two machines",
        ),
        (
            "ALL, regular: 1",
            "product: ALL, running: [{ product: II, host: a }, { product: GO, host: b }, { product: ^WS }]",
            "one licence serves two machines",
        ),
        (
            "ALL, regular: 1",
            "product: ALL, running: [{ product: II, host: a }, { product: ^II, host: a }]",
            "II runs on a already",
        ),
    ] {
        refuse(&app, "plan: trial", pools, allocations, detail).await;
    }
}

#[apply(on_both_databases)]
async fn rules_and_the_policy_hold_for_allocations(app: TestApp) {
    const POOLS: &str = "II, regular: 9 }, { product: ALL, regular: 9 }, { product: WS, regular: 9";
    let limited = "the rules that name a@a.test list no licence for II";
    for (settings, allocations, detail) in [
        ("rules: [{ users: [A@a.test], products: [WS] }]", "product: ^II", limited),
        ("rules: [{ users: [a@a.test], products: [WS], priority: true }]", "product: ^II", limited),
        ("rules: [{ users: [a@a.test], products: [ALL] }]", "product: II, kind: ^regular", limited),
        ("strict_policy: true", "product: ^II", "the policy is strict, and no rule names a@a.test"),
    ] {
        refuse(&app, settings, POOLS, allocations, detail).await;
    }
    // A pack that the rules list does.
    for (settings, code) in [
        ("rules: [{ users: [a@a.test], products: [ALL] }]", "ALL"),
        ("rules: [{ users: [a@a.test], products: [WS] }, { users: [a@a.test], products: [II] }]", "II"),
        ("rules: [{ users: [b@a.test], products: [WS] }]", "II"),
    ] {
        let settings = format!("{settings}\n      allocations: [{{ user: a@a.test, product: II }}]");
        replace_vault(&app, &settings, "{ product: II, regular: 1 }, { product: ALL, regular: 1 }").await;
        assert_eq!(count_licenses(&app, code).await[..2], [1, 1], "{settings}");
    }
    // A licence from before a rule: the rule comes with a second seed. Revoked, it is not had again (§4.5).
    let allocation = "allocations: [{ user: bob@a.test, product: II, running: [{ product: II }] }]";
    replace_vault(&app, allocation, "{ product: II, regular: 1 }").await;
    let organization = find_customer_code(&app).await;
    let rule = formatdoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: {organization}
            license_vault: {{ name: example, rules: [{{ users: [bob@a.test], products: [WS] }}] }}
    "};
    app.control().post("/seed", rule.as_str()).await.expect_ok();
    assert_eq!(count_licenses(&app, "II").await[0], 1);
    app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await.expect_ok();
    assert_eq!(count_licenses(&app, "II").await[0], 0);
}
