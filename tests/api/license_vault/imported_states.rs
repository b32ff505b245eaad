//! A state is checked by the rules of seeds and of the service: nothing is imported that a vault could not hold
//! (license-vault §4.4, §9).

use serde_json::{Value, json};

use super::count_licenses;
use crate::support::{TestApp, apply, on_both_databases};

/// Finds the place of a row that has these members, so that no test counts rows.
fn place(state: &Value, table: &str, members: &Value) -> String {
    let rows = state["tables"][table].as_array().unwrap();
    let fits = |row: &&Value| members.as_object().unwrap().iter().all(|(name, value)| row[name] == *value);
    let at = rows.iter().position(|row| fits(&row)).unwrap_or_else(|| panic!("no {members} in {table}: {rows:?}"));
    format!("/tables/{table}/{at}")
}

#[apply(on_both_databases)]
async fn what_no_vault_could_hold_is_refused_at_its_cell(app: TestApp) {
    let good = app.control().get("/state").await.expect_ok();
    let (ii, all) = (json!({"product": "II"}), json!({"product": "ALL"}));
    let reporting = json!({"kind": "reporting"});
    let change_second = |table: &str, row: Value| {
        let mut rows = good["tables"][table].as_array().unwrap().clone();
        rows.push(row);
        (format!("/tables/{table}"), json!(rows))
    };
    for (table, members, column, value, status, detail) in [
        ("vault_pool", &ii, "total", json!(0), 422, "more than 0 regular licences of II are held"),
        ("vault_pool", &ii, "total", json!(-1), 400, "from 0 to 1000000"),
        ("vault_pool", &ii, "total", json!(1_000_001), 400, "from 0 to 1000000"),
        ("vault_pool", &ii, "total", json!(1.5), 400, "from 0 to 1000000"),
        ("vault_pool", &ii, "product", json!("IJ"), 422, "`IJ` is not a licence of the vault's catalogue"),
        ("vault_pool", &ii, "kind", json!("free"), 400, "is not a kind"),
        ("vault", &json!({"name": "example"}), "name", json!("a b"), 400, "is not a vault's name"),
        ("vault", &json!({"name": "other"}), "name", json!("EXAMPLE"), 422, "another vault is called `EXAMPLE`"),
        ("vault", &json!({"name": "example"}), "plan", json!("free"), 400, "is not a plan"),
        (
            "vault_administrator",
            &json!({"vault_id": 1}),
            "vault_id",
            json!(2),
            422,
            "not one of the vault's organization",
        ),
        ("vault_credential", &reporting, "kind", json!("report"), 400, ""),
        ("vault_credential", &json!({"kind": "automation"}), "kind", json!("reporting"), 422, ""),
        ("vault_credential", &reporting, "name", json!("x"), 422, "automation tokens have a name"),
        ("vault_credential", &json!({"kind": "automation"}), "name", json!(""), 422, "automation tokens have a name"),
        ("vault_credential", &reporting, "vault_id", json!(2), 422, "not one of the vault's organization"),
        ("vault_allocation", &ii, "product", json!("Cat"), 422, "`Cat` is not a licence of the vault's catalogue"),
        ("vault_allocation", &ii, "kind", json!("virtual"), 422, "the vault has no virtual licences of II"),
        ("vault_allocation", &ii, "email", json!("bob"), 422, "is not an e-mail address"),
        ("vault_allocation", &ii, "email_key", json!("Bob@example.test"), 422, "is not the key of `email`"),
        ("vault_allocation", &ii, "username", json!(""), 422, "must not be empty"),
        ("vault_allocation", &ii, "allocated_at", json!(-1), 400, "from 0 to"),
        ("vault_connection", &ii, "product", json!("GO"), 422, "`GO` does not run on a licence of II"),
        ("vault_connection", &ii, "allocation_id", json!("nothing"), 422, "no such allocation"),
        ("vault_connection", &ii, "connected_at", json!(-1), 400, "from 0 to"),
        ("vault_denial", &json!({"product_name": "Rider"}), "at", json!(-1), 400, "from 0 to"),
    ] {
        let row = place(&good, table, members);
        let mut state = good.clone();
        *state.pointer_mut(&format!("{row}/{column}")).unwrap() = value.clone();
        let problem = app.control().put("/state", &state).await.expect_problem(status);
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{row}/{column} {value}: {problem}");
        // Of two cells that contradict each other, it is the one that refers to the other.
        let pointer = match (table, column) {
            ("vault_administrator", "vault_id") => format!("{row}/person_id"),
            ("vault_credential", "vault_id") => format!("{row}/credential_id"),
            _ => format!("{row}/{column}"),
        };
        assert_eq!(problem["pointer"], pointer, "{value}: {problem}");
        if status == 422 {
            assert!(problem["detail"].as_str().unwrap().starts_with(&format!("table {table}, row ")), "{problem}");
        }
    }
    let rule = |users: &str, products: &str| {
        let (vault, position, priority) = (1, 1, false);
        json!({"vault_id": vault, "position": position, "users": users, "products": products, "priority": priority})
    };
    let month = |month: &str| json!({"vault_id": 1, "month": month, "revoked": 1});
    let twice = |table: &str, members: &Value| {
        change_second(table, good.pointer(&place(&good, table, members)).unwrap().clone())
    };
    for ((pointer, rows), status, column) in [
        (change_second("vault_rule", rule(r#"["bob"]"#, r#"["II"]"#)), 422, "users"),
        (change_second("vault_rule", rule(r#"["bob@a.test"]"#, r#"["IJ"]"#)), 422, "products"),
        (change_second("vault_rule", rule("bob", "[]")), 400, "users"),
        (change_second("vault_revocation", month("2026-13")), 400, "month"),
        (change_second("vault_revocation", month("January")), 400, "month"),
        (twice("vault_pool", &all), 422, "kind"),
        (twice("vault_allocation", &ii), 422, "id"),
        (twice("vault_connection", &ii), 422, "id"),
        (twice("vault_denial", &json!({"product_name": "Rider"})), 422, "id"),
        (twice("vault_administrator", &json!({"vault_id": 1})), 422, "person_id"),
    ] {
        let mut state = good.clone();
        *state.pointer_mut(&pointer).unwrap() = rows.clone();
        let problem = app.control().put("/state", &state).await.expect_problem(status);
        let last = rows.as_array().unwrap().len() - 1;
        assert_eq!(problem["pointer"], format!("{pointer}/{last}/{column}"), "{problem}");
    }
    assert_eq!(app.control().get("/state").await.expect_ok(), good, "nothing was changed");
    // What nobody holds any more may go, and a vault without licences is one.
    let mut state = good.clone();
    for table in ["vault_connection", "vault_allocation", "vault_pool"] {
        state["tables"][table] = json!([]);
    }
    app.control().put("/state", &state).await.expect_ok();
    assert_eq!(count_licenses(&app, "II").await, [0; 6]);
}

/// Whatever a vault holds goes out and in again, however it came to that.
#[apply(on_both_databases)]
async fn what_a_vault_holds_can_be_imported(app: TestApp) {
    let settings =
        "plan: enterprise_floating\n      rules: [{ users: [vip@a.test], products: [II, ALL], priority: true }]";
    super::replace_vault(&app, settings, "{ product: II, regular: 1 }, { product: ALL, regular: 1 }").await;
    let check = async |what: &str| {
        let state = app.control().get("/state").await.expect_ok();
        let answer = app.control().put("/state", &state).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert_eq!(app.control().get("/state").await.expect_ok()["tables"], state["tables"], "{what}");
    };
    for (user, product, host) in [
        ("bob@a.test", "II", "a"),
        ("bob@a.test", "II", "b"),
        ("bob@a.test", "GO", "c"),
        ("bob@a.test", "DM", "d"),
        ("vip@a.test", "II", "a"),
        ("eve@a.test", "Cat", "a"),
    ] {
        super::start_product(&app, user, product, host).await;
        check(&format!("{user} starts {product}")).await;
    }
    app.advance_clock("15m").await;
    check("later").await;
    super::start_product(&app, "dan@a.test", "WS", "a").await;
    app.advance_clock("30m").await;
    check("overdue").await;
    super::start_product(&app, "dan@a.test", "II", "a").await;
    check("overdue, and another one").await;
    // A seed that makes licences stay longer brings none back that is overdue.
    let code = super::find_customer_code(&app).await;
    app.advance_clock("30m").await;
    let seed = format!(
        "{{version: 1, organizations: [{{name: A, customer_code: {code}, license_vault: {{name: example, \
         plan: trial, allocations: [{{user: zoe@a.test, product: II}}]}}}}]}}"
    );
    app.control().post("/seed", &seed).await.expect_ok();
    assert_eq!(count_licenses(&app, "II").await[..2], [1, 1]);
    check("seeded").await;
}
