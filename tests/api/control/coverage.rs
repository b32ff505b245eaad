//! `/_emulator/coverage`.

use serde_json::{Value, json};

use crate::support::{Role, TestApp, apply, on_both_databases};

/// The row of an operation.
fn find<'a>(coverage: &'a Value, operation: &str) -> &'a Value {
    let all = coverage["operations"].as_array().unwrap();
    all.iter().find(|row| row["operation"] == operation).unwrap_or_else(|| panic!("no {operation}"))
}

#[apply(on_both_databases)]
async fn counts_how_operations_were_answered(app: TestApp) {
    let before = app.control().get("/coverage").await.expect_ok();
    assert_eq!((&before["percent"], &before["met"]), (&json!(0.0), &json!(0)), "{before}");
    let operations = before["operations"].as_array().unwrap();
    assert_eq!(before["never_asked"].as_array().unwrap().len(), operations.len());
    assert_eq!(find(&before, "assignLicense")["refusals"], json!({"400": 0, "401": 0, "403": 0, "404": 0}));
    assert_eq!(find(&before, "assignLicense")["limit"], Value::Null, "the service has none");
    assert_eq!(find(&before, "listOAuthClients")["limit"], 0);
    assert!(find(&before, "listOAuthClients")["refusals"].get("500").is_none(), "only a fault makes it fail");
    assert!(operations.iter().all(|row| row["operation"] != "createUserAccount"), "it is not emulated");

    let admin = app.jetbrains_account(Role::OrgAdmin);
    admin.get("/token").await.expect_ok();
    admin.get("/token").await.expect_ok();
    assert_eq!(app.jetbrains_account(Role::Anonymous).get("/token").await.status, 401);
    assert_eq!(admin.get("/no-such-path").await.status, 404);
    let rule = json!({"match": {"operation": "getProducts"}, "then": {"status": 503}, "times": 1});
    app.control().post("/faults", rule).await.expect_ok();
    assert_eq!(admin.without_document_check().get("/products").await.status, 503);
    let limit = json!({"organization": "6700001", "limit": 1, "window": "60s"});
    app.control().put("/rate-limits", limit).await.expect_ok();
    let atlassian = app.client().with_header("authorization", "Bearer demo-atlassian-key");
    let keys = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-keys";
    assert_eq!(
        (atlassian.get(keys).await.status, atlassian.get(keys).await.status),
        (200.try_into().unwrap(), 429.try_into().unwrap())
    );

    let coverage = app.control().get("/coverage").await.expect_ok();
    let token = find(&coverage, "getManagedEntityInfo");
    assert_eq!((&token["success"], &token["refusals"]), (&json!(2), &json!({"401": 1, "403": 0})));
    let products = find(&coverage, "getProducts");
    assert_eq!(
        (&products["success"], &products["fault"], &products["refusals"]["503"]),
        (&json!(0), &json!(1), &Value::Null)
    );
    let keys = find(&coverage, "getAllApiKeysByOrgId");
    assert_eq!((&keys["success"], &keys["limit"], &keys["refusals"].get("429")), (&json!(1), &json!(1), &None));
    // Two successes, a 401 and a limit; what a fault did is none of the service's answers.
    assert_eq!(coverage["met"], 4, "{coverage}");
    let never = coverage["never_asked"].as_array().unwrap();
    assert_eq!(never.len(), operations.len() - 3);
    let percent = f64::from(u32::try_from(4000 / coverage["of"].as_u64().unwrap()).unwrap()) / 10.0;
    assert_eq!(coverage["percent"], percent);

    let markdown = app.control().get("/coverage?format=markdown").await;
    assert_eq!(markdown.header("content-type"), Some("text/markdown; charset=utf-8"));
    for line in [
        &format!("# Coverage: {percent} %"),
        "| getManagedEntityInfo `GET /api/v1/token` | 2 | 401 × 1, **403 never** |  | 0 |",
        "| getProducts `GET /api/v1/products` | **never** | **401 never**, **403 never** |  | 1 |",
    ] {
        assert!(markdown.text().lines().any(|found| found == line), "{line}\n{}", markdown.text());
    }
    assert!(markdown.text().contains("\nNever asked: ") && !markdown.text().contains("Never asked: getManaged"));

    app.control().get("/coverage?format=html").await.expect_problem(400);
    app.control().get("/coverage?space=t1").await.expect_problem(400);
    assert_eq!(app.control().delete("/coverage").await.expect_ok(), before);
    assert_eq!(app.control().get("/coverage").await.expect_ok(), before);
}

/// A suite gives each test a space of its own.
#[apply(on_both_databases)]
async fn is_about_all_spaces_and_outlives_a_reset(app: TestApp) {
    let space = app.control().post("/spaces", json!({"name": "t1"})).await.expect_ok();
    let variables = &space["variables"];
    let of = |name: &str| variables[name].as_str().unwrap().to_owned();
    let client = app
        .client()
        .with_header("x-api-key", &of("JETBRAINS_ACCOUNT_API_KEY"))
        .with_header("x-customer-code", &of("JETBRAINS_ACCOUNT_CUSTOMER_CODE"));
    client.get("/api/v1/token").await.expect_ok();
    app.control().post("/reset?space=t1", "").await.expect_ok();
    app.control().delete("/spaces/t1").await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    let coverage = app.control().get("/coverage").await.expect_ok();
    assert_eq!(find(&coverage, "getManagedEntityInfo")["success"], 2);
}
