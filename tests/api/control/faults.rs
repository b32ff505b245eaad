//! `/_emulator/faults`: what is to go wrong, does.

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use serde_json::json;

use crate::support::{Answer, Client, FULL_KEY, ORG, Role, TestApp, VAULT_TOKEN, apply, on_both_databases};

async fn inject(app: &TestApp, rule: &str) -> serde_json::Value {
    app.control().post("/faults", rule).await.expect_ok()
}

/// The administrator of the demo organization, for whom faults answer.
fn admin(app: &TestApp) -> Client {
    app.jetbrains_account(Role::OrgAdmin).without_document_check()
}

async fn read_usage(app: &TestApp) -> Answer {
    app.license_vault(VAULT_TOKEN).without_document_check().get("/public-api/licenses/usage").await
}

#[apply(on_both_databases)]
async fn in_each_vendor_s_shape(app: TestApp) {
    inject(&app, r#"{"match":{"service":"jetbrains_account"},"then":{"status":503}}"#).await;
    inject(&app, r#"{"match":{"service":"license_vault"},"then":{"status":503}}"#).await;
    admin(&app).get("/token").await.expect_jetbrains_error_page(503);
    let answer = read_usage(&app).await;
    assert_eq!(answer.status, 503);
    assert_eq!((&answer.json()["code"], answer.header("retry-after")), (&json!("UNAVAILABLE"), Some("1")));
    assert_eq!(answer.json()["path"], "/public-api/licenses/usage");
    app.control().delete("/faults").await.expect_ok();
    inject(&app, r#"{"then":{"status":400,"code":"MISSING_FIELD"},"times":1}"#).await;
    admin(&app).get("/token").await.expect_jetbrains_error(
        400,
        "MISSING_FIELD",
        "Either licenseId or license must be provided",
    );
    inject(&app, r#"{"then":{"status":500,"code":"GENERIC_ERROR"},"times":1}"#).await;
    app.atlassian(FULL_KEY).get("/api-tokens").await.expect_atlassian_error(500, "GENERIC_ERROR");
    inject(&app, r#"{"then":{"status":429},"times":1}"#).await;
    app.atlassian(FULL_KEY).get("/api-tokens").await.expect_gateway_error(429, "Rate limit exceeded");
    inject(&app, r#"{"then":{"status":418,"body":{"a":[1]}},"times":1}"#).await;
    let own = admin(&app).get("/token").await;
    assert_eq!((own.status.as_u16(), own.json()), (418, json!({"a": [1]})));
    inject(&app, r#"{"then":{"body":"plain"},"times":1}"#).await;
    assert_eq!(admin(&app).get("/token").await.text(), "plain");
    admin(&app).get("/token").await.expect_ok();
}

#[apply(on_both_databases)]
async fn counted_by_what_matches(app: TestApp) {
    let rule = json!({
        "match": {
            "operation": "getManagedEntityInfo",
            "method": "get",
            "path": "/api/v1/*",
            "credential": "ann@example.test (organization)",
        },
        "then": {"status": 500},
        "times": 2,
        "after": 1,
    });
    let kept = inject(&app, &rule.to_string()).await;
    let id = kept["id"].as_str().unwrap();
    assert_eq!(kept["hits"], 0);
    app.jetbrains_account(Role::OrgViewer).get("/token").await.expect_ok();
    admin(&app).get("/products").await.expect_ok();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(admin(&app).get("/token").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 500, 500, 200, 200]);
    let kept = app.control().get(&format!("/faults/{id}")).await.expect_ok();
    assert_eq!((&kept["hits"], &kept["times"], &kept["match"]["method"]), (&2.into(), &2.into(), &"get".into()));
    assert_eq!(app.control().delete(&format!("/faults/{id}")).await.expect_ok()["hits"], 2);
    app.control().get(&format!("/faults/{id}")).await.expect_problem(404);
    app.control().delete(&format!("/faults/{id}")).await.expect_problem(404);
    assert_eq!(app.control().get("/faults").await.text(), "[]");
}

#[apply(on_both_databases)]
async fn a_fault_changes_nothing_else(app: TestApp) {
    inject(&app, r#"{"match":{"operation":"assignLicense"},"then":{"status":503},"times":1}"#).await;
    assert_eq!(admin(&app).assign_license("FREE000001").await.status, 503);
    assert_eq!(admin(&app).get("/customer/licenses?assigned=true").await.header("x-total-count"), Some("4"));
    assert_eq!(admin(&app).assign_license("FREE000001").await.status, 200);
    // Each space has its own, and a reset takes them away.
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    app.control().post("/spaces/t1/faults", r#"{"then":{"status":503}}"#).await.expect_ok();
    admin(&app).get("/token").await.expect_ok();
    inject(&app, r#"{"then":{"status":503}}"#).await;
    admin(&app).get("/token").await.expect_jetbrains_error_page(503);
    app.control().post("/reset", "").await.expect_ok();
    admin(&app).get("/token").await.expect_ok();
    assert_eq!(app.control().get("/spaces/t1/faults").await.expect_ok().as_array().unwrap().len(), 1);
}

#[apply(on_both_databases)]
async fn delays_and_broken_connections(app: TestApp) {
    inject(&app, r#"{"then":{"delay":"120ms"},"times":1}"#).await;
    let started = Instant::now();
    admin(&app).get("/token").await.expect_ok();
    assert!(started.elapsed() >= Duration::from_millis(120));
    inject(&app, r#"{"then":{"fault":"empty"},"times":1}"#).await;
    let empty = admin(&app).get("/token").await;
    assert_eq!((empty.status.as_u16(), empty.text()), (200, ""));
    for (fault, some) in [("truncated", true), ("connection_reset", false)] {
        inject(&app, &format!(r#"{{"then":{{"fault":"{fault}"}},"times":1}}"#)).await;
        let mut body = admin(&app).get_stream("/token").await.into_body();
        if some {
            let half = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(half.starts_with(b"{") && !half.ends_with(b"}"), "{half:?}");
        }
        assert!(body.frame().await.unwrap().is_err(), "{fault}");
    }
}

#[apply(on_both_databases)]
async fn bad_input(app: TestApp) {
    for (rule, pointer) in [
        (r#"{"match":{"operation":"getApiToken"},"then":{"status":500}}"#, "/match/operation"),
        (r#"{"match":{"service":"jira"},"then":{"status":500}}"#, "/match/service"),
        (r#"{"match":{"method":"GTE"},"then":{"status":500}}"#, "/match/method"),
    ] {
        let problem = app.control().post("/faults", rule).await.expect_problem(422);
        assert_eq!(problem["pointer"], pointer);
    }
    let near = app
        .control()
        .post("/faults", r#"{"match":{"operation":"asignLicense"},"then":{"status":500}}"#)
        .await
        .expect_problem(422);
    assert!(near["detail"].as_str().unwrap().contains("did you mean `assignLicense`?"), "{near}");
    for (rule, pointer) in [
        (r#"{"then":{}}"#, "/then"),
        (r#"{"then":{"status":99}}"#, "/then/status"),
        (r#"{"then":{"status":600}}"#, "/then/status"),
        (r#"{"then":{"status":"500"}}"#, "/then/status"),
        (r#"{"match":{"path":"api/v1/*"},"then":{"status":500}}"#, "/match/path"),
        (r#"{"match":{"credential":" "},"then":{"status":500}}"#, "/match/credential"),
        (r#"{"then":{"status":500,"code":"A\u0000"}}"#, "/then/code"),
        (r#"{"then":{"status":204,"code":"GONE"}}"#, "/then/code"),
        (r#"{"then":{"status":204,"body":""}}"#, "/then/body"),
        (r#"{"then":{"status":205,"body":{}}}"#, "/then/body"),
        (r#"{"then":{"status":304,"body":"x"}}"#, "/then/body"),
        (r#"{"then":{"delay":"soon"}}"#, "/then/delay"),
        (r#"{"then":{"delay":"61s"}}"#, "/then/delay"),
        (r#"{"then":{"fault":"fire"}}"#, "/then/fault"),
        (r#"{"then":{"status":500},"times":0}"#, "/times"),
        (r#"{"then":{"status":500},"after":-1}"#, "/after"),
        (r#"{"then":{"status":500},"unless":1}"#, "/unless"),
        (r#"{"match":{"tenant":"x"},"then":{"status":500}}"#, "/match/tenant"),
        (r#"{"match":{}}"#, ""),
        ("[]", ""),
        ("", ""),
    ] {
        assert_eq!(app.control().post("/faults", rule).await.expect_problem(400)["pointer"], pointer, "{rule}");
    }
    assert_eq!(app.control().get("/faults").await.text(), "[]");
}

/// What no request can be is refused, with what was meant.
#[apply(on_both_databases)]
async fn rules_that_would_never_hit(app: TestApp) {
    for (matcher, pointer, says) in [
        (json!({"path": "/nope"}), "/match/path", "GET /_emulator/operations lists them"),
        (json!({"path": "/api/v1/licenses"}), "/match/path", "did you mean `/api/v1/customer/licenses`?"),
        (json!({"path": "/api-keys/count"}), "/match/path", "/api-keys/count`? "),
        (
            json!({"service": "license_vault", "path": "/licenses"}),
            "/match/path",
            "did you mean `/public-api/licenses`? `getUserLicenses` is GET",
        ),
        (json!({"path": "/api/v2/*"}), "/match/path", "did you mean `/api/v1/*`?"),
        (json!({"path": "/api/v1/customer/licences"}), "/match/path", "did you mean `/api/v1/customer/licenses`?"),
        (json!({"path": "/api/v1/customer/licences/X/*"}), "/match/path", "no operation of any service has the path"),
        (
            json!({"path": "/api/v1/token/"}),
            "/match/path",
            "did you mean `/api/v1/token`? `getManagedEntityInfo` is GET",
        ),
        (
            json!({"path": "/api/v1/customer/licenses?page=1"}),
            "/match/path",
            "did you mean `/api/v1/customer/licenses`?",
        ),
        (
            json!({"path": "/api/v1/customer/team/2001/licenses"}),
            "/match/path",
            "did you mean `/api/v1/customer/teams/2001/licenses`? `getAllForTeam` is GET",
        ),
        (
            json!({"service": "license_vault", "path": "/api/v1/token"}),
            "/match/path",
            "no operation of license_vault has the path `/api/v1/token`: `getManagedEntityInfo` is GET /api/v1/token \
             of jetbrains_account",
        ),
        (
            json!({"path": "/admin/api-access/v1/orgs/*/api-token/count"}),
            "/match/path",
            "did you mean `/admin/api-access/v1/orgs/{orgId}/api-tokens/count`? `",
        ),
        (
            json!({"path": "/api/v1/customer/licenses/**"}),
            "/match/path",
            "`*` in `/api/v1/customer/licenses/**` stands",
        ),
        (json!({"path": "/api/v1/customer/licenses/F*1"}), "/match/path", "`F*1` in `"),
        (json!({"path": "/api/v1/customer/licenses/{licenseId"}), "/match/path", "`{licenseId` in `"),
        (json!({"path": "/users/user-{id}/manage/api-tokens"}), "/match/path", "`user-{id}` in `"),
        (
            json!({"credential": "nosuch"}),
            "/match/credential",
            "no credential is called `nosuch`: expected `ann@example.test (organization)`, ",
        ),
        (
            json!({"credential": "redaer"}),
            "/match/credential",
            "no credential is called `redaer`, did you mean `reader`?",
        ),
        (
            json!({"service": "atlassian", "credential": "ann@example.test (organization)"}),
            "/match/credential",
            "no credential of atlassian is called `ann@example.test (organization)`, which is one of \
             jetbrains_account: expected `",
        ),
        (
            json!({"operation": "assignLicense", "credential": "reader"}),
            "/match/credential",
            "no credential of jetbrains_account is called `reader`, which is one of atlassian: expected `ann@",
        ),
        (
            json!({"path": "/public-api/*", "credential": "reader"}),
            "/match/credential",
            "no credential of license_vault is called `reader`, which is one of atlassian: expected `",
        ),
        (
            json!({"service": "license_vault", "operation": "assignLicense"}),
            "/match/operation",
            "license_vault has no operation `assignLicense`: `assignLicense` is POST \
             /api/v1/customer/licenses/assign of jetbrains_account",
        ),
        (
            json!({"service": "license_vault", "operation": "asignLicense"}),
            "/match/operation",
            "license_vault has no operation `asignLicense`, did you mean `assignLicense`? `assignLicense` is POST \
             /api/v1/customer/licenses/assign of jetbrains_account",
        ),
        (
            json!({"service": "license_vault", "operation": "getLicensesUsage"}),
            "/match/operation",
            "did you mean `getLicenseUsage`? `getLicenseUsage` is GET /public-api/licenses/usage of license_vault",
        ),
        (json!({"service": "license_vault", "operation": "x"}), "/match/operation", "expected `getActuatorHealth`"),
        (json!({"operation": "assignLicense", "method": "PUT"}), "/match/method", "`assignLicense` is POST"),
        (json!({"operation": "assignLicense", "path": "/api/v1/token"}), "/match/path", "`assignLicense` is POST"),
        (json!({"operation": "assignLicense", "path": "/public-api/*"}), "/match/path", "`assignLicense` is POST"),
    ] {
        let rule = json!({"match": matcher, "then": {"status": 500}});
        let problem = app.control().post("/faults", rule).await.expect_problem(422);
        assert_eq!(problem["pointer"], pointer, "{matcher}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{matcher}: {detail}");
    }
    assert_eq!(app.control().get("/faults").await.text(), "[]");
}

/// What reaches a service is refused where an operation was meant: by path and method.
#[apply(on_both_databases)]
async fn slips_are_refused(app: TestApp) {
    for (matcher, pointer, says) in [
        (
            json!({"service": "jetbrains_account", "path": "/api/v1/customer/licences"}),
            "/match/path",
            "did you mean `/api/v1/customer/licenses`? `getAllForCustomer` is GET /api/v1/customer/licenses of \
             jetbrains_account; for what clients misspell, put `*` in the place of the segment",
        ),
        (json!({"path": "/api/v1/customer/licences/*"}), "/match/path", "did you mean `/api/v1/customer/licenses/*`?"),
        (json!({"path": "/api/v1/licenses/assign"}), "/match/path", "no operation of any service has the path"),
        (json!({"path": "/public-api/licences/usage"}), "/match/path", "`getLicenseUsage` is GET"),
        (json!({"path": "/license-vault/example/public-api/licenses/usages"}), "/match/path", "`getLicenseUsage` is"),
        (json!({"path": "/api/v1/customer/nosuch?page=1"}), "/match/path", "no operation of any service has the path"),
        (json!({"path": "/api/v1x/nosuch"}), "/match/path", "no operation of any service has the path"),
        (json!({"service": "license_vault", "path": "/api/v1/nosuch"}), "/match/path", "no operation of license_vault"),
        // Behind a vault's name, what is no operation is nobody's.
        (
            json!({"path": "/license-vault/{vault}/public-api/nosuch"}),
            "/match/path",
            "no operation of any service has the path",
        ),
        (json!({"method": "PUT"}), "/match/method", "no operation of any service has the method `PUT`"),
        (
            json!({"service": "license_vault", "method": "DELETE"}),
            "/match/method",
            "no operation of license_vault has the method `DELETE`: expected `GET`, `POST`",
        ),
        (
            json!({"path": "/api/v1/token", "method": "DELETE"}),
            "/match/method",
            "no operation of any service has the method `DELETE` at `/api/v1/token`: `getManagedEntityInfo` is GET \
             /api/v1/token of jetbrains_account",
        ),
    ] {
        let rule = json!({"match": matcher, "then": {"status": 500}});
        let problem = app.control().post("/faults", rule).await.expect_problem(422);
        assert_eq!(problem["pointer"], pointer, "{matcher}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{matcher}: {detail}");
    }
    assert_eq!(app.control().get("/faults").await.text(), "[]");
}

/// A client may ask for what is no operation, which the service would answer by a 404.
#[apply(on_both_databases)]
async fn rules_for_paths_of_no_operation_hit(app: TestApp) {
    let client = app.client().without_document_check();
    let org = format!("/admin/api-access/v1/orgs/{ORG}");
    for (matcher, path) in [
        (json!({"path": "/api/v1/customer/nosuch"}), "/api/v1/customer/nosuch"),
        (json!({"path": "/api/v1/nosuch", "service": "jetbrains_account"}), "/api/v1/nosuch"),
        (json!({"path": "/api/v1/customer/*/X/team/*"}), "/api/v1/customer/1/X/team/licences"),
        (json!({"path": "/api/v1/customer/{a}/{b}/{c}/{d}"}), "/api/v1/customer/1/2/3/4"),
        (json!({"path": "/api/v1/customer/*"}), "/api/v1/customer/licences"),
        (json!({"path": "/api/v1/nosuch/", "method": "PUT"}), "/api/v1/nosuch/"),
        (json!({"path": "/public-api/nosuch/*"}), "/public-api/nosuch/1"),
        (json!({"path": format!("{org}/nosuch")}), &*format!("{org}/nosuch")),
        (json!({"path": "/api/v1/token", "method": "OPTIONS"}), "/api/v1/token"),
    ] {
        let rule = json!({"match": matcher, "then": {"status": 418}});
        let method = matcher["method"].as_str().unwrap_or("GET");
        assert_ne!(client.call(method, path, "").await.status, 418, "{matcher}");
        let id = inject(&app, &rule.to_string()).await["id"].clone();
        assert_eq!(client.call(method, path, "").await.status, 418, "{matcher}");
        app.control().delete(&format!("/faults/{}", id.as_str().unwrap())).await.expect_ok();
    }
}

/// Whatever a request can be is taken, and hits it.
#[apply(on_both_databases)]
async fn rules_that_hit(app: TestApp) {
    for matcher in [
        json!({"path": "*"}),
        json!({"path": "/*"}),
        json!({"path": "/api/v1/customer/lic*"}),
        json!({"path": "/api/v1/customer/licenses/FREE000001"}),
        json!({"service": "jetbrains_account", "path": "/api/v1/customer/licenses/*"}),
        json!({"operation": "getByLicenseId", "method": "get", "path": "/api/v1/customer/licenses/*"}),
        json!({"operation": "get by license ID", "path": "/api/v1/*"}),
        json!({"service": "jetbrains_account"}),
        json!({"path": "/api/v1/customer/licenses/{licenseId}"}),
        json!({"path": "/api/v1/customer/*/FREE000001"}),
        json!({"path": "/api/v1/*/{kind}/*"}),
        json!({"path": "/api/v1/customer/licenses/{licenseId}", "credential": "ann@example.test (organization)"}),
        json!({"credential": "ann@example.test (organization)"}),
    ] {
        let id = inject(&app, &json!({"match": matcher, "then": {"status": 503}}).to_string()).await["id"].clone();
        assert_eq!(admin(&app).get("/customer/licenses/FREE000001").await.status, 503, "{matcher}");
        app.control().delete(&format!("/faults/{}", id.as_str().unwrap())).await.expect_ok();
    }
    inject(&app, r#"{"match":{"path":"/license-vault/example/public-api/licenses/usage"},"then":{"status":503}}"#)
        .await;
    assert_eq!(read_usage(&app).await.status, 200);
    let by_name = app.license_vault(VAULT_TOKEN).without_document_check();
    assert_eq!(by_name.get("/license-vault/example/public-api/licenses/usage").await.status, 503);
    inject(&app, r#"{"match":{"operation":"getManagedEntityInfo","method":"HEAD"},"then":{"status":503}}"#).await;
    assert_eq!(admin(&app).call("HEAD", "/token", "").await.status, 503);
}

/// Of a path as `/operations` writes it, each segment in braces is any one; and so is a `*` within.
#[apply(on_both_databases)]
async fn paths_of_the_list_of_operations_hit(app: TestApp) {
    let atlassian = app.atlassian(FULL_KEY).without_document_check();
    let vault = app.license_vault(VAULT_TOKEN).without_document_check();
    let count = format!("/admin/api-access/v1/orgs/{ORG}/api-tokens/count");
    for (path, client, asked, other) in [
        (
            "/admin/api-access/v1/orgs/{orgId}/api-tokens/count",
            &atlassian,
            count.as_str(),
            "/users/a/manage/api-tokens",
        ),
        ("/admin/api-access/v1/orgs/{x}/api-tokens/count", &atlassian, &count, "/users/a/manage/api-tokens"),
        ("/admin/api-access/v1/orgs/*/api-tokens/count", &atlassian, &count, "/users/a/manage/api-tokens"),
        ("/users/*/manage/api-tokens", &atlassian, "/users/712020:bob/manage/api-tokens", "/users//manage/api-tokens"),
        ("/users/{account_id}/manage/api-tokens", &atlassian, "/users/712020:bob/manage/api-tokens", &count),
        ("/license-vault/{vault}/public-api/*", &vault, "/license-vault/example/public-api/licenses/usage", "/health"),
        ("/actuator/health", &vault, "/actuator/health", "/health"),
        ("/license-vault/example/actuator/health", &vault, "/license-vault/example/actuator/health", "/health"),
    ] {
        let id =
            inject(&app, &json!({"match": {"path": path}, "then": {"status": 503}}).to_string()).await["id"].clone();
        assert_eq!(client.below("").get(asked).await.status, 503, "{path}");
        assert_ne!(client.below("").get(other).await.status, 503, "{path} is not {other}");
        let question = json!({"match": {"path": path}, "count": {"exactly": 1}});
        app.control().post("/requests/verify", question).await.expect_ok();
        app.control().delete("/requests").await.expect_ok();
        app.control().delete(&format!("/faults/{}", id.as_str().unwrap())).await.expect_ok();
    }
    let operations = app.control().get("/operations").await.expect_ok();
    for operation in operations.as_array().unwrap() {
        let rule =
            json!({"match": {"path": operation["path"], "operation": operation["operation"]}, "then": {"status": 503}});
        inject(&app, &rule.to_string()).await;
    }
}

/// A 405 says which methods there are and is counted by no limit, what is no error has no error's body, and who is to
/// come back is told when, as where nobody injects anything.
#[apply(on_both_databases)]
async fn an_injected_answer_has_what_an_own_one_has(app: TestApp) {
    let atlassian = app.atlassian(FULL_KEY).without_document_check();
    let vault = app.license_vault(VAULT_TOKEN).without_document_check();
    let jetbrains = admin(&app);
    let (of_vendors, of_jetbrains) = ("application/json", "application/json;charset=UTF-8");
    for (client, path, allowed, content_type) in [
        (&jetbrains, "/customer/licenses", "GET,HEAD", of_jetbrains),
        (&vault, "/public-api/licenses/usage", "GET,HEAD", of_vendors),
        (&vault, "/license-vault/example/public-api/licenses", "GET,HEAD", of_vendors),
        (&atlassian, "/api-keys", "GET,HEAD", of_vendors),
        (&atlassian, "/api-tokens", "GET,HEAD,DELETE", of_vendors),
    ] {
        let own = client.call("PATCH", path, "").await;
        assert_eq!((own.status.as_u16(), own.header("allow")), (405, Some(allowed)), "{path}");
        inject(&app, r#"{"then":{"status":405},"times":1}"#).await;
        let injected = client.get(path).await;
        assert_eq!((injected.status.as_u16(), injected.header("allow")), (405, Some(allowed)), "{path}");
        assert_eq!((injected.header("x-ratelimit-limit"), own.header("x-ratelimit-limit")), (None, None), "{path}");
        for status in [200, 201, 202, 302] {
            inject(&app, &json!({"then": {"status": status}, "times": 1}).to_string()).await;
            let injected = client.get(path).await;
            assert_eq!((injected.status.as_u16(), injected.text()), (status, ""), "{path}");
            assert_eq!(injected.header("content-type"), Some(content_type), "{path}");
        }
        for status in [429, 503] {
            inject(&app, &json!({"then": {"status": status, "body": "later"}, "times": 1}).to_string()).await;
            let injected = client.get(path).await;
            assert!(injected.header("retry-after").is_some(), "{status} {path}");
            assert_eq!(injected.text(), "later", "{path}");
        }
    }
    inject(&app, r#"{"then":{"status":404,"code":"GENERIC_ERROR"},"times":1}"#).await;
    atlassian.delete("/api-tokens").await.expect_empty(404);
}
