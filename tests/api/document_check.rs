//! What checks every answer in these tests: `tests/support/document_check.rs`.

use axum::http::{Method, StatusCode};

use crate::support::{Answer, Database, FULL_KEY, Role, TestApp, VAULT_TOKEN, document_check::check};

/// What `Client::call` does with every answer is worth nothing if it lets everything pass.
#[tokio::test]
async fn what_the_document_of_atlassian_does_not_say_is_found() {
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

/// An answer with another body.
fn with_body(answer: &Answer, body: &str) -> Answer {
    Answer { status: answer.status, headers: answer.headers.clone(), body: body.to_owned().into() }
}

#[tokio::test]
async fn what_the_other_documents_do_not_say_is_found() {
    let app = TestApp::start(Database::Sqlite).await;
    let token = app.jetbrains_account(Role::OrgAdmin).get("/token").await;
    let usage = app.license_vault(VAULT_TOKEN).get("/public-api/licenses/usage").await;
    let clock = app.control().get("/clock").await;
    for (path, answer, from, to) in [
        ("/api/v1/token", &token, r#""code":6700001"#, r#""code":"6700001""#),
        ("/public-api/licenses/usage", &usage, r#""regularInUse":1"#, r#""regularInUse":null"#),
        ("/license-vault/example/public-api/licenses/usage", &usage, r#""code":"#, r#""kode":"#),
        ("/_emulator/clock", &clock, "T09:00:00Z", " at nine"),
        ("/_emulator/spaces/default/clock", &clock, r#""now":"#, r#""then":"#),
    ] {
        let get = Method::GET;
        assert_eq!(check(&get, path, answer), Ok(()));
        let broken = answer.text().replace(from, to);
        assert_ne!(broken, answer.text(), "{from}");
        assert!(check(&get, path, &with_body(answer, &broken)).is_err(), "{path}: {broken}");
        let mut unexpected = with_body(answer, answer.text());
        unexpected.status = StatusCode::CREATED;
        assert!(check(&get, path, &unexpected).is_err(), "{path}: 201");
    }
}
