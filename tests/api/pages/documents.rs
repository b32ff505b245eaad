//! The documents of the control API behind the pages' login, and what their page fills in.

use serde_json::{Value, json};

use super::Reader;
use crate::support::{Answer, Database, TestApp};

const TOKEN: &str = "open sesame";
const DOCUMENTS: [&str; 5] = [
    "/_emulator/docs",
    "/_emulator/docs/index.html",
    "/_emulator/docs/license-vault.json",
    "/_emulator/docs/credentials.json",
    "/_emulator/openapi.json",
];

async fn start(further: &[&str]) -> TestApp {
    TestApp::start_with(Database::Sqlite, further).await
}

/// Logs in, and returns where that leads.
async fn log_in(reader: &mut Reader<'_>, to: &str) -> String {
    let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs([("token", TOKEN), ("to", to)]).finish();
    let answer = reader.send("POST", "/_emulator/ui/login", fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

/// A browser's request with the session of a reader and these headers besides.
async fn ask(reader: &Reader<'_>, headers: &[(&str, &str)], method: &str, path: &str, body: Value) -> Answer {
    let client = reader.app.client().with_header("host", "localhost:8080");
    let client =
        client.with_header("cookie", &reader.cookies.join("; ")).with_header("content-type", "application/json");
    let client = headers.iter().fold(client, |client, (name, value)| client.with_header(name, value));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.call(method, path, body).await
}

#[tokio::test]
async fn the_login_leads_to_them() {
    let app = start(&["--control-token", TOKEN]).await;
    let browser = app.client().with_header("accept", "text/html,*/*;q=0.8");
    let mut reader = Reader::new(&app);
    for path in DOCUMENTS {
        let asked = format!("{path}?urls.primaryName=License%20Vault%20API");
        let login = browser.get(&asked).await;
        assert_eq!(login.status, 401, "{path}");
        assert!(login.text().contains("Control token") && login.text().contains(&asked), "{}", login.text());
        let policy = login.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(login.header("cache-control"), Some("no-store"));
        // A program is told in its own words.
        app.client().get(path).await.expect_problem(401);
        app.client().with_header("accept", "application/json,*/*").get(path).await.expect_problem(401);
        reader.cookies.clear();
        assert_eq!(log_in(&mut reader, &asked).await, asked);
        let shown = reader.send("GET", path, String::new()).await;
        assert!([200, 303].contains(&shown.status.as_u16()), "{path}: {}", shown.text());
        let with_token = app.client().with_header("authorization", &format!("Bearer {TOKEN}"));
        assert_eq!(with_token.get(path).await.status, shown.status, "{path}");
    }
    let place = "/_emulator/docs/index.html#/Clock/advanceClock";
    assert_eq!(log_in(&mut reader, place).await, place);
    for elsewhere in [
        "/_emulator/docsx",
        "/_emulator/openapi.jsonx",
        "//evil.example/_emulator/docs",
        "/_emulator/docs\r\nX-Evil: 1",
    ] {
        assert_eq!(log_in(&mut reader, elsewhere).await, "/_emulator/ui/", "{elsewhere:?}");
    }
    // What is no document has no login.
    browser.get("/_emulator/clock").await.expect_problem(401);
    browser.get("/_emulator/docsx").await.expect_problem(401);
    // A wrong token is wrong, whatever the session.
    ask(&reader, &[("authorization", "Bearer wrong")], "GET", DOCUMENTS[1], Value::Null).await.expect_problem(401);
}

/// The session alone reads documents. To do something, a request has to say what only the session's pages know.
#[tokio::test]
async fn their_page_calls_the_control_api_in_the_session() {
    let app = start(&["--control-token", TOKEN]).await;
    let (mut reader, mut other) = (Reader::new(&app), Reader::new(&app));
    log_in(&mut reader, "/_emulator/docs").await;
    log_in(&mut other, "/_emulator/docs").await;
    let form = async |reader: &Reader<'_>| {
        let told = ask(reader, &[], "GET", "/_emulator/docs/credentials.json", Value::Null).await;
        told.expect_ok()["form"].as_str().unwrap().to_owned()
    };
    let (own, foreign) = (form(&reader).await, form(&other).await);
    assert_ne!(own, foreign);
    let freeze = json!({"mode": "frozen", "now": "2027-01-01T00:00:00Z"});
    for refused in [&[][..], &[("x-locum-form", "")], &[("x-locum-form", "00")], &[("x-locum-form", &*foreign)]] {
        for (method, path) in [("PUT", "/_emulator/clock"), ("GET", "/_emulator/clock"), ("POST", "/_emulator/docs")] {
            let answer = ask(&reader, refused, method, path, freeze.clone()).await;
            answer.expect_problem(401);
        }
    }
    // Without its session, it is worth nothing.
    reader.cookies.swap_with_slice(&mut [String::new()]);
    ask(&reader, &[("x-locum-form", &own)], "PUT", "/_emulator/clock", freeze.clone()).await.expect_problem(401);
    log_in(&mut reader, "/_emulator/docs").await;
    let own = form(&reader).await;
    for foreign_page in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "same-site")] {
        let headers = [("x-locum-form", &*own), foreign_page];
        ask(&reader, &headers, "PUT", "/_emulator/clock", freeze.clone()).await.expect_problem(403);
        ask(&reader, &headers, "GET", "/_emulator/docs/credentials.json", Value::Null).await.expect_problem(403);
    }
    let headers = [("x-locum-form", &*own), ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")];
    let done = ask(&reader, &headers, "PUT", "/_emulator/clock", freeze).await.expect_ok();
    assert_eq!(done["now"], "2027-01-01T00:00:00Z");
    ask(&reader, &headers, "GET", "/_emulator/spaces/default/clock", Value::Null).await.expect_ok();
}

/// Their page fills in what the page *Start here* shows, and asks anew each time.
#[tokio::test]
async fn credentials_of_the_seed_are_filled_in() {
    let app = start(&[]).await;
    let told = async || app.client().get("/_emulator/docs/credentials.json").await;
    let answer = told().await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let filled_in = answer.expect_ok();
    assert_eq!(
        filled_in,
        json!({"credentials": {
            "JetBrains Account API": ["X-Customer-Code: 6700001", "X-Api-Key: demo-jba-organization-admin"],
            "License Vault API": [
                "Authorization: Bearer demo-vault-token",
                "Authorization: Automation demo-automation-token",
                "?token=demo-reporting-token",
            ],
            "Atlassian Admin API Access": ["Authorization: Bearer demo-atlassian-key"],
        }})
    );
    // One that is good no more is not offered.
    let all = app.control().get("/credentials").await.expect_ok();
    let admin = all.as_array().unwrap().iter().find(|one| one["label"] == "ann@example.test (organization)").unwrap();
    app.control().post(&format!("/credentials/{}/rotate", admin["id"].as_str().unwrap()), "").await.expect_ok();
    let left = told().await.expect_ok();
    let of_jetbrains = left["credentials"]["JetBrains Account API"].to_string();
    assert!(of_jetbrains.contains("X-Api-Key: demo-jba-") && !of_jetbrains.contains("demo-jba-organization-admin"));
    // They are in nothing that may be kept.
    for page in ["/api-doc", "/swagger-ui", "/_emulator/docs"] {
        for file in ["index.html", "swagger-initializer.js"] {
            let text = app.client().get(&format!("{page}/{file}")).await;
            assert!(text.status == 200 && !text.text().contains("demo-"), "{page}/{file}");
        }
    }
    for foreign in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("host", "evil.example")] {
        let client = app.client().with_header(foreign.0, foreign.1);
        client.get("/_emulator/docs/credentials.json").await.expect_problem(403);
    }
}

/// Where there are no pages, nobody asks for what they show.
#[tokio::test]
async fn control_off_leaves_the_vendors_pages_without() {
    let app = start(&["--control", "off"]).await;
    app.client().get("/_emulator/docs/credentials.json").await.expect_problem(404);
    let setup = app.client().get("/api-doc/swagger-initializer.js").await;
    assert!(setup.text().contains(r#""told": null"#), "{}", setup.text());
}
