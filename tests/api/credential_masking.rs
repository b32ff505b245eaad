//! What a client sends as a credential is in no journal entry, also when nobody knows it.

use axum::http::StatusCode;
use serde_json::Value;

use crate::support::{Answer, Database, Role, TestApp, VAULT_TOKEN};

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

/// Sends a request that carries the unknown credential as the scheme says.
async fn send_with_scheme(app: &TestApp, scheme: &Value, path: &str) -> Answer {
    let client = app.client();
    let name = scheme["name"].as_str().unwrap_or_default();
    match (scheme["type"].as_str(), scheme["in"].as_str()) {
        (Some("http"), None) => {
            let value = format!("{} {UNKNOWN}", scheme["scheme"].as_str().unwrap());
            client.with_header("authorization", &value).get(path).await
        }
        (Some("apiKey"), Some("cookie")) => client.with_header("cookie", &format!("{name}={UNKNOWN}")).get(path).await,
        (Some("apiKey"), Some("query")) => client.get(&format!("{path}?{name}={UNKNOWN}")).await,
        // `Authorization` by its own name stands for a scheme that OpenAPI has no word for; its description has.
        (Some("apiKey"), Some("header")) => {
            let described = scheme["description"].as_str();
            let value = described.map_or(UNKNOWN.to_owned(), |text| text.trim_matches('`').replace("TOKEN", UNKNOWN));
            client.with_header(name, &value).get(path).await
        }
        other => panic!("this test does not know how a client sends a credential by {other:?}: teach it"),
    }
}

async fn read_journal(app: &TestApp) -> String {
    let mut whole = String::new();
    for request in app.control().get("/requests").await.expect_ok()["requests"].as_array().unwrap() {
        let id = request["id"].as_str().unwrap();
        whole += app.control().get(&format!("/requests/{id}")).await.text();
    }
    whole
}

#[tokio::test]
async fn no_scheme_of_any_document_leaves_its_credential_in_the_journal() {
    let app = TestApp::start(Database::Sqlite).await;
    let mut sent = 0;
    for (name, scheme) in schemes().iter().filter(|(name, _)| !NOT_SECRET.contains(&name.as_str())) {
        for path in PATHS {
            let answer = send_with_scheme(&app, scheme, path).await;
            assert_ne!(answer.status, StatusCode::OK, "{name} at {path}");
            sent += 1;
        }
        let journal = read_journal(&app).await;
        assert_eq!(journal.matches("\"elapsed").count(), sent, "every request is in the journal");
        assert!(!journal.contains(UNKNOWN), "{name}: {journal}");
    }
    assert!(sent >= 7 * PATHS.len(), "there are fewer schemes than there were");
}

#[tokio::test]
async fn what_is_sent_as_a_method_is_hidden_where_it_is_a_token() {
    let app = TestApp::start(Database::Sqlite).await;
    app.client().without_document_check().call(VAULT_TOKEN, "/public-api/licenses/usage", "").await;
    let journal = read_journal(&app).await;
    assert!(!journal.contains(VAULT_TOKEN) && journal.contains("[example (vault)]"), "{journal}");
}

#[tokio::test]
async fn a_query_that_is_lost_in_the_path_or_in_a_referrer_hides_its_credential_too() {
    let app = TestApp::start(Database::Sqlite).await;
    // The answer to the last one repeats the address.
    for path in
        ["/report%3Ftoken=", "/report;token=", "/api/v1/token%3FTOKEN%3D", "/public-api/licenses/usage%3Ftoken%3D"]
    {
        app.client().get(&format!("{path}{UNKNOWN}")).await;
    }
    let referrer = format!("http://localhost/report?token={UNKNOWN}");
    app.client().with_header("referer", &referrer).get("/api/v1/token").await;
    let journal = read_journal(&app).await;
    assert!(!journal.contains(UNKNOWN) && journal.contains("/report;token=********"), "{journal}");
}

/// Names that are nearly those of a credential: headers, and parameters of the query.
const MISSPELLED: ([&str; 7], [&str; 3]) = (
    ["x-api-keys", "api-key", "x-apikey", "authorisation", "proxy-authorisation", "cookies", "set-cookies"],
    ["tokne", "tokens", "TOKE"],
);

/// What the journal hands out of its requests, in each form.
async fn read_everything(app: &TestApp) -> String {
    let mut whole = read_journal(app).await;
    let reader = app.client().with_header("host", "localhost:8080");
    for request in app.control().get("/requests").await.expect_ok()["requests"].as_array().unwrap() {
        let page = reader.get(&format!("/_emulator/ui/requests/{}", request["id"].as_str().unwrap())).await;
        assert_eq!(page.status, StatusCode::OK);
        whole += page.text();
    }
    whole += reader.get("/_emulator/ui/").await.text();
    whole + app.control().get("/requests?format=har").await.text()
}

#[tokio::test]
async fn a_credential_under_a_name_that_is_nearly_right_is_hidden_as_under_the_right_one() {
    let app = TestApp::start(Database::Sqlite).await;
    let (headers, parameters) = MISSPELLED;
    for path in PATHS {
        app.control().delete("/requests").await.expect_ok();
        let mut sent = 0;
        for name in headers {
            app.client().with_header(name, UNKNOWN).get(path).await;
            app.client().with_header(name, &format!("Bearer {UNKNOWN}")).get(path).await;
            sent += 2;
        }
        for name in parameters {
            app.client().get(&format!("{path}?a=1&{name}={UNKNOWN}&b=2")).await;
            // Lost in the path, and in a referrer.
            app.client().get(&format!("{path}%3F{name}%3D{UNKNOWN}")).await;
            app.client().with_header("referer", &format!("http://a.test/?{name}={UNKNOWN}")).get(path).await;
            sent += 3;
        }
        // Several at once; and a scheme that is misspelled, or that there is none of.
        let client = app.client().with_header("authorization", &format!("Baerer {UNKNOWN}"));
        let client = headers.iter().fold(client, |client, name| client.with_header(name, UNKNOWN));
        let client = client.with_header("cookie", &format!("cloud.sesion.token={UNKNOWN}"));
        client.get(&format!("{path}?{}", parameters.map(|name| format!("{name}={UNKNOWN}")).join("&"))).await;
        app.client().with_header("authorization", &format!("Bearer{UNKNOWN}")).get(path).await;
        sent += 2;
        let shown = read_everything(&app).await;
        assert_eq!(shown.matches("\"elapsed").count(), sent, "every request is in the journal");
        assert!(!shown.contains(UNKNOWN), "{path}: {shown}");
        for name in headers {
            for value in ["********", "Bearer ********"] {
                let header = serde_json::json!({"name": name, "value": value}).to_string();
                assert!(shown.matches(&header).count() > 1, "{path}: {header} in {shown}");
            }
        }
        for name in parameters {
            let query = format!("a=1&{name}=********&b=2");
            assert!(shown.matches(&query).count() > 1, "{path}: {query} in {shown}");
        }
    }
}

/// It makes no difference whether another one was good, what became of the request, and whether anybody looks for one.
#[tokio::test]
async fn a_misspelled_credential_beside_a_good_one_or_where_none_is_needed_is_hidden_too() {
    let app = TestApp::start(Database::Sqlite).await;
    let admin = app.jetbrains_account(Role::OrgAdmin).with_header("x-api-keys", UNKNOWN);
    admin.get("/token").await.expect_ok();
    assert_eq!(app.client().with_header("authorisation", UNKNOWN).get("/health?tokne=1").await.status, StatusCode::OK);
    app.control().post("/faults", r#"{"match":{},"then":{"status":503}}"#).await.expect_ok();
    let admin = admin.without_document_check();
    assert_eq!(admin.get(&format!("/token?tokne={UNKNOWN}")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    let shown = read_everything(&app).await;
    assert_eq!(shown.matches("\"elapsed").count(), 3, "every request is in the journal");
    assert!(!shown.contains(UNKNOWN) && shown.contains("tokne=********"), "{shown}");
    app.control().delete("/faults").await.expect_ok();
    // A token that somebody has is shown by its label, because that is no secret and says which one it was.
    let known = app.client().with_header("x-api-keys", VAULT_TOKEN);
    known.get(&format!("/api/v1/token?tokne={VAULT_TOKEN}")).await;
    let shown = read_journal(&app).await;
    assert!(shown.contains(r#"{"name":"x-api-keys","value":"[example (vault)]"}"#), "{shown}");
    assert!(shown.contains("\"tokne=[example (vault)]\""), "{shown}");
}

/// The names of what the operations of all documents take, by where it is sent, without those of credentials.
fn parameters(place: &str) -> Vec<String> {
    let documents = [
        locum::services::jetbrains_account::openapi(),
        locum::services::license_vault::openapi(),
        locum::services::atlassian::openapi(),
    ];
    let credentials: Vec<String> =
        schemes().iter().filter_map(|(_, scheme)| Some(scheme["name"].as_str()?.to_lowercase())).collect();
    let mut names = Vec::new();
    for document in documents {
        for operations in serde_json::to_value(document).unwrap()["paths"].as_object().unwrap().values() {
            for parameter in
                operations.as_object().unwrap().values().filter_map(|it| it["parameters"].as_array()).flatten()
            {
                let name = parameter["name"].as_str().unwrap();
                if parameter["in"] == place && !credentials.contains(&name.to_lowercase()) {
                    names.push(name.to_owned());
                }
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

#[tokio::test]
async fn what_is_no_credential_is_shown_as_it_was_sent() {
    let app = TestApp::start(Database::Sqlite).await;
    let client = app.client();
    // What clients, browsers and proxies send, and names that are nearly those of what is no secret.
    let usual = "accept accept-charset accept-encoding accept-language cache-control connection content-type date dnt \
                 expect forwarded from if-match if-none-match if-modified-since keep-alive max-forwards origin pragma \
                 prefer priority range referer sec-fetch-dest sec-fetch-mode sec-fetch-site te traceparent tracestate \
                 trailer upgrade-insecure-requests user-agent via x-api-rev x-api-ver x-app-name x-amzn-trace-id \
                 x-correlation-id x-customer-cod x-customer-code x-forwarded-for x-forwarded-host x-forwarded-proto \
                 x-http-method x-organization x-real-ip x-request-id x-requested-with x-team-id x-trace-id";
    let documented = parameters("header");
    let headers: Vec<String> = usual.split_whitespace().map(str::to_owned).chain(documented).collect();
    let client = headers.iter().fold(client, |client, name| client.with_header(name, "shown-4711"));
    let others =
        ["code", "name", "offset", "open", "order", "page", "size", "sort", "then", "time", "to", "type", "user"];
    let queries: Vec<String> = parameters("query").into_iter().chain(others.map(str::to_owned)).collect();
    assert!(queries.len() > 30, "{queries:?}");
    let query = queries.iter().map(|name| format!("{name}=shown-4711")).collect::<Vec<_>>().join("&");
    client.get(&format!("/api/v1/token?{query}")).await;
    client.get(&format!("/report%3F{}", query.replace('=', "%3D").replace('&', "%26"))).await;
    let journal = read_journal(&app).await;
    assert!(!journal.contains("********"), "{journal}");
    assert!(journal.contains(&query), "{journal}");
}

#[tokio::test]
async fn beside_a_hidden_value_a_query_is_kept_as_it_was_sent() {
    let app = TestApp::start(Database::Sqlite).await;
    let client = app.client().without_document_check();
    for (sent, kept) in [
        ("x=a%2Bb&token=SECRET&y=c%26d%3de&y=f+g&&z", "x=a%2Bb&token=********&y=c%26d%3de&y=f+g&&z"),
        ("next=http://a.test/?tokne=SECRET", "next=http://a.test/?tokne=********"),
        ("next=http%3A%2F%2Fa.test%2F%3Ftoken%3DSECRET%26b=1", "next=http%3A%2F%2Fa.test%2F%3Ftoken%3D********%26b=1"),
        ("a=1;token=SECRET", "a=1;token=********"),
        ("token%3DSECRET", "token%3D********"),
        ("x?tokne=SECRET", "x?tokne=********"),
        ("token=&tokne", "token=&tokne"),
    ] {
        app.control().delete("/requests").await.expect_ok();
        client.get(&format!("/licenses-report.json?{}", sent.replace("SECRET", UNKNOWN))).await;
        let entry = app.control().get("/requests").await.expect_ok()["requests"][0].take();
        assert_eq!(entry["query"], kept);
        assert!(!read_everything(&app).await.contains(UNKNOWN), "{sent}");
    }
    // So it is found by what was sent.
    client.get(&format!("/licenses-report.json?token={VAULT_TOKEN}&x=a%2Bb")).await;
    let wanted = r#"{"match":{"query":{"x":"a+b"}},"count":{"exactly":1}}"#;
    app.control().post("/requests/verify", wanted).await.expect_ok();
}

/// How a client may have written a text, so that nobody reads it at a glance.
fn encodings(text: &str) -> Vec<(&'static str, String)> {
    use ::base64::{Engine as _, engine::general_purpose as base64};
    let by = |write: fn(u32) -> String| text.chars().map(|c| write(u32::from(c))).collect::<String>();
    let all = by(|c| format!("%{c:02X}"));
    let first = format!("%{:02x}{}", text.as_bytes()[0], &text[1..]);
    vec![
        ("as it is", text.to_owned()),
        ("percent-encoded", all.clone()),
        ("partly percent-encoded", first),
        ("percent-encoded twice", all.replace('%', "%25")),
        ("escaped as in JSON", by(|c| format!("\\u{c:04x}"))),
        ("Base64", base64::STANDARD.encode(text)),
        ("Base64 without its end", base64::URL_SAFE_NO_PAD.encode(text)),
        ("Base64 of a name and it", base64::STANDARD.encode(format!("user:{text}"))),
        ("Base64, percent-encoded", base64::STANDARD.encode(text).replace('=', "%3D")),
    ]
}

#[tokio::test]
async fn no_known_secret_is_in_the_journal_however_and_wherever_it_was_written() {
    const CONTROL_TOKEN: &str = "control-token-4711";
    let app = TestApp::start_on(None, &["--control-token", CONTROL_TOKEN]).await;
    for (secret, label) in [(VAULT_TOKEN, "token"), (CONTROL_TOKEN, "[control token]")] {
        for (how, written) in encodings(secret) {
            let control = app.control().with_header("authorization", &format!("Bearer {CONTROL_TOKEN}"));
            control.delete("/requests").await.expect_ok();
            let in_url = written.replace('\\', "%5C");
            let admin = app.jetbrains_account(Role::OrgAdmin);
            let mut sent = 0;
            for path in
                [format!("/api/v1/{in_url}"), format!("/api/v1/token?q={in_url}"), format!("/nobody?{in_url}=1")]
            {
                app.client().get(&path).await;
                sent += 1;
            }
            for (name, value) in [("user-agent", &written), ("referer", &format!("http://a.test/{in_url}?x"))] {
                app.client().with_header(name, value).get("/api/v1/token").await;
                sent += 1;
            }
            for body in [
                written.clone(),
                format!(r#"{{"licenseId":"{written}"}}"#),
                format!("a=1&b={in_url}&c=2"),
                format!("<a b='{written}'>{written}</a>"),
            ] {
                admin.post("/customer/licenses/assign", body).await;
                sent += 1;
            }
            let mut journal = String::new();
            for request in control.get("/requests").await.expect_ok()["requests"].as_array().unwrap() {
                journal += control.get(&format!("/requests/{}", request["id"].as_str().unwrap())).await.text();
            }
            assert_eq!(journal.matches("\"elapsed").count(), sent, "every request is in the journal");
            assert!(journal.contains(label), "{how}: {journal}");
            for shown in [secret, &written, &in_url, &written.replace('\\', r"\\")] {
                assert!(!journal.contains(shown), "{how}: {shown} in {journal}");
            }
        }
    }
}
