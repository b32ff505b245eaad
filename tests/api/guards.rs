//! Every documented operation, with no, a bad, a foreign and an under-privileged credential.
//!
//! If you are here because this failed: a route was added that answers somebody it should not. Give its handler a
//! `Caller<…>` as its first argument.

use std::collections::BTreeSet;

use utoipa::openapi::path::Operation;

use crate::support::Actor;

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

crate::on_both! {
    async fn every_operation_refuses_whom_it_should(app: TestApp) {
        let operations = operations();
        let ids: BTreeSet<&str> = operations.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(ids.len(), operations.len(), "operation ids are unique");
        for id in OPEN.iter().chain(&FOR_VIEWERS).chain(&["assignLicense", "changeTeam", "revokeAsset"]) {
            assert!(ids.contains(id), "{id} is gone");
        }
        let foreign = Actor { app: &app, token: Some("demo-jba-other-organization-admin".into()), customer_code: Some("6700001".into()) };
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
}
