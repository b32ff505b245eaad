//! Somebody who calls the Atlassian service.

use axum::{body::Body, http::Request};
use indoc::formatdoc;

use super::{Answer, TestApp};

/// The organization of the demo seed.
pub const ORG: &str = "8f2b0c1e-0000-4000-8000-000000000001";
/// The other one.
pub const OTHER_ORG: &str = "8f2b0c1e-0000-4000-8000-000000000002";

/// Somebody with an API key or a session, or without.
#[derive(Clone)]
pub struct ApiCaller<'a> {
    pub app: &'a TestApp,
    pub org: &'static str,
    pub headers: Vec<(&'static str, String)>,
}

impl TestApp {
    /// Calls the demo organization with these headers.
    pub fn with_headers<const N: usize>(&self, headers: [(&'static str, &str); N]) -> ApiCaller<'_> {
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        ApiCaller { app: self, org: ORG, headers }
    }

    /// Somebody with an API key.
    pub fn api_key(&self, token: &str) -> ApiCaller<'_> {
        self.with_headers([("authorization", &format!("Bearer {token}"))])
    }

    /// Somebody with the key that may do everything.
    pub fn full_key(&self) -> ApiCaller<'_> {
        self.api_key("demo-atlassian-key")
    }

    /// A person of the demo organization, signed in.
    pub async fn administrator(&self, email: &str) -> ApiCaller<'_> {
        let body = serde_json::json!({"actor": email}).to_string();
        let session = self.control("POST", "/organizations/6700001/atlassian/session", &body).await.ok();
        let (name, token) = (session["cookie"].as_str().expect("a name"), session["token"].as_str().expect("a token"));
        self.with_headers([("cookie", &format!("theme=dark; {name}={token}"))])
    }

    /// Adds to the Atlassian section of the demo organization, as flow or block YAML that is indented by six.
    pub async fn atlassian_seed(&self, section: &str) {
        let seed = formatdoc! {"
            version: 1
            organizations:
              - name: Example Corp
                customer_code: 6700001
                atlassian:
            {section}
        "};
        self.control("POST", "/seed", &seed).await.ok();
    }

    /// Moves the clock.
    pub async fn advance(&self, by: &str) {
        self.control("POST", "/clock/advance", &serde_json::json!({"by": by}).to_string()).await.ok();
    }
}

impl<'a> ApiCaller<'a> {
    /// The same, at another organization's paths.
    pub fn at(&self, org: &'static str) -> ApiCaller<'a> {
        Self { org, ..self.clone() }
    }

    /// The same, with another header.
    pub fn and(&self, name: &'static str, value: &str) -> ApiCaller<'a> {
        let mut more = self.clone();
        more.headers.push((name, value.to_owned()));
        more
    }

    /// Calls `/admin/api-access/v1/orgs/{org}{path}`.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let uri = format!("/admin/api-access/v1/orgs/{}{path}", self.org);
        let request = Request::builder().method(method).uri(uri);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        self.app.send(request.body(body.into()).expect("a request")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.call("POST", path, body.to_owned()).await
    }

    pub async fn patch(&self, path: &str, body: &str) -> Answer {
        self.call("PATCH", path, body.to_owned()).await
    }
}

impl Answer {
    /// An error of the gateway that stands before Atlassian's service, byte for byte.
    #[track_caller]
    pub fn gateway(&self, status: u16, message: &str) {
        let message = serde_json::Value::from(message);
        assert_eq!(
            (self.status.as_u16(), self.text()),
            (status, format!(r#"{{"code":{status},"message":{message}}}"#).as_str())
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// An error of Atlassian's service; gives its detail.
    #[track_caller]
    pub fn service_error(&self, status: u16, code: &str) -> String {
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
    pub fn empty(&self, status: u16) {
        assert_eq!((self.status.as_u16(), self.text()), (status, ""));
    }

    /// The ids of a page's records, or other texts of theirs.
    #[track_caller]
    pub fn each(&self, member: &str) -> Vec<String> {
        let body = self.ok();
        let items = body.get("data").unwrap_or(&body).as_array().expect("a list").clone();
        items
            .iter()
            .map(|item| item[member].as_str().unwrap_or_else(|| panic!("no {member}: {item}")).to_owned())
            .collect()
    }
}
