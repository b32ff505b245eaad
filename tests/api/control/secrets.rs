//! No secret ever comes out: known tokens are sent through every route, then looked for everywhere.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::http::Method;
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use locum::http::common_parts::of_path;
use serde_json::json;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::MakeWriter,
    layer::SubscriberExt as _,
};

use crate::support::{Answer, Role, TestApp, apply, on_both_databases};

/// Every token of the demo seed.
const TOKENS: [&str; 13] = [
    "demo-jba-organization-admin",
    "demo-jba-team-admin",
    "demo-jba-organization-viewer",
    "demo-jba-team-viewer",
    "demo-jba-primary-contact",
    "demo-jba-other-organization-admin",
    "demo-vault-token",
    "demo-reporting-token",
    "demo-automation-token",
    "demo-vault-other-token",
    "demo-atlassian-key",
    "demo-atlassian-reader",
    "demo-atlassian-other-key",
];

/// What is logged, for a test to read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Every operation of everything: its method, and its path with `{…}` for parameters.
fn list_routes() -> Vec<(Method, String)> {
    let documents = [
        (locum::services::jetbrains_account::openapi(), "/api/v1"),
        (locum::services::license_vault::openapi(), ""),
        (locum::services::atlassian::openapi(), "/admin/api-access/v1"),
        (locum::control::openapi(), "/_emulator"),
    ];
    let mut routes = Vec::new();
    for (document, base) in documents {
        for (path, item) in &document.paths.paths {
            // It says of itself that it stands at the root.
            let base = if item.servers.is_some() { "" } else { base };
            // A stream without an end.
            if path != "/events" {
                routes.extend(of_path(item).into_iter().map(|(method, _)| (method, format!("{base}{path}"))));
            }
        }
    }
    // What takes the world away comes last.
    routes.sort_by_key(|(method, path)| (path.starts_with("/_emulator"), *method == Method::DELETE, path.clone()));
    routes
}

/// The path with a value for each parameter.
fn fill_parameters(path: &str, value: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{customerCode}" => "6700001",
        "{orgId}" => "8f2b0c1e-0000-4000-8000-000000000001",
        part if part.starts_with('{') => value,
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[derive(Clone, Copy)]
enum Place {
    /// Where credentials belong: nothing that is answered may hold one.
    Credential,
    /// Anywhere else: the vendors repeat what they are sent, but nobody else may.
    Elsewhere,
}

async fn send(app: &TestApp, method: &Method, path: &str, token: &str, place: Place) -> Answer {
    let path = match place {
        Place::Credential => format!("{}?token={token}", fill_parameters(path, "nothing")),
        Place::Elsewhere => format!("{}?assigneeEmail={token}&q={token}&x=a%20{token}", fill_parameters(path, token)),
    };
    let client = app.client().with_header("X-Customer-Code", "6700001");
    let client = match place {
        Place::Credential => {
            let scheme = if token.contains("automation") { "Automation" } else { "Bearer" };
            client
                .with_header("X-Api-Key", token)
                .with_header("Cookie", &format!("cloud.session.token={token}"))
                .with_header("Authorization", &format!("{scheme} {token}"))
        }
        Place::Elsewhere => client
            .with_header("X-Api-Key", "demo-jba-organization-viewer")
            .with_header("Authorization", "Bearer demo-atlassian-reader")
            .with_header("User-Agent", token)
            .with_header("X-Other", &format!("is {token}.")),
    };
    let body = match place {
        Place::Credential => String::new(),
        Place::Elsewhere => json!({
            "licenseId": token,
            "contact": {"firstName": token, "lastName": "x", "email": token},
            "licenseIds": [token],
            "name": token,
        })
        .to_string(),
    };
    client.call(method.as_str(), &path, body).await
}

fn expect_no_secret(text: &str, secrets: &[String], place: &str) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{secret} stands in {place}: {text}");
    }
}

/// Everything that people can read afterwards.
async fn expect_no_secret_anywhere(app: &TestApp, secrets: &[String]) {
    let mut cursor = String::new();
    loop {
        let page = app.control().get(&format!("/requests?limit=1000{cursor}")).await.expect_ok();
        expect_no_secret(&page.to_string(), secrets, "the journal");
        for request in page["requests"].as_array().unwrap() {
            let id = request["id"].as_str().unwrap();
            let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
            expect_no_secret(&entry.to_string(), secrets, "an entry of the journal");
        }
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let question = r#"{"match":{"operation":"rotateToken","path":"/nope"},"count":{"exactly":99}}"#;
    expect_no_secret(app.control().post("/requests/verify", question).await.text(), secrets, "a question's answer");
    for path in ["/info", "/operations", "/rate-limits", "/faults", "/state", "/credentials", "/spaces"] {
        expect_no_secret(app.control().get(path).await.text(), secrets, path);
    }
    let metrics = app.client().get("/metrics").await;
    assert!(metrics.text().contains("locum_requests_total"), "{}", metrics.text());
    expect_no_secret(metrics.text(), secrets, "the metrics");
}

/// Keeps what this thread logs, until the guard is dropped.
fn keep_log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let filter: Targets = "debug,sqlx=info".parse().unwrap();
    let lines = tracing_subscriber::fmt().json().with_max_level(LevelFilter::TRACE).with_writer(log.clone()).finish();
    (log, tracing::subscriber::set_default(lines.with(filter)))
}

#[apply(on_both_databases)]
async fn known_tokens_stand_nowhere(app: TestApp) {
    let (log, logging) = keep_log();
    // A token that was made here, and one that is dead.
    let rotated = app.jetbrains_account(Role::TeamViewer).post("/token/rotate", "").await;
    let mut secrets: Vec<String> = TOKENS.iter().map(|token| (*token).to_owned()).collect();
    secrets.push(rotated.expect_ok()["token"].as_str().unwrap().to_owned());
    for (method, path) in list_routes() {
        // Control routes change the world that the tokens are of; they are asked with credentials only.
        let is_control = path.starts_with("/_emulator");
        for token in secrets.clone() {
            if !is_control || method == Method::GET {
                let answer = send(&app, &method, &path, &token, Place::Credential).await;
                if path == "/api/v1/token/rotate" && answer.status == 200 {
                    secrets.push(answer.json()["token"].as_str().unwrap().to_owned());
                } else {
                    expect_no_secret(answer.text(), &secrets, &format!("the answer of {method} {path}"));
                }
            }
            if !is_control {
                send(&app, &method, &path, &token, Place::Elsewhere).await;
            }
        }
    }
    expect_no_secret_anywhere(&app, &secrets).await;
    drop(logging);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains(r#""operation":"assignLicense""#), "{logged}");
    expect_no_secret(&logged, &secrets, "the log");
}

/// Sends a text in every place that a request has.
async fn send_everywhere(app: &TestApp, text: &str) {
    // Most of it is no request that a document has.
    let client = app.client().without_document_check();
    let path = text.replace('%', "%25").replace(['\n', '\r', '`'], "");
    for at in ["/public-api/", "/api/v1/customer/", "/nowhere/", "/_emulator/credentials/", "/_emulator/requests/"] {
        client.get(&format!("{at}{path}")).await;
    }
    client.get(&format!("/public-api/licenses/usage?q={path}")).await;
    client.with_header("X-Other", &text.replace(['\n', '\r'], "")).get("/public-api/licenses/usage").await;
    let bodies = [text.to_owned(), json!({"name": text}).to_string()];
    for body in bodies {
        let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
        admin.post("/customer/licenses/assign", body).await;
    }
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
        client.call(text, "/api/v1/token", "").await;
        client.with_header(text, "x").get("/api/v1/token").await;
    }
}

#[apply(on_both_databases)]
async fn known_tokens_are_hidden_however_they_are_encoded_and_whatever_stands_beside(app: TestApp) {
    let (log, logging) = keep_log();
    let token = "demo-vault-token";
    let (standard, url_safe) = (BASE64_STANDARD.encode(token), BASE64_URL_SAFE_NO_PAD.encode(token));
    let claims = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"token":"{token}"}}"#));
    let twice = BASE64_STANDARD.encode(&standard);
    let (first, second) = standard.split_at(8);
    let wrapped = format!("{first}\r\n{second}");
    let escaped = "demo%2Dvault%2Dtoken".to_owned();
    for encoded in [token.to_owned(), standard.clone(), url_safe.clone(), twice.clone(), wrapped, escaped] {
        for surrounded in ["$", "$.json", "http://u:$@h/", "$.x", "eyJh.$.sig", "http://h/$", "x:$", "`$`"] {
            send_everywhere(&app, &surrounded.replace('$', &encoded)).await;
        }
    }
    send_everywhere(&app, &format!("eyJhbGciOiJub25lIn0.{claims}.sig")).await;
    let secrets = [token.to_owned(), url_safe, claims, twice.trim_end_matches('=').to_owned(), second.to_owned()];
    expect_no_secret_anywhere(&app, &secrets).await;
    drop(logging);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("there is no credential `[example (vault)]`"), "{logged}");
    assert!(logged.contains(r#""method":"[example (vault)]""#), "{logged}");
    assert!(logged.contains(r#""path":"/public-api/[example (vault)].json""#), "{logged}");
    expect_no_secret(&logged, &secrets, "the log");
}
