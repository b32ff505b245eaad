//! The log: short lines for people on a terminal, JSON for machines.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Stdio,
};

use serde_json::Value;

use super::{Server, locum, terminal::Screen};

const ARGUMENTS: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// Asks for something of each kind; the last one is not there.
fn ask(server: &Server) {
    for path in ["/livez", "/readyz", "/metrics", "/_emulator/ui/", "/_emulator/ui/pages.css", "/api-doc/index.html"] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}");
    }
    assert_eq!(server.as_admin("GET", "/api/v1/token", "").unwrap().0, 200);
    assert_eq!(
        server.send("GET", "/api/v1/token", "X-Customer-Code: 6700001\r\nX-Api-Key: guessed\r\n", "").unwrap().0,
        401
    );
    assert_eq!(server.send("POST", "/_emulator/faults", "", "{\"then\": 1}").unwrap().0, 400);
    assert_eq!(server.send("GET", "/_emulator/ui/none", "", "").unwrap().0, 404);
}

fn on_a_terminal(variable: Option<(&str, &str)>) -> Vec<String> {
    let mut command = locum(&ARGUMENTS);
    let screen = Screen::of(&mut command);
    command.envs(variable);
    let server = Server::of(&mut command);
    ask(&server);
    screen.until("/_emulator/ui/none").lines().map(str::to_owned).collect()
}

#[test]
fn a_terminal_gets_a_short_line_for_each_request_of_a_client() {
    let lines = on_a_terminal(Some(("NO_COLOR", "1")));
    let times = |line: &str| line.split(' ').next().unwrap().bytes().filter(|b| *b == b':').count();
    assert!(lines.iter().all(|line| times(line) == 2), "{lines:#?}");
    let of = |path: &str| lines.iter().filter(|line| line.contains(&format!(" {path}"))).cloned().collect::<Vec<_>>();
    for path in ["/livez", "/readyz", "/metrics", "/_emulator/ui/ ", "/_emulator/ui/pages.css", "/api-doc"] {
        assert_eq!(of(path), [""; 0], "{path}");
    }
    let token = of("/api/v1/token");
    assert!(token[0].contains(" 200 GET /api/v1/token ann@example.test (organization) "), "{token:?}");
    assert!(token[0].ends_with(" ms") || token[0].ends_with(" µs"), "{token:?}");
    assert!(token[1].contains(" 401 GET /api/v1/token the credential is "), "{token:?}");
    let refused = of("/_emulator/faults");
    assert!(refused[0].contains(" 400 POST /_emulator/faults ") && refused[0].len() > 60, "says why: {refused:?}");
    assert_eq!(of("/_emulator/ui/none").len(), 1, "what failed is shown of everything");
    assert!(lines.iter().all(|line| !line.contains(['\u{1b}', '{']) && !line.contains("guessed")), "{lines:#?}");
}

#[test]
fn a_terminal_gets_colours_unless_it_wants_none() {
    let coloured = |variable| on_a_terminal(variable).iter().any(|line| line.contains("\u{1b}[3"));
    assert!(coloured(None));
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        assert!(!coloured(Some(variable)), "{variable:?}");
    }
}

#[test]
fn machines_get_json_with_everything() {
    let mut command = locum(&[&ARGUMENTS[..], &["--clock", "frozen@2026-01-15T09:00:00Z"]].concat());
    let mut server = Server::of(command.stderr(Stdio::piped()));
    ask(&server);
    let limit = r#"{"organization":"6700001","limit":1,"window":"60s"}"#;
    assert_eq!(server.send("PUT", "/_emulator/rate-limits", "", limit).unwrap().0, 200);
    for status in [200, 429] {
        const TOKENS: &str = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-tokens";
        let answer = server.send("GET", TOKENS, "Authorization: Bearer demo-atlassian-key\r\n", "").unwrap();
        assert_eq!(answer.0, status);
    }
    server.signal("-TERM");
    let lines = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let of = |path: &str| lines.iter().find(|line| line["path"] == path).unwrap_or(&Value::Null);
    assert_eq!((&of("/livez")["status"], &of("/livez")["background"]), (&200.into(), &true.into()), "{lines:#?}");
    let refused = lines.iter().find(|line| line["status"] == 401).unwrap();
    assert_eq!(refused["background"], Value::Null);
    assert_eq!((&refused["message"], &refused["path"]), (&"answered".into(), &"/api/v1/token".into()));
    assert!(refused["reason"].is_string() && refused["request_id"].is_string(), "{refused}");
    assert_eq!(of("/_emulator/ui/none")["status"], 404);

    let counted = lines.iter().find(|line| line["status"] == 429).unwrap();
    let on_the_way = lines.iter().find(|line| line["level"] == "WARN").unwrap();
    assert_eq!(on_the_way["request_id"], counted["request_id"], "{on_the_way}");
    let time = on_the_way["timestamp"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
}
