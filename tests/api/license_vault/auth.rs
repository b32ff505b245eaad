//! Who may call (license-vault §1, §2.1).

use crate::support::{TestApp, VAULT_TOKEN, apply, on_both_databases};

const USAGE: &str = "/public-api/licenses/usage";

#[apply(on_both_databases)]
async fn two_schemes_that_are_never_interchangeable(app: TestApp) {
    for good in ["Bearer demo-vault-token", "bearer demo-vault-token", "Automation demo-automation-token"] {
        assert_eq!(
            app.license_vault_without_token().with_header("Authorization", good).get(USAGE).await.status,
            200,
            "{good}"
        );
    }
    for bad in [
        "Automation demo-vault-token",
        "Bearer demo-automation-token",
        "Bearer demo-reporting-token",
        "Automation demo-reporting-token",
        "Bearer nonsense",
        "Bearer",
        "Basic YTpi",
        "demo-vault-token",
        "Bearer demo-jba-organization-admin",
        "Bearer demo-atlassian-key",
    ] {
        let answer = app.license_vault_without_token().with_header("Authorization", bad).get(USAGE).await;
        answer.expect_vault_error(401, "UNAUTHORIZED", USAGE);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{bad}");
    }
    app.license_vault_without_token().get(USAGE).await.expect_vault_error(401, "UNAUTHORIZED", USAGE);
    app.license_vault_without_token()
        .get("/public-api/licenses/usage?token=demo-vault-token")
        .await
        .expect_vault_error(401, "UNAUTHORIZED", USAGE);
    assert!(!app.license_vault("demo-vault-tokem").get(USAGE).await.text().contains("demo-vault"));
}

#[apply(on_both_databases)]
async fn a_vault_is_found_by_token_host_and_path(app: TestApp) {
    let by_path = |name: &str| format!("/license-vault/{name}/public-api/licenses/usage");
    assert_eq!(app.license_vault(VAULT_TOKEN).get(&by_path("example")).await.status, 200);
    for other in ["other", "nobody"] {
        let answer = app.license_vault(VAULT_TOKEN).get(&by_path(other)).await;
        answer.expect_vault_error(401, "UNAUTHORIZED", &by_path(other));
    }
    for (host, status) in [("example", 200), ("EXAMPLE", 200), ("other", 401), ("nobody", 401)] {
        let client = app.license_vault(VAULT_TOKEN).with_header("Host", &format!("{host}.fls.jetbrains.com:443"));
        assert_eq!(client.get(USAGE).await.status, status, "{host}");
    }
    // Another vault's token opens the other vault.
    let usage = app.license_vault("demo-vault-other-token").get(USAGE).await.expect_ok();
    assert_eq!(usage["licenseUsages"][0]["regularTotal"], 0);
}

#[apply(on_both_databases)]
async fn automation_tokens_expire_and_the_vault_s_does_not(app: TestApp) {
    app.advance_clock("366d").await;
    assert_eq!(
        app.license_vault_without_token()
            .with_header("Authorization", "Automation demo-automation-token")
            .get(USAGE)
            .await
            .status,
        401
    );
    assert_eq!(app.license_vault(VAULT_TOKEN).get(USAGE).await.status, 200);
}

#[apply(on_both_databases)]
async fn wrong_paths_and_methods(app: TestApp) {
    let token = "Bearer demo-vault-token";
    app.license_vault_without_token()
        .with_header("Authorization", token)
        .get("/public-api/nope")
        .await
        .expect_vault_error(404, "NOT_FOUND", "/public-api/nope");
    app.license_vault_without_token().with_header("Authorization", token).put(USAGE, "").await.expect_vault_error(
        405,
        "METHOD_NOT_ALLOWED",
        USAGE,
    );
}

#[apply(on_both_databases)]
async fn every_operation_wants_a_credential(app: TestApp) {
    const OPEN: [&str; 4] = ["getHealth", "checkVersion", "checkConnection", "checkConfiguration"];
    let mut seen = 0;
    for (path, item) in &locum::services::license_vault::openapi().paths.paths {
        for (method, operation) in locum::http::operations::of_path(item) {
            let id = operation.operation_id.clone().unwrap();
            seen += 1;
            if OPEN.contains(&id.as_str()) {
                continue;
            }
            let refused = if path.starts_with("/public-api") { 401 } else { 403 };
            for path in [path.clone(), format!("/license-vault/example{path}")] {
                assert_eq!(
                    app.license_vault_without_token().call(method.as_str(), &path, "").await.status,
                    refused,
                    "{id}"
                );
                let foreign = app.license_vault("nonsense").call(method.as_str(), &path, "").await;
                assert_eq!(foreign.status, refused, "{id}");
            }
        }
    }
    assert_eq!(seen, 14);
}
