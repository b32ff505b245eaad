//! `/_emulator/credentials`: listed, expired, revoked, rotated.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::{Answer, Database, TestApp, apply, database_url, on_both_databases};

/// Asks the service of a demo credential for something.
async fn ask(app: &TestApp, kind: &str, token: &str) -> Answer {
    let request = match kind {
        "jetbrains_token" => return app.actor(token, "6700001").get("/token").await,
        "api_key" => return app.api_key(token).get("/api-tokens/count").await,
        "session" => {
            let cookie = format!("cloud.session.token={token}");
            return app.with_headers([("cookie", &cookie)]).post("/oauth-clients", "{}").await;
        }
        "reporting" => Request::builder().uri(format!("/licenses-report.json?token={token}")),
        "automation" => {
            Request::builder().uri("/public-api/licenses/usage").header("Authorization", format!("Automation {token}"))
        }
        _ => Request::builder().uri("/public-api/licenses/usage").header("Authorization", format!("Bearer {token}")),
    };
    app.send(request.body(Body::empty()).unwrap()).await
}

/// The status of what does not work any more.
fn dead(kind: &str) -> u16 {
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
    app.control("GET", &format!("/credentials{query}"), "").await.ok().as_array().unwrap().clone()
}

async fn expires_at_as_listed(app: &TestApp, label: &str) -> Value {
    let keys = app.full_key().get("/api-keys?pageSize=100").await.ok();
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
        assert_eq!(app.control("GET", &format!("/credentials/{name}"), "").await.ok(), expected);
    }
    let ann = app.control("GET", "/credentials/ann@example.test%20(organization)", "").await.ok();
    assert_eq!(
        (&ann["service"], &ann["kind"], ann.get("expires_at")),
        (&"jetbrains_account".into(), &"jetbrains_token".into(), None)
    );
    let expired = app.control("GET", "/credentials/expired", "").await.ok();
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
    app.administrator("ann@example.test").await;
    assert_eq!(
        app.control("GET", "/credentials/ann@example.test%20(session)", "").await.ok()["expires_at"],
        "2026-01-15T17:00:00Z"
    );
}

#[apply(on_both_databases)]
async fn expire(app: TestApp) {
    for (kind, label, token) in DEMO {
        assert_eq!(ask(&app, kind, token).await.status, 200, "{kind}");
        let it = app.control("POST", &format!("/credentials/{label}/expire"), "").await.ok();
        assert_eq!(
            (&it["status"], &it["expires_at"], &it["kind"]),
            (&"expired".into(), &crate::support::NOW.into(), &kind.into())
        );
        assert_eq!(ask(&app, kind, token).await.status, dead(kind), "{kind}");
        app.advance("1h").await;
        assert_eq!(
            app.control("POST", &format!("/credentials/{label}/expire"), "").await.ok(),
            it,
            "it stays when it was"
        );
        app.control("PUT", "/clock", &format!(r#"{{"mode":"frozen","now":"{}"}}"#, crate::support::NOW)).await.ok();
    }
    assert_eq!(expires_at_as_listed(&app, "reader").await, "2026-01-15T09:00:00.000Z");
    let before = app.control("GET", "/credentials/expired", "").await.ok();
    assert_eq!(app.control("POST", "/credentials/expired/expire", "").await.ok(), before);
    // By the space's clock: an hour earlier it still works.
    app.control("PUT", "/clock", r#"{"mode":"frozen","now":"2026-01-15T08:00:00Z"}"#).await.ok();
    app.org_admin().get("/token").await.ok();
    assert_eq!(app.control("GET", "/credentials/reader", "").await.ok()["status"], "active");
}

#[apply(on_both_databases)]
async fn revoke(app: TestApp) {
    for (kind, label, token) in DEMO {
        assert_eq!(ask(&app, kind, token).await.status, 200, "{kind}");
        let before = app.control("GET", &format!("/credentials/{label}"), "").await.ok();
        assert_eq!(app.control("POST", &format!("/credentials/{label}/revoke"), "").await.ok(), before);
        assert_eq!(ask(&app, kind, token).await.status, dead(kind), "{kind}");
        app.control("GET", &format!("/credentials/{label}"), "").await.problem(404);
        app.control("POST", &format!("/credentials/{label}/revoke"), "").await.problem(404);
    }
    // The records are gone too, wherever the vendor shows them.
    assert_eq!(expires_at_as_listed(&app, "reader").await, Value::Null);
    assert_eq!(app.control("GET", "/vaults/example", "").await.ok()["has_token"], false);
    let page = app
        .control(
            "PUT",
            "/organizations/6700001/jetbrains-account/api",
            r#"{"actor":"ann@example.test","enabled":true}"#,
        )
        .await
        .ok();
    assert!(!page["tokens"].as_array().unwrap().iter().any(|token| token["person"] == "ann@example.test"), "{page}");
    // Ann may have another one.
    let body = r#"{"actor":"ann@example.test","person":"ann@example.test"}"#;
    let again = app.control("POST", "/organizations/6700001/jetbrains-account/tokens", body).await.ok();
    ask(&app, "jetbrains_token", again["token"].as_str().unwrap()).await.ok();
}

#[apply(on_both_databases)]
async fn rotate(app: TestApp) {
    app.advance("1h").await;
    for (kind, label, token) in DEMO {
        let before = app.control("GET", &format!("/credentials/{label}"), "").await.ok();
        assert_eq!(ask(&app, kind, token).await.status, 200, "{kind}");
        let mut after = app.control("POST", &format!("/credentials/{label}/rotate"), "").await.ok();
        let new = after.as_object_mut().unwrap().remove("token").unwrap();
        assert_eq!(ask(&app, kind, token).await.status, dead(kind), "{kind}");
        assert_eq!(ask(&app, kind, new.as_str().unwrap()).await.status, 200, "{kind}");
        assert_eq!(app.control("GET", &format!("/credentials/{label}"), "").await.ok(), after, "it is shown once");
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
    app.administrator("ann@example.test").await;
    for (kind, label, until) in [
        ("api_key", "expired", json!("2027-01-15T09:00:00Z")),
        ("automation", "example%20(ci,%20automation)", Value::Null),
        ("session", "ann@example.test%20(session)", json!("2026-01-15T17:00:00Z")),
    ] {
        app.control("POST", &format!("/credentials/{label}/expire"), "").await.ok();
        let it = app.control("POST", &format!("/credentials/{label}/rotate"), "").await.ok();
        assert_eq!((&it["status"], it.get("expires_at").unwrap_or(&Value::Null)), (&"active".into(), &until), "{kind}");
        let status = ask(&app, kind, it["token"].as_str().unwrap()).await.status;
        assert_ne!(status, 401, "{kind}");
    }
    assert_eq!(expires_at_as_listed(&app, "expired").await, "2027-01-15T09:00:00.000Z");
}

#[apply(on_both_databases)]
async fn which_one_is_meant(app: TestApp) {
    let problem = app.control("GET", "/credentials/full", "").await.problem(409);
    let full = list(&app, "?service=atlassian").await;
    let ids: Vec<&str> = full.iter().filter(|it| it["label"] == "full").map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        assert!(problem["detail"].as_str().unwrap().contains(&format!("`{id}`")), "{problem}");
    }
    app.control("POST", "/credentials/full/revoke", "").await.problem(409);
    app.full_key().get("/api-tokens/count").await.ok();
    app.control("POST", &format!("/credentials/{}/revoke", ids[0]), "").await.ok();
    app.full_key().get("/api-tokens/count").await.gateway(401, "Unauthorized");
    assert_eq!(app.control("GET", "/credentials/full", "").await.ok()["organization"], "6700002");
    app.atlassian_seed("      api_keys: [{ label: 'a/b 100%', token: odd }]").await;
    assert_eq!(app.control("POST", "/credentials/a%2Fb%20100%25/revoke", "").await.ok()["label"], "a/b 100%");
    app.api_key("odd").get("/api-tokens/count").await.gateway(401, "Unauthorized");
    let near = app.control("GET", "/credentials/raeder", "").await.problem(404);
    assert!(near["detail"].as_str().unwrap().contains("did you mean `reader`?"), "{near}");
}

#[apply(on_both_databases)]
async fn bad_input(app: TestApp) {
    let problem = app.control("GET", "/credentials?service=atlasian", "").await.problem(422);
    assert_eq!(problem["pointer"], "/service");
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `atlassian`?"), "{problem}");
    for code in ["6700003", "x", "", "%00"] {
        let problem = app.control("GET", &format!("/credentials?organization={code}"), "").await.problem(422);
        assert_eq!(problem["pointer"], "/organization");
    }
    app.control("POST", "/credentials/reader", "").await.problem(405);
    app.control("POST", "/credentials/reader/delete", "").await.problem(404);
}

#[apply(on_both_databases)]
async fn of_one_space(app: TestApp) {
    let space = app.control("POST", "/spaces", r#"{"name":"t1"}"#).await.ok();
    let organization = &space["organizations"][0];
    let there = app.actor(
        organization["jetbrains_account"]["tokens"][0]["token"].as_str().unwrap(),
        organization["customer_code"].as_str().unwrap(),
    );
    let id = app.control("GET", "/spaces/t1/credentials/ann@example.test%20(organization)", "").await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.control("POST", &format!("/credentials/{id}/revoke"), "").await.problem(404);
    app.control("POST", "/credentials/ann@example.test%20(organization)/revoke", "").await.ok();
    there.get("/token").await.ok();
    assert_eq!(list(&app, "?space=t1").await.len(), 14);
    app.control("POST", &format!("/spaces/t1/credentials/{id}/revoke"), "").await.ok();
    there.get("/token").await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
    assert_eq!(
        app.control("GET", "/credentials?organization=6700001&service=jetbrains_account", "")
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        4
    );
    // A reset brings the seed's back.
    app.control("POST", "/reset", "").await.ok();
    app.org_admin().get("/token").await.ok();
}

/// What one process is told, the other does with its next request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_every_process_at_once() {
    let url = database_url(Database::Postgres).await.unwrap();
    let one = TestApp::start_on(Some(&url), &[]).await;
    let two = TestApp::start_on(Some(&url), &[]).await;
    for (kind, label, token) in DEMO {
        // Both have seen it, and remember it.
        assert_eq!(ask(&one, kind, token).await.status, 200, "{kind}");
        assert_eq!(ask(&two, kind, token).await.status, 200, "{kind}");
        let new = one.control("POST", &format!("/credentials/{label}/rotate"), "").await.ok()["token"].clone();
        assert_eq!(ask(&two, kind, token).await.status, dead(kind), "{kind}");
        let new = new.as_str().unwrap();
        assert_eq!(ask(&two, kind, new).await.status, 200, "{kind}");
        two.control("POST", &format!("/credentials/{label}/expire"), "").await.ok();
        assert_eq!(ask(&one, kind, new).await.status, dead(kind), "{kind}");
        let new = one.control("POST", &format!("/credentials/{label}/rotate"), "").await.ok()["token"].clone();
        let new = new.as_str().unwrap();
        assert_eq!(ask(&two, kind, new).await.status, 200, "{kind}");
        one.control("POST", &format!("/credentials/{label}/revoke"), "").await.ok();
        assert_eq!(ask(&two, kind, new).await.status, dead(kind), "{kind}");
        two.control("GET", &format!("/credentials/{label}"), "").await.problem(404);
    }
}
