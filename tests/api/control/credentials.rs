//! `/_emulator/credentials`: listed, expired, revoked, rotated.

use serde_json::{Value, json};

use crate::support::{Answer, Database, FULL_KEY, NOW, Role, TestApp, apply, database_url, on_both_databases};

/// Sends a request with a credential to its service.
async fn use_credential(app: &TestApp, kind: &str, token: &str) -> Answer {
    match kind {
        "jetbrains_token" => app.jetbrains_account_token(token, "6700001").get("/token").await,
        "api_key" => app.atlassian(token).get("/api-tokens/count").await,
        "session" => {
            let cookie = format!("cloud.session.token={token}");
            app.atlassian_without_key().with_header("cookie", &cookie).post("/oauth-clients", "{}").await
        }
        "reporting" => app.license_vault_without_token().get(&format!("/licenses-report.json?token={token}")).await,
        "automation" => {
            let client = app.license_vault_without_token().with_header("Authorization", &format!("Automation {token}"));
            client.get("/public-api/licenses/usage").await
        }
        _ => app.license_vault(token).get("/public-api/licenses/usage").await,
    }
}

/// The status with which a service refuses a credential that does not work any more.
fn refusal_status(kind: &str) -> u16 {
    // The License Server's (license-vault §5).
    if kind == "reporting" { 403 } else { 401 }
}

/// Kind, label as it stands in a path, token: one of each.
const DEMO: [(&str, &str, &str); 5] = [
    ("jetbrains_token", "ann@example.test%20(organization)", "demo-jba-organization-admin"),
    ("vault", "example%20(vault)", "demo-vault-token"),
    ("automation", "example%20(ci,%20automation)", "demo-automation-token"),
    ("reporting", "example%20(reporting)", "demo-reporting-token"),
    ("api_key", "reader", "demo-atlassian-reader"),
];

async fn list(app: &TestApp, query: &str) -> Vec<Value> {
    app.control().get(&format!("/credentials{query}")).await.expect_ok().as_array().unwrap().clone()
}

async fn expires_at_as_listed(app: &TestApp, label: &str) -> Value {
    let keys = app.atlassian(FULL_KEY).get("/api-keys?pageSize=100").await.expect_ok();
    let keys = keys["data"].as_array().unwrap().iter().find(|key| key["label"] == label).cloned();
    keys.map_or(Value::Null, |key| key["expiresAt"].clone())
}

#[apply(on_both_databases)]
async fn listed_without_tokens(app: TestApp) {
    let all = list(&app, "").await;
    assert_eq!(all.len(), 14, "{all:?}");
    assert!(!json!(all).to_string().contains("demo-"), "{all:?}");
    let reader = all.iter().find(|it| it["label"] == "reader").unwrap();
    let id = reader["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "service": "atlassian", "organization": "6700001", "kind": "api_key", "label": "reader",
        "created_at": "2025-10-17T09:00:00Z", "expires_at": "2026-04-15T09:00:00Z", "status": "active",
    });
    assert_eq!(*reader, expected);
    for name in [id, "reader"] {
        assert_eq!(app.control().get(&format!("/credentials/{name}")).await.expect_ok(), expected);
    }
    let ann = app.control().get("/credentials/ann@example.test%20(organization)").await.expect_ok();
    assert_eq!(
        (&ann["service"], &ann["kind"], ann.get("expires_at")),
        (&"jetbrains_account".into(), &"jetbrains_token".into(), None)
    );
    let expired = app.control().get("/credentials/expired").await.expect_ok();
    assert_eq!((&expired["status"], &expired["expires_at"]), (&"expired".into(), &"2025-12-11T09:00:00Z".into()));
    let kinds = async |query: &str| {
        let mut kinds: Vec<String> =
            list(&app, query).await.iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds("?service=license_vault").await, ["automation", "reporting", "vault"]);
    assert_eq!(kinds("?organization=6700002").await, ["api_key", "jetbrains_token", "vault"]);
    assert_eq!(list(&app, "?organization=6700002&service=atlassian").await.len(), 1);
    app.sign_in_to_atlassian("ann@example.test").await;
    assert_eq!(
        app.control().get("/credentials/ann@example.test%20(session)").await.expect_ok()["expires_at"],
        "2026-01-15T17:00:00Z"
    );
}

#[apply(on_both_databases)]
async fn expire(app: TestApp) {
    for (kind, label, token) in DEMO {
        assert_eq!(use_credential(&app, kind, token).await.status, 200, "{kind}");
        let it = app.control().post(&format!("/credentials/{label}/expire"), "").await.expect_ok();
        assert_eq!((&it["status"], &it["expires_at"], &it["kind"]), (&"expired".into(), &NOW.into(), &kind.into()));
        assert_eq!(use_credential(&app, kind, token).await.status, refusal_status(kind), "{kind}");
        app.advance_clock("1h").await;
        assert_eq!(
            app.control().post(&format!("/credentials/{label}/expire"), "").await.expect_ok(),
            it,
            "it stays when it was"
        );
        app.freeze_clock(NOW).await;
    }
    assert_eq!(expires_at_as_listed(&app, "reader").await, "2026-01-15T09:00:00.000Z");
    let before = app.control().get("/credentials/expired").await.expect_ok();
    assert_eq!(app.control().post("/credentials/expired/expire", "").await.expect_ok(), before);
    // By the space's clock: an hour earlier it still works.
    app.freeze_clock("2026-01-15T08:00:00Z").await;
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    assert_eq!(app.control().get("/credentials/reader").await.expect_ok()["status"], "active");
}

#[apply(on_both_databases)]
async fn revoke(app: TestApp) {
    for (kind, label, token) in DEMO {
        assert_eq!(use_credential(&app, kind, token).await.status, 200, "{kind}");
        let before = app.control().get(&format!("/credentials/{label}")).await.expect_ok();
        assert_eq!(app.control().post(&format!("/credentials/{label}/revoke"), "").await.expect_ok(), before);
        assert_eq!(use_credential(&app, kind, token).await.status, refusal_status(kind), "{kind}");
        app.control().get(&format!("/credentials/{label}")).await.expect_problem(404);
        app.control().post(&format!("/credentials/{label}/revoke"), "").await.expect_problem(404);
    }
    // The records are gone too, wherever the vendor shows them.
    assert_eq!(expires_at_as_listed(&app, "reader").await, Value::Null);
    assert_eq!(app.control().get("/vaults/example").await.expect_ok()["has_token"], false);
    let page = app
        .control()
        .put("/organizations/6700001/jetbrains-account/api", r#"{"actor":"ann@example.test","enabled":true}"#)
        .await
        .expect_ok();
    assert!(!page["tokens"].as_array().unwrap().iter().any(|token| token["person"] == "ann@example.test"), "{page}");
    // Ann may have another one.
    let body = r#"{"actor":"ann@example.test","person":"ann@example.test"}"#;
    let again = app.control().post("/organizations/6700001/jetbrains-account/tokens", body).await.expect_ok();
    use_credential(&app, "jetbrains_token", again["token"].as_str().unwrap()).await.expect_ok();
}

#[apply(on_both_databases)]
async fn rotate(app: TestApp) {
    app.advance_clock("1h").await;
    for (kind, label, token) in DEMO {
        let before = app.control().get(&format!("/credentials/{label}")).await.expect_ok();
        assert_eq!(use_credential(&app, kind, token).await.status, 200, "{kind}");
        let mut after = app.control().post(&format!("/credentials/{label}/rotate"), "").await.expect_ok();
        let new = after.as_object_mut().unwrap().remove("token").unwrap();
        assert_eq!(use_credential(&app, kind, token).await.status, refusal_status(kind), "{kind}");
        assert_eq!(use_credential(&app, kind, new.as_str().unwrap()).await.status, 200, "{kind}");
        assert_eq!(app.control().get(&format!("/credentials/{label}")).await.expect_ok(), after, "it is shown once");
        let made = if kind == "api_key" { "2025-10-17T09:00:00Z" } else { "2026-01-15T10:00:00Z" };
        assert_eq!(after["created_at"], made, "{kind}");
        let rest = |mut it: Value| {
            it.as_object_mut().unwrap().remove("created_at");
            it
        };
        assert_eq!(rest(after), rest(before), "{kind}");
        let new = new.as_str().unwrap();
        let is_plain = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(
            match kind {
                "jetbrains_token" => is_plain(new, 24),
                "vault" => new.split('.').count() == 3,
                "api_key" => new.starts_with("ATCTT3xFfGN0"),
                _ => is_plain(new, 40),
            },
            "{kind}: {new}"
        );
    }
}

#[apply(on_both_databases)]
async fn what_has_expired_lasts_again_as_long_as_a_new_one(app: TestApp) {
    app.sign_in_to_atlassian("ann@example.test").await;
    for (kind, label, until) in [
        ("api_key", "expired", json!("2027-01-15T09:00:00Z")),
        ("automation", "example%20(ci,%20automation)", Value::Null),
        ("session", "ann@example.test%20(session)", json!("2026-01-15T17:00:00Z")),
    ] {
        app.control().post(&format!("/credentials/{label}/expire"), "").await.expect_ok();
        let it = app.control().post(&format!("/credentials/{label}/rotate"), "").await.expect_ok();
        assert_eq!((&it["status"], it.get("expires_at").unwrap_or(&Value::Null)), (&"active".into(), &until), "{kind}");
        let status = use_credential(&app, kind, it["token"].as_str().unwrap()).await.status;
        assert_ne!(status, 401, "{kind}");
    }
    assert_eq!(expires_at_as_listed(&app, "expired").await, "2027-01-15T09:00:00.000Z");
}

#[apply(on_both_databases)]
async fn which_one_is_meant(app: TestApp) {
    let problem = app.control().get("/credentials/full").await.expect_problem(409);
    let full = list(&app, "?service=atlassian").await;
    let ids: Vec<&str> = full.iter().filter(|it| it["label"] == "full").map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        assert!(problem["detail"].as_str().unwrap().contains(&format!("`{id}`")), "{problem}");
    }
    app.control().post("/credentials/full/revoke", "").await.expect_problem(409);
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    app.control().post(&format!("/credentials/{}/revoke", ids[0]), "").await.expect_ok();
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_gateway_error(401, "Unauthorized");
    assert_eq!(app.control().get("/credentials/full").await.expect_ok()["organization"], "6700002");
    app.seed_atlassian("      api_keys: [{ label: 'a/b 100%', token: odd }]").await;
    assert_eq!(app.control().post("/credentials/a%2Fb%20100%25/revoke", "").await.expect_ok()["label"], "a/b 100%");
    app.atlassian("odd").get("/api-tokens/count").await.expect_gateway_error(401, "Unauthorized");
    let near = app.control().get("/credentials/raeder").await.expect_problem(404);
    assert!(near["detail"].as_str().unwrap().contains("did you mean `reader`?"), "{near}");
}

#[apply(on_both_databases)]
async fn bad_input(app: TestApp) {
    let problem = app.control().get("/credentials?service=atlasian").await.expect_problem(422);
    assert_eq!(problem["pointer"], "/service");
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `atlassian`?"), "{problem}");
    for code in ["6700003", "x", "", "%00"] {
        let problem = app.control().get(&format!("/credentials?organization={code}")).await.expect_problem(422);
        assert_eq!(problem["pointer"], "/organization");
    }
    app.control().post("/credentials/reader", "").await.expect_problem(405);
    app.control().post("/credentials/reader/delete", "").await.expect_problem(404);
}

#[apply(on_both_databases)]
async fn of_one_space(app: TestApp) {
    let space = app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let organization = &space["organizations"][0];
    let there = app.jetbrains_account_token(
        organization["jetbrains_account"]["tokens"][0]["token"].as_str().unwrap(),
        organization["customer_code"].as_str().unwrap(),
    );
    let id = app.control().get("/spaces/t1/credentials/ann@example.test%20(organization)").await.expect_ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.control().post(&format!("/credentials/{id}/revoke"), "").await.expect_problem(404);
    app.control().post("/credentials/ann@example.test%20(organization)/revoke", "").await.expect_ok();
    there.get("/token").await.expect_ok();
    assert_eq!(list(&app, "?space=t1").await.len(), 14);
    app.control().post(&format!("/spaces/t1/credentials/{id}/revoke"), "").await.expect_ok();
    there.get("/token").await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
    assert_eq!(
        app.control()
            .get("/credentials?organization=6700001&service=jetbrains_account")
            .await
            .expect_ok()
            .as_array()
            .unwrap()
            .len(),
        4
    );
    // A reset brings the seed's back.
    app.control().post("/reset", "").await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
}

/// What one process is told, the other does with its next request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_every_process_at_once() {
    let url = database_url(Database::Postgres).await.unwrap();
    let one = TestApp::start_on(Some(&url), &[]).await;
    let two = TestApp::start_on(Some(&url), &[]).await;
    for (kind, label, token) in DEMO {
        // Both have seen it, and remember it.
        assert_eq!(use_credential(&one, kind, token).await.status, 200, "{kind}");
        assert_eq!(use_credential(&two, kind, token).await.status, 200, "{kind}");
        let new = one.control().post(&format!("/credentials/{label}/rotate"), "").await.expect_ok()["token"].clone();
        assert_eq!(use_credential(&two, kind, token).await.status, refusal_status(kind), "{kind}");
        let new = new.as_str().unwrap();
        assert_eq!(use_credential(&two, kind, new).await.status, 200, "{kind}");
        two.control().post(&format!("/credentials/{label}/expire"), "").await.expect_ok();
        assert_eq!(use_credential(&one, kind, new).await.status, refusal_status(kind), "{kind}");
        let new = one.control().post(&format!("/credentials/{label}/rotate"), "").await.expect_ok()["token"].clone();
        let new = new.as_str().unwrap();
        assert_eq!(use_credential(&two, kind, new).await.status, 200, "{kind}");
        one.control().post(&format!("/credentials/{label}/revoke"), "").await.expect_ok();
        assert_eq!(use_credential(&two, kind, new).await.status, refusal_status(kind), "{kind}");
        two.control().get(&format!("/credentials/{label}")).await.expect_problem(404);
    }
}
