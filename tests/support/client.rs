//! Who calls: one kind of client for the three services, the control API and the pages.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request, Response},
};
use http_body_util::BodyExt as _;
use locum::{
    control,
    services::{atlassian, jetbrains_account},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Answer, TestApp, document_check};

/// The Atlassian organization of the demo seed.
pub const ORG: &str = "8f2b0c1e-0000-4000-8000-000000000001";
/// The other one.
pub const OTHER_ORG: &str = "8f2b0c1e-0000-4000-8000-000000000002";

/// The Atlassian API key of the demo seed that may do everything.
pub const FULL_KEY: &str = "demo-atlassian-key";
/// The one that may read API tokens only.
pub const READER_KEY: &str = "demo-atlassian-reader";
/// The one whose time is over.
pub const EXPIRED_KEY: &str = "demo-atlassian-expired";
/// The one of the other organization.
pub const OTHER_ORG_KEY: &str = "demo-atlassian-other-key";

/// The token of the demo seed's vault.
pub const VAULT_TOKEN: &str = "demo-vault-token";

/// Who somebody is in the JetBrains Account of the demo seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    OrgAdmin,
    OrgViewer,
    PrimaryContact,
    TeamAdmin,
    TeamViewer,
    /// The administrator of the other organization.
    OtherOrgAdmin,
    /// Nobody: without a token, and without a customer code.
    Anonymous,
}

/// Sends requests below one path, always with the same headers.
#[derive(Clone)]
pub struct Client {
    router: Router,
    base: String,
    headers: Vec<(String, String)>,
    checks_documents: bool,
}

impl TestApp {
    /// Somebody of the demo organization who calls JetBrains Account, `/api/v1`.
    pub fn jetbrains_account(&self, role: Role) -> Client {
        let (token, customer_code) = match role {
            Role::OrgAdmin => ("demo-jba-organization-admin", "6700001"),
            Role::OrgViewer => ("demo-jba-organization-viewer", "6700001"),
            Role::PrimaryContact => ("demo-jba-primary-contact", "6700001"),
            Role::TeamAdmin => ("demo-jba-team-admin", "6700001"),
            Role::TeamViewer => ("demo-jba-team-viewer", "6700001"),
            Role::OtherOrgAdmin => ("demo-jba-other-organization-admin", "6700002"),
            Role::Anonymous => return self.client_below(jetbrains_account::BASE),
        };
        self.jetbrains_account_token(token, customer_code)
    }

    /// Somebody with any token who calls JetBrains Account.
    pub fn jetbrains_account_token(&self, token: &str, customer_code: &str) -> Client {
        let anonymous = self.jetbrains_account(Role::Anonymous);
        anonymous.with_header("X-Api-Key", token).with_header("X-Customer-Code", customer_code)
    }

    /// Somebody who calls a License Vault, or the License Server: their paths are whole ones.
    pub fn license_vault(&self, token: &str) -> Client {
        self.license_vault_without_token().with_header("Authorization", &format!("Bearer {token}"))
    }

    pub fn license_vault_without_token(&self) -> Client {
        self.client()
    }

    /// Somebody with an API key who calls the demo organization's Atlassian, `/admin/api-access/v1/orgs/…`.
    pub fn atlassian(&self, api_key: &str) -> Client {
        self.atlassian_without_key().with_header("Authorization", &format!("Bearer {api_key}"))
    }

    pub fn atlassian_without_key(&self) -> Client {
        self.client().in_organization(ORG)
    }

    /// A person of the demo organization who has a session with Atlassian.
    pub async fn sign_in_to_atlassian(&self, email: &str) -> Client {
        let answer = self.control().post("/organizations/6700001/atlassian/session", json!({"actor": email})).await;
        let session = answer.expect_ok();
        let (name, token) = (session["cookie"].as_str().expect("a name"), session["token"].as_str().expect("a token"));
        self.atlassian_without_key().with_header("Cookie", &format!("theme=dark; {name}={token}"))
    }

    /// The tester, who calls the control API, `/_emulator`.
    pub fn control(&self) -> Client {
        self.client_below(control::BASE)
    }

    /// Anybody, at any path.
    pub fn client(&self) -> Client {
        self.client_below("")
    }

    fn client_below(&self, base: &str) -> Client {
        Client { router: self.router.clone(), base: base.to_owned(), headers: Vec::new(), checks_documents: true }
    }
}

impl Client {
    /// The same, with one header more.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same, at the paths of an organization of Atlassian's.
    #[must_use]
    pub fn in_organization(&self, org_id: &str) -> Self {
        Self { base: format!("{}/orgs/{org_id}", atlassian::BASE), ..self.clone() }
    }

    /// The same, at the paths below another one.
    #[must_use]
    pub fn below(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same, in a space of the control API.
    #[must_use]
    pub fn in_space(&self, space: &str) -> Self {
        Self { base: format!("{}/spaces/{space}", control::BASE), ..self.clone() }
    }

    /// The same, for whom a tester's fault answers: no document knows what that says.
    #[must_use]
    pub fn without_document_check(&self) -> Self {
        Self { checks_documents: false, ..self.clone() }
    }

    /// The value of a header that every request has.
    pub fn header(&self, name: &str) -> &str {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name).expect("a header of the client");
        value
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await
    }

    pub async fn post(&self, path: &str, body: impl IntoBody) -> Answer {
        self.call("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: impl IntoBody) -> Answer {
        self.call("PUT", path, body).await
    }

    pub async fn patch(&self, path: &str, body: impl IntoBody) -> Answer {
        self.call("PATCH", path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, "").await
    }

    /// Sends a request. Fails the test when the answer is not one that the service's document knows.
    pub async fn call(&self, method: &str, path: &str, body: impl IntoBody) -> Answer {
        let request = self.request(method, path, body);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (parts, body) = self.send(request).await.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        if self.checks_documents {
            document_check::check(&method, &path, &answer).unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        }
        answer
    }

    /// Gets an answer whose body has no end, or breaks off before it.
    pub async fn get_stream(&self, path: &str) -> Response<Body> {
        self.send(self.request("GET", path, "")).await
    }

    /// Assigns a licence of JetBrains Account by its id to Eve Stone.
    pub async fn assign_license(&self, id: &str) -> Answer {
        let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
        self.post("/customer/licenses/assign", json!({"licenseId": id, "contact": contact})).await
    }

    fn request(&self, method: &str, path: &str, body: impl IntoBody) -> Request<Body> {
        let method: Method = method.parse().expect("a method");
        let uri = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(&uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(body.into_body()).unwrap_or_else(|e| panic!("{uri}: {e}"))
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("the router always answers")
    }
}

/// What can be sent.
pub trait IntoBody {
    fn into_body(self) -> Body;
}

impl IntoBody for Body {
    fn into_body(self) -> Body {
        self
    }
}

impl IntoBody for &str {
    fn into_body(self) -> Body {
        Body::from(self.to_owned())
    }
}

impl IntoBody for &String {
    fn into_body(self) -> Body {
        Body::from(self.clone())
    }
}

impl IntoBody for String {
    fn into_body(self) -> Body {
        Body::from(self)
    }
}

impl IntoBody for &[u8] {
    fn into_body(self) -> Body {
        Body::from(self.to_vec())
    }
}

impl IntoBody for Vec<u8> {
    fn into_body(self) -> Body {
        Body::from(self)
    }
}

impl IntoBody for Bytes {
    fn into_body(self) -> Body {
        Body::from(self)
    }
}

impl IntoBody for Value {
    fn into_body(self) -> Body {
        Body::from(self.to_string())
    }
}

impl IntoBody for &Value {
    fn into_body(self) -> Body {
        Body::from(self.to_string())
    }
}
