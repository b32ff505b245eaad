//! Who may see the pages, and whose forms are taken.

use http_body_util::BodyExt as _;

use super::{PAGES, Reader, button, field};
use crate::support::{Database, TestApp};

async fn start(further: &[&str]) -> TestApp {
    TestApp::start_with(Database::Sqlite, further).await
}

#[tokio::test]
async fn every_way_in_leads_to_the_pages() {
    let app = start(&[]).await;
    let browser = app.client().with_header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!(app.client().get("/").await.status, 404);
    for path in ["/", "/_emulator", "/_emulator/", "/_emulator/ui"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/_emulator/ui/")), "{path}");
    }
    for path in ["/_emulator/ui/nothing", "/_emulator/ui/spaces/nothing", "/_emulator/ui/requests/a/b/c"] {
        app.client().get(path).await.expect_problem(404);
        let page = browser.get(path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (404, Some("text/html; charset=utf-8")));
        assert!(page.text().contains("there is no page") && page.text().contains("href=\"/_emulator/ui/\""), "{path}");
    }
    // Who has no use for pages, or less than for something else.
    for accept in ["text/html;q=0", "application/json, text/html;q=0.5", "*/*", "application/json"] {
        let index = app.client().with_header("accept", accept).get("/_emulator").await;
        assert_eq!(index.status, 200, "{accept}");
    }
}

#[tokio::test]
async fn control_off_removes_them() {
    let app = start(&["--control", "off"]).await;
    for path in ["/", "", "/ui", "/ui/", "/ui/jetbrains-account", "/ui/pages.css", "/ui/events", "/ui/login"] {
        app.control().get(path).await.expect_problem(404);
    }
    app.control().post("/ui/calls", "").await.expect_problem(404);
}

#[tokio::test]
async fn other_sites_and_foreign_names_are_refused() {
    let app = start(&[]).await;
    for path in ["/", "/jetbrains-account", "/events", "/calls", "/login", "/pages.css"] {
        for (name, value) in
            [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("host", "evil.example")]
        {
            app.control().with_header(name, value).get(&format!("/ui{path}")).await.expect_problem(403);
        }
    }
}

#[tokio::test]
async fn forms_of_no_session_or_of_another_are_refused_and_change_nothing() {
    let app = start(&[]).await;
    let (mut one, mut two) = (Reader::new(&app), Reader::new(&app));
    let page = one.open("/controls").await;
    let foreign = field(&two.open("/").await, "form");
    let call = button(&page, "+1 d").unwrap();
    let own = field(&page, "form");
    assert_ne!(own, foreign);
    let before = app.control().get("/clock").await.expect_ok();
    for fields in [
        vec![("back", "/_emulator/ui/"), ("call", &*call)],
        vec![("form", ""), ("back", "/_emulator/ui/"), ("call", &call)],
        vec![("form", &*foreign), ("back", "/_emulator/ui/"), ("call", &call)],
    ] {
        let refused = one.post(&fields).await;
        assert_eq!(refused.status, 403, "{fields:?}");
        // No dead end, but nothing is done without another press.
        assert!(refused.text().contains("Press once more"), "{}", refused.text());
    }
    // Without the cookie, the token of a form is worth nothing.
    let mut stranger = Reader::new(&app);
    assert_eq!(stranger.post(&[("form", &own), ("back", "/_emulator/ui/"), ("call", &call)]).await.status, 403);
    for (back, call) in [
        ("https://evil.example/", &*call),
        ("//evil.example/_emulator/ui/", &call),
        ("/_emulator/uix", &call),
        ("/_emulator/ui/\r\nX-Evil: 1", &call),
        ("/_emulator/ui/", ""),
        ("/_emulator/ui/", "{}"),
        ("/_emulator/ui/", r#"{"method":"G T","path":"/clock","label":"x"}"#),
        ("/_emulator/ui/", r#"{"method":"PUT","path":"http://[","label":"x"}"#),
        ("/_emulator/ui/", r#"{"method":"GET","path":"/events","label":"x"}"#),
    ] {
        let answer = one.post(&[("form", &own), ("back", back), ("call", call)]).await;
        assert_eq!(answer.status, 400, "{back} {call}: {}", answer.text());
    }
    assert_eq!(app.control().get("/clock").await.expect_ok(), before);
    let done = one.post(&[("form", &own), ("back", "/_emulator/ui/"), ("call", &call)]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(app.control().get("/clock").await.expect_ok()["now"], "2026-01-16T09:00:00Z");
}

#[tokio::test]
async fn bodies_that_are_no_json_objects_are_refused_in_the_page() {
    let app = start(&[]).await;
    let mut reader = Reader::new(&app);
    let page = reader.open("/").await;
    let form = field(&page, "form");
    let call = r#"{"method":"POST","path":"/faults","label":"Inject"}"#;
    for (name, value, says) in [
        ("body", "{", "this is not JSON"),
        ("body", "[]", "expected a JSON object"),
        ("body", r#"{"then":{"status":503},"match":{"operation":"getApiTokenz"}}"#, "did you mean `getApiTokens`?"),
        ("set.name", "x", "name"),
    ] {
        let answer = reader.post(&[("form", &form), ("back", "/_emulator/ui/"), ("call", call), (name, value)]).await;
        assert!(answer.status.is_client_error(), "{value}: {}", answer.text());
        assert!(super::plain(answer.text()).contains(says), "{value}: {}", answer.text());
        assert!(answer.text().contains("Inject: refused"), "{}", answer.text());
    }
    assert_eq!(app.control().get("/faults").await.expect_ok(), serde_json::json!([]));
}

#[tokio::test]
async fn the_control_token_is_asked_for_once_and_never_kept() {
    let app = start(&["--control-token", "open sesame"]).await;
    let mut reader = Reader::new(&app);
    for path in PAGES {
        let asked = reader.get(path).await;
        assert_eq!(asked.status, 401, "{path}");
        assert!(asked.text().contains("Control token") && !asked.text().contains("Example Corp"), "{path}");
    }
    assert_eq!(reader.get("/events").await.status, 401);
    // What a form is answered with can be loaded again.
    for (back, to) in
        [("/_emulator/ui/controls", "/_emulator/ui/controls"), ("https://evil.example/", "/_emulator/ui/")]
    {
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("back", back).finish();
        let sent = reader.send("POST", "/_emulator/ui/calls", form).await;
        assert_eq!((sent.status.as_u16(), sent.header("location")), (303, Some(to)));
    }
    let login = |token: &str, to: &str| {
        form_urlencoded::Serializer::new(String::new()).extend_pairs([("token", token), ("to", to)]).finish()
    };
    let wrong = reader.send("POST", "/_emulator/ui/login", login("open", "/_emulator/ui/atlassian")).await;
    assert_eq!(wrong.status, 303);
    let to = wrong.header("location").unwrap().strip_prefix("/_emulator/ui").unwrap().to_owned();
    let wrong = reader.get(&to).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("name=\"to\" value=\"/_emulator/ui/atlassian\"") && !to.contains("open"), "{to}");
    let asked = reader.get("/login").await;
    assert!(asked.text().contains("Control token") && !asked.text().contains("is wrong"), "{}", asked.text());
    assert!(wrong.text().contains("The control token is wrong") && reader.cookies.is_empty());
    let elsewhere = reader.send("POST", "/_emulator/ui/login", login("open sesame", "https://evil.example/")).await;
    assert_eq!(elsewhere.header("location"), Some("/_emulator/ui/"));
    let right = reader.send("POST", "/_emulator/ui/login", login("open sesame", "/_emulator/ui/atlassian")).await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, Some("/_emulator/ui/atlassian")));
    let cookies = reader.cookies.join("; ");
    assert!(!cookies.contains("sesame") && !cookies.contains("open"), "{cookies}");
    for path in PAGES {
        let page = reader.open(path).await;
        assert!(!page.text().contains("sesame"), "{path}");
    }
    let page = reader.open("/controls").await;
    let frozen = reader.click(&page, "+1 h").await;
    assert_eq!(frozen.status, 303);
    // The session is good for the pages only.
    app.control().with_header("cookie", &cookies).get("/clock").await.expect_problem(401);
    // Nor for a Locum with another token, even under the same server key.
    let other = start(&["--control-token", "another one"]).await;
    let mut reader = Reader { app: &other, cookies: reader.cookies };
    assert_eq!(reader.get("/").await.status, 401);
    reader.cookies = vec!["locum-ui=00112233445566778899aabbccddeeff.00".to_owned()];
    assert_eq!(reader.get("/").await.status, 401);
}

#[tokio::test]
async fn pages_hear_of_what_happens() {
    let app = start(&[]).await;
    let response = app.control().get_stream("/ui/events?space=default").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"event: state"), "{first:?}");
    app.control().get("/ui/events?space=nowhere").await.expect_problem(404);
}
