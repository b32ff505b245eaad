//! Who may reach the control API.

use crate::document::Document;
use crate::support::{Answer, Client, Database, Role, TestApp};

/// Sends every documented request with these headers. What the guard is to refuse must not get further, so there is
/// a query and a body that the route would refuse with another status.
async fn send_everything(app: &TestApp, headers: &[(&str, &str)]) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for operation in Document::of_guarded_control().operations {
        for prefix in ["", "/spaces/default"] {
            let path = format!("{prefix}{}?no-such=1", operation.path());
            let control = with_headers(app, headers);
            let answer = control.call(operation.method.as_str(), &path, "[").await;
            assert_no_cors(&path, &answer);
            answers.push((format!("{} {path}", operation.method), answer));
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
        for (what, answer) in send_everything(&app, &[local, header]).await {
            assert_eq!(answer.expect_problem(403)["title"], "Forbidden", "{what}");
        }
    }
    for (what, answer) in send_everything(&app, &[("host", "evil.example")]).await {
        assert_eq!(answer.expect_problem(403)["title"], "Forbidden", "{what}");
    }
    // Else the 403s above would prove nothing.
    for (what, answer) in send_everything(&app, &[local, ("origin", "http://localhost:8080")]).await {
        assert!([400, 404, 405].contains(&answer.status.as_u16()), "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn no_page_gets_leave_to_come_from_elsewhere() {
    let app = TestApp::start(Database::Sqlite).await;
    for operation in Document::of_guarded_control().operations {
        let path = operation.path();
        let preflight = async |origin: &str| {
            let headers = [("host", "localhost:8080"), ("origin", origin), ("access-control-request-method", "POST")];
            let answer = with_headers(&app, &headers).call("OPTIONS", &path, "").await;
            assert_no_cors(&path, &answer);
            answer
        };
        preflight("https://evil.example").await.expect_problem(403);
        preflight("http://localhost:8080").await.expect_problem(405);
        // A stream would not end; what is before it is the same.
        if operation.method == "GET" && operation.path != "/events" {
            let answer = app.control().get(&path).await;
            assert_no_cors(&path, &answer);
        }
    }
}

#[tokio::test]
async fn every_route_wants_the_control_token() {
    let app = TestApp::start_with(Database::Sqlite, &["--control-token", "a-secret"]).await;
    for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "Bearer demo-vault-token")]] {
        for (what, answer) in send_everything(&app, headers).await {
            assert_eq!(answer.expect_problem(401)["title"], "Unauthorized", "{what}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
        }
    }
    for (what, answer) in send_everything(&app, &[("authorization", "Bearer a-secret")]).await {
        assert!([400, 404, 405].contains(&answer.status.as_u16()), "{what}: {}", answer.text());
    }
}

fn with_headers(app: &TestApp, headers: &[(&str, &str)]) -> Client {
    headers.iter().fold(app.control(), |control, (name, value)| control.with_header(name, value))
}

async fn get_clock(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    with_headers(app, headers).get("/clock").await
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
        assert_eq!(get_clock(&app, &[("host", host)]).await.status, 200, "{host}");
    }
    for host in ["evil.example", "locum.test.evil.example", "localhost.evil.example:8080", ""] {
        get_clock(&app, &[("host", host)]).await.expect_problem(403);
    }
    let local = ("host", "localhost:8080");
    assert_eq!(get_clock(&app, &[local, ("origin", "http://localhost:8080")]).await.status, 200);
    for origin in ["https://evil.example", "null", "http://localhost:9999", "http://localhost"] {
        get_clock(&app, &[local, ("origin", origin)]).await.expect_problem(403);
    }
    get_clock(&app, &[local, ("sec-fetch-site", "cross-site")]).await.expect_problem(403);
    let answer = get_clock(&app, &[local]).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_control_token_is_required_when_set() {
    let app = TestApp::start_with(Database::Sqlite, &["--control-token", "a-secret"]).await;
    get_clock(&app, &[]).await.expect_problem(401);
    for wrong in ["Bearer wrong", "Basic a-secret", "a-secret", "Bearer "] {
        get_clock(&app, &[("authorization", wrong)]).await.expect_problem(401);
    }
    for right in ["Bearer a-secret", "bearer a-secret"] {
        assert_eq!(get_clock(&app, &[("authorization", right)]).await.status, 200);
    }
    let info = app.control().with_header("authorization", "Bearer a-secret").get("/info").await;
    assert!(!info.text().contains("\"a-secret\"") && !info.text().contains("a key for tests"), "{}", info.text());
    assert!(info.text().contains("********"));
}

#[tokio::test]
async fn control_off_removes_it() {
    let app = TestApp::start_with(Database::Sqlite, &["--control", "off"]).await;
    for (what, answer) in send_everything(&app, &[]).await {
        assert_eq!(answer.expect_problem(404)["detail"], "no such path", "{what}");
    }
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
}

#[tokio::test]
async fn probes() {
    let app = TestApp::start(Database::Sqlite).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(app.client().get(path).await.status, 200);
    }
    let starting = locum::control::starting("/readyz".parse().unwrap()).await;
    assert_eq!(starting.status(), 503);
    assert_eq!(locum::control::starting("/livez".parse().unwrap()).await.status(), 200);
}
