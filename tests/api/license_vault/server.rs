//! The License Server's machine interface (license-vault §5), and the specification (§2.6).

use super::{replace_vault, start_product};
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
        report["licenses"][2].to_string(),
        concat!(
            r#"{"allocated":1,"allocatedDetails":"/tickets/II?version=2016200","available":1,"#,
            r#""name":"IntelliJ IDEA Ultimate Toolbox"}"#
        )
    );
    let disconnect = "/public-api/products/disconnect?username=bob&productCode=II";
    app.license_vault(VAULT_TOKEN).post(disconnect, "").await.expect_ok();
    let report = app
        .license_vault_without_token()
        .get("/license-vault/example/licenses-report.json?token=demo-reporting-token")
        .await
        .expect_ok();
    assert_eq!((&report["licenses"][2]["available"], &report["licenses"][2]["allocated"]), (&2.into(), &0.into()));

    let tickets =
        app.license_vault_without_token().get("/tickets-report.json?token=demo-reporting-token").await.expect_ok();
    assert_eq!(tickets.as_array().unwrap().len(), 2);
    assert_eq!(
        (&tickets[0]["userId"], &tickets[0]["license"]),
        (&"cleo@dev-2".into(), &"All Products Pack Toolbox".into())
    );
    assert_eq!(tickets[0]["issued"], "2026-01-13T12:00:00.000+0300");
    assert!(tickets[0].get("last_seen").is_some() && tickets[0].get("ticketId").is_some());

    for path in ["/reportApi", "/reportapi"] {
        let query = "granularity=0&start=2026-01-01&end=2026-01-31&token=demo-reporting-token";
        let report = app.license_vault_without_token().post(&format!("{path}?{query}"), "").await.expect_ok();
        assert_eq!(
            report["Overall"][0],
            serde_json::json!({"License": "All Products Pack", "Max usage": 1, "Max available": 4})
        );
        assert_eq!(report["Overall"][2]["Max usage"], 1, "bob's, before it was given back");
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
async fn a_name_stands_once_in_the_licences_report_and_the_tickets_have_it_too(app: TestApp) {
    let pools = "{ product: ALL, regular: 1, virtual: 2, true_up: 3 }, { product: II, regular: 1, true_up: 1 }";
    let settings = "reporting_token: demo-reporting-token\n      floating: true";
    replace_vault(&app, settings, pools).await;
    for user in ["a", "b", "c"] {
        start_product(&app, &format!("{user}@a.test"), "II", "h").await;
    }
    let read = async |path: &str| {
        let path = format!("{path}?token=demo-reporting-token");
        app.license_vault_without_token().get(&path).await.expect_ok()
    };
    let report = read("/licenses-report.json").await;
    assert_eq!(
        report,
        serde_json::json!({"licenses": [
            {"name": "All Products Pack Toolbox", "available": 4, "allocated": 2,
             "allocatedDetails": "/tickets/ALL?version=2016200"},
            {"name": "IntelliJ IDEA Ultimate Toolbox", "available": 1, "allocated": 1,
             "allocatedDetails": "/tickets/II?version=2016200"},
        ]})
    );
    let tickets = read("/tickets-report.json").await;
    for line in report["licenses"].as_array().unwrap() {
        let count = tickets.as_array().unwrap().iter().filter(|ticket| ticket["license"] == line["name"]).count();
        assert_eq!(line["allocated"], count, "{line}");
    }
}

#[apply(on_both_databases)]
async fn the_license_server_reads_no_header(app: TestApp) {
    for authorization in ["Basic dXNlcjpwdw==", "Bearer nonsense", "Automation demo-automation-token", "nonsense"] {
        let client = app.license_vault_without_token().with_header("Authorization", authorization);
        for prefix in ["", "/license-vault/example"] {
            for path in ["/health", "/check-version", "/check-connection", "/check-configuration"] {
                assert_eq!(client.get(&format!("{prefix}{path}")).await.status, 200, "{authorization} {path}");
            }
            for path in ["/licenses-report.json", "/tickets-report.json"] {
                let path = format!("{prefix}{path}");
                let good = client.get(&format!("{path}?token=demo-reporting-token")).await;
                assert_eq!(good.status, 200, "{authorization} {path}");
                assert_eq!(client.get(&path).await.status, 403, "{authorization} {path}");
            }
            let path = format!("{prefix}/reportApi?token=demo-reporting-token");
            assert_eq!(client.post(&path, "").await.status, 200, "{authorization} {path}");
        }
    }
    // The API's token in the header is no reporting token, and the reporting token is none of the API's.
    assert_eq!(app.license_vault(VAULT_TOKEN).get("/licenses-report.json").await.status, 403);
    let usage = "/public-api/licenses/usage?token=demo-reporting-token";
    assert_eq!(app.license_vault_without_token().get(usage).await.status, 401);
}

#[apply(on_both_databases)]
async fn injected_errors_keep_their_status(app: TestApp) {
    let client = app.license_vault(VAULT_TOKEN).without_document_check();
    for status in [400, 401, 403, 404, 429, 500, 503] {
        let rule = format!(r#"{{"match":{{"service":"license_vault"}},"then":{{"status":{status}}}}}"#);
        app.control().post("/faults", &rule).await.expect_ok();
        for path in ["/health", "/license-vault/example/health"] {
            let answer = client.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, Some("application/json")));
            assert!(answer.json()["description"].is_string(), "{}", answer.text());
        }
        for path in ["/check-version", "/licenses-report.json?token=demo-reporting-token", "/tickets-report.json"] {
            let answer = client.get(path).await;
            let media_type = answer.header("content-type");
            assert_eq!((answer.status.as_u16(), media_type), (status, Some("text/plain;charset=UTF-8")), "{path}");
            assert_eq!(answer.header("www-authenticate"), None, "{path}");
        }
        for path in ["/public-api/licenses/usage", "/license-vault/example/public-api/denials/report"] {
            let answer = client.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.json()["status"].clone()), (status, status.into()), "{path}");
            assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"), "{path}");
            assert_eq!(answer.header("retry-after"), matches!(status, 429 | 503).then_some("1"), "{path}");
        }
        app.control().delete("/faults").await.expect_ok();
    }
}

#[apply(on_both_databases)]
async fn the_specification_fits_where_it_was_fetched(app: TestApp) {
    for (path, server) in [
        ("/api-docs", "/"),
        ("/api-docs/License%20Vault%20Public", "/"),
        ("/license-vault/example/api-docs", "/license-vault/example"),
        ("/license-vault/other/api-docs/x", "/license-vault/other"),
    ] {
        let document = app.license_vault_without_token().get(path).await.expect_ok();
        assert_eq!(document["servers"], serde_json::json!([{ "url": server }]), "{path}");
    }
    let document = app.license_vault_without_token().get("/api-docs").await.expect_ok();
    let parameters =
        |path: &str, method: &str| document["paths"][path][method]["parameters"].as_array().unwrap().clone();
    for (path, method) in [
        ("/public-api/denials/report", "get"),
        ("/public-api/licenses/report", "get"),
        ("/reportApi", "post"),
        ("/reportapi", "post"),
    ] {
        let parameters = parameters(path, method);
        let days: Vec<&serde_json::Value> =
            parameters.iter().filter(|one| one["schema"]["format"] == "date").map(|one| &one["name"]).collect();
        assert_eq!(days.len(), 2, "{path}: {days:?}");
    }
    assert!(parameters("/public-api/licenses", "get").iter().all(|one| one["name"] != "from" && one["name"] != "to"));
    for (path, method) in [
        ("/public-api/licenses", "get"),
        ("/public-api/licenses/revoke", "post"),
        ("/public-api/products/disconnect", "post"),
    ] {
        let description = document["paths"][path][method]["description"].to_string();
        assert!(description.contains("`username` or `email`"), "{path}: {description}");
    }
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
