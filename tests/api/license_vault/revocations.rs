//! Revocations by the API and by administrators: licences are free at once, and what runs asks again
//! (license-vault §4.5, §9).

use serde_json::{Value, json};

use super::{count_licenses, replace_vault, start_product};
use crate::support::{NOW, TestApp, VAULT_TOKEN, apply, on_both_databases};

const REVOKE: &str = "/public-api/licenses/revoke";

/// The ways to revoke an allocation of a user.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By the API, which is told its id.
    Id,
    /// By the API, which is told the user.
    User,
    UserAndProduct,
    /// By the control API, as an administrator does it.
    Administrator,
}

/// Revokes Bob's only allocation, of this product.
async fn revoke(app: &TestApp, way: Way, id: &str, product: &str) {
    let by_api = async |query: String| {
        let revoked = app.license_vault(VAULT_TOKEN).post(&format!("{REVOKE}?{query}"), "").await.expect_ok();
        assert_eq!(revoked, json!({"allocationIds": [id]}), "{way:?}");
    };
    match way {
        Way::Id => by_api(format!("allocationId={id}&username=ignored")).await,
        Way::User => by_api("email=bob@a.test".to_owned()).await,
        Way::UserAndProduct => by_api(format!("username=BOB&productCode={product}")).await,
        Way::Administrator => {
            let path = format!("/vaults/example/allocations/{id}");
            let left = app.control().call("DELETE", &path, r#"{"actor":"ann@a.test"}"#).await.expect_ok();
            assert_eq!(left, app.control().get("/vaults/example/connections").await.expect_ok());
        }
    }
}

async fn list_bobs_licenses(app: &TestApp) -> Value {
    app.license_vault(VAULT_TOKEN).get("/public-api/licenses?email=bob@a.test").await.expect_ok()
}

async fn list_denied_products(app: &TestApp) -> Vec<Value> {
    app.control().get("/vaults/example/denied-products").await.expect_ok().as_array().unwrap().clone()
}

async fn count_denials(app: &TestApp) -> usize {
    app.license_vault(VAULT_TOKEN).get("/public-api/denials/report").await.expect_ok().as_array().unwrap().len()
}

/// Sets who may have what, and leaves everything else of the vault.
async fn set_rules(app: &TestApp, rules: &str) {
    let seed = indoc::formatdoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            license_vault: {{ name: example, plan: enterprise_floating, rules: [{rules}] }}
    "};
    app.control().post("/seed", &seed).await.expect_ok();
}

fn read_id(started: &Value) -> String {
    started["allocation"]["id"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned()
}

#[apply(on_both_databases)]
async fn a_running_product_gets_a_new_licence_if_one_fits(app: TestApp) {
    for way in [Way::Id, Way::User, Way::UserAndProduct, Way::Administrator] {
        replace_vault(&app, "plan: enterprise_floating", "{ product: II, regular: 1 }").await;
        let started = start_product(&app, "bob@a.test", "II", "h").await;
        let first = read_id(&started);
        app.advance_clock("5m").await;
        revoke(&app, way, &first, "II").await;
        assert_eq!(count_licenses(&app, "II").await[..2], [1, 1], "{way:?}");
        let licenses = list_bobs_licenses(&app).await;
        assert_ne!(licenses[0]["allocationId"], first.as_str(), "{way:?}");
        assert_eq!(licenses[0]["allocatedAt"], "2026-01-15T09:05:00Z");
        let product = &licenses[0]["products"][0];
        assert_eq!((&product["connectionId"], &product["hostname"]), (&started["connection"], &"h".into()), "{way:?}");
        assert_eq!((count_denials(&app).await, list_denied_products(&app).await.len()), (0, 0), "{way:?}");
        // The first one is free at once, but not for long.
        assert_eq!(start_product(&app, "eve@a.test", "II", "h").await["granted"], false);
        let report = app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report").await.expect_ok();
        let rows: Vec<[&Value; 3]> = report
            .as_array()
            .unwrap()
            .iter()
            .map(|row| [&row["allocation_id"], &row["start_time"], &row["end_time"]])
            .collect();
        let (end, second) = (json!("2026-01-15T09:05:00Z"), &licenses[0]["allocationId"]);
        assert_eq!(rows, [[&json!(first), &json!(NOW), &end], [second, &end, &Value::Null]], "{way:?}");
        // The product runs on as before.
        let connection = started["connection"].as_str().unwrap();
        app.control().post(&format!("/vaults/example/connections/{connection}/refresh"), "").await.expect_ok();
        app.control().delete(&format!("/vaults/example/connections/{connection}")).await.expect_ok();
        assert_eq!(count_licenses(&app, "II").await[0], 0, "{way:?}");
    }
}

#[apply(on_both_databases)]
async fn a_running_product_that_finds_none_is_denied_until_it_finds_one(app: TestApp) {
    for way in [Way::Id, Way::User, Way::UserAndProduct, Way::Administrator] {
        replace_vault(&app, "plan: enterprise_floating", "{ product: II, regular: 1 }").await;
        let started = start_product(&app, "bob@a.test", "II", "h").await;
        let connection = started["connection"].as_str().unwrap();
        // To keep a user out, an administrator makes a rule first, and revokes then.
        set_rules(&app, "{ users: [bob@a.test], products: [GO] }").await;
        revoke(&app, way, &read_id(&started), "II").await;
        assert_eq!(count_licenses(&app, "II").await[..2], [0, 1], "{way:?}");
        assert_eq!(list_bobs_licenses(&app).await, json!([]), "{way:?}");
        let denials = app.license_vault(VAULT_TOKEN).get("/public-api/denials/report").await.expect_ok();
        let denial = &denials[0];
        assert_eq!(
            [&denial["username"], &denial["user_hostname"], &denial["product_name"], &denial["timestamp"]],
            ["bob", "h", "IntelliJ IDEA Ultimate", NOW]
        );
        let denied = list_denied_products(&app).await;
        assert_eq!(denied.len(), 1);
        assert_eq!(
            [&denied[0]["connection"], &denied[0]["user"], &denied[0]["product"], &denied[0]["since"]],
            [connection, "bob@a.test", "II", NOW]
        );
        let report = app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report").await.expect_ok();
        assert_eq!((report.as_array().unwrap().len(), &report[0]["end_time"]), (1, &json!(NOW)), "{way:?}");

        // The licence is free for others; heard of again, the product asks again.
        let other = start_product(&app, "eve@a.test", "II", "h").await;
        assert_eq!(other["granted"], true);
        let refresh = format!("/vaults/example/connections/{connection}/refresh");
        app.control().post(&refresh, "").await.expect_ok();
        assert_eq!((count_denials(&app).await, list_denied_products(&app).await.len()), (2, 1), "{way:?}");
        set_rules(&app, "").await;
        let other = other["connection"].as_str().unwrap();
        app.control().delete(&format!("/vaults/example/connections/{other}")).await.expect_ok();
        let running = app.control().post(&refresh, "").await.expect_ok();
        assert_eq!(
            (&running[0]["user"], &running[0]["running"][0]["connection"]),
            (&json!("bob@a.test"), &json!(connection))
        );
        assert_eq!(list_denied_products(&app).await, Vec::<Value>::new(), "{way:?}");
    }
}

#[apply(on_both_databases)]
async fn a_denied_product_ends_when_it_closes_starts_anew_or_is_not_heard_of(app: TestApp) {
    for case in ["closed", "disconnected", "started anew", "not heard of"] {
        replace_vault(&app, "plan: enterprise_floating", "{ product: II, regular: 1 }").await;
        let started = start_product(&app, "bob@a.test", "II", "h").await;
        let connection = started["connection"].as_str().unwrap();
        set_rules(&app, "{ users: [bob@a.test], products: [GO] }").await;
        revoke(&app, Way::Id, &read_id(&started), "II").await;
        let close = format!("/vaults/example/connections/{connection}");
        match case {
            "closed" => {
                app.control().delete(&close).await.expect_ok();
                app.control().delete(&close).await.expect_problem(404);
            }
            "disconnected" => {
                let path = format!("/public-api/products/disconnect?connectionId={connection}");
                app.license_vault(VAULT_TOKEN).post(&path, "").await.expect_ok();
            }
            "started anew" => {
                set_rules(&app, "").await;
                assert_eq!(start_product(&app, "BOB@a.test", "II", "h").await["connection"], connection);
            }
            _ => app.advance_clock("20m").await,
        }
        assert_eq!(list_denied_products(&app).await, Vec::<Value>::new(), "{case}");
        let report = app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report").await.expect_ok();
        assert_eq!(report[0]["end_time"], NOW, "{case}");
    }
}

#[apply(on_both_databases)]
async fn what_runs_on_several_licences_asks_again_in_turn(app: TestApp) {
    replace_vault(&app, "plan: enterprise_floating", "{ product: ALL, regular: 1 }, { product: II, regular: 1 }").await;
    start_product(&app, "bob@a.test", "WS", "h").await;
    start_product(&app, "bob@a.test", "GO", "h").await;
    start_product(&app, "eve@a.test", "II", "h").await;
    let before = list_bobs_licenses(&app).await[0]["allocationId"].clone();
    app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await.expect_ok();
    let licenses = list_bobs_licenses(&app).await;
    assert_eq!((licenses.as_array().unwrap().len(), licenses[0]["products"].as_array().unwrap().len()), (1, 2));
    assert_ne!(licenses[0]["allocationId"], before);
    assert_eq!(list_denied_products(&app).await, Vec::<Value>::new());
    // Nothing that runs, nothing that asks.
    replace_vault(&app, "allocations: [{ user: bob@a.test, product: II }]", "{ product: II, regular: 1 }").await;
    app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await.expect_ok();
    assert_eq!((count_licenses(&app, "II").await[0], count_denials(&app).await), (0, 0));
}

#[apply(on_both_databases)]
async fn a_product_whose_licence_went_to_somebody_with_priority_asks_again(app: TestApp) {
    let rules = "rules: [{ users: [vip@a.test], products: [II, ALL], priority: true }]";
    replace_vault(&app, rules, "{ product: II, regular: 1 }").await;
    start_product(&app, "eve@a.test", "II", "h").await;
    let started = start_product(&app, "vip@a.test", "II", "h").await;
    assert_eq!(started["granted"], true);
    assert_eq!(list_denied_products(&app).await[0]["user"], "eve@a.test");
    assert_eq!((count_denials(&app).await, count_licenses(&app, "II").await[0]), (1, 1));
    // Revoked, somebody with priority takes it back.
    let revoke = format!("{REVOKE}?allocationId={}", read_id(&started));
    app.license_vault(VAULT_TOKEN).post(&revoke, "").await.expect_ok();
    assert_eq!(list_denied_products(&app).await[0]["user"], "eve@a.test");
    let holders = app.control().get("/vaults/example/connections").await.expect_ok();
    assert_eq!((holders.as_array().unwrap().len(), &holders[0]["user"]), (1, &json!("vip@a.test")));
}

#[apply(on_both_databases)]
async fn what_cannot_be_revoked_is_refused(app: TestApp) {
    replace_vault(&app, "plan: enterprise_floating", "{ product: II, regular: 1 }").await;
    let first = read_id(&start_product(&app, "bob@a.test", "II", "h").await);
    revoke(&app, Way::Id, &first, "II").await;
    let client = app.license_vault(VAULT_TOKEN);
    for (query, status, code) in [
        (format!("allocationId={first}"), 404, "NOT_FOUND"),
        ("username=nobody".to_owned(), 404, "NOT_FOUND"),
        ("email=nobody@a.test".to_owned(), 404, "NOT_FOUND"),
        (String::new(), 400, "INVALID_PARAMETER"),
        ("productCode=II".to_owned(), 400, "INVALID_PARAMETER"),
    ] {
        client.post(&format!("{REVOKE}?{query}"), "").await.expect_vault_error(status, code, REVOKE);
    }
    for query in ["username=bob&productCode=WS", "username=ann"] {
        let revoked = client.post(&format!("{REVOKE}?{query}"), "").await;
        assert_eq!(revoked.text(), r#"{"allocationIds":[]}"#, "{query}");
    }
}

#[apply(on_both_databases)]
async fn five_may_be_revoked_in_a_calendar_month_by_api_and_page_together(app: TestApp) {
    replace_vault(&app, "plan: organization_true_up", "{ product: II, regular: 9 }").await;
    app.freeze_clock("2026-01-31T23:00:00Z").await;
    let revoke_by_api = async || {
        start_product(&app, "bob@a.test", "II", "h").await;
        app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await
    };
    for _ in 0..4 {
        assert_eq!(revoke_by_api().await.status, 200);
    }
    let id = read_id(&start_product(&app, "bob@a.test", "II", "h").await);
    revoke(&app, Way::Administrator, &id, "II").await;
    let refused = revoke_by_api().await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].clone()), (400, "REVOCATION_LIMIT_REACHED".into()));
    let license = &list_bobs_licenses(&app).await[0];
    assert_eq!(count_licenses(&app, "II").await[0], 1, "nothing was taken");
    let id = license["allocationId"].as_str().unwrap();
    let actor = r#"{"actor":"ann@a.test"}"#;
    app.control().call("DELETE", &format!("/vaults/example/allocations/{id}"), actor).await.expect_problem(409);
    app.control().call("DELETE", "/vaults/example/allocations/none", actor).await.expect_problem(404);
    assert_eq!(list_bobs_licenses(&app).await[0], *license);
    app.advance_clock("2h").await;
    assert_eq!(revoke_by_api().await.status, 200, "a new month");
}
