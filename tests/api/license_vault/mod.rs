//! The License Vault API and the License Server's machine interface.

mod allocations;
mod auth;
mod denials;
mod licenses;
mod server;
mod token;
mod usage;

use axum::{body::Body, http::Request};
use indoc::formatdoc;
use serde_json::Value;

use crate::support::{Answer, TestApp};

/// Calls a path of the demo vault with a whole `Authorization` header.
pub async fn call(app: &TestApp, method: &str, path: &str, authorization: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("Authorization", authorization);
    app.send(request.body(Body::empty()).expect("a request")).await
}

/// `/public-api{path}` with the demo vault's token.
pub async fn get(app: &TestApp, path: &str) -> Answer {
    call(app, "GET", &format!("/public-api{path}"), "Bearer demo-vault-token").await
}

pub async fn post(app: &TestApp, path: &str) -> Answer {
    call(app, "POST", &format!("/public-api{path}"), "Bearer demo-vault-token").await
}

/// A path without any credential in a header.
pub async fn plain(app: &TestApp, method: &str, path: &str) -> Answer {
    app.send(Request::builder().method(method).uri(path).body(Body::empty()).expect("a request")).await
}

/// A vault with these pools (YAML), for Ann to administer.
pub async fn vault(app: &TestApp, settings: &str, pools: &str) {
    let seed = formatdoc! {"
        version: 1
        organizations:
          - name: A
            customer_code: 1
            people: [{{ email: ann@a.test }}, {{ email: bob@a.test }}]
            license_vault:
              name: example
              administrators: [ann@a.test]
              token: demo-vault-token
              {settings}
              pools: [{pools}]
    "};
    let seeded = app.control("POST", "/seed?mode=replace", &seed).await;
    assert_eq!(seeded.status, 200, "{}", seeded.text());
    freeze(app, crate::support::NOW).await;
}

pub async fn freeze(app: &TestApp, now: &str) {
    app.control("PUT", "/clock", &format!(r#"{{"mode":"frozen","now":"{now}"}}"#)).await.ok();
}

pub async fn advance(app: &TestApp, by: &str) {
    app.control("POST", "/clock/advance", &format!(r#"{{"by":"{by}"}}"#)).await.ok();
}

/// An IDE starts.
pub async fn connect(app: &TestApp, user: &str, product: &str, host: &str) -> Value {
    let body = format!(r#"{{"user":"{user}","product":"{product}","host":"{host}"}}"#);
    app.control("POST", "/vaults/example/connections", &body).await.ok()
}

/// The six counters of a product: regular, true-up, virtual, each in use and in all.
pub async fn counters(app: &TestApp, code: &str) -> [i64; 6] {
    let usage = get(app, "/licenses/usage").await.ok();
    let row = usage["licenseUsages"].as_array().unwrap().iter().find(|row| row["code"] == code).expect("a row").clone();
    ["regularInUse", "regularTotal", "trueUpInUse", "trueUpTotal", "virtualInUse", "virtualTotal"]
        .map(|name| row[name].as_i64().expect("a number"))
}

impl Answer {
    /// An error of the vault.
    #[track_caller]
    pub fn vault_error(&self, status: u16, code: &str, path: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "error", "message", "path", "status", "timestamp"]);
        assert_eq!((&body["status"], &body["code"], &body["path"]), (&status.into(), &code.into(), &path.into()));
        assert_eq!(body["timestamp"], crate::support::NOW);
    }
}
