//! Choices where the vendor's documents and observations disagree (atlassian-api-access §3, §7.18, §7.19).

use crate::support::{TestApp, apply, atlassian::OTHER_ORG, on_both_databases};

#[apply(on_both_databases)]
async fn a_missing_page_size_can_be_a_500(app: TestApp) {
    app.atlassian_seed("      quirks: { missing_page_size_is_500: true }").await;
    let full = app.full_key();
    for list in ["/api-tokens", "/api-keys", "/oauth-clients"] {
        for query in ["", "?q=laptop", "?limit=10", "?cursor=", "?sort=nonsense"] {
            full.get(&format!("{list}{query}")).await.service_error(500, "GENERIC_ERROR");
        }
        full.get(&format!("{list}?pageSize=10")).await.ok();
        full.get(&format!("{list}?pageSize=0")).await.service_error(400, "INVALID_PAGE_SIZE");
    }
    for unpaged in ["/api-tokens/count", "/api-keys/count", "/service-accounts", "/service-accounts/api-tokens"] {
        full.get(unpaged).await.ok();
    }
    app.api_key("demo-atlassian-other-key").at(OTHER_ORG).get("/api-tokens").await.ok();
}

#[apply(on_both_databases)]
async fn a_bad_query_can_be_a_500(app: TestApp) {
    app.atlassian_seed("      quirks: { bad_query_is_500: true }").await;
    let full = app.full_key();
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
        full.get(query).await.service_error(500, "GENERIC_ERROR");
        let path = query.split_once('?').unwrap().0;
        full.get(path).await.ok();
    }
    full.post("/service-accounts/count", "{}").await.service_error(400, "INVALID_FIELD_FORMAT");
    let other = app.api_key("demo-atlassian-other-key").at(OTHER_ORG);
    other.get("/api-tokens?status=ALLOWED").await.service_error(400, "INVALID_FIELD_FORMAT");
}

#[apply(on_both_databases)]
async fn the_preview_can_be_missing(app: TestApp) {
    app.atlassian_seed("      quirks: { service_accounts: false }").await;
    let full = app.full_key();
    let new = r#"{"displayName":"new account","permissionRules":[{"resource":"r","role":"atlassian/user"}]}"#;
    for (method, path, body) in [
        ("GET", "/service-accounts", ""),
        ("POST", "/service-accounts", new),
        ("PATCH", "/service-accounts", r#"{"atlassianId":"svc-1","description":"x"}"#),
        ("DELETE", "/service-accounts/svc-1", ""),
    ] {
        full.call(method, path, body).await.gateway(404, "Request failed to match any route");
    }
    let counts = full.post("/service-accounts/count", r#"["svc-1"]"#).await.ok();
    assert_eq!(counts["validServiceAccountIds"][0]["credentialsCount"], 2);
    assert_eq!(full.get("/service-accounts/svc-1/oauth-clients").await.each("clientId"), ["client-sync"]);
    app.atlassian_seed("      quirks: { service_accounts: true }").await;
    let list = full.get("/service-accounts").await.ok();
    assert_eq!((&list["total"], &list["items"][0]["description"]), (&2.into(), &"Builds and deploys".into()));
}

#[apply(on_both_databases)]
async fn there_can_be_a_quota(app: TestApp) {
    app.atlassian_seed("      quirks: { service_account_quota: 3 }").await;
    let full = app.full_key();
    let new = r#"{"displayName":"new account","permissionRules":[{"resource":"r","role":"atlassian/user"}]}"#;
    let third = full.post("/service-accounts", new).await;
    assert_eq!(third.status, 201);
    full.post("/service-accounts", new).await.service_error(409, "GENERIC_ERROR");
    full.post("/service-accounts", "{}").await.service_error(400, "INVALID_FIELD_FORMAT");
    assert_eq!(full.get("/service-accounts").await.ok()["total"], 3);
    full.patch("/service-accounts", r#"{"atlassianId":"svc-1","description":"x"}"#).await.ok();
    full.delete("/service-accounts/svc-2").await.empty(204);
    assert_eq!(full.post("/service-accounts", new).await.status, 201);
    full.post("/service-accounts", new).await.service_error(409, "GENERIC_ERROR");
}
