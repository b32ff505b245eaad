//! Upstreams that are slow, broken, elsewhere, at their limit, somebody else.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use axum::response::IntoResponse as _;
use serde_json::json;

use super::fake::{ACCOUNT, ATLASSIAN, Fake, VAULT, compare, compare_to_json, find, run};
use crate::{
    Server,
    tls::{authority, tls_address},
};

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_not_asked_for_ever() {
    let fake = Fake::serve(|_| std::future::pending()).await;
    let (code, report, stderr) = compare(&fake.url, VAULT, &["--timeout", "100ms"]).await;
    assert_eq!(code, 2, "{report}{stderr}");
    assert!(report.contains("| usage | no whole answer within the time |"), "{report}");
    assert!(report.contains("| health | the upstream was not asked further after the failures before |"), "{report}");
    assert_eq!(fake.calls().len(), 3);
}

/// A server that says this to everybody, and ends the connection.
fn say_to_everybody(text: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            // Who has read enough is gone.
            let _ = stream.write_all(&text);
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_answers_are_told_and_none_of_their_words() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"quibble".to_vec();
    let mut large = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000000\r\n\r\n".to_vec();
    large.resize(large.len() + 9_000_000, b'1');
    let broken = "the answer is broken, or none of HTTP";
    for (text, why) in [
        (cut, broken),
        (b"SSH-2.0-quibble\r\n".to_vec(), broken),
        (Vec::new(), broken),
        (large, "the answer is larger than 8 MiB"),
    ] {
        let (code, report, stderr) = compare(&say_to_everybody(text), VAULT, &[]).await;
        assert_eq!(code, 2, "{report}{stderr}");
        assert!(report.contains(&format!("| usage | {why} |")), "{report}");
        assert!(!report.contains("quibble") && !report.contains("127.0.0.1"), "{report}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, report, stderr) = compare(&format!("http://{closed}"), VAULT, &[]).await;
    assert_eq!(code, 2);
    assert!(report.contains("| usage | no connection |") && stderr.contains("usage: no connection: "), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_none_is_a_difference() {
    let fake = Fake::start(|uri, reply| {
        if uri.ends_with("/usage") {
            reply.body.truncate(20);
        }
    })
    .await;
    let (code, report) = compare_to_json(&fake.url, VAULT).await;
    assert_eq!(code, 1);
    let differences = &find(&report, "usage")["differences"];
    assert_eq!(differences[0]["upstream"], "said to be JSON, and none", "{differences:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = Fake::serve(async |_| "never".into_response()).await;
    let target = elsewhere.url.clone();
    let fake = Fake::start(move |uri, reply| {
        if !uri.ends_with("/usage") {
            reply.status = 307;
            reply.headers.insert("location".to_owned(), target.clone());
        }
    })
    .await;
    // Nor through a proxy.
    let arguments = ["compare", "--service", "license_vault", "--upstream", &fake.url, "--yes", "--pause", "0ms"];
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    let mut variables = proxies.map(|name| (name, elsewhere.url.as_str())).to_vec();
    variables.push(("LOCUM_COMPARE_TOKEN", "demo-vault-token"));
    let (code, report, _) = run(&arguments, &variables).await;
    assert_eq!(code, 1);
    assert!(report.contains("| status | 307 | 200 |") && report.contains("| header `location` | URL | absent |"));
    assert!(elsewhere.calls().is_empty(), "nobody asked there");
    assert!(fake.calls().len() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_time_gets_it_and_is_asked_again() {
    let limited = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&limited);
    let fake = Fake::start(move |uri, reply| {
        if uri.ends_with("/usage") && count.fetch_add(1, Ordering::Relaxed) < 2 {
            reply.status = 429;
            reply.headers.insert("retry-after".to_owned(), "0".to_owned());
        }
    })
    .await;
    let (code, report, stderr) = compare(&fake.url, VAULT, &[]).await;
    assert_eq!(code, 0, "{report}{stderr}");
    assert!(stderr.contains("usage: the upstream asks to wait for 0 s"), "{stderr}");
    assert_eq!(limited.load(Ordering::Relaxed), 4, "twice in vain, and then with the credential and without");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_too_much_time_is_left_alone() {
    for (status, retry_after, why, calls) in [
        (429, Some("3600"), "the upstream limits requests: again and again", 1),
        (429, None, "the upstream limits requests: again and again", 1),
        (429, Some("0"), "the upstream limits requests: again and again", 4),
        (503, Some("3600"), "the upstream answered 503", 3),
        (503, Some("0"), "the upstream answered 503", 3 * 4),
        (503, None, "the upstream answered 503", 3),
        (502, Some("0"), "the upstream answered 502", 3),
    ] {
        let fake = Fake::start(move |_, reply| {
            reply.status = status;
            reply.headers.extend(retry_after.map(|value| ("retry-after".to_owned(), value.to_owned())));
        })
        .await;
        let (code, report, stderr) = compare(&fake.url, ATLASSIAN, &[]).await;
        assert_eq!(code, 2, "{report}{stderr}");
        assert!(report.contains(&format!("| api-tokens | {why}")), "{report}");
        assert_eq!(fake.calls().len(), calls, "{status} {retry_after:?}");
    }
}

/// A 503 is of one operation, whatever time it names: the others are asked.
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_stays_unavailable_is_no_limit() {
    for (retry_after, calls) in [("0", 4), ("3600", 1)] {
        let fake = Fake::start(move |uri, reply| {
            if uri.ends_with("/products") {
                reply.status = 503;
                reply.headers.insert("retry-after".to_owned(), retry_after.to_owned());
            }
        })
        .await;
        let (code, report) = compare_to_json(&fake.url, ACCOUNT).await;
        assert_eq!(code, 2, "{report:#}");
        let not_asked = report["requests"].as_array().unwrap().iter().filter(|one| one["outcome"] != "same");
        let not_asked: Vec<_> = not_asked.map(|one| (one["name"].as_str(), one["why"].as_str())).collect();
        assert_eq!(not_asked, [(Some("products"), Some("the upstream answered 503"))], "{report:#}");
        assert_eq!(fake.calls().iter().filter(|call| call.uri.ends_with("/products")).count(), calls);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_refused_is_not_sent_again() {
    let token = "demo-jba-organization-adm1n";
    let fake = Fake::start(|_, _| {}).await;
    let (code, report, stderr) = compare(&fake.url, (ACCOUNT.0, token, ACCOUNT.2), &[]).await;
    assert_eq!(code, 2, "{report}{stderr}");
    assert!(report.contains("| token | the credential may not ask this (401) |"), "{report}");
    assert!(report.contains("| licenses | the upstream refused the credential before (401) |"), "{report}");
    let calls = fake.calls();
    let sent = calls.iter().filter(|call| call.headers.get("x-api-key").is_some_and(|value| value == token)).count();
    assert_eq!((sent, calls.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_credential_may_not_do_is_no_difference() {
    let fake = Fake::start(|_, _| {}).await;
    let (code, stdout, _) =
        compare(&fake.url, ("atlassian", "demo-atlassian-reader", ATLASSIAN.2), &["--format", "json"]).await;
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(find(&report, "api-tokens")["outcome"], "same");
    // Nor is a refusal, where Locum's demo key is refused for another reason.
    for name in ["api-keys-page-size-30", "oauth-client-unknown", "user-tokens-unknown-account"] {
        assert_eq!(find(&report, name)["outcome"], "not_asked");
    }
    let keys = find(&report, "api-keys");
    assert_eq!(
        (&keys["outcome"], &keys["why"]),
        (&json!("not_asked"), &json!("the credential may not ask this (403)"))
    );
    assert_eq!(keys.get("differences"), None);
    assert_eq!(code, 2, "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_verified() {
    let server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0"]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, authority(&server)).unwrap();
    let url = format!("https://{}", tls_address(&server));
    let (code, report, stderr) = compare(&url, VAULT, &["--ca-file", file.to_str().unwrap()]).await;
    assert_eq!(code, 0, "{report}{stderr}");
    // The system's authorities do not know it.
    let system = file.with_file_name("system.pem");
    let other = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0"]);
    std::fs::write(&system, authority(&other)).unwrap();
    for further in [&[][..], &["--ca-file", system.to_str().unwrap()]] {
        let arguments = ["compare", "--service", "license-vault", "--upstream", &url, "--yes", "--pause", "0ms"];
        let variables = [("LOCUM_COMPARE_TOKEN", "demo-vault-token"), ("SSL_CERT_FILE", system.to_str().unwrap())];
        let (code, report, stderr) = run(&[&arguments, further].concat(), &variables).await;
        assert_eq!(code, 2, "{report}{stderr}");
        assert!(report.contains("| usage | no connection over TLS that can be trusted |"), "{report}");
        assert!(stderr.contains("certificate"), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_may_stand_behind_a_path() {
    let fake = Fake::start(|_, _| {}).await;
    let (_, report) = compare_to_json(&format!("{}/license-vault/example/", fake.url), VAULT).await;
    assert!(fake.calls().iter().all(|call| call.uri.starts_with("/license-vault/example/")));
    for name in ["usage", "denials", "user-licenses", "document", "document-page", "no-credential"] {
        assert_eq!(find(&report, name)["outcome"], "same", "{report:#}");
    }
}
