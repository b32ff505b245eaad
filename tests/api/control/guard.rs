//! Who may reach the control API.

use axum::{body::Body, http::Request};

use crate::support::{Answer, Database, TestApp};

async fn with(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    let request = headers.iter().fold(Request::get("/_emulator/clock"), |r, (name, value)| r.header(*name, *value));
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn pages_of_other_sites_and_foreign_names_are_refused() {
    let app = TestApp::start_with(Database::Sqlite, &["--allowed-hosts", "locum.test,Other.Test"]).await;
    for host in [
        "localhost:8080",
        "127.0.0.1:8080",
        "[::1]:8080",
        "10.1.2.3",
        "locum",
        "app.localhost",
        "locum.test:1",
        "other.test",
    ] {
        assert_eq!(with(&app, &[("host", host)]).await.status, 200, "{host}");
    }
    for host in ["evil.example", "locum.test.evil.example", "localhost.evil.example:8080", ""] {
        with(&app, &[("host", host)]).await.problem(403);
    }
    let local = ("host", "localhost:8080");
    assert_eq!(with(&app, &[local, ("origin", "http://localhost:8080")]).await.status, 200);
    for origin in ["https://evil.example", "null", "http://localhost:9999", "http://localhost"] {
        with(&app, &[local, ("origin", origin)]).await.problem(403);
    }
    with(&app, &[local, ("sec-fetch-site", "cross-site")]).await.problem(403);
    let answer = with(&app, &[local]).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_control_token_is_required_when_set() {
    let app = TestApp::start_with(Database::Sqlite, &["--control-token", "secret"]).await;
    with(&app, &[]).await.problem(401);
    for wrong in ["Bearer wrong", "Basic secret", "secret", "Bearer "] {
        with(&app, &[("authorization", wrong)]).await.problem(401);
    }
    for right in ["Bearer secret", "bearer secret"] {
        assert_eq!(with(&app, &[("authorization", right)]).await.status, 200);
    }
    let info = app
        .send(Request::get("/_emulator/info").header("authorization", "Bearer secret").body(Body::empty()).unwrap())
        .await;
    assert!(!info.text().contains("\"secret\"") && !info.text().contains("a key for tests"), "{}", info.text());
    assert!(info.text().contains("********"));
}

#[tokio::test]
async fn control_off_removes_it() {
    let app = TestApp::start_with(Database::Sqlite, &["--control", "off"]).await;
    with(&app, &[]).await.problem(404);
    app.org_admin().get("/token").await.ok();
}

#[tokio::test]
async fn probes() {
    let app = TestApp::start(Database::Sqlite).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(app.send(Request::get(path).body(Body::empty()).unwrap()).await.status, 200);
    }
    let starting = locum::control::starting("/readyz".parse().unwrap()).await;
    assert_eq!(starting.status(), 503);
    assert_eq!(locum::control::starting("/livez".parse().unwrap()).await.status(), 200);
}
