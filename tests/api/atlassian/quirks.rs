//! Choices where the vendor's documents and observations disagree (atlassian-api-access §3, §7.18, §7.19).

use crate::support::{FULL_KEY, OTHER_ORG, OTHER_ORG_KEY, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn a_missing_page_size_can_be_a_500(app: TestApp) {
    app.seed_atlassian("      quirks: { missing_page_size_is_500: true }").await;
    let full = app.atlassian(FULL_KEY);
    for list in ["/api-tokens", "/api-keys", "/oauth-clients"] {
        for query in ["", "?q=laptop", "?limit=10", "?cursor=", "?sort=nonsense"] {
            full.get(&format!("{list}{query}")).await.expect_atlassian_error(500, "GENERIC_ERROR");
        }
        full.get(&format!("{list}?pageSize=10")).await.expect_ok();
        full.get(&format!("{list}?pageSize=0")).await.expect_atlassian_error(400, "INVALID_PAGE_SIZE");
    }
    for unpaged in ["/api-tokens/count", "/api-keys/count", "/service-accounts", "/service-accounts/api-tokens"] {
        full.get(unpaged).await.expect_ok();
    }
    app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG).get("/api-tokens").await.expect_ok();
}

#[apply(on_both_databases)]
async fn a_bad_query_can_be_a_500(app: TestApp) {
    app.seed_atlassian("      quirks: { bad_query_is_500: true }").await;
    let full = app.atlassian(FULL_KEY);
    for query in [
        "/api-tokens?status=ALLOWED",
        "/api-tokens?pageSize=0",
        "/api-tokens?cursor=nonsense",
        "/api-tokens?sort=CREATED_AT_DESC",
        "/api-tokens/count?createdAtUom=day",
        "/api-keys?keyType=x",
        "/api-keys/count?expiresAtSearchType=x",
        "/oauth-clients?pageSize=x",
    ] {
        full.get(query).await.expect_atlassian_error(500, "GENERIC_ERROR");
        let path = query.split_once('?').unwrap().0;
        full.get(path).await.expect_ok();
    }
    full.post("/service-accounts/count", "{}").await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    other.get("/api-tokens?status=ALLOWED").await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
}

#[apply(on_both_databases)]
async fn the_preview_can_be_missing(app: TestApp) {
    app.seed_atlassian("      quirks: { service_accounts: false }").await;
    let full = app.atlassian(FULL_KEY);
    let new = r#"{"displayName":"new account","permissionRules":[{"resource":"r","role":"atlassian/user"}]}"#;
    for (method, path, body) in [
        ("GET", "/service-accounts", ""),
        ("POST", "/service-accounts", new),
        ("PATCH", "/service-accounts", r#"{"atlassianId":"svc-1","description":"x"}"#),
        ("DELETE", "/service-accounts/svc-1", ""),
    ] {
        full.call(method, path, body).await.expect_gateway_error(404, "Request failed to match any route");
    }
    let counts = full.post("/service-accounts/count", r#"["svc-1"]"#).await.expect_ok();
    assert_eq!(counts["validServiceAccountIds"][0]["credentialsCount"], 2);
    assert_eq!(full.get("/service-accounts/svc-1/oauth-clients").await.list_member("clientId"), ["client-sync"]);
    app.seed_atlassian("      quirks: { service_accounts: true }").await;
    let list = full.get("/service-accounts").await.expect_ok();
    assert_eq!((&list["total"], &list["items"][0]["description"]), (&2.into(), &"Builds and deploys".into()));
}

#[apply(on_both_databases)]
async fn service_accounts_can_have_a_quota(app: TestApp) {
    app.seed_atlassian("      quirks: { service_account_quota: 3 }").await;
    let full = app.atlassian(FULL_KEY);
    let new = r#"{"displayName":"new account","permissionRules":[{"resource":"r","role":"atlassian/user"}]}"#;
    let third = full.post("/service-accounts", new).await;
    assert_eq!(third.status, 201);
    full.post("/service-accounts", new).await.expect_atlassian_error(409, "GENERIC_ERROR");
    full.post("/service-accounts", "{}").await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    assert_eq!(full.get("/service-accounts").await.expect_ok()["total"], 3);
    full.patch("/service-accounts", r#"{"atlassianId":"svc-1","description":"x"}"#).await.expect_ok();
    full.delete("/service-accounts/svc-2").await.expect_empty(204);
    assert_eq!(full.post("/service-accounts", new).await.status, 201);
    full.post("/service-accounts", new).await.expect_atlassian_error(409, "GENERIC_ERROR");
}
