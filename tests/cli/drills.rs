//! Drills that take minutes, for `make drills`: each prints the figures that `docs/reliability.md` shows.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{Server, assign_any, exchange, licenses_of_one_team};
use crate::support::{Database, database_url};

const KEY: [&str; 2] = ["--server-key", "a key for tests only"];
const VIEWER: &str = "X-Api-Key: demo-jba-organization-viewer\r\nX-Customer-Code: 6700001\r\n";

/// The set-ups whose data outlives the process.
fn lasting_databases(folder: &Path) -> [(&'static str, String); 2] {
    let file = format!("sqlite://{}", folder.join("locum.db").display());
    [("SQLite file", file), ("PostgreSQL", new_postgres())]
}

fn new_postgres() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(database_url(Database::Postgres)).unwrap()
}

/// The largest of the smallest `share` percent.
fn percentile(mut all: Vec<Duration>, share: usize) -> Duration {
    all.sort_unstable();
    all.get((all.len() * share / 100).min(all.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Every write that was answered 200 is there after `kill -9`.
#[test]
#[ignore = "takes minutes: make drills"]
fn killed() {
    const ROUNDS: usize = 20;
    let dir = tempfile::tempdir().unwrap();
    let seed = dir.path().join("seed.yaml");
    std::fs::write(&seed, licenses_of_one_team(20_000)).unwrap();
    for (name, url) in lasting_databases(dir.path()) {
        let (mut acknowledged, mut total, mut lost) = (Vec::new(), 0, 0);
        for round in 0..=ROUNDS {
            let arguments = [&["--database-url", &url, "--seed", seed.to_str().unwrap()], &KEY[..]].concat();
            let server = Server::start(&arguments);
            for email in &acknowledged {
                let found = server.as_admin("GET", &format!("/api/v1/customer/licenses?assigneeEmail={email}"), "");
                lost += usize::from(!found.unwrap().1.contains(email));
            }
            total += acknowledged.len();
            acknowledged.clear();
            if round == ROUNDS {
                break;
            }
            let (kept, count) = (Mutex::new(&mut acknowledged), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for client in 0..4 {
                    let (server, kept, count) = (&server, &kept, &count);
                    scope.spawn(move || {
                        for number in 0.. {
                            let email = format!("r{round}c{client}n{number}@example.test");
                            // It breaks off when the server is killed.
                            let Ok((status, _)) = assign_any(server, &email) else { return };
                            if status != 200 {
                                return;
                            }
                            kept.lock().unwrap().push(email);
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                }
                // Not always after as many.
                while count.load(Ordering::SeqCst) < 50 + round * 7 {
                    std::thread::yield_now();
                }
                server.signal("-KILL");
            });
        }
        println!("{name}: {ROUNDS} times kill -9, {lost} of {total} acknowledged writes lost");
        assert_eq!(lost, 0);
    }
}

/// One licence, sixteen who want it: one gets it, every time.
#[test]
#[ignore = "takes minutes: make drills"]
fn races() {
    const RACES: usize = 80;
    let dir = tempfile::tempdir().unwrap();
    let memory = ("SQLite in memory", "sqlite::memory:".to_owned());
    for (name, url) in [memory].into_iter().chain(lasting_databases(dir.path())) {
        let servers: Vec<Server> = (0..if name == "PostgreSQL" { 2 } else { 1 })
            .map(|_| Server::start(&[&["--database-url", &url], &KEY[..]].concat()))
            .collect();
        for race in 0..RACES {
            servers[0].send("POST", "/_emulator/reset", "", "").unwrap();
            let won = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for client in 0..16 {
                    let (server, won) = (&servers[client % servers.len()], &won);
                    scope.spawn(move || {
                        let contact = format!(r#"{{"firstName":"E","lastName":"S","email":"e{client}@a.test"}}"#);
                        let body = format!(r#"{{"licenseId":"FREE000001","contact":{contact}}}"#);
                        let (status, _) = server.as_admin("POST", "/api/v1/customer/licenses/assign", &body).unwrap();
                        won.fetch_add(usize::from(status == 200), Ordering::SeqCst);
                    });
                }
            });
            assert_eq!(won.into_inner(), 1, "race {race}");
        }
        println!("{name}, {} process(es): {RACES} of {RACES} races had one winner", servers.len());
    }
}

/// How long readers of one space wait while another one is reset each second.
#[test]
#[ignore = "takes minutes: make drills"]
fn resets() {
    const TIME: Duration = Duration::from_secs(20);
    let dir = tempfile::tempdir().unwrap();
    for (name, url) in lasting_databases(dir.path()) {
        let server = Server::start(&[&["--database-url", &url], &KEY[..]].concat());
        let (status, _) = server.send("POST", "/_emulator/spaces", "", r#"{"name":"reset"}"#).unwrap();
        assert_eq!(status, 200);
        for with_resets in [false, true] {
            let (took, failed, resets) = (Mutex::new(Vec::new()), AtomicUsize::new(0), AtomicUsize::new(0));
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        while !done.load(Ordering::SeqCst) {
                            let asked = Instant::now();
                            let status =
                                server.send("GET", "/api/v1/customer/licenses?perPage=20", VIEWER, "").unwrap().0;
                            took.lock().unwrap().push(asked.elapsed());
                            failed.fetch_add(usize::from(status != 200), Ordering::SeqCst);
                        }
                    });
                }
                let began = Instant::now();
                while began.elapsed() < TIME {
                    let next = resets.load(Ordering::SeqCst);
                    if with_resets && began.elapsed() > Duration::from_secs(next as u64) {
                        let status = server.send("POST", "/_emulator/spaces/reset/reset", "", "").unwrap().0;
                        assert_eq!(status, 200);
                        resets.fetch_add(1, Ordering::SeqCst);
                    }
                    std::thread::park_timeout(Duration::from_millis(20));
                }
                done.store(true, Ordering::SeqCst);
            });
            let (took, failed) = (took.into_inner().unwrap(), failed.into_inner());
            let [half, most, slowest] = [50, 99, 100].map(|share| percentile(took.clone(), share));
            println!(
                "{name}, {} resets in {} s: {} reads, {failed} failed, half within {half:?}, 99 % within {most:?}, \
                 the slowest {slowest:?}",
                resets.into_inner(),
                TIME.as_secs(),
                took.len()
            );
            assert_eq!(failed, 0);
        }
    }
}

/// How long the first requests wait after a start on data that is there: their tokens have to be verified.
#[test]
#[ignore = "takes minutes: make drills"]
fn first_requests() {
    const CLIENTS: usize = 200;
    let dir = tempfile::tempdir().unwrap();
    for (name, url) in lasting_databases(dir.path()) {
        let arguments = [&["--database-url", &url], &KEY[..]].concat();
        drop(Server::start(&arguments));
        let server = Server::start(&arguments);
        let asked = Instant::now();
        let took: Vec<Duration> = std::thread::scope(|scope| {
            let ask = || {
                let answer = exchange(&server.address, "GET", "/api/v1/token", VIEWER, "").unwrap();
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                asked.elapsed()
            };
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        println!("{name}: {CLIENTS} clients at once after a start, all answered within {:?}", percentile(took, 100));
    }
}
