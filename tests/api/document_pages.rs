//! The pages that show the documents: they come whole from here.

use std::io::Read as _;

use crate::support::{Database, TestApp};

/// What a browser gets for an address: its type, and its text.
async fn load(app: &TestApp, path: &str) -> (String, String) {
    let browser = app.client().with_header("host", "localhost:8080").with_header("accept-encoding", "gzip");
    let answer = browser.get(path).await;
    assert_eq!(answer.status, 200, "{path}");
    let mut text = String::new();
    match answer.header("content-encoding") {
        None => text.push_str(answer.text()),
        Some("gzip") => drop(flate2::read::GzDecoder::new(&answer.body[..]).read_to_string(&mut text).unwrap()),
        Some(other) => panic!("{path}: {other}"),
    }
    (answer.header("content-type").unwrap_or_default().to_owned(), text)
}

/// Also for clients that are no browsers.
#[tokio::test]
async fn files_are_compressed_for_who_takes_that_and_plain_for_the_others() {
    let app = TestApp::start(Database::Sqlite).await;
    for page in ["/api-doc", "/swagger-ui", "/license-vault/example/swagger-ui", "/_emulator/docs"] {
        let lead = app.client().get(page).await;
        let page = lead.header("location").map_or(page.to_owned(), |to| seen_from(page, to));
        let page = page.trim_end_matches("/index.html");
        for file in ["index.html", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
            let path = format!("{page}/{file}");
            let get = async |accepts: Option<&str>| match accepts {
                Some(accepts) => app.client().with_header("accept-encoding", accepts).get(&path).await,
                None => app.client().get(&path).await,
            };
            let plain = get(None).await;
            assert_eq!((plain.status.as_u16(), plain.header("content-encoding")), (200, None), "{path}");
            let policy = plain.header("content-security-policy").unwrap_or_default();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert_eq!(plain.header("x-frame-options"), Some("DENY"), "{path}");
            let whole = plain.text().to_owned();
            assert_eq!(plain.header("vary"), Some("accept-encoding"), "{path}");
            for accepts in ["identity", "", "br", "gzip;q=0", "*;q=0", "identity, gzip;q=0.5"] {
                let answer = get(Some(accepts)).await;
                assert_eq!(answer.header("vary"), Some("accept-encoding"), "{path} for `{accepts}`");
                assert_eq!(answer.header("content-encoding"), None, "{path} for `{accepts}`");
                assert_eq!(answer.text(), whole, "{path} for `{accepts}`");
            }
            for accepts in ["gzip", "gzip, deflate, br", "br;q=1, gzip;q=0.5", "*", "identity;q=0"] {
                let answer = get(Some(accepts)).await;
                assert_eq!(answer.header("content-encoding"), Some("gzip"), "{path} for `{accepts}`");
                assert_eq!(answer.header("vary"), Some("accept-encoding"), "{path} for `{accepts}`");
                let mut text = String::new();
                flate2::read::GzDecoder::new(&answer.body[..]).read_to_string(&mut text).unwrap();
                assert_eq!(text, whole, "{path} for `{accepts}`");
            }
        }
    }
}

/// An address as seen from another.
fn seen_from(base: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in relative.split('/').filter(|part| *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// What stands between a mark and a quotation mark, wherever that is.
fn quoted<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(mark).skip(1).filter_map(|rest| rest.split('"').next())
}

#[tokio::test]
async fn pages_show_the_documents_without_a_network() {
    let app = TestApp::start(Database::Sqlite).await;
    for (address, documents) in [
        ("/api-doc", &["JetBrains Account API"][..]),
        ("/openapi", &["JetBrains Account API"]),
        ("/swagger-ui.html", &["License Vault API"]),
        ("/license-vault/example/swagger-ui.html", &["License Vault API"]),
        (
            "/_emulator/docs",
            &["Locum control API", "JetBrains Account API", "License Vault API", "Atlassian Admin API Access"],
        ),
    ] {
        let lead = app.client().get(address).await;
        assert_eq!(lead.status, 303, "{address}");
        let index = seen_from(address, lead.header("location").unwrap());
        let (content_type, page) = load(&app, &index).await;
        assert_eq!(content_type, "text/html", "{index}");
        assert!(!page.contains("{title}") && !page.contains("Swagger UI"), "{page}");

        let mut assets = 0;
        for asset in quoted(&page, "src=\"").chain(quoted(&page, "href=\"")) {
            assert!(!asset.contains("//"), "{index} loads {asset}");
            let (content_type, text) = load_text(&app, &seen_from(&index, asset)).await;
            let wanted = match asset.rsplit('.').next() {
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                _ => "image/png",
            };
            assert_eq!(content_type, wanted, "{asset}");
            let is_style = wanted == "text/css";
            assert!(!is_style || !(text.contains("@import") || text.contains("url(http")), "{asset} loads more");
            assets += 1;
        }
        assert!(assets >= 6, "{index} has {assets} assets");

        let (_, setup) = load(&app, &seen_from(&index, "swagger-initializer.js")).await;
        assert!(setup.contains(r#""validatorUrl": "none""#) && !setup.contains("http"), "{setup}");
        let mut titles = Vec::new();
        for url in quoted(&setup, r#""url": ""#) {
            let document: serde_json::Value =
                serde_json::from_str(&load(&app, &seen_from(&index, url)).await.1).unwrap();
            assert!(document["paths"].as_object().is_some_and(|paths| !paths.is_empty()), "{url}");
            titles.push(document["info"]["title"].as_str().unwrap().to_owned());
        }
        assert_eq!(titles, documents, "{setup}");
        for on in ["deepLinking", "displayRequestDuration", "persistAuthorization", "tryItOutEnabled"] {
            assert!(setup.contains(&format!("\"{on}\": true")), "{setup}");
        }
        assert_eq!(app.client().get(&seen_from(&index, "nope.js")).await.status, 404);
    }
    let icon = app.client().get("/favicon.ico").await;
    load_text(&app, icon.header("location").unwrap()).await;
    // Whoever reads asks the services for nothing.
    let requests = app.control().get("/requests").await.expect_ok();
    assert_eq!(requests["requests"], serde_json::json!([]));
}

/// An image has no text.
async fn load_text(app: &TestApp, path: &str) -> (String, String) {
    if std::path::Path::new(path).extension().is_some_and(|extension| extension == "png") {
        let answer = app.client().get(path).await;
        return (answer.header("content-type").unwrap_or_default().to_owned(), String::new());
    }
    load(app, path).await
}

#[tokio::test]
async fn the_page_of_the_control_api_is_guarded_and_in_no_journal() {
    let app = TestApp::start(Database::Sqlite).await;
    for path in ["/_emulator/docs/index.html", "/_emulator/docs/atlassian-api-access.json", "/_emulator/openapi.json"] {
        let get = async |name, value| app.client().with_header(name, value).get(path).await;
        get("host", "evil.example").await.expect_problem(403);
        get("sec-fetch-site", "cross-site").await.expect_problem(403);
        load(&app, path).await;
        // The page keeps its choice in its address.
        assert_eq!(get("sec-fetch-site", "same-origin").await.status, 200);
    }
    load(&app, "/_emulator/docs/index.html?urls.primaryName=License%20Vault%20API").await;
    let requests = app.control().get("/requests").await.expect_ok();
    assert_eq!(requests["requests"].as_array().map(Vec::len), Some(0), "{requests}");
}
