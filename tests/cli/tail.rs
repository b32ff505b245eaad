//! `locum tail`: what a running Locum is asked, a line for each request.

use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
};

use super::{Server, locum, run, send_signal, terminal::Screen};

const FROZEN: [&str; 4] = ["--clock", "frozen@2026-01-15T09:00:00Z", "--id-seed", "42"];

/// The variables that say where to look may be set by whoever runs the tests.
fn tail(address: &str, arguments: &[&str]) -> Command {
    let mut command = locum(&[&["tail", "--listen", address], arguments].concat());
    command.env_remove("LOCUM_URL").env_remove("LOCUM_SPACE").env_remove("LOCUM_CONTROL_TOKEN");
    command
}

fn printed(address: &str, arguments: &[&str]) -> Vec<String> {
    let output = tail(address, &[&["--no-follow"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(without_time).collect()
}

/// How long an answer took is another time each time.
fn without_time(line: &str) -> String {
    let unit = [" ms", " µs", " s"].into_iter().find_map(|unit| line.strip_suffix(unit));
    unit.and_then(|line| line.rsplit_once(' ')).map_or(line, |(line, _)| line).to_owned()
}

/// One that follows. Killed when dropped.
struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: Lines<BufReader<ChildStderr>>,
}

impl Following {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines, said }
    }

    fn next(&mut self) -> String {
        without_time(&self.lines.next().expect("it ended").unwrap())
    }

    fn next_said(&mut self) -> String {
        self.said.next().expect("it ended").unwrap()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(server: &Server, path: &str, status: u16) {
    assert_eq!(server.as_admin("GET", path, "").unwrap().0, status, "{path}");
}

fn control(server: &Server, method: &str, path: &str, body: &str) {
    assert_eq!(server.send(method, &format!("/_emulator/{path}"), "", body).unwrap().0, 200, "{path}");
}

#[test]
fn the_last_requests_are_printed_with_their_reasons() {
    let server = Server::start(&FROZEN);
    let at = server.address.as_str();
    assert_eq!(printed(at, &[]), [""; 0]);
    ask(&server, "/api/v1/customer/licenses?perpage=1", 200);
    ask(&server, "/api/v1/customer/licenses/NOSUCH", 404);
    assert_eq!(server.send("GET", "/api/v1/token", "", "").unwrap().0, 401);
    let all = printed(at, &[]);
    let ann = "ann@example.test (organization)";
    assert_eq!(
        all[..3],
        [
            "— 2026-01-15 —".to_owned(),
            format!(
                "09:00:00 200 GET /api/v1/customer/licenses?perpage=1 {ann} query/perpage was not read: did you mean \
                 perPage?"
            ),
            format!("09:00:00 404 GET /api/v1/customer/licenses/NOSUCH {ann} no licence NOSUCH"),
        ]
    );
    assert!(all[3].starts_with("09:00:00 401 GET /api/v1/token no credential") && all.len() == 4, "{all:?}");
    for (arguments, count) in [
        (&["-n", "2"][..], 3),
        (&["-n", "0"], 0),
        (&["--status", "4xx"], 3),
        (&["--status", "404"], 2),
        (&["--op", "GETBYLICENSEID"], 2),
        (&["--service", "license_vault"], 0),
        (&["--credential", ann], 3),
        (&["--credential", ann, "--status", "4xx"], 2),
    ] {
        assert_eq!(printed(at, arguments).len(), count, "{arguments:?}");
    }
    let as_json = printed(at, &["--json", "--status", "404"]);
    let object: serde_json::Value = serde_json::from_str(&as_json[0]).unwrap();
    assert_eq!((&object["operation"], as_json.len()), (&"getByLicenseId".into(), 1));

    assert_eq!(server.as_admin("POST", "/api/v1/customer/licenses/revoke?licenseId=ABCDE12345", "").unwrap().0, 200);
    let changed = format!("{ann} took ABCDE12345 back from ann@example.test");
    assert!(printed(at, &["-n", "1"])[1].ends_with(&changed), "{changed}");

    control(&server, "POST", "spaces", r#"{"name":"t1"}"#);
    assert_eq!(printed(at, &["--space", "t1"]), [""; 0]);
    let output = tail("nowhere.test:1", &["--no-follow", "--url", &format!("http://{at}")]).output().unwrap();
    assert!(output.status.success(), "the URL means more: {output:?}");
    let output = tail(at, &["--no-follow"]).env("LOCUM_URL", "http://nowhere.test:1").output().unwrap();
    assert!(output.status.success(), "a flag means more than a variable: {output:?}");
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_the_way_out() {
    let server = Server::start(&["--control-token", "open sesame"]);
    let gone = Server::start(&[]).address.clone();
    let given = ["--listen", &server.address, "--control-token", "open sesame"];
    for (arguments, code, why) in [
        (&[&given[..], &["--op", "assignLicence"]].concat()[..], 2, "--op: there is no operation `assignLicence`, did"),
        (&[&given[..], &["--status", "4x"]].concat(), 2, "--status: `4x` is not a status"),
        (&[&given[..], &["--service", "vault"]].concat(), 2, "--service: there is no service `vault`"),
        (&[&given[..], &["--status", "9xx"]].concat(), 2, "--status: `9xx` is not a status"),
        (
            &[&given[..], &["--space", "defualt"]].concat(),
            2,
            "--space: there is no space `defualt`, did you mean `default`?",
        ),
        (&[&given[..], &["--space", "t9"]].concat(), 2, "--space: there is no space `t9`: expected `default`"),
        (&["--listen", &server.address], 1, "give --control-token"),
        (&["--listen", &gone], 1, "say with --listen or --url where it is"),
        (&["--listen", "localhost:0"], 2, "port 0 is any free port"),
        (&["--url", "https://localhost:1"], 2, "--url: `https://localhost:1` is over TLS"),
        (&["--url", "localhost"], 2, "is not a base URL"),
    ] {
        let (found, printed, said) = run(&[&["tail"], arguments].concat());
        assert!(found == code && said.contains(why) && printed.is_empty(), "{arguments:?}: {found} {said}");
    }
    let journal_off = Server::start(&["--journal", "off"]);
    let (code, _, said) = run(&["tail", "--listen", &journal_off.address]);
    assert!(code == 1 && said.contains("without `--journal off`"), "{said}");
}

#[test]
fn what_happens_is_printed_as_it_happens_also_after_a_restart() {
    let server = Server::start(&FROZEN);
    ask(&server, "/api/v1/token", 200);
    ask(&server, "/api/v1/customer/teams/2001/licenses", 200);
    let mut following = Following::start(tail(&server.address, &["-n", "1"]));
    let ann = "ann@example.test (organization)";
    assert_eq!(following.next(), "— 2026-01-15 —");
    assert_eq!(following.next(), format!("09:00:00 200 GET /api/v1/customer/teams/2001/licenses {ann}"));

    control(&server, "POST", "clock/advance", r#"{"by":"1d"}"#);
    assert_eq!(following.next(), "— clock +1 d → 2026-01-16 09:00:00 frozen —");
    let fault = r#"{"match":{"operation":"getManagedEntityInfo"},"then":{"status":503},"times":1}"#;
    control(&server, "POST", "faults", fault);
    let made = following.next();
    assert_eq!(made, r#"— fault made: {"operation":"getManagedEntityInfo"} gets {"status":503} —"#);
    ask(&server, "/api/v1/token", 503);
    assert_eq!(following.next(), "— 2026-01-16 —");
    assert_eq!(following.next(), format!("09:00:00 503 GET /api/v1/token {ann} injected: status 503"));
    control(&server, "DELETE", "faults", "");
    assert_eq!(following.next(), "— all faults removed —");
    control(&server, "POST", "reset", "");
    assert_eq!(following.next(), "— the journal begins anew —");
    assert_eq!(following.next(), "— reset to the seed —");
    ask(&server, "/api/v1/token", 200);
    assert_eq!(following.next(), "— 2026-01-15 —");
    assert_eq!(following.next(), format!("09:00:00 200 GET /api/v1/token {ann}"));

    let address = server.address.clone();
    drop(server);
    assert_eq!(following.next_said(), format!("locum: http://{address} is away: waiting for it"));
    let again = Server::of(locum(&[&["--listen", &address], &FROZEN[..]].concat()).stderr(Stdio::null()));
    assert_eq!(following.next_said(), format!("locum: http://{address} is back"));
    ask(&again, "/api/v1/customer/licenses/FREE000001", 200);
    assert_eq!(following.next(), "— the journal begins anew —");
    assert_eq!(following.next(), format!("09:00:00 200 GET /api/v1/customer/licenses/FREE000001 {ann}"));
}

#[test]
fn what_was_done_stands_behind_the_request_that_it_came_after() {
    let server = Server::start(&FROZEN);
    let at = server.address.as_str();
    let advance = || control(&server, "POST", "clock/advance", r#"{"by":"1h"}"#);
    control(&server, "POST", "seed?dry_run", "version: 1");
    assert_eq!(printed(at, &[]), [""; 0], "nothing was done");
    advance();
    ask(&server, "/api/v1/token", 200);
    advance();
    control(&server, "POST", "credentials/reader/revoke", "");
    ask(&server, "/api/v1/products", 200);
    advance();
    let kind = |line: &String| line.trim_matches(['—', ' ']).split(" ann@").next().unwrap().to_owned();
    let all = [
        "clock +1 h → 2026-01-15 10:00:00 frozen",
        "2026-01-15",
        "10:00:00 200 GET /api/v1/token",
        "clock +1 h → 2026-01-15 11:00:00 frozen",
        "the credential reader was revoked",
        "11:00:00 200 GET /api/v1/products",
        "clock +1 h → 2026-01-15 12:00:00 frozen",
    ];
    assert_eq!(printed(at, &[]).iter().map(kind).collect::<Vec<_>>(), all);
    let last = printed(at, &["-n", "1"]);
    assert_eq!(last.iter().map(kind).collect::<Vec<_>>(), [all[1], all[5], all[6]]);
    advance();
    advance();
    let cut = printed(at, &["-n", "1"]);
    let last = ["2 more before", "clock +1 h → 2026-01-15 14:00:00 frozen"];
    assert_eq!(cut.iter().map(kind).collect::<Vec<_>>(), [all[1], all[5], last[0], last[1]]);
    assert_eq!(printed(at, &["--status", "2xx"]).len(), 3, "who asks for certain requests gets nothing else");
    assert_eq!(printed(at, &["--json"]).len(), 2);
    control(&server, "DELETE", "requests", "");
    assert_eq!(printed(at, &[]), [""; 0]);
}

#[test]
fn only_what_is_asked_for_is_followed_and_none_is_missed_or_printed_twice() {
    const REQUESTS: usize = 300;
    let server = Server::start(&FROZEN);
    let mut following = Following::start(tail(&server.address, &["--status", "404", "--json"]));
    ask(&server, "/api/v1/customer/licenses/FIRST", 404);
    let path = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["path"].clone();
    assert_eq!(path(&following.next()), "/api/v1/customer/licenses/FIRST");
    control(&server, "POST", "clock/advance", r#"{"by":"1d"}"#);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..REQUESTS {
                ask(&server, "/api/v1/token", 200);
                ask(&server, &format!("/api/v1/customer/licenses/N{number}"), 404);
            }
        });
        for number in 0..REQUESTS {
            assert_eq!(path(&following.next()), format!("/api/v1/customer/licenses/N{number}"));
        }
    });
}

#[test]
fn a_reader_who_has_had_enough_ends_it_without_a_word() {
    let server = Server::start(&FROZEN);
    ask(&server, "/api/v1/token", 200);
    let mut command = tail(&server.address, &[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "— 2026-01-15 —");
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_terminal_gets_colours_and_nothing_that_a_client_wrote_moves_its_cursor() {
    let server = Server::start(&FROZEN);
    ask(&server, "/api/v1/customer/licenses/%1b%5b31m", 404);
    let mut command = tail(&server.address, &[]);
    let screen = Screen::of_output(&mut command);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let text = screen.until("no licence");
    send_signal(child.id(), "-TERM");
    child.wait().unwrap();
    assert!(text.contains("\u{1b}[33m404\u{1b}[0m"), "{text:?}");
    assert!(text.contains("\\u{1b}[31m"), "{text:?}");
}

#[test]
fn a_space_that_was_deleted_ends_it_and_so_does_a_restart_without_it() {
    let server = Server::start(&FROZEN);
    let follow = || {
        let mut following = Following::start(tail(&server.address, &["--space", "t1", "-n", "1"]));
        assert_eq!(following.next(), "— clock +1 d → 2026-01-16 09:00:00 frozen —");
        following
    };
    let make = || {
        control(&server, "POST", "spaces", r#"{"name":"t1"}"#);
        control(&server, "POST", "spaces/t1/clock/advance", r#"{"by":"1d"}"#);
    };
    make();
    let mut following = follow();
    control(&server, "POST", "spaces/t1/reset", "");
    assert_eq!(following.next(), "— reset to the seed —", "that is no end");
    control(&server, "DELETE", "spaces/t1", "");
    assert_eq!(following.next_said(), "locum: the space t1 was deleted");
    assert_eq!(following.child.wait().unwrap().code(), Some(1));

    make();
    let mut following = follow();
    let address = server.address.clone();
    drop(server);
    assert_eq!(following.next_said(), format!("locum: http://{address} is away: waiting for it"));
    let _again = Server::of(locum(&[&["--listen", &address], &FROZEN[..]].concat()).stderr(Stdio::null()));
    assert_eq!(following.next_said(), format!("locum: http://{address} is back, without the space t1"));
    assert_eq!(following.child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_label_that_no_credential_has_is_warned_of_because_one_may_get_it() {
    let server = Server::start(&FROZEN);
    let said = |label: &str| {
        let output = tail(&server.address, &["--no-follow", "--credential", label]).output().unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(said("reader"), "", "it has asked nothing yet");
    let near = "locum: --credential: no credential is called `raeder` now, did you mean `reader`?\n";
    assert_eq!(said("raeder"), near);
    let unlike = said("nobody");
    assert!(unlike.starts_with("locum: --credential: no credential is called `nobody` now: expected "), "{unlike}");
}
