//! Who may call (license-vault §1, §2.1).

use super::{USAGE, get_usage_with};
use crate::support::{Answer, TestApp, VAULT_TOKEN, apply, on_both_databases};

#[apply(on_both_databases)]
async fn the_two_schemes_are_not_interchangeable(app: TestApp) {
    for good in ["Bearer demo-vault-token", "bearer demo-vault-token", "Automation demo-automation-token"] {
        assert_eq!(get_usage_with(&app, good).await.status, 200, "{good}");
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
        let answer = get_usage_with(&app, bad).await;
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

/// A client is told the same of all of them; the journal says what is wrong.
#[apply(on_both_databases)]
async fn the_journal_says_why_a_known_credential_is_refused(app: TestApp) {
    let unknown = get_usage_with(&app, "Bearer nonsense").await;
    let other = "/license-vault/other/public-api/licenses/usage";
    let report = "/licenses-report.json?token=";
    for (authorization, path, status, reason) in [
        (
            "Automation demo-vault-token",
            USAGE.to_owned(),
            401,
            "the vault token of the vault `example` is sent as `Authorization: Bearer`, \
             not as `Authorization: Automation`",
        ),
        (
            "Bearer demo-automation-token",
            USAGE.to_owned(),
            401,
            "the automation token of the vault `example` is sent as `Authorization: Automation`, \
             not as `Authorization: Bearer`",
        ),
        (
            "",
            format!("{USAGE}?token=demo-vault-token"),
            401,
            "the vault token of the vault `example` is sent as `Authorization: Bearer`, not as the parameter `token`",
        ),
        (
            "Bearer demo-reporting-token",
            USAGE.to_owned(),
            401,
            "the reporting token of the vault `example` is sent as the parameter `token`, \
             not as `Authorization: Bearer`",
        ),
        (
            "Bearer demo-vault-token",
            other.to_owned(),
            401,
            "the vault token is of the vault `example`, and the address names the vault `other`",
        ),
        (
            "",
            format!("/license-vault/nobody{report}demo-reporting-token"),
            403,
            "the reporting token is of the vault `example`, and the address names the vault `nobody`",
        ),
        ("", format!("{report}demo-vault-token"), 403, "the vault token of the vault `example` is no reporting token"),
    ] {
        let client = app.license_vault_without_token();
        let client = if authorization.is_empty() { client } else { client.with_header("Authorization", authorization) };
        let answer = client.get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let told = if status == 403 { answer.text().trim().into() } else { answer.json()["message"].clone() };
        assert_eq!(told, unknown.json()["message"], "{path}");
        assert_eq!(find_reason(&app, &answer).await, reason, "{authorization} {path}");
    }
    app.control().post("/clock/advance", r#"{"by":"800d"}"#).await.expect_ok();
    let answer = get_usage_with(&app, "Automation demo-automation-token").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["message"]), (401, &unknown.json()["message"]));
    let said = find_reason(&app, &answer).await;
    assert!(said.starts_with("the credential `example (ci, automation)` has expired at 202"), "{said}");
    assert!(said.ends_with(" days ago"), "{said}");
}

/// Finds in the journal why a request was refused.
async fn find_reason(app: &TestApp, answer: &Answer) -> String {
    let id = answer.header("x-request-id").unwrap();
    let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
    entry["trail"]["refusal"].as_str().unwrap().to_owned()
}

#[apply(on_both_databases)]
async fn a_vault_s_name_is_a_host_label_without_case(app: TestApp) {
    let seed = indoc::indoc! {"
        version: 1
        organizations:
          - name: A
            people: [{ email: ann@a.test }]
            license_vault:
              name: My-Company2
              administrators: [ann@a.test]
              token: demo-vault-token
              reporting_token: demo-reporting-token
    "};
    app.control().post("/seed?mode=replace", seed).await.expect_ok();
    for name in ["My-Company2", "my-company2", "MY-COMPANY2", "my%2Dcompany2"] {
        let client = app.license_vault(VAULT_TOKEN);
        for path in [USAGE, "/health", "/licenses-report.json?token=demo-reporting-token"] {
            let path = format!("/license-vault/{name}{path}");
            assert_eq!(client.get(&path).await.status, 200, "{path}");
        }
        app.control().get(&format!("/vaults/{name}")).await.expect_ok();
        app.control().get(&format!("/vaults/{name}/connections")).await.expect_ok();
        for host in [format!("{name}.fls.jetbrains.com"), format!("{name}.FLS.JetBrains.com.:443")] {
            if host.contains('%') {
                continue;
            }
            let client = client.with_header("Host", &host);
            for path in [USAGE, "/health"] {
                assert_eq!(client.get(path).await.status, 200, "{host}{path}");
            }
        }
    }
    for name in ["my-company", "my-company22", "company2", "my_company2"] {
        let client = app.license_vault(VAULT_TOKEN).with_header("Host", &format!("{name}.fls.jetbrains.com"));
        assert_eq!((client.get(USAGE).await.status.as_u16(), client.get("/health").await.status.as_u16()), (401, 500));
    }
    // The hosts of IDE Services have the organization's name, not the vault's.
    let client = app.license_vault(VAULT_TOKEN).with_header("Host", "acme.lv.jetbrains-ide-services.com");
    assert_eq!(client.get(USAGE).await.status, 200);
}

#[apply(on_both_databases)]
async fn automation_tokens_expire_and_the_vault_s_does_not(app: TestApp) {
    app.advance_clock("366d").await;
    assert_eq!(get_usage_with(&app, "Automation demo-automation-token").await.status, 401);
    assert_eq!(app.license_vault(VAULT_TOKEN).get(USAGE).await.status, 200);
}

#[apply(on_both_databases)]
async fn unknown_paths_and_methods_are_errors_of_the_vault(app: TestApp) {
    let client = app.license_vault(VAULT_TOKEN);
    for base in ["/public-api", "/license-vault/example/public-api"] {
        for path in ["", "/", "/nope", "/licenses/usage/nope"].map(|end| format!("{base}{end}")) {
            client.get(&path).await.expect_vault_error(404, "NOT_FOUND", &path);
        }
    }
    client.put(USAGE, "").await.expect_vault_error(405, "METHOD_NOT_ALLOWED", USAGE);
}

#[apply(on_both_databases)]
async fn every_operation_but_the_checks_requires_a_credential(app: TestApp) {
    const WITHOUT_CREDENTIAL: [&str; 5] =
        ["getHealth", "getActuatorHealth", "checkVersion", "checkConnection", "checkConfiguration"];
    let mut seen = 0;
    for (path, item) in &locum::services::license_vault::openapi().paths.paths {
        for (method, operation) in locum::http::common_parts::of_path(item) {
            let id = operation.operation_id.clone().unwrap();
            seen += 1;
            if WITHOUT_CREDENTIAL.contains(&id.as_str()) {
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
    assert_eq!(seen, 15);
}
