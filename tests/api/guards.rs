//! Every documented operation, with no, a bad, a foreign and an under-privileged credential.
//!
//! If you are here because this failed: a route was added that answers somebody it should not. Give its handler a
//! `Caller<…>` as its first argument.

use std::collections::BTreeSet;

use axum::http::Method;
use locum::{http::common_parts::of_path, services::atlassian::domain::api_access::SCOPES};
use utoipa::openapi::path::Operation;

use crate::support::{
    Answer, Client, EXPIRED_KEY, FULL_KEY, OTHER_ORG, OTHER_ORG_KEY, Role, TestApp, apply, on_both_databases,
};

/// Operations that take no credential at all. May only shrink.
const OPEN: [&str; 1] = ["getSwagger"];
/// What a viewer may do. May only shrink; everything else has to refuse a viewer with a 403.
const FOR_VIEWERS: [&str; 9] = [
    "createUserAccount",
    "deleteUserAccount",
    "getAllForCustomer",
    "getAllForTeam",
    "getByLicenseId",
    "getManagedEntityInfo",
    "getPlugins",
    "getProducts",
    "rotateToken",
];

/// Every operation: id, method, path with example values, whether it names the customer code.
fn list_operations() -> Vec<(String, &'static str, String, bool)> {
    let mut found = Vec::new();
    for (path, item) in locum::services::jetbrains_account::openapi().paths.paths {
        let path = path.replace("{licenseId}", "ABCDE12345").replace("{teamId}", "2001");
        let methods =
            [("GET", item.get), ("POST", item.post), ("PUT", item.put), ("PATCH", item.patch), ("DELETE", item.delete)];
        for (method, operation) in methods {
            let Some(operation): Option<Operation> = operation else { continue };
            let id = operation.operation_id.clone().expect("every operation has an id");
            let wants_code = serde_json::to_string(&operation.security).unwrap().contains("customerCode");
            found.push((id, method, path.clone(), wants_code));
        }
    }
    found
}

fn make_query_and_body(id: &str) -> (&'static str, &'static str) {
    match id {
        "assignLicense" => {
            ("", r#"{"licenseId":"FREE000001","contact":{"firstName":"A","lastName":"B","email":"a@example.test"}}"#)
        }
        "changeTeam" => ("", r#"{"targetTeamId":2002,"licenseIds":["FREE000001"]}"#),
        "revokeAsset" => ("?licenseId=ABCDE12345", ""),
        _ => ("", ""),
    }
}

/// An operation of the Atlassian service.
struct AtlassianOperation {
    id: String,
    method: Method,
    path: String,
    /// The scope that the document asks for; `None` is an administrator's session.
    scope: Option<&'static str>,
}

/// Those that read come first: some of the others take away what they read.
fn list_atlassian_operations() -> Vec<AtlassianOperation> {
    let mut found = Vec::new();
    for (path, item) in &locum::services::atlassian::openapi().paths.paths {
        // What no organization's path is of is tested in `atlassian/user_api_tokens.rs`.
        let Some(below) = path.strip_prefix("/orgs/{orgId}") else { continue };
        let path = below.replace("{serviceAccountId}", "svc-1").replace("{clientId}", "client-sync");
        let path = path.replace("{apiKeyId}", "no-such-key");
        assert!(!path.contains('{'), "an example value for {path}");
        for (method, operation) in of_path(item) {
            let security = serde_json::to_value(&operation.security).unwrap();
            let scope = security[0]["apiKey"][0].as_str();
            let scope = scope.map(|needed| *SCOPES.iter().find(|scope| **scope == needed).expect("a scope of keys"));
            assert_eq!(security[0].get("session").is_some(), scope.is_none(), "{security}");
            assert_eq!((security.as_array().unwrap().len(), security[0].as_object().unwrap().len()), (1, 1));
            let id = operation.operation_id.clone().expect("every operation has an id");
            found.push(AtlassianOperation { id, method, path: path.clone(), scope });
        }
    }
    found.sort_by_key(|operation| operation.method != Method::GET);
    found
}

async fn call_operation(caller: &Client, operation: &AtlassianOperation) -> Answer {
    let body = match operation.id.as_str() {
        "createOAuthClient" => r#"{"name":"guarded","serviceAccountId":"svc-2"}"#,
        "createServiceAccount" => {
            concat!(
                r#"{"displayName":"guarded","permissionRules":[{"resource":"ari:cloud:jira::site/1","#,
                r#""role":"atlassian/user"}]}"#
            )
        }
        "updateServiceAccount" => r#"{"atlassianId":"svc-1","description":"guarded"}"#,
        "countServiceAccountApiTokens" => r#"["svc-1"]"#,
        _ => "",
    };
    caller.call(operation.method.as_str(), &operation.path, body).await
}

/// One key per scope, called `only-…`, and one with all the others, called `but-…`.
async fn seed_scoped_keys(app: &crate::support::TestApp) {
    let keys: Vec<String> = SCOPES
        .iter()
        .flat_map(|scope| {
            let others: Vec<&str> = SCOPES.into_iter().filter(|other| other != scope).collect();
            [
                format!("        - {{ label: only {scope}, token: 'only-{scope}', scopes: ['{scope}'] }}"),
                format!(
                    "        - {{ label: but {scope}, token: 'but-{scope}', scopes: ['{}'] }}",
                    others.join("', '")
                ),
            ]
        })
        .collect();
    app.seed_atlassian(&format!("      api_keys:\n{}", keys.join("\n"))).await;
}

#[apply(on_both_databases)]
async fn every_operation_refuses_whom_it_should(app: TestApp) {
    let operations = list_operations();
    let ids: BTreeSet<&str> = operations.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(ids.len(), operations.len(), "operation ids are unique");
    for id in OPEN.iter().chain(&FOR_VIEWERS).chain(&["assignLicense", "changeTeam", "revokeAsset"]) {
        assert!(ids.contains(id), "{id} is gone");
    }
    let anonymous = app.jetbrains_account(Role::Anonymous);
    let foreign = app.jetbrains_account_token("demo-jba-other-organization-admin", "6700001");
    let bad = app.jetbrains_account_token("nonsense", "6700001");
    let codeless = anonymous.with_header("X-Api-Key", "demo-jba-organization-admin");
    for (id, method, path, wants_code) in &operations {
        let (query, body) = make_query_and_body(id);
        let path = format!("{path}{query}");
        let call = async |client: &Client| client.call(method, &path, body).await;
        if OPEN.contains(&id.as_str()) {
            assert_eq!(call(&anonymous).await.status, 200, "{id}");
            continue;
        }
        call(&anonymous).await.expect_jetbrains_error(401, "MISSING_TOKEN_HEADER", "X-Api-Key header is required");
        call(&bad).await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
        if *wants_code {
            call(&foreign).await.expect_jetbrains_error(401, "INVALID_TOKEN", "The token provided is invalid");
            call(&codeless).await.expect_jetbrains_error(
                401,
                "MISSING_CUSTOMER_HEADER",
                "X-Customer-Code header is required",
            );
        }
        if !FOR_VIEWERS.contains(&id.as_str()) {
            for role in [Role::OrgViewer, Role::TeamViewer, Role::PrimaryContact] {
                assert_eq!(call(&app.jetbrains_account(role)).await.status, 403, "{id} as {role:?}");
            }
        }
    }
    // Last, what the credential is for: nobody above changed anything.
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?assigned=true").await.header("x-total-count"),
        Some("4")
    );
}

#[apply(on_both_databases)]
async fn every_operation_of_atlassian_refuses_whom_it_should(app: TestApp) {
    seed_scoped_keys(&app).await;
    let operations = list_atlassian_operations();
    let ids: BTreeSet<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!((operations.len(), ids.len()), (21, 21), "{ids:?}");
    let for_sessions: Vec<&str> = operations.iter().filter(|it| it.scope.is_none()).map(|it| it.id.as_str()).collect();
    assert_eq!(for_sessions, ["createOAuthClient"]);
    let administrator = app.sign_in_to_atlassian("ann@example.test").await;
    let every_key = ["only", "but"].iter().flat_map(|kind| SCOPES.map(|scope| format!("{kind}-{scope}")));
    let every_key: Vec<String> = every_key.chain(["demo-atlassian-key".to_owned()]).collect();
    for it in &operations {
        for bad in [
            app.atlassian_without_key(),
            app.atlassian("nonsense"),
            app.atlassian(""),
            app.atlassian_without_key().with_header("authorization", "Basic YW5uOmRlbW8tYXRsYXNzaWFuLWtleQ=="),
            app.atlassian_without_key().with_header("authorization", "Basic demo-atlassian-key"),
            app.atlassian_without_key().with_header("authorization", "demo-atlassian-key"),
            app.atlassian_without_key().with_header("cookie", "cloud.session.token=demo-atlassian-key"),
            app.atlassian_without_key().with_header("x-api-key", "demo-jba-organization-admin"),
            app.atlassian("demo-jba-organization-admin"),
            app.atlassian(EXPIRED_KEY),
        ] {
            call_operation(&bad, it).await.expect_gateway_error(401, "Unauthorized");
        }
        call_operation(&app.atlassian(OTHER_ORG_KEY), it).await.expect_atlassian_error(403, "GENERIC_ERROR");
        call_operation(&app.atlassian(FULL_KEY).in_organization(OTHER_ORG), it)
            .await
            .expect_atlassian_error(403, "GENERIC_ERROR");
        call_operation(&administrator.in_organization(OTHER_ORG), it)
            .await
            .expect_atlassian_error(403, "GENERIC_ERROR");
        if let Some(scope) = it.scope {
            let detail = call_operation(&app.atlassian(&format!("but-{scope}")), it)
                .await
                .expect_atlassian_error(403, "GENERIC_ERROR");
            assert!(detail.contains(scope), "{}: {detail}", it.id);
            call_operation(&administrator, it).await.expect_gateway_error(401, "Unauthorized");
        } else {
            for key in &every_key {
                call_operation(&app.atlassian(key), it).await.expect_atlassian_error(403, "GENERIC_ERROR");
            }
        }
    }
    // Nobody above changed anything.
    let full = app.atlassian(FULL_KEY);
    assert_eq!(full.get("/api-tokens/count").await.text(), "254");
    assert_eq!(full.get("/api-keys/count").await.text(), "19");
    assert_eq!(full.get("/service-accounts").await.expect_ok()["total"], 2);
    assert_eq!(full.post("/oauth-clients/count", "").await.text(), r#"{"total":1}"#);
    for it in &operations {
        let Some(scope) = it.scope else {
            assert_eq!(call_operation(&administrator, it).await.status, 201, "{}", it.id);
            continue;
        };
        for caller in [app.atlassian(&format!("only-{scope}")), full.clone()] {
            let answer = call_operation(&caller, it).await;
            // The second one comes too late for what the first one took away.
            assert!(matches!(answer.status.as_u16(), 200 | 201 | 204 | 400 | 404), "{}: {}", it.id, answer.status);
        }
    }
    assert_eq!(full.get("/api-tokens/count").await.text(), "0");
}
