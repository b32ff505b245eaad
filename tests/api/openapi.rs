//! The documents: committed, served, and true.

use locum::http::document;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::support::{Database, Role, TestApp};

/// A client that is generated from a document stops at a reference to nothing.
#[test]
fn every_reference_of_every_document_leads_somewhere() {
    fn check(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').expect("a reference within the document");
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                members.values().for_each(|member| check(member, document));
            }
            Value::Array(items) => items.iter().for_each(|item| check(item, document)),
            _ => {}
        }
    }
    for (_, document) in build_documents() {
        let document = serde_json::to_value(document).unwrap();
        check(&document, &document);
    }
}

fn build_documents() -> Vec<(&'static str, OpenApi)> {
    let of_services = locum::services::documents().into_iter().map(|document| (document.name, (document.build)()));
    of_services.chain([(locum::control::DOCUMENT, locum::control::openapi())]).collect()
}

/// The program embeds the committed documents. With `UPDATE_DOCS` it writes them (`make openapi`).
#[test]
fn committed_documents_are_what_the_code_says() {
    let documents = build_documents();
    for (name, document) in &documents {
        let path = format!("{}/openapi/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let built = document.to_pretty_json().unwrap() + "\n";
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &built).unwrap();
            continue;
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == built, "{path} is stale: run `make openapi` and commit the result");
        for note in ["§", "unverified: ", "contracts/", "control-plane.md", "design.md"] {
            assert!(!built.contains(note), "{path} sends its readers to notes that they do not have: {note}");
        }
        let embedded = document::find(name);
        assert!(embedded.text() == built, "{name} is not embedded as it was committed");
        assert!(embedded.compact_text() == document.to_json().unwrap(), "{name} is served as it was built");
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi")).unwrap().count();
    assert_eq!(files, documents.len(), "there is a document of nothing in openapi/");
}

/// What the program mounts by, refuses by and lists is what the documents say.
#[test]
fn embedded_operations_are_those_of_the_documents() {
    for (name, document) in build_documents() {
        let document = serde_json::to_value(document).unwrap();
        let mut seen = 0;
        for operation in document::find(name).operations {
            let described = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
            assert_eq!(described["operationId"].as_str(), operation.id, "{name} {}", operation.path);
            assert_eq!(described.get("requestBody").is_some(), operation.takes_body, "{name} {}", operation.path);
            seen += 1;
        }
        let items = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().keys());
        let methods = ["get", "post", "put", "patch", "delete"];
        assert_eq!(seen, items.filter(|key| methods.contains(&key.as_str())).count(), "{name}");
    }
}

#[tokio::test]
async fn the_service_serves_its_document_to_everybody() {
    let app = TestApp::start(Database::Sqlite).await;
    let document = app.jetbrains_account(Role::Anonymous).get("/swagger.json").await.expect_ok();
    assert_eq!(document["servers"][0]["url"], "/api/v1");
    assert_eq!(document["paths"]["/customer/licenses/assign"]["post"]["operationId"], "assignLicense");
}

/// Axum would answer a path that is not in the document all the same: the routes come from the document.
#[tokio::test]
async fn every_operation_says_how_far_it_is_emulated() {
    let app = TestApp::start(Database::Sqlite).await;
    let operations = app.control().get("/operations").await.expect_ok();
    let status = |id: &str| {
        let all = operations.as_array().unwrap();
        all.iter().find(|o| o["operation"] == id).unwrap_or_else(|| panic!("no {id}"))["status"].clone()
    };
    assert_eq!(status("assignLicense"), "served");
    assert_eq!(status("rotateToken"), "unverified");
    assert_eq!(status("createUserAccount"), "missing");
    assert_eq!(status("getAllApiTokensByOrgId"), "served");
    assert_eq!(status("createOAuthClient"), "unverified");
    let atlassian = operations.as_array().unwrap().iter().filter(|o| o["service"] == "atlassian").count();
    assert_eq!(atlassian, 23);
    let user_tokens = operations.as_array().unwrap().iter().find(|o| o["operation"] == "getApiTokens").unwrap();
    assert_eq!(user_tokens["path"], "/users/{account_id}/manage/api-tokens", "at the root of the host");
}

/// What stands in the document goes into generated clients, which know nothing of our contracts.
#[test]
fn the_document_of_jetbrains_account_is_for_its_clients() {
    let document = serde_json::to_value(locum::services::jetbrains_account::openapi()).unwrap();
    let text = document.to_string();
    for note in ["§", "unverified:", "contracts/", "jetbrains-account"] {
        assert!(!text.contains(note), "{note}");
    }
    let operations: Vec<(&str, &Value)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(_, item)| item.as_object().unwrap().values())
        .filter_map(|operation| Some((operation["operationId"].as_str()?, operation)))
        .collect();
    assert_eq!(operations.len(), 13);
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert_eq!(tags, ["Token", "Licenses", "Dictionaries", "Document", "User accounts"]);
    for (id, operation) in &operations {
        assert!(tags.contains(&&operation["tags"][0]), "{id}");
        let responses = operation["responses"].as_object().unwrap();
        if *id != "getSwagger" {
            assert!(responses.contains_key("401") && responses.contains_key("403"), "{id}");
            assert!(responses["403"]["description"].as_str().unwrap().contains("API is disabled"), "{id}");
        }
        let summary = operation["summary"].as_str().unwrap();
        assert!(!summary.contains('\n') && !summary.is_empty(), "{id}: {summary}");
    }
    let assign = &document["paths"]["/customer/licenses/assign"]["post"];
    assert_eq!(assign["tags"][0], "Licenses");
    let bodies = assign["responses"]["400"]["content"].as_object().unwrap();
    assert!(bodies.contains_key("application/json") && bodies.contains_key("text/html"));
}

/// The document as it is served: a generator takes the operations in its order.
#[tokio::test]
async fn what_is_not_emulated_comes_last() {
    let app = TestApp::start(Database::Sqlite).await;
    let served = app.jetbrains_account(Role::Anonymous).get("/swagger.json").await;
    let at = |path: &str| served.text().find(&format!("\"{path}\":")).unwrap();
    for path in ["/token", "/customer/licenses", "/products", "/swagger.json"] {
        assert!(at(path) < at("/customer/accounts"), "{path}");
    }
}
