//! The License Vault API and the License Server's machine interface.

mod allocations;
mod auth;
mod declared_products;
mod denials;
mod imported_states;
mod injected_errors;
mod licenses;
mod methods;
mod query_values;
mod revocations;
mod seeded_allocations;
mod seeded_rules;
mod server;
mod token;
mod usage;

use indoc::formatdoc;
use serde_json::Value;

use crate::support::{Answer, NOW, TestApp, VAULT_TOKEN};

const USAGE: &str = "/public-api/licenses/usage";

/// Replaces everything by one vault with these pools (YAML), which Ann administers.
async fn replace_vault(app: &TestApp, settings: &str, pools: &str) {
    let seed = formatdoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people: [{{ email: ann@a.test }}, {{ email: bob@a.test }}]
            license_vault:
              name: example
              administrators: [ann@a.test]
              token: demo-vault-token
              {settings}
              pools: [{pools}]
    "};
    let seeded = app.control().post("/seed?mode=replace", &seed).await;
    assert_eq!(seeded.status, 200, "{}", seeded.text());
    app.freeze_clock(NOW).await;
}

/// Finds the customer code of the only organization.
async fn find_customer_code(app: &TestApp) -> i64 {
    let state = app.control().get("/state").await.expect_ok();
    state["tables"]["organization"][0]["customer_code"].as_i64().expect("a number")
}

/// Starts an IDE, which asks for a licence.
async fn start_product(app: &TestApp, user: &str, product: &str, host: &str) -> Value {
    let body = format!(r#"{{"user":"{user}","product":"{product}","host":"{host}"}}"#);
    app.control().post("/vaults/example/connections", &body).await.expect_ok()
}

/// Asks for the usage with this `Authorization`.
async fn get_usage_with(app: &TestApp, authorization: &str) -> Answer {
    app.license_vault_without_token().with_header("Authorization", authorization).get(USAGE).await
}

/// Counts the licences of a product: regular, true-up, virtual, each in use and in all.
async fn count_licenses(app: &TestApp, code: &str) -> [i64; 6] {
    let usage = app.license_vault(VAULT_TOKEN).get(USAGE).await.expect_ok();
    let row = usage["licenseUsages"].as_array().unwrap().iter().find(|row| row["code"] == code).expect("a row").clone();
    ["regularInUse", "regularTotal", "trueUpInUse", "trueUpTotal", "virtualInUse", "virtualTotal"]
        .map(|name| row[name].as_i64().expect("a number"))
}
