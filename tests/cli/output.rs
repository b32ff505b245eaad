//! What a server prints: it waits for nobody who does not read it, and shows no secret.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
    time::{Duration, Instant},
};

use super::{Server, locum, send};

/// Requests that fill a pipe (64 KiB) several times.
const REQUESTS: usize = 600;

#[test]
fn a_parent_that_does_not_read_holds_nothing_up() {
    let mut server = Server::of(locum(&["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()));
    for _ in 0..REQUESTS {
        assert_eq!(server.as_admin("GET", "/api/v1/token", "").unwrap().0, 200);
    }
    let asked = Instant::now();
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[test]
fn what_was_dropped_is_said_to_who_reads_again() {
    let mut server = Server::of(locum(&["--listen", "127.0.0.1:0", "--log-format", "json"]).stderr(Stdio::piped()));
    // More than the pipe and the queue behind it hold.
    let path = format!("/{}", "x".repeat(8000));
    for _ in 0..300 {
        server.send("GET", &path, "", "").unwrap();
    }
    let mut lines = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let said = lines.find(|line| line.as_ref().unwrap().contains("nobody read")).unwrap().unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!((1..300).contains(&said["dropped"].as_u64().unwrap()), "{said}");
}

/// The standard output is a pipe that is full, and nobody reads.
#[test]
fn a_banner_that_nobody_reads_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("endpoints.env");
    let full = "head -c 65536 /dev/zero; exec \"$0\" --listen 127.0.0.1:0 --log off --endpoints-file \"$1\"";
    let mut child = std::process::Command::new("sh")
        .args(["-c", full, env!("CARGO_BIN_EXE_locum"), file.to_str().unwrap()])
        .env_remove("LOCUM_SEED")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = loop {
        if let Ok(text) = std::fs::read_to_string(&file)
            && text.contains("LOCUM_URL")
        {
            break text;
        }
    };
    let address = text.split("http://").nth(1).unwrap();
    let address: String = address.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    assert_eq!(send(&address, "GET", "/readyz", "", "").unwrap().0, 200);
    super::send_signal(child.id(), "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_who_has_had_enough_is_no_failure_of_any_command() {
    let server = Server::start(&[]);
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi");
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["health", "--listen", &server.address],
        &["env"],
        &["seed", "init"],
        &["seed", "schema"],
        &["seed", "validate", "builtin:demo"],
        &["openapi", "control"],
        &["openapi", "--check", "--dir", documents],
        &["completions", "bash"],
        &["tail", "--no-follow", "--json", "--listen", &server.address],
        &["compare", "--service", "license-vault", "--upstream", "http://127.0.0.1:1", "--dry-run"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = locum(arguments).env_remove("LOCUM_URL").stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

/// Elsewhere there is no such file.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_a_failure_of_every_command() {
    let server = Server::start(&[]);
    server.as_admin("GET", "/api/v1/token", "").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("licenses.json");
    std::fs::write(&list, "[]").unwrap();
    let compare = ["compare", "--service", "license-vault", "--upstream", "http://127.0.0.1:1", "--dry-run"];
    for (arguments, code) in [
        (&["--help"][..], 1),
        (&["--version"], 1),
        (&["seed", "import", "--help"], 1),
        (&["health", "--listen", &server.address], 1),
        (&["env"], 1),
        (&["seed", "init"], 1),
        (&["seed", "schema"], 1),
        (&["seed", "validate", "builtin:demo"], 1),
        (&["seed", "import", "--jetbrains", list.to_str().unwrap()], 1),
        (&["openapi", "control"], 1),
        (&["completions", "bash"], 1),
        (&["man"], 1),
        (&["tail", "--no-follow", "--json", "--listen", &server.address], 1),
        // Its 1 says that something differs.
        (&compare, 2),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = locum(arguments).env_remove("LOCUM_URL").stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let says = "locum: cannot write: No space left on device (os error 28)\n";
        assert_eq!((output.status.code(), said.as_str()), (Some(code), says), "{arguments:?}");
    }
}

/// What cannot be known of it is said on standard error.
const GENERATED: &str = "{version: 1, organizations: [{name: K, people: [{email: a@b.test}], jetbrains_account: \
                         {roles: [{person: a@b.test, role: organization_admin}], tokens: [{person: a@b.test}]}}]}";

#[test]
fn what_is_said_beside_needs_no_reader_either() {
    assert!(super::run(&["env", "--seed-inline", GENERATED]).2.contains("left out"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = locum(&["env", "--seed-inline", GENERATED]).stderr(writer).output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"export LOCUM_URL="), "{output:?}");
}

#[test]
fn the_log_shows_no_secret_however_it_is_encoded() {
    let token = "control-token-4711";
    let arguments = ["--listen", "127.0.0.1:0", "--control-token", token];
    let mut server = Server::of(locum(&arguments).stderr(Stdio::piped()));
    let shown = ["Y29udHJvbC10b2tlbi00NzEx", "%63ontrol-token-4711", "%2563ontrol-token-4711", token];
    server.send(token, "/api/v1/token", "", "").unwrap();
    for secret in shown {
        server.send("GET", &format!("/_emulator/credentials/{secret}"), "", "").unwrap();
        for path in [format!("/{secret}"), format!("/api/v1/{secret}/x"), format!("/_emulator/clock/{secret}")] {
            server.send("GET", &path, "", "").unwrap();
        }
    }
    server.signal("-TERM");
    let mut log = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("LOCUM_CONTROL_TOKEN_FILE"), "{log}");
    assert!(log.matches("[control token]").count() >= 17, "{log}");
    for secret in shown {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
