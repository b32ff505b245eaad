//! The organization's OAuth clients (atlassian-api-access §7.11–§7.15).

use serde_json::json;

use crate::support::{FULL_KEY, OTHER_ORG, OTHER_ORG_KEY, TestApp, apply, on_both_databases};

/// Three more: one per status.
const CLIENTS: &str = "      service_accounts:
        - id: svc-2
          name: report-bot
          oauth_clients:
            - { id: client-new, name: new, created_at: -1h }
            - { id: client-old, name: old, created_at: -90d, expires_at: -1d }
            - { id: client-lost, name: lost, created_at: -5d, status: revoked }";

#[apply(on_both_databases)]
async fn a_client_has_the_vendor_s_members(app: TestApp) {
    let client = json!({
        "clientId": "client-sync",
        "name": "sync",
        "status": "ACTIVE",
        "createdAt": 1_767_603_600_000_i64,
        "updatedAt": 1_767_603_600_000_i64,
    });
    let page = app.atlassian(FULL_KEY).get("/oauth-clients").await.expect_ok();
    assert_eq!(page, json!({ "data": [client], "links": { "self": page["links"]["self"] } }));
    assert_eq!(app.atlassian(FULL_KEY).get("/oauth-clients/client-sync").await.expect_ok(), client);
}

#[apply(on_both_databases)]
async fn clients_are_paged_newest_first_with_every_status(app: TestApp) {
    app.seed_atlassian(CLIENTS).await;
    let full = app.atlassian(FULL_KEY);
    let all = full.get("/oauth-clients").await;
    assert_eq!(all.list_member("clientId"), ["client-new", "client-lost", "client-sync", "client-old"]);
    assert_eq!(all.list_member("status"), ["ACTIVE", "REVOKED", "ACTIVE", "EXPIRED"]);
    let first = full.get("/oauth-clients?pageSize=3&cursor=").await;
    assert_eq!(first.list_member("name"), ["new", "lost", "sync"]);
    let next = first.expect_ok()["links"]["next"].as_str().unwrap().to_owned();
    let second = full.get(&format!("/oauth-clients?pageSize=3&cursor={next}")).await;
    assert_eq!(second.list_member("name"), ["old"]);
    let prev = second.expect_ok()["links"]["prev"].as_str().unwrap().to_owned();
    assert_eq!(
        full.get(&format!("/oauth-clients?pageSize=3&cursor={prev}")).await.list_member("name"),
        ["new", "lost", "sync"]
    );
}

#[apply(on_both_databases)]
async fn a_client_expires_by_the_clock(app: TestApp) {
    app.seed_atlassian(
        "      service_accounts:
        - { id: svc-2, name: report-bot, oauth_clients: [{ id: brief, name: brief, expires_at: +1h }] }",
    )
    .await;
    let status = async || app.atlassian(FULL_KEY).get("/oauth-clients/brief").await.expect_ok()["status"].clone();
    assert_eq!(status().await, "ACTIVE");
    app.advance_clock("3599s").await;
    assert_eq!(status().await, "ACTIVE");
    app.advance_clock("1s").await;
    assert_eq!(status().await, "EXPIRED");
}

#[apply(on_both_databases)]
async fn a_count_is_a_total_whatever_is_sent(app: TestApp) {
    app.seed_atlassian(CLIENTS).await;
    for body in ["", "{}", "[]", "nonsense"] {
        assert_eq!(app.atlassian(FULL_KEY).post("/oauth-clients/count", body).await.text(), r#"{"total":4}"#);
    }
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    assert_eq!(other.post("/oauth-clients/count", "").await.text(), r#"{"total":0}"#);
    app.atlassian(FULL_KEY).get("/oauth-clients/count").await.expect_gateway_error(405, "Method Not Allowed");
}

#[apply(on_both_databases)]
async fn a_deleted_client_is_gone(app: TestApp) {
    app.seed_atlassian(CLIENTS).await;
    let full = app.atlassian(FULL_KEY);
    full.delete("/oauth-clients/client-sync").await.expect_empty(204);
    full.get("/oauth-clients/client-sync").await.expect_atlassian_error(404, "GENERIC_ERROR");
    full.delete("/oauth-clients/client-sync").await.expect_atlassian_error(404, "GENERIC_ERROR");
    assert_eq!(full.get("/oauth-clients").await.list_member("clientId"), ["client-new", "client-lost", "client-old"]);
    assert_eq!(full.post("/oauth-clients/count", "").await.text(), r#"{"total":3}"#);
    assert_eq!(full.get("/service-accounts/svc-1/oauth-clients").await.expect_ok(), json!([]));
    assert_eq!(full.get("/service-accounts/svc-1/api-tokens").await.list_member("label").len(), 2);
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    other.delete("/oauth-clients/client-new").await.expect_atlassian_error(404, "GENERIC_ERROR");
    other.get("/oauth-clients/client-new").await.expect_atlassian_error(404, "GENERIC_ERROR");
    for id in ["nobody", "a%00b", "a%2Fb"] {
        full.get(&format!("/oauth-clients/{id}")).await.expect_atlassian_error(404, "GENERIC_ERROR");
        full.delete(&format!("/oauth-clients/{id}")).await.expect_atlassian_error(404, "GENERIC_ERROR");
    }
    full.get("/oauth-clients/%ff").await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    full.get("/oauth-clients/client-new").await.expect_ok();
}

#[apply(on_both_databases)]
async fn an_administrator_makes_a_client(app: TestApp) {
    let administrator = app.sign_in_to_atlassian("ann@example.test").await;
    let made = administrator.post("/oauth-clients", r#"{"name":"nightly","serviceAccountId":"svc-2"}"#).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let id = made["clientId"].as_str().unwrap();
    let now = 1_768_467_600_000_i64;
    assert_eq!(
        made,
        json!({ "clientId": id, "name": "nightly", "status": "ACTIVE", "createdAt": now, "updatedAt": now })
    );
    let full = app.atlassian(FULL_KEY);
    assert_eq!(full.get(&format!("/oauth-clients/{id}")).await.expect_ok(), made);
    let listed = full.get("/service-accounts/svc-2/oauth-clients").await.expect_ok();
    assert_eq!((&listed[0]["clientId"], &listed[0]["createdBy"]["id"]), (&id.into(), &"712020:ann".into()));
    assert_eq!(full.post("/oauth-clients/count", "").await.text(), r#"{"total":2}"#);
}

#[apply(on_both_databases)]
async fn bad_clients_are_refused(app: TestApp) {
    let administrator = app.sign_in_to_atlassian("ann@example.test").await;
    let make_body = |name: &str| json!({"name": name, "serviceAccountId": "svc-2"}).to_string();
    for body in [
        make_body(""),
        make_body("   "),
        make_body(&"x".repeat(256)),
        make_body("a\0b"),
        json!({"name": "nightly", "serviceAccountId": "svc-9"}).to_string(),
        json!({"name": "nightly", "serviceAccountId": "a\0b"}).to_string(),
        json!({"name": "nightly"}).to_string(),
        json!({"serviceAccountId": "svc-2"}).to_string(),
        json!({"name": 1, "serviceAccountId": "svc-2"}).to_string(),
        json!(null).to_string(),
        String::new(),
        "{".to_owned(),
    ] {
        administrator.post("/oauth-clients", &body).await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    }
    assert_eq!(app.atlassian(FULL_KEY).post("/oauth-clients/count", "").await.text(), r#"{"total":1}"#);
    for name in ["x", &"ü".repeat(255)] {
        let made = administrator.post("/oauth-clients", &make_body(name)).await;
        assert_eq!((made.status.as_u16(), &made.json()["name"]), (201, &name.into()));
    }
}
