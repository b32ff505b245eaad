//! The certificate to trust, and word of a stop.

use crate::support::{Answer, Database, TestApp};

async fn certificate(app: &TestApp) -> Answer {
    let stranger = app.control().with_header("host", "api.atlassian.com");
    stranger.with_header("origin", "https://evil.example").get("/ca.crt").await
}

#[tokio::test]
async fn the_certificate_is_everybody_s() {
    let app = TestApp::start_with(Database::Sqlite, &["--tls", "auto", "--control-token", "a-secret"]).await;
    let answer = certificate(&app).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/x-pem-file")));
    assert!(answer.text().starts_with("-----BEGIN CERTIFICATE-----") && !answer.text().contains("PRIVATE"));
    let stranger = app.control().with_header("host", "api.atlassian.com");
    stranger.get("/ca.crt/").await.expect_problem(403);
}

#[tokio::test]
async fn where_there_is_none_it_is_not_found() {
    certificate(&TestApp::start(Database::Sqlite).await).await.expect_problem(404);
    let off = TestApp::start_with(Database::Sqlite, &["--tls", "auto", "--control", "off"]).await;
    certificate(&off).await.expect_problem(404);
}

#[tokio::test]
async fn who_waits_for_the_stop_hears_of_it() {
    let TestApp { app, .. } = TestApp::start(Database::Sqlite).await;
    let waiting = app.clone();
    let mut early = std::pin::pin!(waiting.stopping());
    let unheard = std::future::poll_fn(|context| std::task::Poll::Ready(early.as_mut().poll(context).is_pending()));
    assert!(unheard.await, "nothing is stopping yet");
    app.stop();
    early.await;
    app.stopping().await;
}
