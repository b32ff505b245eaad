//! The timeline: what was done to a space between its requests.

use serde_json::json;

use crate::support::{TestApp, apply, on_both_databases};

/// The notes of a space.
async fn told(app: &TestApp, space: &str) -> Vec<String> {
    let notes = app.control().get(&format!("/spaces/{space}/timeline")).await.expect_ok();
    notes.as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect()
}

#[apply(on_both_databases)]
async fn what_was_done_to_a_space_is_its_timeline(app: TestApp) {
    let control = app.control();
    control.post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    assert!(told(&app, "default").await.is_empty() && told(&app, "t1").await.is_empty());
    control.put("/snapshots/s", "").await.expect_ok();
    let rule = r#"{"match":{"operation":"getManagedEntityInfo"},"then":{"delay":"1ms"}}"#;
    let rule = control.post("/faults", rule).await.expect_ok();
    control.delete(&format!("/faults/{}", rule["id"].as_str().unwrap())).await.expect_ok();
    control.put("/spaces/t1/snapshots/s", "").await.expect_ok();
    let found = control.get("/credentials/reader").await.expect_ok()["id"].as_str().unwrap().to_owned();
    control.post(&format!("/credentials/{found}/expire"), "").await.expect_ok();
    control.post("/credentials/nobody/expire", "").await.expect_problem(404);
    let rotated = control.post("/credentials/reader/rotate", "").await.expect_ok();
    control.post("/requests/verify", r#"{"match":{},"count":{"exactly":0}}"#).await.expect_ok();
    let body = json!({"match": {"body": {"key": rotated["token"]}}, "then": {"status": 500, "body": "x".repeat(1000)}});
    control.post("/faults", &body).await.expect_ok();
    let notes = told(&app, "default").await;
    let about = r#"{"operation":"getManagedEntityInfo"} gets {"delay":"1ms"}"#;
    assert_eq!(
        notes[..5],
        [
            "snapshot s taken",
            &format!("fault made: {about}"),
            &format!("fault removed: {about}"),
            "the credential reader expired",
            "the credential reader got a new token",
        ]
    );
    assert!(notes[5].contains("[reader]") && notes[5].ends_with("xx…") && notes.len() == 6, "{notes:?}");
    assert_eq!(told(&app, "t1").await, ["snapshot s taken"]);
    control.post("/snapshots/s/restore", "").await.expect_ok();
    assert_eq!(told(&app, "default").await, ["snapshot s restored"], "the journal began anew");
    control.delete("/requests").await.expect_ok();
    assert!(told(&app, "default").await.is_empty());
    control.post("/seed", "version: 1").await.expect_ok();
    control.post("/seed?mode=replace", "version: 1").await.expect_ok();
    assert_eq!(told(&app, "default").await, ["a seed replaced everything"]);
}

#[apply(on_both_databases)]
async fn the_timeline_says_which_limits_which_seed_and_what_a_service_was_made_to_do(app: TestApp) {
    let control = app.control();
    control.put("/rate-limits", &json!({})).await.expect_ok();
    control.put("/rate-limits", &json!({"organization": "6700001"})).await.expect_ok();
    control.put("/rate-limits", &json!({"limit": 7, "window": "30s", "organization": "6700001"})).await.expect_ok();
    let seed = "version: 1\norganizations: [{name: Second Corp, customer_code: '6700009'}]";
    control.post("/seed?dry_run", seed).await.expect_ok();
    control.post("/seed?dry_run=false", seed).await.expect_ok();
    let ann = "ann@example.test";
    let of = |path: &str| format!("/organizations/6700001/{path}");
    let bob = json!({"actor": ann, "person": "bob@example.test", "role": "viewer"});
    let everything = json!({"actor": ann, "person": "bob@example.test", "roles": ["organization_admin"]});
    let (core, back_end) = (json!({"actor": ann, "name": "Core"}), json!({"actor": ann, "name": "Back", "id": 2009}));
    let (by_ann, off) = (json!({"actor": ann}), json!({"actor": ann, "enabled": false}));
    let token = json!({"actor": ann, "person": ann});
    let made = control.post(&of("jetbrains-account/tokens"), &token).await.expect_ok();
    for (method, path, body) in [
        ("POST", of("jetbrains-account/roles"), &bob),
        ("POST", of("jetbrains-account/roles"), &bob),
        ("PUT", of("jetbrains-account/roles"), &everything),
        ("PUT", format!("/spaces/default{}", of("jetbrains-account/teams/2001")), &core),
        ("PUT", of("jetbrains-account/teams/2001"), &core),
        ("POST", of("jetbrains-account/teams"), &back_end),
        ("DELETE", of("jetbrains-account/teams/2009"), &by_ann),
        ("DELETE", of("jetbrains-account/tokens"), &token),
        ("PUT", of("jetbrains-account/api"), &off),
        ("PUT", of("jetbrains-account/api"), &off),
        ("POST", of("atlassian/session"), &by_ann),
        ("DELETE", of("atlassian/api-keys/nobody"), &by_ann),
        ("DELETE", of("atlassian/api-tokens"), &by_ann),
        ("POST", "/vaults/example/token".to_owned(), &by_ann),
        ("DELETE", "/vaults/example/token".to_owned(), &by_ann),
    ] {
        control.call(method, &path, body).await;
    }
    let texts = told(&app, "default").await;
    assert_eq!(
        texts,
        [
            "limits were set: limit 7, organization 6700001, window 30s",
            "a seed was added: Second Corp (6700009)",
            "rotated the token of ann@example.test (organization) (organization 6700001, by ann@example.test)",
            "gave bob@example.test the role viewer in the organization (organization 6700001, by ann@example.test)",
            "took the role viewer in the organization from bob@example.test; gave bob@example.test the role \
             organization_admin in the organization (organization 6700001, by ann@example.test)",
            "renamed the team 2001 from Platform to Core (organization 6700001, by ann@example.test)",
            "made the team 2009, Back (organization 6700001, by ann@example.test)",
            "deleted the team 2009, Back (organization 6700001, by ann@example.test)",
            "removed the token of ann@example.test (organization) (organization 6700001, by ann@example.test)",
            "disabled the API (organization 6700001, by ann@example.test)",
            "opened a session of ann@example.test (organization 6700001, by ann@example.test)",
            "revoked the API token old script of bob@example.test; and 253 more (organization 6700001, by \
             ann@example.test)",
            "rotated the token of example (vault) (vault example, by ann@example.test)",
            "removed the token of example (vault) (vault example, by ann@example.test)",
        ],
        "what was so already is not said, nor what was refused"
    );
    assert!(!texts.concat().contains(made["token"].as_str().unwrap()));
}

#[apply(on_both_databases)]
async fn the_timeline_says_who_got_a_licence_and_who_was_denied_one(app: TestApp) {
    let control = app.control();
    let start = async |user: &str, product: &str| {
        let body = json!({"user": user, "product": product, "host": "dev-7"});
        app.control().post("/vaults/example/connections", &body).await.expect_ok()
    };
    let granted = start("dan@example.test", "GO").await;
    start("eve@example.test", "RDCPPP").await;
    let running = granted["connection"].as_str().unwrap();
    control.post(&format!("/vaults/example/connections/{running}/refresh"), "").await.expect_ok();
    let allocation = granted["allocation"]["id"].as_str().unwrap();
    let ann = json!({"actor": "ann@example.test"});
    control.call("DELETE", &format!("/vaults/example/allocations/{allocation}"), &ann).await.expect_ok();
    let texts = told(&app, "default").await;
    assert_eq!(
        texts,
        [
            "gave dan@example.test a licence of All Products Pack; let GoLand of dan@example.test run on dev-7 \
             (vault example)",
            "denied eve@example.test a licence for RDCPPP (vault example)",
            "heard of GoLand of dan@example.test on dev-7 (vault example)",
            "revoked All Products Pack of dan@example.test; gave dan@example.test a licence of All Products Pack; let \
             GoLand of dan@example.test run on dev-7 (vault example, by ann@example.test)",
        ]
    );
}

#[apply(on_both_databases)]
async fn what_changes_nothing_is_in_no_timeline(app: TestApp) {
    let control = app.control();
    let limit = json!({"limit": 7, "window": "30s", "organization": "6700001"});
    let now = json!({"mode": "frozen", "now": "2026-01-15T09:00:00Z"});
    let key = control.get("/credentials/expired").await.expect_ok()["id"].as_str().unwrap().to_owned();
    control.put("/rate-limits", &limit).await.expect_ok();
    control.put("/clock", &now).await.expect_ok();
    control.delete("/requests").await.expect_ok();
    for (method, path, body) in [
        ("DELETE", "/faults", json!(null)),
        ("DELETE", "/requests", json!(null)),
        ("POST", "/rate-limits/reset", json!(null)),
        ("PUT", "/rate-limits", limit),
        ("PUT", "/clock", now),
        ("POST", "/clock/advance", json!({"by": "0s"})),
        ("POST", "/seed", json!({"version": 1})),
        ("POST", &format!("/credentials/{key}/expire"), json!(null)),
    ] {
        control.call(method, path, &body).await.expect_ok();
        assert_eq!(control.get("/timeline").await.expect_ok(), json!([]), "{method} {path}");
    }
    let rule = json!({"match": {"operation": "getManagedEntityInfo"}, "then": {"status": 503}});
    control.post("/faults", &rule).await.expect_ok();
    app.atlassian("demo-atlassian-key").get("/api-tokens/count").await.expect_ok();
    control.delete("/faults").await.expect_ok();
    control.post("/rate-limits/reset", "").await.expect_ok();
    control.post("/clock/advance", r#"{"by":"1h"}"#).await.expect_ok();
    let texts = told(&app, "default").await;
    assert_eq!(texts[1..], ["all faults removed", "counting started over", "clock +1 h → 2026-01-15 10:00:00 frozen"]);
}
