//! What comes back, and what tests expect of it.

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

use super::NOW;

/// What came back.
#[derive(Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// A header, which is there once at most: clients put two of a name together, and then cannot read either.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert!(values.len() <= 1, "{name} is there several times: {values:?}");
        values.first().and_then(|value| value.to_str().ok())
    }

    /// A 200; gives the body.
    #[track_caller]
    pub fn expect_ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// A business error of JetBrains Account, byte for byte.
    #[track_caller]
    pub fn expect_jetbrains_error(&self, status: u16, code: &str, description: &str) {
        let description = Value::from(description);
        assert_eq!(
            (self.status.as_u16(), self.text()),
            (status, format!(r#"{{"code":"{code}","description":{description}}}"#).as_str())
        );
        assert_eq!(self.header("content-type"), Some("application/json;charset=UTF-8"));
    }

    /// An error page of JetBrains Account.
    #[track_caller]
    pub fn expect_jetbrains_error_page(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("text/html;charset=UTF-8"));
        let title = format!("<title>JetBrains Account :: Error {status}: ");
        assert!(self.text().contains(&title), "{}", self.text());
        assert!(!self.text().starts_with('{'));
    }

    /// A problem of the control API.
    #[track_caller]
    pub fn expect_problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem
    }

    /// An error of the gateway that stands before Atlassian's service, byte for byte.
    #[track_caller]
    pub fn expect_gateway_error(&self, status: u16, message: &str) {
        let message = serde_json::Value::from(message);
        assert_eq!(
            (self.status.as_u16(), self.text()),
            (status, format!(r#"{{"code":{status},"message":{message}}}"#).as_str())
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// An error of Atlassian's service; gives its detail.
    #[track_caller]
    pub fn expect_atlassian_error(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
        let errors = body["errors"].as_array().expect("errors");
        let [error] = errors.as_slice() else { panic!("not one error: {body}") };
        let mut members: Vec<&str> = error.as_object().expect("an error").keys().map(String::as_str).collect();
        members.sort_unstable();
        if status == 500 {
            assert_eq!(members, ["code", "id", "status", "title"], "internals are not told");
        } else {
            assert_eq!(members, ["code", "detail", "id", "status", "title"]);
        }
        assert_eq!((&error["status"], &error["code"]), (&status.to_string().into(), &code.into()), "{body}");
        assert_eq!(error["id"].as_str(), self.header("x-request-id"));
        assert!(error["title"].as_str().is_some_and(|title| !title.is_empty()), "{body}");
        error["detail"].as_str().unwrap_or_default().to_owned()
    }

    /// A 204, or another status, without a body.
    #[track_caller]
    pub fn expect_empty(&self, status: u16) {
        assert_eq!((self.status.as_u16(), self.text()), (status, ""));
    }

    /// The ids of a page's records, or other texts of theirs.
    #[track_caller]
    pub fn list_member(&self, member: &str) -> Vec<String> {
        let body = self.expect_ok();
        let items = body.get("data").unwrap_or(&body).as_array().expect("a list").clone();
        items
            .iter()
            .map(|item| item[member].as_str().unwrap_or_else(|| panic!("no {member}: {item}")).to_owned())
            .collect()
    }

    /// An error of the vault.
    #[track_caller]
    pub fn expect_vault_error(&self, status: u16, code: &str, path: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        let keys: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["code", "error", "message", "path", "status", "timestamp"]);
        assert_eq!((&body["status"], &body["code"], &body["path"]), (&status.into(), &code.into(), &path.into()));
        assert_eq!(body["timestamp"], NOW);
    }
}
