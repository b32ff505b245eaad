//! The License Server's machine interface (license-vault §5), and the specification (§2.6).

use crate::support::{TestApp, VAULT_TOKEN, apply, on_both_databases};

#[apply(on_both_databases)]
async fn health_and_checks_need_no_token(app: TestApp) {
    let health = app.license_vault_without_token().get("/health").await.expect_ok();
    assert_eq!(health["lastCallHome"], "15 Jan 2026 09:00");
    let uid = health["serverUID"].as_str().unwrap();
    assert!(uid.len() == 10 && uid.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{uid}");
    assert_eq!(
        app.license_vault_without_token().get("/license-vault/example/health").await.expect_ok()["serverUID"],
        uid
    );
    assert_ne!(
        app.license_vault_without_token().get("/license-vault/other/health").await.expect_ok()["serverUID"],
        uid
    );
    let unwell = app.license_vault_without_token().get("/license-vault/nobody/health").await;
    assert_eq!(unwell.status, 500);
    assert!(unwell.json()["description"].is_string());
    let version = app.license_vault_without_token().get("/check-version").await.expect_ok();
    assert_eq!((version["updateAvailable"].clone(), version["currentVersion"].is_string()), (false.into(), true));
    let connection = app.license_vault_without_token().get("/check-connection").await;
    assert_eq!(connection.text(), "https://account.jetbrains.com\tOK\nhttps://www.jetbrains.com\tOK\n");
    assert!(connection.header("content-type").unwrap().starts_with("text/plain"));
    assert_eq!(app.license_vault_without_token().get("/check-configuration").await.status, 200);
}

#[apply(on_both_databases)]
async fn reports_tell_the_vault_s_licences(app: TestApp) {
    let report =
        app.license_vault_without_token().get("/licenses-report.json?token=demo-reporting-token").await.expect_ok();
    assert_eq!(
        report["licenses"][3].to_string(),
        concat!(
            r#"{"allocated":1,"allocatedDetails":"/tickets/II?version=2016200&trueUp=false","available":1,"#,
            r#""name":"IntelliJ IDEA Ultimate Toolbox"}"#
        )
    );
    app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await.expect_ok();
    let report = app
        .license_vault_without_token()
        .get("/license-vault/example/licenses-report.json?token=demo-reporting-token")
        .await
        .expect_ok();
    assert_eq!((&report["licenses"][3]["available"], &report["licenses"][3]["allocated"]), (&2.into(), &0.into()));

    let tickets =
        app.license_vault_without_token().get("/tickets-report.json?token=demo-reporting-token").await.expect_ok();
    assert_eq!(tickets.as_array().unwrap().len(), 2);
    assert_eq!((&tickets[0]["userId"], &tickets[0]["license"]), (&"cleo@dev-2".into(), &"All Products Pack".into()));
    assert_eq!(tickets[0]["issued"], "2026-01-13T12:00:00.000+0300");
    assert!(tickets[0].get("last_seen").is_some() && tickets[0].get("ticketId").is_some());

    for path in ["/reportApi", "/reportapi"] {
        let query = "granularity=0&start=2026-01-01&end=2026-01-31&token=demo-reporting-token";
        let report = app.license_vault_without_token().post(&format!("{path}?{query}"), "").await.expect_ok();
        assert_eq!(
            report["Overall"][0],
            serde_json::json!({"License": "All Products Pack", "Max usage": 1, "Max available": 4})
        );
        assert_eq!(report["Overall"][2]["Max usage"], 1, "bob's, before it was revoked");
    }
    let before = app
        .license_vault_without_token()
        .post("/reportApi?end=2026-01-01&token=demo-reporting-token", "")
        .await
        .expect_ok();
    assert_eq!(before["Overall"][0]["Max usage"], 0);
    assert_eq!(
        app.license_vault_without_token().post("/reportApi?start=x&token=demo-reporting-token", "").await.status,
        400
    );
}

#[apply(on_both_databases)]
async fn reports_require_the_reporting_token_in_the_query(app: TestApp) {
    for path in ["/licenses-report.json", "/tickets-report.json"] {
        for query in ["", "?token=", "?token=nonsense", "?token=demo-vault-token", "?token=demo-automation-token"] {
            let answer = app.license_vault_without_token().get(&format!("{path}{query}")).await;
            assert_eq!(answer.status, 403, "{path}{query}");
            assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        }
        let header = app.license_vault("demo-reporting-token").get(path).await;
        assert_eq!(header.status, 403);
    }
    let other = app
        .license_vault_without_token()
        .get("/license-vault/other/licenses-report.json?token=demo-reporting-token")
        .await;
    assert_eq!(other.status, 403);
}

#[apply(on_both_databases)]
async fn the_specification_needs_no_credential(app: TestApp) {
    let document = app.license_vault_without_token().get("/api-docs").await.expect_ok();
    let operation = |path: &str, method: &str| document["paths"][path][method].clone();
    assert!(operation("/public-api/licenses/usage", "get").get("x-locum-unverified").is_none());
    assert!(operation("/public-api/denials/report", "get").get("x-locum-unverified").is_none());
    for (path, method) in [
        ("/licenses", "get"),
        ("/licenses/revoke", "post"),
        ("/products/disconnect", "post"),
        ("/licenses/report", "get"),
    ] {
        assert!(operation(&format!("/public-api{path}"), method)["x-locum-unverified"].is_string(), "{path}");
    }
}
