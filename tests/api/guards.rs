//! Every documented operation, with no, a bad, a foreign and an under-privileged credential.
//!
//! If you are here because this failed: a route was added that answers somebody it should not. Give its handler a
//! `Caller<…>` as its first argument.

use std::collections::BTreeSet;

use axum::http::Method;
use locum::{domain::api_access::SCOPES, http::operations::of_path};
use utoipa::openapi::path::Operation;

use crate::support::{
    Actor, Answer, TestApp, apply,
    atlassian::{ApiCaller, OTHER_ORG},
    on_both_databases,
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
fn operations() -> Vec<(String, &'static str, String, bool)> {
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

fn body_and_query(id: &str) -> (&'static str, &'static str) {
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
struct Operating {
    id: String,
    method: Method,
    path: String,
    /// The scope that the document asks for; `None` is an administrator's session.
    scope: Option<&'static str>,
}

/// Those that read come first: some of the others take away what they read.
fn atlassian_operations() -> Vec<Operating> {
    let mut found = Vec::new();
    for (path, item) in &locum::services::atlassian::openapi().paths.paths {
        let below = path.strip_prefix("/orgs/{orgId}").expect("everything is an organization's");
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
            found.push(Operating { id, method, path: path.clone(), scope });
        }
    }
    found.sort_by_key(|operation| operation.method != Method::GET);
    found
}

async fn operate(caller: &ApiCaller<'_>, operation: &Operating) -> Answer {
    let body = match operation.id.as_str() {
        "createOauthClient" => r#"{"name":"guarded","serviceAccountId":"svc-2"}"#,
        "createServiceAccount" => {
            concat!(
                r#"{"displayName":"guarded","permissionRules":[{"resource":"ari:cloud:jira::site/1","#,
                r#""role":"atlassian/user"}]}"#
            )
        }
        "updateServiceAccount" => r#"{"atlassianId":"svc-1","description":"guarded"}"#,
        "getServiceAccountCredentialCounts" => r#"["svc-1"]"#,
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
    app.atlassian_seed(&format!("      api_keys:\n{}", keys.join("\n"))).await;
}

#[apply(on_both_databases)]
async fn every_operation_refuses_whom_it_should(app: TestApp) {
    let operations = operations();
    let ids: BTreeSet<&str> = operations.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(ids.len(), operations.len(), "operation ids are unique");
    for id in OPEN.iter().chain(&FOR_VIEWERS).chain(&["assignLicense", "changeTeam", "revokeAsset"]) {
        assert!(ids.contains(id), "{id} is gone");
    }
    let foreign = Actor {
        app: &app,
        token: Some("demo-jba-other-organization-admin".into()),
        customer_code: Some("6700001".into()),
    };
    let bad = Actor { app: &app, token: Some("nonsense".into()), customer_code: Some("6700001".into()) };
    let codeless = Actor { app: &app, token: Some("demo-jba-organization-admin".into()), customer_code: None };
    for (id, method, path, wants_code) in &operations {
        let (query, body) = body_and_query(id);
        let path = format!("{path}{query}");
        let call = async |actor: &Actor<'_>| actor.call(method, &path, body).await;
        if OPEN.contains(&id.as_str()) {
            assert_eq!(call(&app.anonymous()).await.status, 200, "{id}");
            continue;
        }
        call(&app.anonymous()).await.refused(401, "MISSING_TOKEN_HEADER", "X-Api-Key header is required");
        call(&bad).await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
        if *wants_code {
            call(&foreign).await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
            call(&codeless).await.refused(401, "MISSING_CUSTOMER_HEADER", "X-Customer-Code header is required");
        }
        if !FOR_VIEWERS.contains(&id.as_str()) {
            for viewer in [app.org_viewer(), app.team_viewer(), app.primary_contact()] {
                assert_eq!(call(&viewer).await.status, 403, "{id} with {:?}", viewer.token);
            }
        }
    }
    // Last, what the credential is for: nobody above changed anything.
    assert_eq!(app.org_admin().get("/customer/licenses?assigned=true").await.header("x-total-count"), Some("4"));
}

#[apply(on_both_databases)]
async fn every_operation_of_atlassian_refuses_whom_it_should(app: TestApp) {
    seed_scoped_keys(&app).await;
    let operations = atlassian_operations();
    let ids: BTreeSet<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!((operations.len(), ids.len()), (21, 21), "{ids:?}");
    let for_sessions: Vec<&str> = operations.iter().filter(|it| it.scope.is_none()).map(|it| it.id.as_str()).collect();
    assert_eq!(for_sessions, ["createOauthClient"]);
    let administrator = app.administrator("ann@example.test").await;
    let every_key = ["only", "but"].iter().flat_map(|kind| SCOPES.map(|scope| format!("{kind}-{scope}")));
    let every_key: Vec<String> = every_key.chain(["demo-atlassian-key".to_owned()]).collect();
    for it in &operations {
        for bad in [
            app.with_headers([]),
            app.api_key("nonsense"),
            app.api_key(""),
            app.with_headers([("authorization", "Basic YW5uOmRlbW8tYXRsYXNzaWFuLWtleQ==")]),
            app.with_headers([("authorization", "Basic demo-atlassian-key")]),
            app.with_headers([("authorization", "demo-atlassian-key")]),
            app.with_headers([("cookie", "cloud.session.token=demo-atlassian-key")]),
            app.with_headers([("x-api-key", "demo-jba-organization-admin")]),
            app.api_key("demo-jba-organization-admin"),
            app.api_key("demo-atlassian-expired"),
        ] {
            operate(&bad, it).await.gateway(401, "Unauthorized");
        }
        operate(&app.api_key("demo-atlassian-other-key"), it).await.service_error(403, "GENERIC_ERROR");
        operate(&app.full_key().at(OTHER_ORG), it).await.service_error(403, "GENERIC_ERROR");
        operate(&administrator.at(OTHER_ORG), it).await.service_error(403, "GENERIC_ERROR");
        if let Some(scope) = it.scope {
            let detail = operate(&app.api_key(&format!("but-{scope}")), it).await.service_error(403, "GENERIC_ERROR");
            assert!(detail.contains(scope), "{}: {detail}", it.id);
            operate(&administrator, it).await.gateway(401, "Unauthorized");
        } else {
            for key in &every_key {
                operate(&app.api_key(key), it).await.service_error(403, "GENERIC_ERROR");
            }
        }
    }
    // Nobody above changed anything.
    let full = app.full_key();
    assert_eq!(full.get("/api-tokens/count").await.text(), "254");
    assert_eq!(full.get("/api-keys/count").await.text(), "19");
    assert_eq!(full.get("/service-accounts").await.ok()["total"], 2);
    assert_eq!(full.post("/oauth-clients/count", "").await.text(), r#"{"total":1}"#);
    for it in &operations {
        let Some(scope) = it.scope else {
            assert_eq!(operate(&administrator, it).await.status, 201, "{}", it.id);
            continue;
        };
        for caller in [app.api_key(&format!("only-{scope}")), full.clone()] {
            let answer = operate(&caller, it).await;
            // The second one comes too late for what the first one took away.
            assert!(matches!(answer.status.as_u16(), 200 | 201 | 204 | 400 | 404), "{}: {}", it.id, answer.status);
        }
    }
    assert_eq!(full.get("/api-tokens/count").await.text(), "0");
}
