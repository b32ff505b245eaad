//! `locum health`: asks `/readyz`, so that an image needs no curl.

use std::time::{Duration, Instant};

use axum::body::Body;
use hyper::{Request, StatusCode};

use crate::{
    cli::{Failure, client},
    config::Listen,
};

const ONE_PROBE: Duration = Duration::from_secs(5);
const BETWEEN_PROBES: Duration = Duration::from_millis(50);

/// `wait`: ask again until it is ready or this much time has passed.
pub(super) async fn health(listen: &Listen, wait: Option<Duration>) -> Result<(), Failure> {
    if listen.port == 0 {
        return Err(Failure::Usage("port 0 is any free port: say which one with --listen".to_owned()));
    }
    let started = Instant::now();
    loop {
        let why = match probe(listen).await {
            Ok(()) => {
                println!("ready: {listen}");
                return Ok(());
            }
            Err(why) => why,
        };
        if wait.is_none_or(|limit| started.elapsed() >= limit) {
            return Err(Failure::Failed(format!("not ready: {listen}: {why}")));
        }
        pause().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "another process has to get ready; there is nothing to wait on")]
async fn pause() {
    tokio::time::sleep(BETWEEN_PROBES).await;
}

async fn probe(listen: &Listen) -> Result<(), String> {
    match tokio::time::timeout(ONE_PROBE, ask(listen)).await {
        Ok(Ok(StatusCode::OK)) => Ok(()),
        Ok(Ok(status)) => Err(format!("answered {status}")),
        Ok(Err(error)) => Err(error),
        Err(_) => Err("no answer".to_owned()),
    }
}

async fn ask(listen: &Listen) -> Result<StatusCode, String> {
    let text = |e: &dyn std::error::Error| e.to_string();
    let request = Request::get("/readyz").header("host", "localhost").body(Body::empty()).map_err(|e| text(&e))?;
    let stream = client::connect(&listen.host, listen.port).await.map_err(|e| text(&e))?;
    client::exchange(stream, request).await.map(|response| response.status()).map_err(|e| text(&e))
}
