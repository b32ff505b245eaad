//! Who may reach the control API.

use axum::{body::Body, http::Request};

use super::document::Document;
use crate::support::{Answer, Database, TestApp};

/// Sends every documented request with these headers. What the guard is to refuse must not get further, so there is
/// a query and a body that the route would refuse with another status.
async fn everything(app: &TestApp, headers: &[(&str, &str)]) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for operation in Document::guarded().operations {
        for prefix in ["", "/spaces/default"] {
            let uri = format!("/_emulator{prefix}{}?no-such=1", operation.path());
            let request = Request::builder().method(&operation.method).uri(&uri);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let answer = app.send(request.body(Body::from("[")).unwrap()).await;
            assert_no_cors(&uri, &answer);
            answers.push((format!("{} {uri}", operation.method), answer));
        }
    }
    answers
}

fn assert_no_cors(what: &str, answer: &Answer) {
    let cors: Vec<_> = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
    assert!(cors.is_empty(), "{what}: {cors:?}");
}

#[tokio::test]
async fn every_route_is_guarded() {
    let app = TestApp::start(Database::Sqlite).await;
    let local = ("host", "localhost:8080");
    for header in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost:9999"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for (what, answer) in everything(&app, &[local, header]).await {
            assert_eq!(answer.problem(403)["title"], "Forbidden", "{what}");
        }
    }
    for (what, answer) in everything(&app, &[("host", "evil.example")]).await {
        assert_eq!(answer.problem(403)["title"], "Forbidden", "{what}");
    }
    // Else the 403s above would prove nothing.
    for (what, answer) in everything(&app, &[local, ("origin", "http://localhost:8080")]).await {
        assert!([400, 404, 405].contains(&answer.status.as_u16()), "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn no_page_gets_leave_to_come_from_elsewhere() {
    let app = TestApp::start(Database::Sqlite).await;
    for operation in Document::guarded().operations {
        let uri = format!("/_emulator{}", operation.path());
        let preflight = async |origin: &str| {
            let request = Request::builder().method("OPTIONS").uri(&uri).header("host", "localhost:8080");
            let request = request.header("origin", origin).header("access-control-request-method", "POST");
            let answer = app.send(request.body(Body::empty()).unwrap()).await;
            assert_no_cors(&uri, &answer);
            answer
        };
        preflight("https://evil.example").await.problem(403);
        preflight("http://localhost:8080").await.problem(405);
        // A stream would not end; what is before it is the same.
        if operation.method == "GET" && operation.path != "/events" {
            let answer = app.control("GET", &operation.path(), "").await;
            assert_no_cors(&uri, &answer);
        }
    }
}

#[tokio::test]
async fn every_route_wants_the_control_token() {
    let app = TestApp::start_with(Database::Sqlite, &["--control-token", "secret"]).await;
    for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "Bearer demo-vault-token")]] {
        for (what, answer) in everything(&app, headers).await {
            assert_eq!(answer.problem(401)["title"], "Unauthorized", "{what}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
        }
    }
    for (what, answer) in everything(&app, &[("authorization", "Bearer secret")]).await {
        assert!([400, 404, 405].contains(&answer.status.as_u16()), "{what}: {}", answer.text());
    }
}

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
    for (what, answer) in everything(&app, &[]).await {
        assert_eq!(answer.problem(404)["detail"], "no such path", "{what}");
    }
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
