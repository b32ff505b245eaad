//! A Locum of one's own: in this process and its memory, with the demo's data, whatever settings and variables say.

use std::time::Duration;

use axum::{Router, body::Body};
use chrono::Timelike as _;
use http_body_util::BodyExt as _;
use hyper::Request;
use tower::ServiceExt as _;

use super::answer::Answer;
use crate::{
    config::{Config, Listen},
    core::{clock::Clock, ids::IdSeed},
    http::CONTROL_BASE,
    seed, startup,
    store::Location,
};

pub(super) struct Fresh(Router);

impl Fresh {
    /// `more_data` is a seed in addition to the demo's.
    pub(super) async fn start(more_data: Option<&'static str>) -> Result<Self, String> {
        // As exact as it gets, so that dates are written with all the digits that they may have.
        let now = Clock::Real.now();
        let now = now.with_nanosecond(123_456_000).unwrap_or(now);
        let config = Config {
            listen: Listen { host: "localhost".to_owned(), port: 0 },
            tls: None,
            proxy: None,
            seeds: seed::load("builtin:demo"),
            watched: None,
            location: Location::Memory,
            reseed: false,
            server_key: None,
            clock: Some(Clock::Frozen(now)),
            id_seed: IdSeed::random(),
            rate_limit: None,
            public_url: None,
            journal: None,
            answers: None,
            // Nobody but this process reaches it, and it takes what comes to the demo's organization.
            control: true,
            control_token: None,
            allowed_hosts: Vec::new(),
            endpoints_file: None,
            startup_timeout: Duration::ZERO,
            shutdown_timeout: Duration::ZERO,
            settings: Vec::new(),
        };
        let started = startup::start(config).await.map_err(|e| format!("Locum does not start: {e}"))?;
        let fresh = Self(started.router);
        if let Some(seed) = more_data {
            let request = Request::post(format!("{CONTROL_BASE}/seed?mode=merge")).header("host", "localhost");
            let answer = fresh.send(request.body(Body::from(seed))).await?;
            if !answer.is_success() {
                return Err(format!("Locum does not take its own seed: {}", answer.status));
            }
        }
        Ok(fresh)
    }

    pub(super) async fn ask(&self, path: &str, headers: &[(&'static str, String)]) -> Result<Answer, String> {
        let mut request = Request::get(path).header("host", "localhost").header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.send(request.body(Body::empty())).await
    }

    async fn send(&self, request: Result<Request<Body>, axum::http::Error>) -> Result<Answer, String> {
        let request = request.map_err(|e| format!("a request to Locum cannot be written: {e}"))?;
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|e| format!("Locum does not answer: {e}"))?;
        Ok(Answer::new(head.status.as_u16(), &head.headers, &body.to_bytes()))
    }
}
