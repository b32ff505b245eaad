//! Users' API tokens (atlassian-api-access §6, §7.1–§7.3).

use serde_json::json;

use super::list_members;
use crate::support::{FULL_KEY, ORG, OTHER_ORG, OTHER_ORG_KEY, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn a_token_has_the_vendor_s_members(app: TestApp) {
    let page = app.atlassian(FULL_KEY).get("/api-tokens?q=LAPTOP").await.expect_ok();
    let token = &page["data"][0];
    assert_eq!(
        page,
        json!({
            "data": [{
                "id": token["id"],
                "label": "laptop",
                "status": "ALLOWED",
                "user": {
                    "id": token["user"]["id"],
                    "name": "Bob Ray",
                    "email": "bob@example.test",
                    "appType": null,
                    "orgId": ORG,
                    "userStatus": null,
                },
                "createdAt": "2025-12-06T09:00:00.000Z",
                "expiresAt": "2026-12-06T09:00:00.000Z",
                "lastActiveAt": "2026-01-14T09:00:00.000Z",
                "scopes": [],
                "createdBy": null,
            }],
            "links": { "self": page["links"]["self"] },
        })
    );
    assert_eq!(token["id"].as_str().unwrap().len(), 36);
    assert!(token["user"]["id"].as_str().unwrap().starts_with("712020:"), "{token}");
}

#[apply(on_both_databases)]
async fn what_a_token_does_not_have_is_left_out(app: TestApp) {
    let token =
        async |q: &str| app.atlassian(FULL_KEY).get(&format!("/api-tokens?q={q}")).await.expect_ok()["data"][0].clone();
    let always = ["createdAt", "createdBy", "id", "label", "scopes", "status", "user"];
    let with = |more: &'static str| {
        let mut all: Vec<&str> = always.into_iter().chain([more]).collect();
        all.sort_unstable();
        all
    };
    let never_used = token("never%20used").await;
    assert_eq!(list_members(&never_used), with("expiresAt"));
    assert_eq!(never_used["scopes"], json!(["read:jira-work"]));
    assert_eq!(list_members(&token("old%20script").await), with("lastActiveAt"));
    assert_eq!(token("blocked%20by").await["status"], "BLOCKED");
}

#[apply(on_both_databases)]
async fn pages_follow_one_another_and_back(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let whole = full.get("/api-tokens?pageSize=1000").await;
    assert_eq!(list_members(&whole.expect_ok()["links"]), ["self"]);
    let whole = whole.list_member("id");
    assert_eq!(whole.len(), 254);
    assert_eq!(full.get("/api-tokens").await.list_member("id"), whole[..20], "20 is what there is by default");
    let (mut seen, mut back, mut links) = (Vec::new(), Vec::new(), json!({"next": ""}));
    while let Some(cursor) = links["next"].as_str() {
        let page = full.get(&format!("/api-tokens?pageSize=100&cursor={cursor}")).await;
        let repeated = page.expect_ok()["links"]["self"].as_str().unwrap().to_owned();
        assert_eq!(
            full.get(&format!("/api-tokens?pageSize=100&cursor={repeated}")).await.list_member("id"),
            page.list_member("id")
        );
        assert_eq!(page.expect_ok()["links"].get("prev").is_some(), !seen.is_empty());
        assert!(!repeated.contains(['/', '&', '=']), "a bare cursor: {repeated}");
        seen.extend(page.list_member("id"));
        links = page.expect_ok()["links"].clone();
    }
    assert_eq!(seen, whole);
    while let Some(cursor) = links["prev"].as_str() {
        let page = full.get(&format!("/api-tokens?pageSize=100&cursor={cursor}")).await;
        back.splice(0..0, page.list_member("id"));
        links = page.expect_ok()["links"].clone();
    }
    assert_eq!(back, whole[..200]);
}

#[apply(on_both_databases)]
async fn a_cursor_remembers_neither_filters_nor_page_size(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let first = full.get("/api-tokens?pageSize=3&status=allowed&sort=label&q=token").await;
    assert_eq!(first.list_member("label"), ["token-000001", "token-000002", "token-000003"]);
    let cursor = first.expect_ok()["links"]["next"].as_str().unwrap().to_owned();
    let next = full.get(&format!("/api-tokens?sort=label&q=token&cursor={cursor}")).await.list_member("label");
    assert_eq!((next.len(), next[0].as_str()), (20, "token-000004"));
    let others = full.get(&format!("/api-tokens?sort=label&q=0000&cursor={cursor}&pageSize=2")).await;
    assert_eq!(others.list_member("label"), ["token-000004", "token-000005"]);
    let none = full.get(&format!("/api-tokens?sort=label&status=blocked&cursor={cursor}")).await.expect_ok();
    assert_eq!(none["data"], json!([]));
    full.get(&format!("/api-tokens?cursor={cursor}")).await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
}

#[apply(on_both_databases)]
async fn tokens_are_sorted_by_any_field(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let any_time = "createdAtSearchType=range&createdAtFrom=2020-01-01&pageSize=1000";
    let labels = async |sort: &str| {
        let labels = full.get(&format!("/api-tokens?{any_time}&sort={sort}")).await.list_member("label");
        let named = labels.into_iter().filter(|label| !label.starts_with("token-"));
        named.collect::<Vec<_>>()
    };
    assert_eq!(labels("label").await, ["blocked by policy", "laptop", "never used", "old script"]);
    assert_eq!(labels("-label").await, ["old script", "never used", "laptop", "blocked by policy"]);
    assert_eq!(labels("createdAt").await, ["old script", "laptop", "blocked by policy", "never used"]);
    assert_eq!(labels("user.name,-label").await, ["old script", "laptop", "never used", "blocked by policy"]);
    // Bob, Cleo, Dan.
    assert_eq!(labels("-user.name,label").await, ["blocked by policy", "never used", "laptop", "old script"]);
    assert_eq!(labels("-lastActiveAt").await, ["laptop", "blocked by policy", "old script", "never used"]);
    assert_eq!(labels("-expiresAt").await[..2], ["never used", "laptop"]);
    let first = full.get("/api-tokens?pageSize=1").await.list_member("label");
    assert_eq!(first, full.get("/api-tokens?pageSize=1&sort=-lastActiveAt").await.list_member("label"));
}

#[apply(on_both_databases)]
async fn a_count_is_of_what_the_list_holds(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for (filter, named) in [
        ("", &["blocked by policy", "laptop", "never used", "old script"][..]),
        ("status=blocked", &["blocked by policy"]),
        ("status=allowed", &["laptop", "never used", "old script"]),
        ("q=cLEO", &["never used"]),
        ("q=bob@EXAMPLE", &["laptop", "old script"]),
        ("q=nobody", &[]),
        ("q=", &["blocked by policy", "laptop", "never used", "old script"]),
        ("createdAtSearchType=gt&createdAtUom=week&createdAtValue=80", &["old script"]),
        ("createdAtSearchType=lt&createdAtUom=day&createdAtValue=4", &["never used"]),
        ("lastActiveAtSearchType=lt&lastActiveAtUom=hour&lastActiveAtValue=25", &["laptop"]),
        (
            "createdAtSearchType=range&createdAtFrom=2025-12-26T09:00:00Z&createdAtTo=2025-12-26T09:00:00Z",
            &["blocked by policy"],
        ),
        ("createdAtSearchType=range_time&createdAtRangeFrom=-1w&createdAtRangeTo=-1d", &["never used"]),
        ("lastActiveAtSearchType=range_time&lastActiveAtRangeTo=-52w", &["old script"]),
        ("status=allowed&q=bob&createdAtSearchType=gt&createdAtUom=day&createdAtValue=400", &["old script"]),
        // Companions of another type do not matter; nor does what only API keys can be asked for.
        ("q=laptop&createdAtSearchType=range&createdAtFrom=2020-01-01&createdAtUom=year", &["laptop"]),
        ("q=laptop&expiresAtSearchType=nonsense", &["laptop"]),
    ] {
        let all = full.get(&format!("/api-tokens?pageSize=1000&sort=label&{filter}")).await.list_member("label");
        let count = full.get(&format!("/api-tokens/count?{filter}")).await;
        assert_eq!(count.header("content-type"), Some("application/json"));
        assert_eq!(count.text(), all.len().to_string(), "{filter}");
        let found: Vec<_> = all.iter().filter(|label| !label.starts_with("token-")).collect();
        assert_eq!(found, named, "{filter}");
    }
}

#[apply(on_both_databases)]
async fn revoking_removes_users_tokens_and_nothing_else(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    full.delete("/api-tokens").await.expect_empty(204);
    assert_eq!(full.get("/api-tokens/count").await.text(), "0");
    let page = full.get("/api-tokens").await.expect_ok();
    assert_eq!((&page["data"], list_members(&page["links"])), (&json!([]), vec!["self"]));
    full.delete("/api-tokens").await.expect_empty(404);
    assert_eq!(full.get("/service-accounts/api-tokens").await.list_member("label").len(), 2);
    assert_eq!(full.get("/api-keys/count").await.text(), "3");
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    assert_eq!(other.get("/api-tokens/count").await.text(), "1");
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!(full.get("/api-tokens/count").await.text(), "254");
}

#[apply(on_both_databases)]
async fn revoking_nothing_is_a_204_where_a_quirk_says_so(app: TestApp) {
    app.seed_atlassian("      quirks: { empty_bulk_revoke_status: 204 }").await;
    let full = app.atlassian(FULL_KEY);
    full.delete("/api-tokens").await.expect_empty(204);
    full.delete("/api-tokens").await.expect_empty(204);
}

/// There is no status for it: it leaves the list, the count and the page, and cannot be revoked.
#[apply(on_both_databases)]
async fn an_expired_token_is_gone(app: TestApp) {
    app.control().post("/seed?mode=replace", EXPIRING).await.expect_ok();
    let full = app.atlassian("key");
    let list = async || {
        let mut labels = full.get("/api-tokens?pageSize=1000").await.list_member("label");
        labels.sort_unstable();
        labels
    };
    let counts = async || {
        let mut counts = Vec::new();
        for query in [
            "",
            "?status=allowed",
            "?status=blocked",
            "?q=n",
            "?lastActiveAtSearchType=gt&lastActiveAtUom=day&lastActiveAtValue=0",
        ] {
            counts.push(full.get(&format!("/api-tokens/count{query}")).await.text().to_owned());
        }
        counts.join(" ")
    };
    assert_eq!(list().await, ["for ever", "gone soon", "soon blocked"]);
    assert_eq!(counts().await, "3 2 1 2 1");
    let soon = full.get("/api-tokens?q=gone").await.expect_ok()["data"][0]["id"].as_str().unwrap().to_owned();
    app.advance_clock("59m").await;
    assert_eq!(counts().await, "3 2 1 2 1");
    app.advance_clock("1m").await;
    assert_eq!((list().await, counts().await), (vec!["for ever".to_owned()], "1 1 0 0 0".to_owned()));
    let revoke = async |id: &str| {
        let path = format!("/organizations/6700001/atlassian/api-tokens{id}");
        app.control().call("DELETE", &path, json!({"actor": "bob@example.test"})).await
    };
    revoke(&format!("/{soon}")).await.expect_problem(404);
    assert_eq!(revoke("").await.expect_ok()["api_tokens"], 0);
    revoke("").await.expect_problem(404);
    app.control().post("/reset", "").await.expect_ok();
    app.control()
        .post("/seed?mode=replace", EXPIRING.replace("      - { user: bob@example.test, label: for ever }\n", ""))
        .await
        .expect_ok();
    app.advance_clock("1h").await;
    let none = full.delete("/api-tokens").await;
    assert_eq!((none.status.as_u16(), none.text()), (404, ""), "none that has not expired");
}

const EXPIRING: &str = "\
version: 1
clock: 2026-01-15T09:00:00Z
organizations:
  - name: Example Corp
    customer_code: 6700001
    org_id: 8f2b0c1e-0000-4000-8000-000000000001
    people: [{ email: bob@example.test }]
    atlassian:
      api_keys: [{ label: key, token: key }]
      api_tokens:
      - { user: bob@example.test, label: for ever }
      - { user: bob@example.test, label: gone soon, expires_at: +1h, last_active_at: -1d }
      - { user: bob@example.test, label: soon blocked, expires_at: +1h, status: blocked }
      - { user: bob@example.test, label: gone already, created_at: -2y, expires_at: -1y, last_active_at: -1y }
";
