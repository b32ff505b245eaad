//! A PostgreSQL that says nothing any more: its connections stay open, and carry nothing.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    super::Server, ATLASSIAN, JETBRAINS, KEY, Proxy, VAULT, assign, execute, expect_unavailable, is_assigned,
    new_database_name,
};

/// Within this, everything is answered again.
const RECOVERS_WITHIN: Duration = Duration::from_secs(5);

fn start(proxy: &mut Proxy) -> Server {
    let database = new_database_name();
    execute(format!("CREATE DATABASE {database}"));
    proxy.mend();
    // Off, because a fast machine asks more often than the demo's limit allows.
    Server::start(&[&["--database-url", &proxy.url(&database), "--rate-limit", "off"], &KEY[..]].concat())
}

/// Asks everything that needs the database once: how many were answered 200, and the longest that one took.
fn ask_all(server: &Server) -> (usize, Duration) {
    let mut longest = Duration::ZERO;
    let mut good = 0;
    for (path, headers) in [JETBRAINS, VAULT, ATLASSIAN, ("/_emulator/clock", ""), ("/readyz", "")] {
        let asked = Instant::now();
        let (status, body) = server.send("GET", path, headers, "").unwrap();
        assert!([200, 503].contains(&status), "{path}: {status} {body}");
        good += usize::from(status == 200);
        longest = longest.max(asked.elapsed());
    }
    (good, longest)
}

#[test]
fn connections_that_went_silent_are_given_up() {
    let mut proxy = Proxy::new();
    let server = start(&mut proxy);
    for round in 1..=3 {
        // All of them are in use, or were just now.
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        ask_all(&server);
                    }
                });
            }
            assert!(assign(&server, &format!("FREE00000{round}")).starts_with("HTTP/1.1 200 "));
            proxy.silence();
            let silenced = Instant::now();
            let mut recovered = None;
            while silenced.elapsed() < RECOVERS_WITHIN * 3 {
                let began = silenced.elapsed();
                if ask_all(&server).0 == 5 {
                    recovered = recovered.or(Some(began));
                } else {
                    recovered = None;
                }
                if recovered.is_some_and(|at| silenced.elapsed() > at + Duration::from_secs(2)) {
                    break;
                }
            }
            done.store(true, Ordering::SeqCst);
            let recovered = recovered.expect("it recovers");
            assert!(recovered < RECOVERS_WITHIN, "round {round}: it took {recovered:?}");
        });
        assert!(is_assigned(&server, &format!("FREE00000{round}")));
        let written = server.send("PUT", "/_emulator/clock", "", r#"{"mode":"real"}"#).unwrap();
        assert_eq!(written.0, 200, "round {round}: {}", written.1);
    }
}

#[test]
fn a_database_that_is_silent_throughout_is_503_within_the_limit_and_comes_back() {
    let mut proxy = Proxy::new();
    let server = start(&mut proxy);
    assert_eq!(ask_all(&server).0, 5);
    proxy.silence_everything();
    let (good, longest) = ask_all(&server);
    assert_eq!(good, 0);
    assert!(longest < Duration::from_secs(15), "{longest:?}");
    // Once for the space, and not once more for the answer.
    let asked = Instant::now();
    assert_eq!(server.send("GET", "/_emulator/clock", "", "").unwrap().0, 503);
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    let asked = Instant::now();
    for answer in [
        assign(&server, "FREE000001"),
        super::exchange(&server.address, "POST", "/_emulator/reset", "", "").unwrap(),
        super::exchange(&server.address, "GET", "/_emulator/ui/", "", "").unwrap(),
    ] {
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    assert!(asked.elapsed() < Duration::from_secs(45), "{:?}", asked.elapsed());
    assert_eq!(server.send("GET", "/livez", "", "").unwrap().0, 200);
    proxy.cut();
    proxy.mend();
    let mended = Instant::now();
    while ask_all(&server).0 < 5 {
        assert!(mended.elapsed() < RECOVERS_WITHIN, "it does not recover");
    }
    assert!(!is_assigned(&server, "FREE000001"));
}

#[test]
fn a_password_that_was_changed_is_an_outage_and_no_defect() {
    let mut proxy = Proxy::new();
    let server = start(&mut proxy);
    proxy.refuse("28P01", "password authentication failed for user \"locum\"");
    let mut answers = (0..20).map(|_| super::exchange(&server.address, "GET", JETBRAINS.0, JETBRAINS.1, "").unwrap());
    let answer = answers.find(|answer| !answer.starts_with("HTTP/1.1 200 ")).unwrap();
    expect_unavailable(&answer, "JetBrains Account");
    proxy.cut();
    proxy.mend();
    super::wait_until_ready(&server);
    assert_eq!(ask_all(&server).0, 5);
}

/// Reads server-sent events until one has this name.
fn wait_for_event(lines: &mut impl Iterator<Item = std::io::Result<String>>, name: &str) {
    let wanted = format!("event: {name}");
    assert!(lines.any(|line| line.unwrap() == wanted), "the stream ended");
}

#[test]
fn a_stream_of_events_outlives_an_outage() {
    let mut proxy = Proxy::new();
    let server = start(&mut proxy);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(stream, "GET /_emulator/events HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    let mut lines = BufReader::new(stream).lines();
    wait_for_event(&mut lines, "state");
    for is_silence in [false, true] {
        assert_eq!(ask_all(&server).0, 5);
        wait_for_event(&mut lines, "request");
        if is_silence {
            proxy.silence();
        } else {
            proxy.cut();
            proxy.mend();
        }
        wait_for_event(&mut lines, "missed");
        super::wait_until_ready(&server);
        // The listener may be back a moment later than the rest.
        wait_for_event(&mut lines, "missed");
        while ask_all(&server).0 < 5 {}
        wait_for_event(&mut lines, "request");
    }
}

#[test]
fn an_entry_that_the_journal_lost_counts_as_dropped() {
    let mut proxy = Proxy::new();
    let database = new_database_name();
    execute(format!("CREATE DATABASE {database}"));
    proxy.mend();
    let url = proxy.url(&database);
    let servers = [0, 1].map(|_| Server::start(&[&["--database-url", &url], &KEY[..]].concat()));
    let control = |server: &Server, method: &str, path: &str, body: &Value| {
        let answer = server.send(method, &format!("/_emulator{path}"), "", &body.to_string()).unwrap();
        (answer.0, serde_json::from_str::<Value>(&answer.1).unwrap())
    };
    let asked_once = json!({"match": {"operation": "getManagedEntityInfo"}, "count": {"exactly": 1}});
    let verify = |server: &Server| control(server, "POST", "/requests/verify", &asked_once);
    assert_eq!(servers[0].send("GET", JETBRAINS.0, JETBRAINS.1, "").unwrap().0, 200);
    assert_eq!(verify(&servers[0]).0, 200);
    let lock = super::lock_table(&proxy.url(&database), "journal_entry");
    // The answer is right, so it is given, and soon.
    let asked = Instant::now();
    assert_eq!(servers[0].send("GET", JETBRAINS.0, JETBRAINS.1, "").unwrap().0, 200);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    drop(lock);
    for server in &servers {
        let began = Instant::now();
        while verify(server).0 == 200 {
            assert!(began.elapsed() < Duration::from_secs(10), "nobody is told");
        }
        assert_eq!(control(server, "GET", "/requests", &json!(null)).1["evicted"], 1);
    }
}
