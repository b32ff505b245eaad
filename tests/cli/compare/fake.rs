//! A service on loopback that is a Locum, but for what a test changes in its answers.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tower::ServiceExt as _;

use crate::{
    locum,
    support::{Database, TestApp},
};

/// An answer that a test may change.
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn change_json(&mut self, change: impl FnOnce(&mut Value)) {
        let mut value = self.json().unwrap();
        change(&mut value);
        self.body = value.to_string().into_bytes();
    }
}

/// What it was asked.
pub struct Call {
    pub uri: String,
    pub headers: HeaderMap,
}

pub struct Fake {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    serving: JoinHandle<()>,
}

impl Fake {
    /// A Locum with the demo's data. `change` is given path and query of a request, and the answer.
    pub async fn start(change: impl Fn(&str, &mut Reply) + Send + Sync + 'static) -> Self {
        Self::of(TestApp::start(Database::Sqlite).await, change).await
    }

    pub async fn of(app: TestApp, change: impl Fn(&str, &mut Reply) + Send + Sync + 'static) -> Self {
        let change = Arc::new(change);
        Self::serve(move |request| {
            let (router, change) = (app.router.clone(), Arc::clone(&change));
            async move {
                let uri = request.uri().to_string();
                let mut reply = collect(router.oneshot(request).await.unwrap()).await;
                change(&uri, &mut reply);
                reply.into_response()
            }
        })
        .await
    }

    /// Whatever a test answers.
    pub async fn serve<F, R>(answer: F) -> Self
    where
        F: Fn(Request) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let noted = Arc::clone(&calls);
        let router = Router::new().fallback(move |request: Request| {
            let (uri, headers) = (request.uri().to_string(), request.headers().clone());
            assert_eq!(request.method(), "GET");
            noted.lock().unwrap().push(Call { uri, headers });
            answer(request)
        });
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, calls, serving }
    }

    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn collect(response: Response) -> Reply {
    let (head, body) = response.into_parts();
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

impl Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(Bytes::from(self.body)));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        for (name, value) in self.headers {
            if name != "content-length" {
                let name: HeaderName = name.parse().unwrap();
                response.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
            }
        }
        response
    }
}

/// A service, the demo's token for it, and the flags that say whose it is.
pub type Side = (&'static str, &'static str, &'static [&'static str]);

pub const ATLASSIAN: Side = ("atlassian", "demo-atlassian-key", &["--org", "8f2b0c1e-0000-4000-8000-000000000001"]);
pub const ACCOUNT: Side = ("jetbrains-account", "demo-jba-organization-admin", &["--customer-code", "6700001"]);
pub const VAULT: Side = ("license-vault", "demo-vault-token", &[]);
pub const LICENSE_SERVER: Side = ("license-server", "demo-reporting-token", &[]);
pub const ALL: [Side; 3] = [ATLASSIAN, ACCOUNT, VAULT];

/// Exit code, standard output, standard error.
pub type Ended = (i32, String, String);

/// Compares with an upstream on this machine, without pauses.
pub async fn compare(upstream: &str, (service, token, flags): Side, further: &[&str]) -> Ended {
    let fixed = ["compare", "--service", service, "--upstream", upstream, "--yes", "--pause", "0ms"];
    run(&[&fixed, flags, further].concat(), &[("LOCUM_COMPARE_TOKEN", token)]).await
}

/// Runs the binary with these variables, without standard input.
pub async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = locum(arguments);
    command.envs(variables.iter().copied()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Compares, and gives the report with the exit code.
pub async fn compare_to_json(upstream: &str, side: Side) -> (i32, Value) {
    let (code, stdout, stderr) = compare(upstream, side, &["--format", "json"]).await;
    (code, serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stdout}{stderr}")))
}

/// What a report says of a request.
pub fn find<'a>(report: &'a Value, name: &str) -> &'a Value {
    let requests = report["requests"].as_array().unwrap();
    requests.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} is not in {report:#}"))
}
