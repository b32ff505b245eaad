//! Licences that users hold: the four capabilities whose paths are our guess (license-vault §2.4).

use super::count_licenses;
use crate::support::{Answer, TestApp, VAULT_TOKEN, apply, on_both_databases};

const PATH: &str = "/public-api/licenses";
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
    // Days do not exist there, so they are not checked; rows do.
    for query in ["from=2026-01-15", "from=yesterday", "to=2020-01-01&from=x", "offset=0&limit=1"] {
        let path = format!("/public-api/licenses?username=cleo&{query}");
        assert_eq!(app.license_vault(VAULT_TOKEN).get(&path).await.expect_ok().as_array().unwrap().len(), 1, "{query}");
    }
    let past_the_end = app.license_vault(VAULT_TOKEN).get("/public-api/licenses?username=cleo&offset=1").await;
    assert_eq!(past_the_end.text(), "[]");
    app.license_vault(VAULT_TOKEN).get("/public-api/licenses?username=cleo&limit=0").await.expect_invalid_parameter();
}

#[apply(on_both_databases)]
async fn a_login_name_names_one_user(app: TestApp) {
    let seed = indoc::indoc! {"
        version: 1
        organizations:
          - name: A
            people: [{ email: ann@a.test }, { email: Ann@b.test }, { email: annette@a.test }]
            license_vault:
              name: example
              token: demo-vault-token
              pools: [{ product: II, regular: 9 }]
              allocations:
                - { user: ann@a.test, product: II }
                - { user: annette@a.test, product: II }
                - { user: ann@c.test, product: II }
    "};
    app.control().post("/seed?mode=replace", seed).await.expect_ok();
    let emails = async |name: &str| {
        let answer = app.license_vault(VAULT_TOKEN).get(&format!("/public-api/licenses?username={name}")).await;
        if answer.status == 404 {
            return None;
        }
        let licenses = answer.expect_ok();
        let licenses = licenses.as_array().unwrap();
        Some(licenses.iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect::<Vec<String>>())
    };
    for (name, expected) in [
        ("ann", Some(vec!["ann@a.test"])),
        ("ANN", Some(vec!["ann@a.test"])),
        ("Annette", Some(vec!["annette@a.test"])),
        ("ann@c.test", Some(vec!["ann@c.test"])),
        ("Ann@C.test", Some(vec!["ann@c.test"])),
        // One of the people, who holds nothing.
        ("ann@b.test", Some(vec![])),
        ("an", None),
        ("annett", None),
        ("ann@", None),
        ("ann@a.test", None),
        ("ann%25", None),
    ] {
        let expected = expected.map(|emails| emails.into_iter().map(ToOwned::to_owned).collect());
        assert_eq!(emails(name).await, expected, "{name}");
    }
    // Who asks later has the name that is left.
    let started = super::start_product(&app, "Ann@b.test", "II", "h").await;
    assert_eq!(started["granted"], true);
    assert_eq!(emails("ann@b.test").await.unwrap(), ["Ann@b.test"]);
    // Nobody else's licence is taken.
    let revoke = "/public-api/licenses/revoke?username=Ann";
    let revoked = app.license_vault(VAULT_TOKEN).post(revoke, "").await.expect_ok();
    assert_eq!(revoked["allocationIds"].as_array().unwrap().len(), 1);
    assert_eq!(count_licenses(&app, "II").await[0], 3);
    for (path, status) in [("an&productCode=II", 404), ("annette&productCode=II", 200)] {
        let path = format!("/public-api/products/disconnect?username={path}");
        assert_eq!(app.license_vault(VAULT_TOKEN).post(&path, "").await.status, status, "{path}");
    }
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
    assert_eq!(rows.as_array().unwrap().len(), 4);
    assert_eq!((&rows[3]["username"], &rows[3]["end_time"]), (&"bob".into(), &serde_json::Value::Null), "asked again");
    assert_ne!(rows[3]["allocation_id"], rows[0]["allocation_id"]);
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
        3,
        "what still runs"
    );
    let backwards = "/public-api/licenses/report?from=2026-01-15&to=2026-01-14";
    assert_eq!(app.license_vault(VAULT_TOKEN).get(backwards).await.text(), "[]");
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
