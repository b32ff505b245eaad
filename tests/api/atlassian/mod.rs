//! The Atlassian service, by resource.

mod api_keys;
mod api_tokens;
mod auth;
mod habits;
mod lists_bad_input;
mod oauth_clients;
mod quirks;
mod rate_limits;
mod seeds;
mod service_account_credentials;
mod service_accounts;

use serde_json::Value;

use crate::support::{Answer, Database, FULL_KEY, TestApp, documented::check};

/// The names of an object's members.
fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// What `TestApp::send` does with every answer is worth nothing if it lets everything pass.
#[tokio::test]
async fn answers_are_held_against_the_document() {
    let app = TestApp::start(Database::Sqlite).await;
    let path = |path: &str| format!("/admin/api-access/v1/orgs/o{path}");
    let good = app.atlassian(FULL_KEY).get("/api-tokens?q=laptop").await;
    let wrong = |status: u16, body: &str| Answer {
        status: status.try_into().unwrap(),
        headers: good.headers.clone(),
        body: body.to_owned().into(),
    };
    let checked = |method: &str, at: &str, answer: &Answer| check(&method.parse().unwrap(), &path(at), answer);
    let page = good.text();
    assert_eq!(checked("GET", "/api-tokens", &good), Ok(()));
    let changes = [
        (r#""ALLOWED""#, r#""allowed""#),
        (r#""label":"laptop","#, ""),
        (r#""label":"laptop""#, r#""label":1"#),
        ("T09:00:00.000Z", " at nine"),
        (r#""expiresAt":"#, r#""expiresAt":null,"x":"#),
        (r#""links":"#, r#""total":1,"links":"#),
        (r#""self":"#, r#""next":null,"self":"#),
    ];
    for (from, to) in changes {
        let broken = page.replace(from, to);
        assert_ne!(broken, page, "{from}");
        assert!(checked("GET", "/api-tokens", &wrong(200, &broken)).is_err(), "{broken}");
    }
    let error = r#"{"code":404,"message":"x"}"#;
    for (method, at, answer) in [
        ("GET", "/api-tokens", wrong(201, page)),
        ("GET", "/api-tokens", wrong(404, error)),
        ("DELETE", "/api-tokens", wrong(404, error)),
        ("DELETE", "/api-tokens", wrong(204, "{}")),
        ("GET", "/api-tokens/count", wrong(200, r#""7""#)),
        ("POST", "/oauth-clients/count", wrong(200, "7")),
        ("GET", "/service-accounts/count/api-tokens", wrong(200, r#"{"data":[]}"#)),
        ("GET", "/api-tokens", wrong(400, r#"{"errors":[{"id":"1","status":400,"code":"INVALID_SORT","title":"t"}]}"#)),
        ("GET", "/api-tokens", wrong(400, r#"{"errors":[{"id":"1","status":"400","code":"NOT_FOUND","title":"t"}]}"#)),
    ] {
        assert!(checked(method, at, &answer).is_err(), "{method} {at} {} {}", answer.status, answer.text());
    }
    let mut untyped = wrong(200, page);
    untyped.headers.insert("content-type", "text/plain".parse().unwrap());
    assert!(checked("GET", "/api-tokens", &untyped).is_err());
}
