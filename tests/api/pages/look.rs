//! What pages are made of: nothing from elsewhere, nothing inline, nothing unescaped, and not much.

use super::{PAGES, Reader};
use crate::support::{Answer, Database, FULL_KEY, Role, TestApp};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

async fn start() -> TestApp {
    TestApp::start_with(Database::Sqlite, &[]).await
}

async fn asset(app: &TestApp, name: &str) -> Answer {
    app.control().get(&format!("/ui/{name}")).await
}

#[tokio::test]
async fn nothing_comes_from_elsewhere_and_nothing_is_inline() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let mut answers = vec![reader.get("/requests/nothing").await, reader.get("/?space=nowhere").await];
    assert!(answers.iter().all(|answer| answer.status == 404));
    for path in PAGES {
        answers.push(reader.open(path).await);
    }
    for answer in &answers {
        let html = answer.text();
        for forbidden in
            ["=\"http", "url(", "src=\"//", "href=\"//", "<style", " style=", " onclick=", "javascript:", "<base"]
        {
            assert!(!html.contains(forbidden), "{forbidden}: {html}");
        }
        for script in html.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/_emulator/ui/pages.js\" defer></script>"), "{script}");
        }
    }
    for name in ["pages.css", "pages.js"] {
        let answer = asset(&app, name).await;
        assert_eq!(answer.status, 200);
        assert!(
            !answer.text().contains("//localhost")
                && !answer.text().contains("http")
                && !answer.text().contains("@import")
        );
        answers.push(answer);
    }
    for answer in &answers {
        assert_eq!(answer.header("content-security-policy"), Some(POLICY));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_whole_page_stays_under_60_kb() {
    let app = start().await;
    for number in 0..60 {
        app.jetbrains_account(Role::OrgViewer).get(&format!("/customer/licenses?perPage=5&page={number}")).await;
        app.atlassian(FULL_KEY).get("/api-tokens?pageSize=5").await;
    }
    let mut reader = Reader::new(&app);
    let shared = asset(&app, "pages.css").await.body.len() + asset(&app, "pages.js").await.body.len();
    for path in PAGES {
        let size = reader.open(path).await.body.len() + shared;
        assert!(size < 60_000, "{path}: {size} bytes");
    }
}

/// A rule for a path that is no operation's would be refused.
#[tokio::test]
async fn a_fault_is_offered_where_it_can_hit() {
    let app = start().await;
    for (path, is_offered) in [("/token", true), ("/tokens", false)] {
        let asked = app.jetbrains_account(Role::OrgAdmin).get(path).await;
        let page = Reader::new(&app).open(&format!("/requests/{}", asked.header("x-request-id").unwrap())).await;
        for offer in ["As fault", "Inject this fault"] {
            assert_eq!(page.text().contains(offer), is_offered, "{path}: {offer}");
        }
        assert!(page.text().contains("As verify"), "{path}");
    }
}

/// Texts that would be markup, a script, or the end of an attribute.
const NASTY: &str = r#"<img src=x onerror=alert(1)>'"&amp;"#;

#[tokio::test]
async fn every_value_is_written_as_text() {
    let app = start().await;
    let seed = serde_json::json!({ "version": 1, "organizations": [{
        "name": NASTY, "customer_code": "6700099", "org_id": "8f2b0c1e-0000-4000-8000-000000000099",
        "people": [{ "email": "ann@example.test", "name": NASTY }, { "email": "bob@example.test", "name": "Bob" }],
        "jetbrains_account": {
            "teams": [{ "id": 1, "name": NASTY }],
            "roles": [
                { "person": "ann@example.test", "role": "organization_admin" },
                { "person": "bob@example.test", "role": "viewer", "team": 1 },
            ],
            "tokens": [{ "person": "bob@example.test", "team": 1 }],
            "licenses": [
                { "product": "II", "team": 1, "assignee": { "license_key": "K", "registration_name": NASTY } },
            ],
        },
        "license_vault": {
            "name": "nasty", "administrators": ["ann@example.test"],
            "pools": [{ "product": "II", "regular": 1 }],
            "allocations": [{
                "user": "bob@example.test",
                "product": "II",
                "running": [{ "product": "II", "version": NASTY, "host": NASTY }],
            }],
            "denials": [
                { "user": "eve@example.test", "product": NASTY, "host": NASTY, "reason": NASTY, "description": NASTY },
            ],
        },
        "atlassian": {
            "api_keys": [{ "label": NASTY }],
            "api_tokens": [{ "user": "bob@example.test", "label": NASTY, "scopes": [NASTY] }],
            "service_accounts": [{
                "id": "svc-nasty",
                "name": NASTY,
                "tokens": [{ "label": NASTY, "scopes": [NASTY] }],
                "oauth_clients": [{ "name": NASTY }],
            }],
        },
    }] });
    app.control().post("/seed?mode=replace", &seed).await.expect_ok();
    app.control()
        .post("/faults", serde_json::json!({ "match": { "credential": NASTY }, "then": { "body": NASTY } }))
        .await
        .expect_ok();
    let client = app.jetbrains_account(Role::Anonymous).with_header("x-note", NASTY);
    let asked = client.post("/%3Cimg%20src=x%20onerror=alert(1)%3E?a=%3Cscript%3E&b='%22", NASTY).await;
    let id = asked.header("x-request-id").unwrap();
    let query: String = form_urlencoded::byte_serialize(NASTY.as_bytes()).collect();
    let mut reader = Reader::new(&app);
    for path in [
        "/".to_owned(),
        format!("/requests/{id}"),
        "/jetbrains-account".to_owned(),
        "/jetbrains-account?team=1".to_owned(),
        "/license-vault".to_owned(),
        "/atlassian".to_owned(),
        "/atlassian?tab=api-keys".to_owned(),
        "/atlassian?tab=service-accounts".to_owned(),
        format!("/?credential={query}&operation={query}&status={query}"),
        format!("/atlassian?q={query}&sort={query}&status={query}"),
        format!("/atlassian?createdAtSearchType={query}"),
        format!("/jetbrains-account?productCode={query}&assigneeEmail={query}&assigned={query}"),
    ] {
        let page = reader.open(&path).await;
        assert!(!page.text().contains("<img") && !page.text().contains("<script>"), "{path}: {}", page.text());
        for tag in page.text().split('<').skip(1) {
            // What stands in quotes is a value.
            let outside: String = tag.split('>').next().unwrap().split('"').step_by(2).collect();
            assert!(!outside.contains("onerror"), "{path}: <{tag}");
        }
    }
    for path in [
        format!("/?space={query}"),
        format!("/requests/{query}"),
        format!("/jetbrains-account?as={query}"),
        format!("/jetbrains-account?organization={query}"),
        format!("/jetbrains-account?team={query}"),
        format!("/license-vault?vault={query}"),
    ] {
        let page = reader.get(&path).await;
        assert_eq!(page.status, 404);
        assert!(!page.text().contains("<img"), "{}", page.text());
    }
}

#[tokio::test]
async fn a_space_without_organizations_has_pages() {
    let app = TestApp::start_with(Database::Sqlite, &["--seed", "none"]).await;
    let mut reader = Reader::new(&app);
    for path in PAGES {
        reader.open(path).await;
    }
    let app = TestApp::start_with(Database::Sqlite, &["--journal", "off"]).await;
    assert!(Reader::new(&app).open("/").await.text().contains("no journal is kept"));
}
