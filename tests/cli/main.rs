//! The binary, as a user runs it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod action;
mod body_limits;
mod broken_clients;
mod broken_connections;
mod clients_node;
mod compare;
mod connection_limit;
mod database_outages;
mod docs;
mod drills;
mod endpoints_file;
mod env;
mod exec;
mod exec_reports;
mod http2;
mod log;
mod machine;
mod output;
mod progress;
mod proxy;
mod python_package;
mod recipes;
mod release;
mod replicas;
mod seed_import;
mod seeds;
mod signals;
mod tail;
mod terminal;
mod tls;
mod watch;

#[expect(dead_code, unused_imports, unused_macros, reason = "what one binary leaves unused, the other needs")]
#[path = "../support/mod.rs"]
mod support;

#[path = "../support/server.rs"]
mod server;

use std::process::Output;

use server::{Server, exchange, locum, send, send_signal};

fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = locum(arguments).output().unwrap();
    (status.code().unwrap_or(-1), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn wrong_settings_exit_with_2_and_say_which() {
    for (arguments, says) in [
        (&["--listen", "nowhere"][..], "--listen"),
        (&["--clock", "slow"], "--clock"),
        (&["--database-url", "mysql://x"], "--database-url"),
        (&["--database-url", "postgres://x/y"], "--server-key"),
        (&["--database-url", "sqlite://file:x.db"], "--database-url"),
        (&["--database-url", "sqlite:file:x.db"], "--database-url"),
        (&["--database-url", "sqlite://x.db-wal"], "--database-url"),
        (&["--database-url", "sqlite://:memory:"], "sqlite::memory:"),
        (&["--server-key", "short"], "--server-key"),
        (&["--control-token", "x"], "--control-token: at least 8 characters"),
        (&["--database-url", "sqlite:///no/such/directory/x.db"], "/no/such/directory"),
        (&["--seed", "no-such-file.yaml"], "no-such-file.yaml"),
        (&["--seed", "builtin:dmeo"], "builtin:demo"),
        (&["--nonsense"], "--nonsense"),
        (&["--endpoints-file", " "], "expected the path of a file"),
        (&["--log", "wran"], "`wran` is not a level, did you mean `warn`?"),
        (&["--log", "info,locm=debug"], "did you mean `locum`?"),
        (&["--log", "locum=dbug"], "did you mean `debug`?"),
        (&["--allowed-hosts", "exa mple"], "`exa mple` is not a host name"),
        (&["--allowed-hosts", "a.test,http://b.test"], "without scheme"),
        (&["--listen", "exa mple:80"], "is not HOST:PORT"),
        (&["--public-url", "http://exa mple"], "--public-url"),
        (&["--control-token", "tökén"], "--control-token"),
        (&["exec", "--log", "wran", "--", "true"], "did you mean `warn`?"),
        (&["openapi"], "jetbrains-account"),
    ] {
        let (code, _, stderr) = run(arguments);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    }
}

#[test]
fn completions_version_and_help() {
    for (arguments, says) in [
        (&["completions", "bash"][..], "_locum"),
        (&["man"], ".TH locum 1"),
        (&["--version"], "locum 0."),
        (&["--help"], "--seed <SOURCE>"),
        (&["--help"], "--seed-inline <TEXT>"),
        (&["exec", "--help"], "--seed-inline <TEXT>"),
        (&["seed", "--help"], "validate"),
        (&["tail", "--help"], "locum tail --status 4xx"),
        (&["seed", "import", "--help"], "locum seed import --"),
        (&["completions", "bash"], "--vault-usage-report"),
    ] {
        let (code, stdout, _) = run(arguments);
        assert_eq!(code, 0);
        assert!(stdout.contains(says), "{arguments:?}");
    }
}

#[test]
fn the_banner_s_curl_lines_get_real_answers() {
    let server = Server::start(&[]);
    let lines: Vec<&str> = server.banner.lines().filter(|l| l.trim_start().starts_with("curl ")).collect();
    assert_eq!(lines.len(), 3, "one per service");
    assert_eq!(server.banner.matches("locum ready").count(), 1);
    for line in lines {
        let headers: Vec<&str> = line.split("-H '").skip(1).map(|h| h.split('\'').next().unwrap()).collect();
        let headers = headers.join("\r\n") + "\r\n";
        let path = line.rsplit(&server.address).next().unwrap().trim().trim_end_matches('\'');
        let (status, body) = server.send("GET", path, &headers, "").unwrap();
        assert_eq!(status, 200, "{body}");
        assert!(["Example Corp", "\"data\":[", "\"licenseUsages\":["].iter().any(|part| body.contains(part)), "{body}");
    }
    let (code, stdout, _) = run(&["health", "--listen", &server.address]);
    assert_eq!((code, stdout), (0, format!("ready: {}\n", server.address)));
}

#[test]
fn health_of_nobody_is_1() {
    let port = Server::start(&[]).address.clone();
    let (code, _, stderr) = run(&["health", "--listen", &port]);
    assert_eq!(code, 1, "{stderr}");
}

#[test]
fn signals_end_it_with_0() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&["--seed", "builtin:minimal"]);
        server.signal(signal);
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[test]
fn a_file_keeps_the_data_and_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("locum.db").display());
    let body = r#"{"licenseId":"FREE000001","contact":{"firstName":"E","lastName":"S","email":"e@example.test"}}"#;
    let mut server = Server::start(&["--database-url", &url]);
    assert_eq!(server.as_admin("POST", "/api/v1/customer/licenses/assign", body).unwrap().0, 200);
    assert_eq!(server.send("POST", "/_emulator/credentials/reader/revoke", "", "").unwrap().0, 200);
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(dir.path().join("locum.db.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = Server::start(&["--database-url", &url]);
    assert!(again.banner.contains("curl "), "tokens that the seed spells out are still known: {}", again.banner);
    assert!(again.as_admin("GET", "/api/v1/customer/licenses/FREE000001", "").unwrap().1.contains("e@example.test"));
    let reader = "Authorization: Bearer demo-atlassian-reader\r\n";
    assert_eq!(again.send("GET", "/admin/api-access/v1/orgs/any/api-keys", reader, "").unwrap().0, 401);
    let why = again.send("GET", "/_emulator/requests?status=401", "", "").unwrap().1;
    assert!(why.contains("it was that of `reader`, which was revoked at "), "a restart forgets no dead token: {why}");
    let (status, told) = again.send("GET", "/check-configuration", "", "").unwrap();
    assert!(status == 200 && !told.contains(&*dir.path().to_string_lossy()), "nobody has to be known for it: {told}");
    drop(again);
    let fresh = Server::start(&["--database-url", &url, "--reseed"]);
    assert!(!fresh.as_admin("GET", "/api/v1/customer/licenses/FREE000001", "").unwrap().1.contains("e@example.test"));
    drop(fresh);
    let (code, _, stderr) =
        run(&["--listen", "127.0.0.1:0", "--database-url", &url, "--server-key", "not the key of this file"]);
    assert_eq!(code, 2, "{stderr}");
}

fn postgres_url() -> String {
    std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL is not set: run the tests with `make test`")
}

/// A seed of so many licences of one product, all of one team.
fn licenses_of_one_team(count: usize) -> String {
    format!(
        "{{version: 1, organizations: [{{name: K, customer_code: 6700001, people: [{{email: a@b.test}}], \
         jetbrains_account: {{teams: [{{id: 5, name: T}}], roles: [{{person: a@b.test, role: organization_admin}}], \
         tokens: [{{person: a@b.test, token: demo-jba-organization-admin}}], \
         licenses: [{{count: {count}, product: II, team: 5}}]}}}}]}}"
    )
}

/// Gives one of these licences to somebody.
fn assign_any(server: &Server, email: &str) -> std::io::Result<(u16, String)> {
    let contact = format!(r#"{{"firstName":"E","lastName":"S","email":"{email}"}}"#);
    let body = format!(r#"{{"license":{{"team":5,"productCode":"II"}},"contact":{contact}}}"#);
    server.as_admin("POST", "/api/v1/customer/licenses/assign", &body)
}

/// A process that is killed in the middle leaves every licence either free or wholly assigned.
fn killed_in_the_middle(database: &[&str]) {
    const LICENSES: usize = 300;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("seed.yaml");
    std::fs::write(&file, licenses_of_one_team(LICENSES)).unwrap();
    let arguments = [&["--seed", file.to_str().unwrap()], database].concat();
    let mut server = Server::start(&arguments);
    let answered = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let server = &server;
                scope.spawn(move || {
                    let mut answered = Vec::new();
                    for n in 0..LICENSES {
                        let email = format!("c{client}n{n}@example.test");
                        match assign_any(server, &email) {
                            Ok((200, _)) => answered.push(email),
                            _ => break,
                        }
                        if client == 0 && n == 20 {
                            server.signal("-KILL");
                        }
                    }
                    answered
                })
            })
            .collect();
        clients.into_iter().flat_map(|c| c.join().unwrap()).collect::<Vec<_>>()
    });
    server.child.wait().unwrap();
    assert!(answered.len() >= 20);
    let again = Server::start(&arguments);
    let mut all = Vec::new();
    for page in 1..=2 {
        let (_, body) =
            again.as_admin("GET", &format!("/api/v1/customer/licenses?perPage=200&page={page}"), "").unwrap();
        let page: serde_json::Value = serde_json::from_str(&body).unwrap();
        all.extend(page.as_array().unwrap().clone());
    }
    assert_eq!(all.len(), LICENSES);
    let mut holders = std::collections::HashSet::new();
    for license in &all {
        let assigned = license.get("assignee").is_some();
        assert_eq!(assigned, license.get("lastSeen").is_some(), "half-assigned: {license}");
        assert_eq!(assigned, license["isAvailableToAssign"] == false, "{license}");
        if assigned {
            assert!(holders.insert(license["assignee"]["email"].as_str().unwrap().to_owned()), "twice: {license}");
        }
    }
    for email in answered {
        assert!(holders.contains(&email), "{email} was answered 200, and is gone");
    }
}

#[test]
fn killed_in_the_middle_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    killed_in_the_middle(&["--database-url", &format!("sqlite://{}", dir.path().join("k.db").display())]);
}

#[test]
fn killed_in_the_middle_postgres() {
    let url = postgres_url();
    let schema = format!("killed_{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&pool).await.unwrap();
        pool.close().await;
    });
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-c%20search_path%3D{schema}");
    killed_in_the_middle(&["--database-url", &url, "--server-key", "a key for tests only"]);
}
