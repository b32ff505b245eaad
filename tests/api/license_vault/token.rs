//! Tokens are generated, replaced and deleted (license-vault §3).

use super::{USAGE, get_usage_with};
use crate::support::{TestApp, VAULT_TOKEN, apply, on_both_databases};

const ANN: &str = r#"{"actor":"ann@example.test"}"#;

#[apply(on_both_databases)]
async fn a_new_token_replaces_the_old_one_and_can_be_deleted(app: TestApp) {
    let works = async |token: &str| app.license_vault(token).get(USAGE).await.status == 200;
    let generate = async || {
        let answer = app.control().post("/vaults/example/token", ANN).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.expect_ok()["token"].as_str().unwrap().to_owned()
    };
    let first = generate().await;
    assert_eq!(first.split('.').count(), 3, "{first}");
    assert!(works(&first).await && !works("demo-vault-token").await);
    let second = generate().await;
    assert!(works(&second).await && !works(&first).await);
    assert_eq!(app.control().get("/vaults/example").await.expect_ok()["has_token"], true);
    let settings = app.control().call("DELETE", "/vaults/example/token", ANN).await;
    assert!(!settings.text().contains(&second));
    assert_eq!(settings.expect_ok()["has_token"], false);
    assert!(!works(&second).await);
    app.control().call("DELETE", "/vaults/example/token", ANN).await.expect_problem(404);
    // Automation tokens are not touched by any of it.
    assert_eq!(get_usage_with(&app, "Automation demo-automation-token").await.status, 200);
}

#[apply(on_both_databases)]
async fn only_administrators_manage_the_token(app: TestApp) {
    for actor in ["bob@example.test", "nobody@example.test", "olga@other.test", ""] {
        let body = format!(r#"{{"actor":"{actor}"}}"#);
        for method in ["POST", "DELETE"] {
            app.control().call(method, "/vaults/example/token", &body).await.expect_problem(403);
        }
    }
    app.control().post("/vaults/nobody/token", ANN).await.expect_problem(404);
    for body in ["", "[]", "{}", r#"{"actor":1}"#, r#"{"actor":"ann@example.test","x":1}"#] {
        app.control().post("/vaults/example/token", body).await.expect_problem(400);
    }
    assert_eq!(app.license_vault(VAULT_TOKEN).get(USAGE).await.status, 200);
}

#[apply(on_both_databases)]
async fn automation_tokens_have_names_and_expire(app: TestApp) {
    let body = r#"{"actor":"ann@example.test","name":"nightly","expires_at":"+1d"}"#;
    let made = app.control().post("/vaults/example/automation-tokens", body).await.expect_ok();
    assert_eq!(made["expires_at"], "2026-01-16T09:00:00Z");
    let works = async || {
        let token = made["token"].as_str().unwrap();
        get_usage_with(&app, &format!("Automation {token}")).await.status == 200
    };
    assert!(works().await);
    app.advance_clock("1d").await;
    assert!(!works().await);
    let body = r#"{"actor":"ann@example.test","name":"ci"}"#;
    app.control().call("DELETE", "/vaults/example/automation-tokens", body).await.expect_ok();
    assert_eq!(get_usage_with(&app, "Automation demo-automation-token").await.status, 401);
    app.control().call("DELETE", "/vaults/example/automation-tokens", body).await.expect_problem(404);
    let bad = r#"{"actor":"ann@example.test","name":"x","expires_at":"soon"}"#;
    let problem = app.control().post("/vaults/example/automation-tokens", bad).await.expect_problem(400);
    assert_eq!(problem["pointer"], "/expires_at");
}
