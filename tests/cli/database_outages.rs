//! Databases that are away, locked, full, read-only, or not what they should be: PostgreSQL here.

mod encrypted;
mod files;
mod proxy;
mod silence;
mod sqlite;

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Stdio,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, postgres::PgConnectOptions};

use super::{Server, exchange, locum, postgres_url, run};
use proxy::Proxy;

const KEY: [&str; 2] = ["--server-key", "a key for tests only"];

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The tests' PostgreSQL.
fn postgres_options() -> PgConnectOptions {
    postgres_url().parse().unwrap()
}

fn execute(sql: String) {
    block_on(async {
        let mut connection = sqlx::PgConnection::connect_with(&postgres_options()).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    });
}

/// Keeps everybody from a table for as long as the connection lives.
fn lock_table(url: &str, table: &str) -> Locked {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sql = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    let connection = runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        connection
    });
    Locked { runtime, connection: Some(connection) }
}

struct Locked {
    runtime: tokio::runtime::Runtime,
    connection: Option<sqlx::PgConnection>,
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.runtime.block_on(self.connection.take().unwrap().close()).unwrap();
    }
}

/// Makes a name for a database of the test's own.
fn new_database_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("outage_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

const JETBRAINS: (&str, &str) =
    ("/api/v1/token", "X-Api-Key: demo-jba-organization-admin\r\nX-Customer-Code: 6700001\r\n");
const VAULT: (&str, &str) = ("/public-api/licenses/usage", "Authorization: Bearer demo-vault-token\r\n");
const ATLASSIAN: (&str, &str) = (
    "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-tokens",
    "Authorization: Bearer demo-atlassian-key\r\n",
);

/// Gives a licence to somebody: the status line and all that follows.
fn assign(server: &Server, license: &str) -> String {
    let body =
        format!(r#"{{"licenseId":"{license}","contact":{{"firstName":"E","lastName":"S","email":"e@example.test"}}}}"#);
    exchange(&server.address, "POST", "/api/v1/customer/licenses/assign", JETBRAINS.1, &body).unwrap()
}

fn is_assigned(server: &Server, license: &str) -> bool {
    server.as_admin("GET", &format!("/api/v1/customer/licenses/{license}"), "").unwrap().1.contains("e@example.test")
}

fn expect_unavailable(answer: &str, shape: &str) {
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nretry-after: 1\r\n"), "{answer}");
    assert!(answer.contains(shape), "{answer}");
}

fn wait_until_ready(server: &Server) {
    let started = Instant::now();
    while server.send("GET", "/readyz", "", "").unwrap().0 != 200 {
        assert!(started.elapsed() < Duration::from_mins(1), "it does not recover");
        std::thread::yield_now();
    }
}

#[test]
fn postgres_that_is_away_is_said_in_each_vendor_s_words_and_comes_back() {
    let (mut proxy, database) = (Proxy::new(), new_database_name());
    execute(format!("CREATE DATABASE {database}"));
    proxy.mend();
    let server = Server::start(&[&["--database-url", &proxy.url(&database)], &KEY[..]].concat());
    assert!(assign(&server, "FREE000001").starts_with("HTTP/1.1 200 "));
    proxy.cut();
    // One after the other: what dies meanwhile is found out by the next.
    for ((path, headers), shape) in [
        (JETBRAINS, "<title>JetBrains Account :: Error 503"),
        (VAULT, r#""code":"UNAVAILABLE""#),
        (ATLASSIAN, r#"{"code":503,"#),
        (("/_emulator/clock", ""), "application/problem+json"),
        (("/readyz", ""), "application/problem+json"),
    ] {
        let asked = Instant::now();
        expect_unavailable(&exchange(&server.address, "GET", path, headers, "").unwrap(), shape);
        assert!(asked.elapsed() < Duration::from_secs(9), "{path} took {:?}", asked.elapsed());
    }
    expect_unavailable(&assign(&server, "FREE000002"), "JetBrains Account");
    assert_eq!(server.send("GET", "/livez", "", "").unwrap().0, 200);
    proxy.mend();
    wait_until_ready(&server);
    assert!(is_assigned(&server, "FREE000001") && !is_assigned(&server, "FREE000002"));
    assert!(assign(&server, "FREE000002").starts_with("HTTP/1.1 200 "));
}

#[test]
fn postgres_that_comes_and_goes_loses_nothing_that_was_answered() {
    let (mut proxy, database) = (Proxy::new(), new_database_name());
    execute(format!("CREATE DATABASE {database}"));
    proxy.mend();
    let dir = tempfile::tempdir().unwrap();
    let seed = dir.path().join("seed.yaml");
    std::fs::write(&seed, super::licenses_of_one_team(5000)).unwrap();
    let arguments = ["--seed", seed.to_str().unwrap(), "--database-url", &proxy.url(&database)];
    let server = Server::start(&[&arguments, &KEY[..]].concat());
    let (done, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let assigned: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (server, done, answered) = (&server, &done, &answered);
                scope.spawn(move || {
                    let mut assigned = Vec::new();
                    for n in 0.. {
                        if done.load(Ordering::SeqCst) {
                            break;
                        }
                        let email = format!("c{client}n{n}@example.test");
                        let status = super::assign_any(server, &email).unwrap().0;
                        let read = server.as_admin("GET", JETBRAINS.0, "").unwrap().0;
                        assert!([status, read].iter().all(|s| [200, 503].contains(s)), "{status}, {read}");
                        if status == 200 {
                            assigned.push(email);
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    assigned
                })
            })
            .collect();
        let until_answered = |more: u64| {
            let before = answered.load(Ordering::SeqCst);
            while answered.load(Ordering::SeqCst) < before + more {
                assert!(!clients.iter().any(std::thread::ScopedJoinHandle::is_finished), "a client gave up");
                std::thread::yield_now();
            }
        };
        for _ in 0..3 {
            until_answered(20);
            proxy.cut();
            proxy.mend();
            until_answered(20);
            // An administrator ends them, which PostgreSQL says before it hangs up.
            execute(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"));
        }
        until_answered(20);
        done.store(true, Ordering::SeqCst);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(assigned.len() >= 140);
    for email in assigned {
        let found = server.as_admin("GET", &format!("/api/v1/customer/licenses?assigneeEmail={email}"), "").unwrap();
        assert!(found.1.contains(&email), "{email} was answered 200, and is gone: {found:?}");
    }
}

/// Starts a Locum that cannot start: its exit code, its one line of error, and how long it took.
fn expect_failed_start(arguments: &[&str]) -> (i32, String, Duration) {
    let started = Instant::now();
    let (code, stdout, stderr) = run(&[&["--listen", "127.0.0.1:0"], arguments].concat());
    assert!(!stdout.contains("ready"), "{stdout}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("locum: ")).collect();
    let [line] = lines[..] else { panic!("one clear line, not: {stderr}") };
    (code, line.to_owned(), started.elapsed())
}

#[test]
fn a_start_waits_for_postgres_and_tells() {
    let (mut proxy, database) = (Proxy::new(), new_database_name());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut starting = locum(&[&["--listen", &address, "--database-url", &proxy.url(&database)], &KEY[..]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(starting.stderr.take().unwrap()).lines();
    let mut until = |says: &str| log.find_map(|line| line.ok().filter(|line| line.contains(says))).unwrap();
    let said = until("Trying again");
    for part in ["127.0.0.1", &database, "refused", "for 30 s more"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    expect_unavailable(&exchange(&address, "GET", "/readyz", "", "").unwrap(), "starting");
    expect_unavailable(&exchange(&address, "GET", JETBRAINS.0, JETBRAINS.1, "").unwrap(), "starting");
    assert_eq!(super::send(&address, "GET", "/livez", "", "").unwrap().0, 200);
    execute(format!("CREATE DATABASE {database}"));
    proxy.mend();
    let mut lines = BufReader::new(starting.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("locum ready")));
    assert_eq!(super::send(&address, "GET", "/readyz", "", "").unwrap().0, 200);
    starting.kill().unwrap();
    starting.wait().unwrap();
}

#[test]
fn readyz_asks_what_requests_ask_and_survives_its_connection() {
    let database = new_database_name();
    execute(format!("CREATE DATABASE {database}"));
    let options = postgres_options().database(&database);
    let url = options.to_url_lossy().to_string();
    let server = Server::start(&[&["--database-url", &url], &KEY[..]].concat());
    let ready = || server.send("GET", "/readyz", "", "").unwrap();
    for _ in 0..3 {
        // Used just now, so that it is not asked for a sign of life.
        assert_eq!(server.send("GET", JETBRAINS.0, JETBRAINS.1, "").unwrap().0, 200);
        execute(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"));
        assert_eq!(ready().0, 200);
        for (path, headers) in [JETBRAINS, VAULT, ATLASSIAN, ("/_emulator/clock", "")] {
            assert_eq!(server.send("GET", path, headers, "").unwrap().0, 200, "{path}");
        }
    }
    for (sql, status) in
        [("ALTER TABLE credential RENAME TO elsewhere", 500), ("ALTER TABLE elsewhere RENAME TO credential", 200)]
    {
        block_on(async {
            let mut connection = sqlx::PgConnection::connect_with(&options).await.unwrap();
            connection.execute(sql).await.unwrap();
        });
        let answer = ready();
        assert_eq!(answer.0, status, "{sql}: {}", answer.1);
    }
}

/// A PostgreSQL that refuses everybody with this code.
fn start_refusing_postgres(code: &'static str, message: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://locum:secret@{}/locum?sslmode=disable", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            proxy::refuse(stream.unwrap(), code, message);
        }
    });
    url
}

#[test]
fn only_what_time_heals_is_waited_for() {
    for (code, message, waits) in [
        ("57P03", "the database system is starting up", true),
        ("53300", "sorry, too many clients already", true),
        ("28P01", "password authentication failed for user \"locum\"", false),
        ("28000", "no pg_hba.conf entry for host", false),
        ("3D000", "database \"locum\" does not exist", false),
    ] {
        let url = start_refusing_postgres(code, message);
        let timeout = if waits { "100ms" } else { "10m" };
        let arguments = [&["--startup-timeout", timeout, "--database-url", &url], &KEY[..]].concat();
        let (exit, line, took) = expect_failed_start(&arguments);
        assert_eq!(exit, 1, "{line}");
        assert!(line.contains(message) && !line.contains("secret"), "{line}");
        assert_eq!(line.contains("Gave up after 100ms (--startup-timeout)"), waits, "{line}");
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}

#[test]
fn a_url_of_postgres_that_is_none_is_a_wrong_setting() {
    let url = "postgres://locum:secret@127.0.0.1:port/locum";
    let (code, line, _) = expect_failed_start(&[&["--database-url", url], &KEY[..]].concat());
    assert_eq!(code, 2);
    assert!(line.contains("--database-url") && !line.contains("secret"), "{line}");
}
