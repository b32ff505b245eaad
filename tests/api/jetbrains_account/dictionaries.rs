//! `/products` and `/plugins` (jetbrains-account §5.8).

use crate::support::{Role, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn need_a_token_and_no_customer_code(app: TestApp) {
    let key_only = app.jetbrains_account(Role::Anonymous).with_header("X-Api-Key", "demo-jba-team-viewer");
    let products = key_only.get("/products").await.expect_ok();
    let codes: Vec<_> = products.as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["ALL", "AR", "CL", "DG", "DS", "GO", "II", "PC", "PS", "RD", "RM", "SPE", "TBEB", "WS"]);
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
