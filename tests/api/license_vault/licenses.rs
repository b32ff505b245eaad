//! Licences that users hold: the four capabilities whose paths are our guess (license-vault §2.4).

use super::{count_licenses, replace_vault, start_product};
use crate::support::{Answer, TestApp, VAULT_TOKEN, apply, on_both_databases};

const PATH: &str = "/public-api/licenses";
const REVOKE: &str = "/public-api/licenses/revoke";
const DISCONNECT: &str = "/public-api/products/disconnect";

#[apply(on_both_databases)]
async fn licences_of_a_user_are_listed(app: TestApp) {
    let licenses = app.license_vault(VAULT_TOKEN).get("/public-api/licenses?username=cleo").await.expect_ok();
    assert_eq!(
        licenses,
        app.license_vault(VAULT_TOKEN).get("/public-api/licenses?email=Cleo@Example.test").await.expect_ok()
    );
    let licenses = licenses.as_array().unwrap();
    assert_eq!(licenses.len(), 1);
    assert_eq!((&licenses[0]["code"], &licenses[0]["type"]), (&"ALL".into(), &"REGULAR".into()));
    assert_eq!(licenses[0]["allocatedAt"], "2026-01-13T09:00:00Z");
    let mut running: Vec<&str> =
        licenses[0]["products"].as_array().unwrap().iter().map(|p| p["displayName"].as_str().unwrap()).collect();
    running.sort_unstable();
    assert_eq!(running, ["GoLand", "WebStorm"]);
    assert_eq!(app.license_vault(VAULT_TOKEN).get("/public-api/licenses?username=ann").await.text(), "[]");
    for unknown in ["username=nobody", "email=nobody@example.test", "username=ann%25", "username=%00"] {
        app.license_vault(VAULT_TOKEN).get(&format!("/public-api/licenses?{unknown}")).await.expect_vault_error(
            404,
            "NOT_FOUND",
            PATH,
        );
    }
    app.license_vault(VAULT_TOKEN).get("/public-api/licenses").await.expect_vault_error(400, "INVALID_PARAMETER", PATH);
}

#[apply(on_both_databases)]
async fn a_revoked_licence_is_free_at_once_and_its_user_may_ask_again(app: TestApp) {
    replace_vault(&app, "plan: enterprise_floating", "{ product: II, regular: 1 }").await;
    let first = start_product(&app, "bob@a.test", "II", "h").await["allocation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(start_product(&app, "eve@a.test", "II", "h").await["granted"], false);
    let revoked = app
        .license_vault(VAULT_TOKEN)
        .post(&format!("/public-api/licenses/revoke?allocationId={first}&username=ignored"), "")
        .await
        .expect_ok();
    assert_eq!(revoked["allocationIds"][0], first.as_str());
    assert_eq!(count_licenses(&app, "II").await[0], 0);
    let second = start_product(&app, "bob@a.test", "II", "h").await;
    assert_eq!(second["granted"], true);
    assert_ne!(second["allocation"]["id"], first.as_str());
    app.license_vault(VAULT_TOKEN)
        .post(&format!("/public-api/licenses/revoke?allocationId={first}"), "")
        .await
        .expect_vault_error(404, "NOT_FOUND", REVOKE);
    app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke", "").await.expect_vault_error(
        400,
        "INVALID_PARAMETER",
        REVOKE,
    );
    app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=nobody", "").await.expect_vault_error(
        404,
        "NOT_FOUND",
        REVOKE,
    );
    assert_eq!(
        app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob&productCode=WS", "").await.text(),
        r#"{"allocationIds":[]}"#
    );
    assert_eq!(
        app.license_vault(VAULT_TOKEN)
            .post("/public-api/licenses/revoke?username=bob&productCode=II", "")
            .await
            .expect_ok()["allocationIds"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await.text(),
        r#"{"allocationIds":[]}"#
    );
}

#[apply(on_both_databases)]
async fn five_may_be_revoked_in_a_calendar_month_by_api_and_page_together(app: TestApp) {
    replace_vault(&app, "plan: organization_true_up", "{ product: II, regular: 9 }").await;
    app.freeze_clock("2026-01-31T23:00:00Z").await;
    let revoke_by_api = async || {
        start_product(&app, "bob@a.test", "II", "h").await;
        app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await
    };
    for _ in 0..4 {
        assert_eq!(revoke_by_api().await.status, 200);
    }
    let id = start_product(&app, "bob@a.test", "II", "h").await["allocation"]["id"].as_str().unwrap().to_owned();
    let by_page =
        app.control().call("DELETE", &format!("/vaults/example/allocations/{id}"), r#"{"actor":"ann@a.test"}"#).await;
    assert_eq!(by_page.expect_ok(), serde_json::json!([]));
    let refused = revoke_by_api().await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].clone()), (400, "REVOCATION_LIMIT_REACHED".into()));
    assert_eq!(count_licenses(&app, "II").await[0], 1, "nothing was taken");
    app.control()
        .call("DELETE", &format!("/vaults/example/allocations/{id}"), r#"{"actor":"ann@a.test"}"#)
        .await
        .expect_problem(404);
    app.advance_clock("2h").await;
    assert_eq!(revoke_by_api().await.status, 200, "a new month");
}

#[apply(on_both_databases)]
async fn disconnecting_the_last_product_releases_the_licence(app: TestApp) {
    let running = async || app.license_vault(VAULT_TOKEN).get("/public-api/licenses?username=cleo").await.expect_ok();
    let id = running().await[0]["products"][0]["connectionId"].as_str().unwrap().to_owned();
    let done = app
        .license_vault(VAULT_TOKEN)
        .post(&format!("/public-api/products/disconnect?connectionId={id}"), "")
        .await
        .expect_ok();
    assert_eq!(done["connectionIds"][0], id.as_str());
    assert_eq!(running().await[0]["products"].as_array().unwrap().len(), 1);
    app.license_vault(VAULT_TOKEN)
        .post(&format!("/public-api/products/disconnect?connectionId={id}"), "")
        .await
        .expect_vault_error(404, "NOT_FOUND", DISCONNECT);
    let code = running().await[0]["products"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(
        app.license_vault(VAULT_TOKEN)
            .post(&format!("/public-api/products/disconnect?username=cleo&productCode={code}&hostname=no"), "")
            .await
            .text(),
        r#"{"connectionIds":[]}"#
    );
    assert_eq!(
        app.license_vault(VAULT_TOKEN)
            .post(&format!("/public-api/products/disconnect?username=cleo&productCode={code}&hostname=dev-2"), "")
            .await
            .status,
        200
    );
    assert_eq!(running().await.to_string(), "[]");
    assert_eq!(count_licenses(&app, "ALL").await[0], 0);
    for bad in ["", "?username=cleo", "?productCode=II"] {
        app.license_vault(VAULT_TOKEN)
            .post(&format!("/public-api/products/disconnect{bad}"), "")
            .await
            .expect_vault_error(400, "INVALID_PARAMETER", DISCONNECT);
    }
    app.license_vault(VAULT_TOKEN)
        .post("/public-api/products/disconnect?username=nobody&productCode=II", "")
        .await
        .expect_vault_error(404, "NOT_FOUND", DISCONNECT);
}

#[apply(on_both_databases)]
async fn the_report_comes_as_json_and_csv(app: TestApp) {
    app.advance_clock("1h").await;
    app.license_vault(VAULT_TOKEN).post("/public-api/licenses/revoke?username=bob", "").await.expect_ok();
    let rows = app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report").await.expect_ok();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!((&rows[0]["username"], &rows[0]["end_time"]), (&"bob".into(), &"2026-01-15T10:00:00Z".into()));
    assert_eq!(
        (&rows[1]["allocated_license"], &rows[1]["end_time"]),
        (&"All Products Pack".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report?offset=1&limit=1").await.expect_ok(),
        serde_json::json!([rows[1]])
    );
    assert_eq!(
        app.license_vault(VAULT_TOKEN)
            .get("/public-api/licenses/report?to=2026-01-12")
            .await
            .expect_ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        app.license_vault(VAULT_TOKEN)
            .get("/public-api/licenses/report?from=2026-01-16")
            .await
            .expect_ok()
            .as_array()
            .unwrap()
            .len(),
        2,
        "what still runs"
    );
    let reader = app.license_vault(VAULT_TOKEN).with_header("Accept", "text/csv");
    let csv = reader.get("/public-api/licenses/report?limit=1").await;
    assert_eq!(csv.header("content-type"), Some("text/csv;charset=UTF-8"));
    let mut lines = csv.text().lines();
    assert_eq!(
        lines.next(),
        Some(
            "allocation_id,allocated_license,username,user_hostname,user_ip,\
             product_name,product_version,license_type,start_time,end_time"
        )
    );
    assert!(
        lines
            .next()
            .unwrap()
            .ends_with("IntelliJ IDEA Ultimate,2026.1,REGULAR,2026-01-10T09:00:00Z,2026-01-15T10:00:00Z")
    );
    assert_eq!(lines.next(), None);
    app.license_vault(VAULT_TOKEN).get("/public-api/licenses/report?from=x").await.expect_invalid_parameter();
}

impl Answer {
    #[track_caller]
    fn expect_invalid_parameter(&self) {
        assert_eq!((self.status.as_u16(), self.json()["code"].clone()), (400, "INVALID_PARAMETER".into()));
    }
}
