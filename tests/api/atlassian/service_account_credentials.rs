//! API tokens and OAuth clients of service accounts, by account (atlassian-api-access §7.4–§7.7, §7.16, §7.17).

use serde_json::{Value, json};

use super::list_members;
use crate::support::{FULL_KEY, ORG, OTHER_ORG, OTHER_ORG_KEY, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn a_token_has_the_vendor_s_members(app: TestApp) {
    let all = app.atlassian(FULL_KEY).get("/service-accounts/api-tokens").await.expect_ok();
    let account = json!({
        "id": "svc-1",
        "name": "build-bot",
        "email": all[0]["user"]["email"],
        "appType": null,
        "orgId": ORG,
        "userStatus": null,
    });
    assert!(account["email"].as_str().unwrap().ends_with("@serviceaccount.atlassian.com"));
    assert_eq!(
        all,
        json!([
            {
                "id": all[0]["id"],
                "label": "last year's",
                "status": "EXPIRED",
                "user": account,
                "createdAt": "2024-12-11T09:00:00.000Z",
                "expiresAt": "2025-12-11T09:00:00.000Z",
                "scopes": ["read:jira-work"],
                "createdBy": null,
            },
            {
                "id": all[1]["id"],
                "label": "ci",
                "status": "ALLOWED",
                "user": account,
                "createdAt": "2026-01-05T09:00:00.000Z",
                "expiresAt": "2026-04-15T09:00:00.000Z",
                "lastActiveAt": "2026-01-15T08:00:00.000Z",
                "scopes": ["read:jira-work"],
                "createdBy": null,
            },
        ])
    );
    assert_ne!(all[0]["id"], all[1]["id"]);
    assert_eq!(app.atlassian(FULL_KEY).get("/service-accounts/svc-1/api-tokens").await.expect_ok(), all);
    assert_eq!(app.atlassian(FULL_KEY).get("/service-accounts/svc-2/api-tokens").await.expect_ok(), json!([]));
}

#[apply(on_both_databases)]
async fn a_client_has_the_vendor_s_members(app: TestApp) {
    let all = app.atlassian(FULL_KEY).get("/service-accounts/oauth-clients").await.expect_ok();
    assert_eq!(
        all,
        json!([{
            "clientId": "client-sync",
            "clientName": "sync",
            "serviceAccount": {
                "id": "svc-1",
                "name": "build-bot",
                "email": all[0]["serviceAccount"]["email"],
                "appType": null,
                "orgId": ORG,
                "userStatus": null,
            },
            "scopes": ["read:jira-work"],
            "createdAt": "2026-01-05T09:00:00.000Z",
            "expiresAt": null,
            "createdBy": null,
            "clientRevocationTime": null,
            "clientRevokerId": null,
        }])
    );
    assert_eq!(app.atlassian(FULL_KEY).get("/service-accounts/svc-1/oauth-clients").await.expect_ok(), all);
    assert_eq!(app.atlassian(FULL_KEY).get("/service-accounts/svc-2/oauth-clients").await.expect_ok(), json!([]));
}

#[apply(on_both_databases)]
async fn a_revoked_client_tells_when_it_was_revoked(app: TestApp) {
    app.seed_atlassian(
        "      service_accounts:
        - id: svc-2
          name: report-bot
          oauth_clients: [{ id: lost, name: lost, status: revoked, created_at: -2d, expires_at: +1d }]",
    )
    .await;
    let lost = app.atlassian(FULL_KEY).get("/service-accounts/svc-2/oauth-clients").await.expect_ok()[0].clone();
    assert_eq!(lost["clientRevocationTime"], "2026-01-15T09:00:00.000Z");
    assert_eq!(lost["expiresAt"], "2026-01-16T09:00:00.000Z");
}

#[apply(on_both_databases)]
async fn lists_are_searched_by_parts_of_labels_and_names(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let labels = async |query: &str| full.get(&format!("/service-accounts/{query}")).await.list_member("label");
    assert_eq!(labels("api-tokens?tokenLabel=YEAR").await, ["last year's"]);
    assert_eq!(labels("svc-1/api-tokens?tokenLabel=c").await, ["ci"]);
    assert_eq!(labels("api-tokens?tokenLabel=%25").await, [""; 0], "% is a letter like others");
    assert_eq!(labels("api-tokens?tokenLabel=").await.len(), 2);
    assert_eq!(labels("api-tokens?q=ci&limit=1&pageSize=1").await.len(), 2, "not paged");
    for (query, found) in [("clientName=YN", 1), ("clientName=nothing", 0), ("clientName=", 1)] {
        for account_path in ["", "svc-1/"] {
            assert_eq!(
                full.get(&format!("/service-accounts/{account_path}oauth-clients?{query}"))
                    .await
                    .list_member("clientName")
                    .len(),
                found
            );
        }
    }
}

#[apply(on_both_databases)]
async fn a_token_expires_by_the_clock(app: TestApp) {
    let status =
        async || app.atlassian(FULL_KEY).get("/service-accounts/api-tokens?tokenLabel=ci").await.list_member("status");
    app.advance_clock("89d").await;
    assert_eq!(status().await, ["ALLOWED"]);
    app.advance_clock("1d").await;
    assert_eq!(status().await, ["EXPIRED"]);
}

#[apply(on_both_databases)]
async fn revoking_takes_the_tokens_of_one_account(app: TestApp) {
    app.seed_atlassian("      service_accounts: [{ id: svc-2, name: report-bot, tokens: [{ label: own }] }]").await;
    let full = app.atlassian(FULL_KEY);
    // Only lists can be searched, so the label is ignored here.
    full.delete("/service-accounts/svc-1/api-tokens?tokenLabel=ci").await.expect_empty(204);
    assert_eq!(full.get("/service-accounts/api-tokens").await.list_member("label"), ["own"]);
    assert_eq!(full.get("/service-accounts/svc-1/api-tokens").await.expect_ok(), json!([]));
    assert_eq!(full.get("/service-accounts/svc-1/oauth-clients").await.list_member("clientId"), ["client-sync"]);
    assert_eq!(full.get("/api-tokens/count").await.text(), "254");
    full.delete("/service-accounts/svc-1/api-tokens").await.expect_empty(204);
    let counts = full.post("/service-accounts/count", r#"["svc-1","svc-2"]"#).await.expect_ok();
    let counts: Vec<&Value> =
        counts["validServiceAccountIds"].as_array().unwrap().iter().map(|it| &it["credentialsCount"]).collect();
    assert_eq!(counts, [0, 1]);
}

#[apply(on_both_databases)]
async fn unknown_and_foreign_accounts_are_not_found(app: TestApp) {
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    for (caller, id) in [(&app.atlassian(FULL_KEY), "svc-9"), (&app.atlassian(FULL_KEY), "a%00b"), (&other, "svc-1")] {
        for what in ["api-tokens", "oauth-clients"] {
            caller.get(&format!("/service-accounts/{id}/{what}")).await.expect_atlassian_error(404, "GENERIC_ERROR");
        }
        caller.delete(&format!("/service-accounts/{id}/api-tokens")).await.expect_atlassian_error(404, "GENERIC_ERROR");
    }
    for what in ["api-tokens", "oauth-clients"] {
        app.atlassian(FULL_KEY)
            .get(&format!("/service-accounts/%ff/{what}"))
            .await
            .expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
        assert_eq!(other.get(&format!("/service-accounts/{what}")).await.expect_ok(), json!([]));
    }
    assert_eq!(app.atlassian(FULL_KEY).get("/service-accounts/api-tokens").await.list_member("label").len(), 2);
}

#[apply(on_both_databases)]
async fn counts_come_in_the_order_of_the_ids(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let counts =
        full.post("/service-accounts/count", r#"["x","svc-2","svc-1","svc-2","","x","a\u0000b"]"#).await.expect_ok();
    assert_eq!(list_members(&counts), ["invalidServiceAccountIds", "validServiceAccountIds"]);
    assert_eq!(counts["invalidServiceAccountIds"], json!(["x", "", "a\0b"]));
    assert_eq!(
        counts["validServiceAccountIds"],
        json!([
            { "serviceAccountId": "svc-2", "credentialsCount": 0 },
            { "serviceAccountId": "svc-1", "credentialsCount": 2 },
        ])
    );
    let none = full.post("/service-accounts/count", "[]").await;
    assert_eq!(none.text(), r#"{"validServiceAccountIds":[],"invalidServiceAccountIds":[]}"#);
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    assert_eq!(
        other.post("/service-accounts/count", r#"["svc-1"]"#).await.expect_ok()["invalidServiceAccountIds"],
        json!(["svc-1"])
    );
}

#[apply(on_both_databases)]
async fn bad_lists_of_ids_are_refused(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let ids = |n: usize| json!((0..n).map(|n| format!("id-{n}")).collect::<Vec<_>>()).to_string();
    let long = |n: usize| json!(["ü".repeat(n)]).to_string();
    for (fits, beyond) in [(ids(100), ids(101)), (long(100), long(101))] {
        full.post("/service-accounts/count", &fits).await.expect_ok();
        full.post("/service-accounts/count", &beyond).await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    }
    for body in
        ["", "{}", r#"{"ids":["svc-1"]}"#, r#""svc-1""#, "[1]", "[null]", "null", r#"["svc-1""#, r#"["svc-1"] x"#]
    {
        full.post("/service-accounts/count", body).await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    }
}
