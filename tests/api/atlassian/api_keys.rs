//! API keys (atlassian-api-access §7.8–§7.10).

use serde_json::json;

use super::list_members;
use crate::support::{FULL_KEY, ORG, OTHER_ORG, OTHER_ORG_KEY, READER_KEY, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn a_key_has_the_vendor_s_members(app: TestApp) {
    let page = app.atlassian(FULL_KEY).get("/api-keys?q=full").await.expect_ok();
    let ann = json!({
        "id": "712020:ann",
        "name": "Ann Lee",
        "email": "ann@example.test",
        "appType": null,
        "orgId": ORG,
        "userStatus": null,
    });
    assert_eq!(
        page,
        json!({
            "data": [{
                "id": page["data"][0]["id"],
                "label": "full",
                "keyType": "CLOUD_ADMIN",
                "createdAt": "2025-12-16T09:00:00.000Z",
                "expiresAt": "2027-01-15T09:00:00.000Z",
                "lastActiveAt": "2026-01-15T09:00:00.000Z",
                "resource": format!("ari:cloud:platform::org/{ORG}"),
                "orgId": ORG,
                "createdBy": ann,
                "scopes": [],
                "token": null,
                "revokedBy": null,
                "revocationDate": null,
            }],
            "links": { "self": page["links"]["self"] },
        })
    );
    let reader = app.atlassian(FULL_KEY).get("/api-keys?q=reader").await.expect_ok()["data"][0].clone();
    assert_eq!(list_members(&reader), list_members(&page["data"][0]));
    assert_eq!(reader["lastActiveAt"], reader["createdAt"], "never used");
    assert_eq!(reader["scopes"], json!(["read:tokens:admin"]));
}

#[apply(on_both_databases)]
async fn no_answer_shows_a_key(app: TestApp) {
    let keys = app.atlassian(FULL_KEY).get("/api-keys").await;
    assert_eq!(keys.list_member("label").len(), 3);
    assert!(!keys.text().contains("demo-atlassian"), "{}", keys.text());
}

#[apply(on_both_databases)]
async fn a_count_is_of_what_the_list_holds(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for (filter, labels) in [
        ("", &["expired", "full", "reader"][..]),
        ("keyType=CLOUD_ADMIN", &["expired", "full", "reader"]),
        ("q=ANN%20lee", &["expired", "full", "reader"]),
        ("q=olga", &[]),
        ("q=read", &["reader"]),
        ("expiresAtSearchType=gt&expiresAtUom=day&expiresAtValue=100", &["full"]),
        ("expiresAtSearchType=lt&expiresAtUom=day&expiresAtValue=100", &["expired", "reader"]),
        ("expiresAtSearchType=range_time&expiresAtRangeFrom=1d&expiresAtRangeTo=13w", &["reader"]),
        ("expiresAtSearchType=range&expiresAtTo=2026-01-15T09:00:00Z", &["expired"]),
        ("lastActiveAtSearchType=lt&lastActiveAtUom=minute&lastActiveAtValue=61", &["full"]),
        ("lastActiveAtSearchType=gt&lastActiveAtUom=week&lastActiveAtValue=5", &["expired", "reader"]),
        // Only tokens can be asked for by when they were made, and by status.
        ("createdAtSearchType=nonsense&status=nonsense", &["expired", "full", "reader"]),
    ] {
        assert_eq!(full.get(&format!("/api-keys?sort=label&{filter}")).await.list_member("label"), labels, "{filter}");
        assert_eq!(full.get(&format!("/api-keys/count?{filter}")).await.text(), labels.len().to_string(), "{filter}");
    }
}

#[apply(on_both_databases)]
async fn keys_are_sorted_and_paged(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let labels = async |query: &str| full.get(&format!("/api-keys?{query}")).await.list_member("label");
    assert_eq!(labels("").await, ["full", "expired", "reader"]);
    assert_eq!(labels("sort=expiresAt").await, ["expired", "reader", "full"]);
    assert_eq!(labels("sort=createdBy.name,-label").await, ["reader", "full", "expired"]);
    app.seed_atlassian(
        "      api_keys: [{ label: k1 }, { label: k2 }, { label: k3 }, { label: k4, created_by: bob@example.test }]",
    )
    .await;
    let first = full.get("/api-keys?pageSize=5&sort=label").await;
    assert_eq!(first.list_member("label"), ["expired", "full", "k1", "k2", "k3"]);
    let next = first.expect_ok()["links"]["next"].as_str().unwrap().to_owned();
    let second = full.get(&format!("/api-keys?pageSize=5&sort=label&cursor={next}")).await;
    assert_eq!(second.list_member("label"), ["k4", "reader"]);
    assert_eq!(list_members(&second.expect_ok()["links"]), ["prev", "self"]);
    assert_eq!(labels("sort=-createdBy.name&pageSize=100").await[0], "k4");
    for size in [5, 10, 20, 25, 40, 50, 60, 75, 80, 100] {
        assert_eq!(labels(&format!("pageSize={size}")).await.len(), 7.min(size));
    }
}

#[apply(on_both_databases)]
async fn a_revoked_key_is_neither_listed_nor_accepted(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let reader = app.atlassian(READER_KEY);
    reader.get("/api-tokens").await.expect_ok();
    let id = full.get("/api-keys?q=reader").await.list_member("id").remove(0);
    full.patch(&format!("/api-keys/revoke/{id}"), "{}").await.expect_empty(204);
    reader.get("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
    assert_eq!(full.get("/api-keys?sort=label").await.list_member("label"), ["expired", "full"]);
    assert_eq!(full.get("/api-keys/count").await.text(), "2");
    full.patch(&format!("/api-keys/revoke/{id}"), "{}").await.expect_atlassian_error(400, "GENERIC_ERROR");
    app.control().post("/reset", "").await.expect_ok();
    reader.get("/api-tokens").await.expect_ok();
}

#[apply(on_both_databases)]
async fn the_calling_key_revokes_itself(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let id = full.get("/api-keys?q=full").await.list_member("id").remove(0);
    full.patch(&format!("/api-keys/revoke/{id}"), "").await.expect_empty(204);
    full.get("/api-keys").await.expect_gateway_error(401, "Unauthorized");
    full.patch(&format!("/api-keys/revoke/{id}"), "").await.expect_gateway_error(401, "Unauthorized");
}

#[apply(on_both_databases)]
async fn unknown_and_foreign_keys_cannot_be_revoked(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    let foreign = other.get("/api-keys").await.list_member("id").remove(0);
    let label = "full";
    for id in [foreign.as_str(), label, "demo-atlassian-key", "00000000-0000-0000-0000-000000000000", "a%00b", "a%2Fb"]
    {
        full.patch(&format!("/api-keys/revoke/{id}"), "{}").await.expect_atlassian_error(400, "GENERIC_ERROR");
    }
    full.patch("/api-keys/revoke/%ff", "{}").await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    assert_eq!(other.get("/api-keys/count").await.text(), "1");
    assert_eq!(full.get("/api-keys/count").await.text(), "3");
}

/// The `lastActiveAt` of the key `full`, as the list shows it to the other one.
async fn read_last_active(app: &TestApp) -> String {
    let keys = app.atlassian("second").get("/api-keys?q=full").await.expect_ok();
    keys["data"][0]["lastActiveAt"].as_str().unwrap().to_owned()
}

const TWO_KEYS: &str = "\
version: 1
clock: 2026-01-15T09:00:00Z
organizations:
  - name: Example Corp
    customer_code: 6700001
    org_id: 8f2b0c1e-0000-4000-8000-000000000001
    people: [{ email: ann@example.test }]
    atlassian:
      api_keys:
      - { label: full, token: full, created_at: -30d }
      - { label: second, token: second, created_at: -20d, last_active_at: -10d, scopes: ['read:keys:admin'] }
";

#[apply(on_both_databases)]
async fn a_call_moves_the_key_s_last_activity_by_the_minute(app: TestApp) {
    app.control().post("/seed?mode=replace", TWO_KEYS).await.expect_ok();
    let (full, second) = (app.atlassian("full"), app.atlassian("second"));
    assert_eq!(read_last_active(&app).await, "2025-12-16T09:00:00.000Z", "never used: when it was made");
    // What is refused is no use: an unknown organization, a scope that the key lacks, a path that there is not.
    full.in_organization(OTHER_ORG).get("/api-keys").await.expect_atlassian_error(403, "GENERIC_ERROR");
    full.get("/nothing").await.expect_gateway_error(404, "Request failed to match any route");
    app.control().put("/rate-limits", json!({"limit": 0})).await.expect_ok();
    assert_eq!(full.get("/api-keys").await.status, 429);
    app.control().put("/rate-limits", json!({"limit": 1000})).await.expect_ok();
    assert_eq!(read_last_active(&app).await, "2025-12-16T09:00:00.000Z");
    let key = full.get("/api-keys?q=full").await.expect_ok()["data"][0].clone();
    assert_eq!(key["lastActiveAt"], "2026-01-15T09:00:00.000Z", "the key that asks is in use");
    for (by, expected) in [("59s", "09:00:00"), ("1s", "09:01:00"), ("30s", "09:01:00"), ("1h", "10:01:30")] {
        app.advance_clock(by).await;
        full.get("/api-keys/count").await.expect_ok();
        assert_eq!(read_last_active(&app).await, format!("2026-01-15T{expected}.000Z"), "{by} later");
    }
    assert_eq!(full.get("/api-keys?sort=lastActiveAt").await.list_member("label").last().unwrap(), "full");
    // A clock that was put back, too.
    app.freeze_clock("2026-01-15T09:30:00Z").await;
    full.get("/api-keys/count").await.expect_ok();
    assert_eq!(read_last_active(&app).await, "2026-01-15T09:30:00.000Z");
    second.get("/api-tokens").await.expect_atlassian_error(403, "GENERIC_ERROR");
}

/// What is remembered of a key is of one generation of its space.
#[apply(on_both_databases)]
async fn last_activity_outlives_neither_a_reset_nor_an_import(app: TestApp) {
    app.control().post("/seed?mode=replace", TWO_KEYS).await.expect_ok();
    let full = app.atlassian("full");
    let unused = app.control().get("/state").await.text().to_owned();
    app.control().put("/snapshots/unused", "").await.expect_ok();
    full.get("/api-keys/count").await.expect_ok();
    let used = app.control().get("/state").await.text().to_owned();
    assert_ne!(unused, used, "it is part of the state");
    assert_eq!(read_last_active(&app).await, "2026-01-15T09:00:00.000Z");
    for back in ["import", "restore", "seed"] {
        match back {
            "import" => app.control().put("/state", &unused).await.expect_ok(),
            "restore" => app.control().post("/snapshots/unused/restore", "").await.expect_ok(),
            _ => app.control().post("/seed?mode=replace", TWO_KEYS).await.expect_ok(),
        };
        assert_eq!(read_last_active(&app).await, "2025-12-16T09:00:00.000Z", "{back}");
        full.get("/api-keys/count").await.expect_ok();
        assert_eq!(read_last_active(&app).await, "2026-01-15T09:00:00.000Z", "{back}");
    }
}

/// It is no change of the space: ids that are made later are the same, however often a key was used.
#[apply(on_both_databases)]
async fn a_use_raises_no_revision(app: TestApp) {
    let revision = async || app.app.space("default").await.unwrap().revision;
    let before = revision().await;
    app.atlassian(READER_KEY).get("/api-tokens/count").await.expect_ok();
    assert_eq!(revision().await, before);
}
