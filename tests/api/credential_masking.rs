//! What a client sends as a credential is in no journal entry, also when nobody knows it.

use axum::{
    body::Body,
    http::{Request, StatusCode, header, request::Builder},
};
use serde_json::Value;

use crate::support::{Database, TestApp};

const UNKNOWN: &str = "unknown-credential-4711";
/// Schemes that hold no secret, in every document: the customer code is a number that invoices show.
const NOT_SECRET: [&str; 1] = ["customerCode"];
/// Paths of each service, and one of nobody.
const PATHS: [&str; 5] = [
    "/api/v1/token",
    "/public-api/licenses/usage",
    "/report/licenses",
    "/admin/api-access/v1/orgs/1/api-keys",
    "/of/no/service",
];

fn schemes() -> Vec<(String, Value)> {
    let documents = [
        locum::services::jetbrains_account::openapi(),
        locum::services::license_vault::openapi(),
        locum::services::atlassian::openapi(),
        locum::control::openapi(),
    ];
    let schemes =
        documents.map(|document| serde_json::to_value(document).unwrap()["components"]["securitySchemes"].take());
    let schemes = schemes.iter().flat_map(|schemes| schemes.as_object().expect("every document has schemes"));
    schemes.map(|(name, scheme)| (name.clone(), scheme.clone())).collect()
}

/// A request that carries the unknown credential as the scheme says.
fn carrying(scheme: &Value, path: &str) -> Builder {
    let request = Request::get(path);
    let name = scheme["name"].as_str().unwrap_or_default();
    match (scheme["type"].as_str(), scheme["in"].as_str()) {
        (Some("http"), None) => {
            request.header(header::AUTHORIZATION, format!("{} {UNKNOWN}", scheme["scheme"].as_str().unwrap()))
        }
        (Some("apiKey"), Some("cookie")) => request.header(header::COOKIE, format!("{name}={UNKNOWN}")),
        (Some("apiKey"), Some("query")) => request.uri(format!("{path}?{name}={UNKNOWN}")),
        // `Authorization` by its own name stands for a scheme that OpenAPI has no word for; its description has.
        (Some("apiKey"), Some("header")) => match scheme["description"].as_str() {
            Some(text) => request.header(name, text.trim_matches('`').replace("TOKEN", UNKNOWN)),
            None => request.header(name, UNKNOWN),
        },
        other => panic!("this test does not know how a client sends a credential by {other:?}: teach it"),
    }
}

async fn journal(app: &TestApp) -> String {
    let mut whole = String::new();
    for request in app.control("GET", "/requests", "").await.ok()["requests"].as_array().unwrap() {
        let id = request["id"].as_str().unwrap();
        whole += app.control("GET", &format!("/requests/{id}"), "").await.text();
    }
    whole
}

#[tokio::test]
async fn no_scheme_of_any_document_leaves_its_credential_in_the_journal() {
    let app = TestApp::start(Database::Sqlite).await;
    let mut sent = 0;
    for (name, scheme) in schemes().iter().filter(|(name, _)| !NOT_SECRET.contains(&name.as_str())) {
        for path in PATHS {
            let answer = app.send(carrying(scheme, path).body(Body::empty()).unwrap()).await;
            assert_ne!(answer.status, StatusCode::OK, "{name} at {path}");
            sent += 1;
        }
        let journal = journal(&app).await;
        assert_eq!(journal.matches("\"elapsed").count(), sent, "every request is in the journal");
        assert!(!journal.contains(UNKNOWN), "{name}: {journal}");
    }
    assert!(sent >= 7 * PATHS.len(), "there are fewer schemes than there were");
}

#[tokio::test]
async fn a_query_that_is_lost_in_the_path_or_in_a_referrer_hides_its_credential_too() {
    let app = TestApp::start(Database::Sqlite).await;
    for path in ["/report%3Ftoken=", "/report;token=", "/api/v1/token%3FTOKEN%3D"] {
        app.send(Request::get(format!("{path}{UNKNOWN}")).body(Body::empty()).unwrap()).await;
    }
    let referrer = format!("http://localhost/report?token={UNKNOWN}");
    app.send(Request::get("/api/v1/token").header(header::REFERER, referrer).body(Body::empty()).unwrap()).await;
    let journal = journal(&app).await;
    assert!(!journal.contains(UNKNOWN) && journal.contains("/report;token=********"), "{journal}");
}
