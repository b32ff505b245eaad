//! `/products` and `/plugins` (jetbrains-account §5.8).

use serde_json::{Value, json};

use crate::support::{Client, Role, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn need_a_token_and_no_customer_code(app: TestApp) {
    let key_only = app.jetbrains_account(Role::Anonymous).with_header("X-Api-Key", "demo-jba-team-viewer");
    let products = key_only.get("/products").await.expect_ok();
    let codes: Vec<_> = products.as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "AC", "AIP", "ALL", "AR", "CL", "DB", "DC", "DG", "DM", "DPN", "DS", "DUL", "GO", "II", "PC", "PS", "RC",
            "RD", "RM", "RR", "RRR", "RS0", "RSC", "SPE", "TBEB", "WS"
        ]
    );
    let named = |code: &str| products.as_array().unwrap().iter().find(|p| p["code"] == code).unwrap()["name"].clone();
    assert_eq!((named("WS"), named("II")), ("WebStorm".into(), "IntelliJ IDEA Ultimate".into()));
    assert_eq!(key_only.get("/plugins").await.text(), "[]");
    app.jetbrains_account(Role::Anonymous).get("/products").await.expect_jetbrains_error(
        401,
        "MISSING_TOKEN_HEADER",
        "X-Api-Key header is required",
    );
    let bad = app.jetbrains_account(Role::Anonymous).with_header("X-Api-Key", "nonsense");
    bad.get("/plugins").await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
}

const SEED: &str = "
version: 1
organizations:
  - name: Example Corp
    customer_code: 6700001
    jetbrains_account:
      products: [{ code: AIU, name: AI Ultimate }, { code: II, name: IntelliJ IDEA }]
      plugins: [{ code: PWORK, name: A Plug-in }, { code: PABC, name: Another }]
      licenses:
        - { id: TRIAL1, product: DUL, team: 2001, trial: true }
        - { id: SUSPENDED1, product: AIU, team: 2001, suspended: true }
        - { id: PERPETUAL2, product: PWORK, team: 2001, perpetual_until: 2027-05-20 }
        - { id: TRIAL2, product: PWORK, team: 2001, trial: true, valid_until: +30d }
        - { id: SUSPENDED2, product: RS0, team: 2001, suspended: true }
        - { id: FREE1, product: AIU, team: 2002 }
        - { id: FREE2, product: PABC, team: 2002 }
";

/// The names of a dictionary, by code.
async fn names(client: &Client, path: &str) -> Vec<(String, String)> {
    let entries = client.get(path).await.expect_ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries.as_array().unwrap().iter().map(|entry| (text(&entry["code"]), text(&entry["name"]))).collect()
}

#[apply(on_both_databases)]
async fn a_seed_declares_products_and_plugins(app: TestApp) {
    app.control().post("/seed", SEED).await.expect_ok();
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let check = async || {
        let products = names(&admin, "/products").await;
        assert_eq!((products.len(), &products[0]), (27, &("AC".to_owned(), "AC".to_owned())));
        assert!(products.contains(&("II".to_owned(), "IntelliJ IDEA".to_owned())), "the seed's name wins");
        let plugins = names(&admin, "/plugins").await;
        assert_eq!(plugins.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["PABC", "PWORK"]);
        for (id, code, name, trial, suspended, available) in [
            ("TRIAL1", "DUL", "dotUltimate", true, false, true),
            ("SUSPENDED1", "AIU", "AI Ultimate", false, true, true),
            ("PERPETUAL2", "PWORK", "A Plug-in", false, false, false),
            ("TRIAL2", "PWORK", "A Plug-in", true, false, true),
            ("SUSPENDED2", "RS0", "ReSharper", false, true, true),
            ("FREE000001", "II", "IntelliJ IDEA", false, false, true),
        ] {
            let license = admin.get(&format!("/customer/licenses/{id}")).await.expect_ok();
            assert_eq!(license["product"], json!({"code": code, "name": name}), "{id}");
            assert_eq!(
                (&license["isTrial"], &license["isSuspended"], &license["isAvailableToAssign"]),
                (&json!(trial), &json!(suspended), &json!(available)),
                "{id}"
            );
        }
        assert_eq!(admin.get("/customer/licenses?productCode=PWORK").await.list_member("licenseId").len(), 2);
    };
    check().await;
    let state = app.control().get("/state").await.expect_ok();
    app.control().put("/state", &state).await.expect_ok();
    check().await;
    let other = app.jetbrains_account(Role::OtherOrgAdmin);
    assert_eq!((names(&other, "/products").await.len(), other.get("/plugins").await.text()), (26, "[]"));
}

#[apply(on_both_databases)]
async fn what_is_declared_is_assigned_like_the_rest(app: TestApp) {
    app.control().post("/seed", SEED).await.expect_ok();
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let assign = async |client: &Client, team: i32, code: &str| {
        let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
        let body = json!({"license": {"team": team, "productCode": code}, "contact": contact});
        client.post("/customer/licenses/assign", body).await
    };
    for code in ["AIU", "PABC"] {
        assert_eq!(assign(&admin, 2002, code).await.status, 200, "{code}");
        assert_eq!(assign(&admin, 2002, code).await.json()["code"], "NO_AVAILABLE_LICENSE_TO_ASSIGN", "{code}");
    }
    for code in ["aip", "AIP2", "", "a\u{0}b"] {
        assign(&admin, 2002, code).await.expect_jetbrains_error(404, "PRODUCT_NOT_FOUND", code);
    }
    let other = app.jetbrains_account(Role::OtherOrgAdmin);
    assign(&other, 3001, "AIU").await.expect_jetbrains_error(404, "PRODUCT_NOT_FOUND", "AIU");
    // A later seed may name what an earlier one declared.
    let later = "{version: 1, organizations: [{name: Example Corp, customer_code: 6700001, jetbrains_account: \
                 {licenses: [{id: LATER, product: PABC, team: 2001}]}}]}";
    app.control().post("/seed", later).await.expect_ok();
    assert_eq!(admin.assign_license("LATER").await.status, 200);
}
