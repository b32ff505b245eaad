//! Sends the variants to a running Locum.

use crate::{
    expectations::Service,
    support::{Answer, TestApp},
    variants::{Draft, Found},
};

/// A Locum that holds what the seed says, and what only it knows.
pub struct Target<'a> {
    app: &'a TestApp,
    pub found: Found,
}

impl<'a> Target<'a> {
    pub async fn new(app: &'a TestApp, service: &Service) -> Self {
        let mut found = Found::new();
        for lookup in &service.lookups {
            let client =
                lookup.headers.iter().fold(app.client(), |client, (name, value)| client.with_header(name, value));
            let body = lookup.body.as_ref().map(ToString::to_string).unwrap_or_default();
            let answer = client.without_document_check().call(&lookup.method, &lookup.path, body).await;
            let value = serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap_or_default();
            let value = value.pointer(&lookup.at).and_then(|value| value.as_str());
            let value = value.unwrap_or_else(|| panic!("{}: nothing at {}: {}", lookup.name, lookup.at, answer.text()));
            found.insert(lookup.name.clone(), value.to_owned());
        }
        // Faster than a reset, and sessions stay.
        app.control().put("/snapshots/before", "").await.expect_ok();
        Self { app, found }
    }

    /// Sends a request. What it changed is as before afterwards.
    pub async fn send(&self, request: &Draft) -> Answer {
        let mut client = self.app.client().without_document_check();
        for (name, value) in &request.headers {
            client = client.with_header(name, value);
        }
        let body = request.body.clone().unwrap_or_default();
        let answer = client.call(&request.method, &request.target(), body).await;
        if request.method != "GET" && answer.status.is_success() {
            self.app.control().post("/snapshots/before/restore", "").await.expect_ok();
        }
        answer
    }
}
