//! How seeds become rows: poured into an empty space, or merged into what is there.

use std::collections::BTreeMap;

use indoc::{formatdoc, indoc};
use serde_json::Value;

use crate::support::{FULL_KEY, NOW, Role, TestApp, apply, on_both_databases};

async fn state(app: &TestApp, space: &str) -> String {
    app.control().in_space(space).get("/state").await.text().to_owned()
}

/// The rows of a state without what is made by chance, in an order of their own.
fn list_rows_without_chance(state: &str) -> BTreeMap<String, Vec<String>> {
    const CHANCE: [&str; 10] = [
        "id",
        "pack",
        "allocation_id",
        "customer_code",
        "org_id",
        "fingerprint",
        "hash",
        "atlassian_account_id",
        "person_id",
        "service_account_id",
    ];
    let state: Value = serde_json::from_str(state).unwrap();
    let list_rows = |rows: &Value| {
        let without_chance = |row: &Value| {
            let mut row = row.as_object().unwrap().clone();
            row.retain(|column, _| !CHANCE.contains(&column.as_str()));
            // The address of a service account ends with letters made by chance.
            if row.get("email").is_some_and(|email| email.as_str().unwrap().contains("@serviceaccount.")) {
                row.remove("email");
            }
            Value::from(row).to_string()
        };
        let mut rows: Vec<String> = rows.as_array().unwrap().iter().map(without_chance).collect();
        rows.sort();
        rows
    };
    state["tables"].as_object().unwrap().iter().map(|(table, rows)| (table.clone(), list_rows(rows))).collect()
}

#[apply(on_both_databases)]
async fn a_reset_gives_the_rows_of_the_start_byte_for_byte(app: TestApp) {
    let start = state(&app, "default").await;
    assert_eq!(app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await.status, 200);
    app.atlassian(FULL_KEY).delete("/api-tokens").await.expect_empty(204);
    app.advance_clock("1y").await;
    for _ in 0..2 {
        app.control().post("/reset", "").await.expect_ok();
        assert_eq!(state(&app, "default").await, start);
    }
    // What was sent since is not what the server was started with.
    app.control().post("/seed?mode=replace", locum::seed::MINIMAL).await.expect_ok();
    assert_ne!(state(&app, "default").await, start);
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!(state(&app, "default").await, start);
}

#[apply(on_both_databases)]
async fn a_new_space_has_the_same_rows_with_other_ids(app: TestApp) {
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let (default, new) = (state(&app, "default").await, state(&app, "t1").await);
    assert_eq!(list_rows_without_chance(&new), list_rows_without_chance(&default));
    for (table, column) in
        [("organization", "customer_code"), ("organization", "org_id"), ("credential", "fingerprint")]
    {
        let list = |state: &str| -> Vec<Value> {
            let state: Value = serde_json::from_str(state).unwrap();
            state["tables"][table].as_array().unwrap().iter().map(|row| row[column].clone()).collect()
        };
        let known = list(&default);
        assert!(list(&new).iter().all(|value| !known.contains(value)), "{table}.{column}");
    }
    app.control().in_space("t1").post("/reset", "").await.expect_ok();
    assert_eq!(state(&app, "t1").await, new, "and the same ones after a reset");
}

/// Seeds have two ways into a space, which are not to differ.
#[apply(on_both_databases)]
async fn merging_into_an_empty_space_gives_the_same_rows_as_pouring(app: TestApp) {
    let more = indoc! {"
        version: 1
        organizations:
          - name: More
            people:
              - { email: Kim@more.test }
              - { email: kim@other.test }
              - { email: lee@more.test, name: Lee, jetbrains_account: true }
            jetbrains_account:
              api_enabled: false
              products: [{ code: MORE, name: More Studio }]
              plugins: [{ code: PMORE, name: More Plug-in }]
              teams: [{ name: One }]
              roles: [{ person: lee@more.test, role: organization_admin }]
              quirks: { flags_required: true }
            license_vault:
              name: more
              plan: enterprise_floating
              administrators: [lee@more.test, kim@more.test]
              token: a-vault-token-of-more
              automation_tokens: [{ name: ci, expires_at: +1d }]
              pools: [{ product: II, regular: 5 }, { product: ALL, regular: 1, true_up: 2, virtual: 3 }]
              rules: [{ users: [kim@more.test], products: [II], priority: true }]
              allocations:
                - user: kim@more.test
                  product: II
                  since: -1d
                  running: [{ product: II, host: one }, { product: II, host: two }]
                - { user: kim@third.test, product: II }
                - { user: kim@other.test, product: ALL, since: -2d }
              denials: [{ user: kim@fourth.test, product: II }, { user: kim@more.test, product: II, at: -1h }]
            atlassian:
              rate_limit: { limit: 7, window: 1m, mode: observe }
              quirks: { service_account_quota: 3 }
              api_keys: [{ label: one, expires_at: +1d }, { label: two, scopes: ['write:tokens:admin'] }]
              api_tokens:
                - { count: 12, label: many, user: lee@more.test }
                - { user: lee@more.test, label: many-000003, scopes: [a, b], status: blocked }
                - { user: lee@more.test, label: alone, last_active_at: -1d }
              service_accounts:
                - name: First account
                  description: The first
                  tokens: [{ label: a }, { label: b, expires_at: -1d }]
                  oauth_clients: [{ name: c, status: revoked }]
                - { name: Second account }
    "};
    for seed in [locum::seed::DEMO, more] {
        // The clock of a seed that says nothing of it is real, and dates are relative to it.
        let seed = seed.replacen("version: 1", &format!("version: 1\nclock: {NOW}"), 1);
        app.control().post("/seed?mode=replace", seed.as_str()).await.expect_ok();
        let poured = state(&app, "default").await;
        let empty = format!("version: 1\nclock: {NOW}\norganizations: []");
        app.control().post("/seed?mode=replace", empty).await.expect_ok();
        app.control().post("/seed?mode=merge", seed.as_str()).await.expect_ok();
        let merged = state(&app, "default").await;
        assert_eq!(list_rows_without_chance(&merged), list_rows_without_chance(&poured));
    }
}

/// On SQLite the index of parts of texts holds the tokens of organizations only that have many.
#[apply(on_both_databases)]
async fn tokens_are_found_before_and_after_they_are_many(app: TestApp) {
    let add = async |label: &str, count: usize| {
        app.seed_atlassian(&format!("      api_tokens: [{{ label: {label}, count: {count} }}]")).await;
    };
    let find = async |label: &str| {
        let page = app.atlassian(FULL_KEY).get(&format!("/api-tokens?pageSize=10&q={label}")).await.expect_ok();
        page["data"].as_array().unwrap().len()
    };
    app.atlassian(FULL_KEY).delete("/api-tokens").await.expect_empty(204);
    add("few", 1_500).await;
    assert_eq!((find("few-000007").await, find("more-000007").await), (1, 0));
    add("more", 1_500).await;
    assert_eq!((find("few-000007").await, find("more-000007").await), (1, 1));
    add("most", 1_500).await;
    assert_eq!((find("few-000007").await, find("more-000007").await, find("most-001500").await), (1, 1, 1));
    app.atlassian(FULL_KEY).delete("/api-tokens").await.expect_empty(204);
    assert_eq!(find("few-000007").await, 0);
    add("again", 2_500).await;
    assert_eq!((find("again-002500").await, find("more-000007").await), (1, 0));
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!((find("again-002500").await, find("token-000200").await), (0, 1));
}

/// Many rows are poured without the indexes of their table, which are made when they are there.
#[apply(on_both_databases)]
async fn many_rows_have_their_indexes_afterwards(app: TestApp) {
    const COUNT: usize = 21_000;
    let seed = formatdoc! {"
        version: 1
        organizations:
          - name: Many
            people: [{{ email: ann@many.test }}]
            jetbrains_account:
              teams: [{{ name: All, id: 1 }}]
              licenses: [{{ product: II, team: 1, count: {COUNT} }}, {{ product: II, team: 1, id: LAST }}]
            atlassian:
              api_keys: [{{ label: key, token: a-key-for-many }}]
              api_tokens: [{{ count: {COUNT} }}]
    "};
    for _ in 0..2 {
        app.control().post("/seed?mode=replace", seed.as_str()).await.expect_ok();
        let exported = state(&app, "default").await;
        let exported: Value = serde_json::from_str(&exported).unwrap();
        let rows = |table: &str| exported["tables"][table].as_array().unwrap().len();
        assert_eq!((rows("license"), rows("api_token")), (COUNT + 1, COUNT));
        assert_eq!(exported["tables"]["license"][COUNT]["id"], "LAST", "in their order");
        // What an index would have refused is refused.
        let mut twice = exported.clone();
        let first = twice["tables"]["api_token"][0].clone();
        twice["tables"]["api_token"].as_array_mut().unwrap().push(first);
        let problem = app.control().put("/state", twice.to_string()).await.expect_problem(400);
        assert_eq!(problem["pointer"], "/tables/api_token", "{problem}");
        app.control().put("/state", exported.to_string()).await.expect_ok();
    }
}
