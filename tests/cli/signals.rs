//! How it stops, and where it runs: as the first process of a container, as any user, with nothing to write to.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::MetadataExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    Server, locum,
    machine::{is_root, unshare},
    send_signal,
};

/// Makes requests for the token take this long.
fn slow_down(server: &Server, delay: &str) {
    let rule = format!(r#"{{"match":{{"path":"/api/v1/token"}},"then":{{"delay":"{delay}"}}}}"#);
    let (status, body) = server.send("POST", "/_emulator/faults", "Content-Type: application/json\r\n", &rule).unwrap();
    assert_eq!(status, 200, "{body}");
}

/// A request that is under way: the server counted its hit, and waits before it answers.
fn under_way(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream
        .write_all(
            b"GET /api/v1/token HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: demo-jba-organization-admin\r\n\
              X-Customer-Code: 6700001\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    while !server.send("GET", "/_emulator/faults", "", "").unwrap().1.contains(r#""hits":1"#) {
        std::thread::yield_now();
    }
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn a_request_under_way_is_answered_before_it_stops() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&["--shutdown-timeout", "30s"]);
        slow_down(&server, "700ms");
        let stream = under_way(&server);
        server.signal(signal);
        assert!(answer(stream).contains("Example Corp"), "{signal}");
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

/// It is what a terminal that closes sends to what runs in it.
#[test]
fn a_hangup_does_not_end_it() {
    let mut server = Server::of(locum(&["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()));
    server.signal("-HUP");
    until(&mut server.child, "SIGHUP is ignored");
    assert_eq!(server.as_admin("GET", "/api/v1/token", "").unwrap().0, 200);
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));

    // Whoever wants it to be ignored, wants that of the command too.
    let script = "trap '' HUP; exec \"$0\" exec -- sh -c 'kill -HUP $$; echo alive'";
    let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_locum")]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "alive\n");
}

/// Whoever listens, or waits for a question to come true, would wait for ever.
#[test]
fn streams_of_events_and_waiting_questions_end_when_it_stops() {
    let mut server = Server::start(&["--shutdown-timeout", "10m"]);
    let connect = |head: &str, body: &str| {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        BufReader::new(stream)
    };
    let mut events = connect("GET /_emulator/events", "");
    let mut first = String::new();
    while !first.contains("event: state") {
        assert!(events.read_line(&mut first).unwrap() > 0, "{first}");
    }
    let mut question = TcpStream::connect(&server.address).unwrap();
    let body = r#"{"match":{"path":"/api/v1/token"},"within":"9m"}"#;
    let head = "POST /_emulator/requests/verify HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue";
    write!(question, "{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
    // It is under way when the body is asked for.
    let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    question.read_exact(&mut go_on).unwrap();
    question.write_all(body.as_bytes()).unwrap();
    server.signal("-TERM");
    let (mut rest, mut answer) = (String::new(), String::new());
    events.read_to_string(&mut rest).unwrap();
    question.read_to_string(&mut answer).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream ends as it should: {rest}");
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_timeout_cuts_requests_off_and_the_stop_is_a_good_one() {
    let mut server = Server::start(&["--shutdown-timeout", "200ms"]);
    slow_down(&server, "60s");
    let stream = under_way(&server);
    let told = Instant::now();
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(20));
    assert!(!answer(stream).contains("HTTP/1.1"));
}

#[test]
fn a_second_signal_stops_at_once_and_says_so() {
    for (second, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut server = Server::start(&["--shutdown-timeout", "10m"]);
        slow_down(&server, "1m");
        let stream = under_way(&server);
        server.signal("-TERM");
        // The ports close when it begins to stop.
        while TcpStream::connect(&server.address).is_ok() {
            std::thread::yield_now();
        }
        server.signal(second);
        assert_eq!(server.child.wait().unwrap().code(), Some(code), "{second}");
        drop(stream);
    }
}

#[test]
fn nobody_has_to_read_what_it_says() {
    let mut command = locum(&["--listen", "127.0.0.1:0"]);
    let mut server = Server::of(command.stderr(Stdio::piped()));
    drop(server.child.stderr.take());
    for _ in 0..3 {
        assert_eq!(server.as_admin("GET", "/api/v1/token", "").unwrap().0, 200);
    }
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// Waits until `says` is on the standard error.
fn until(child: &mut Child, says: &str) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(says)), "ended without `{says}`");
}

#[test]
fn a_signal_ends_a_start_that_waits() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://locum@{closed}/locum");
    let key = "a key for tests only";
    let arguments =
        ["--listen", "127.0.0.1:0", "--startup-timeout", "10m", "--database-url", &url, "--server-key", key];
    for (command, signal, code) in [
        (&arguments[..], "-TERM", 0),
        (&arguments, "-INT", 0),
        (&[&["exec"], &arguments[..], &["--", "true"]].concat(), "-TERM", 143),
    ] {
        let mut waiting = locum(command).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        until(&mut waiting, "Trying again");
        send_signal(waiting.id(), signal);
        assert_eq!(waiting.wait().unwrap().code(), Some(code), "{signal}");
    }
    // A seed that never comes.
    let mut waiting = locum(&["--listen", "127.0.0.1:0", "--seed", "-"])
        .env("LOCUM_WRONG", "makes it say something before it reads")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Held, because `wait` would close it, and the end of the input is an empty seed.
    let seed = waiting.stdin.take();
    until(&mut waiting, "LOCUM_WRONG");
    send_signal(waiting.id(), "-TERM");
    assert_eq!(waiting.wait().unwrap().code(), Some(0));
    drop(seed);
}

/// As in a container, where Locum is process number 1. The kernel keeps from that one every signal that it does not
/// listen to.
#[test]
fn as_the_first_process_it_hears_signals() {
    for signal in ["-TERM", "-INT"] {
        let binary = env!("CARGO_BIN_EXE_locum");
        let namespace = unshare(&["--pid", "--fork", "--kill-child=KILL", binary]);
        let is_first = namespace.is_some();
        let mut started = namespace
            .unwrap_or_else(|| Command::new(binary))
            .args(["--listen", "127.0.0.1:0", "--log", "warn"])
            .env_remove("LOCUM_SEED")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(started.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("locum ready")), "it did not start");
        let locum = if is_first {
            let children = format!("/proc/{0}/task/{0}/children", started.id());
            std::fs::read_to_string(children).unwrap().trim().parse().unwrap()
        } else {
            started.id()
        };
        send_signal(locum, signal);
        let ended = started.wait().unwrap();
        assert_eq!((ended.code(), ended.signal()), (Some(0), None), "{signal}");
    }
}

/// A container's user has no name, no home and no variables; its file system may be read-only, also /tmp.
#[test]
fn it_needs_no_user_no_home_no_variables_and_nothing_to_write_to() {
    let binary = env!("CARGO_BIN_EXE_locum");
    let mut command = Command::new(binary);
    if is_root() {
        let read_only = "for m in / /tmp /var /dev/shm /run; do mount --bind $m $m 2>/dev/null \
                         && mount -o remount,bind,ro $m; done; touch /x /tmp/x 2>/dev/null && exit 99;";
        let (shell, read_only) = match unshare(&["--mount", "sh"]) {
            Some(command) => (command, read_only),
            None => (Command::new("sh"), ""),
        };
        // Run from a descriptor, since nobody else may enter the directory that it was built in.
        let run = "exec 9<\"$0\"; exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
                   --bounding-set=-all /proc/self/fd/9 --listen 127.0.0.1:0 --log warn";
        command = shell;
        command.args(["-c", &format!("{read_only} {run}"), binary]);
    } else {
        command.args(["--listen", "127.0.0.1:0", "--log", "warn"]);
    }
    let mut child = command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut banner = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    while !banner.contains("locum ready") {
        assert!(lines.read_line(&mut banner).unwrap() > 0, "ended before it was ready: {banner}");
    }
    let address = banner.trim_end().rsplit("http://").next().unwrap();
    let admin = "X-Api-Key: demo-jba-organization-admin\r\nX-Customer-Code: 6700001\r\n";
    assert_eq!(super::send(address, "GET", "/api/v1/token", admin, "").unwrap().0, 200);
    if is_root() {
        assert_eq!(std::fs::metadata(format!("/proc/{}", child.id())).unwrap().uid(), 65534);
    }
    send_signal(child.id(), "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn localhost_is_both_loopbacks() {
    // Only where the machine has both; it has at least the first.
    let has_second = TcpListener::bind("[::1]:0").is_ok();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = locum(&["--listen", &format!("localhost:{free}"), "--seed", "none"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == format!("locum ready http://localhost:{free}")));
    assert_eq!(super::send(&format!("127.0.0.1:{free}"), "GET", "/readyz", "", "").unwrap().0, 200);
    if has_second {
        assert_eq!(super::send(&format!("[::1]:{free}"), "GET", "/readyz", "", "").unwrap().0, 200);
    }
    send_signal(child.id(), "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// What ends no server is the command's to hear, and the command is never left behind.
#[test]
fn exec_passes_on_what_else_there_is() {
    for signal in ["-HUP", "-QUIT", "-USR1", "-USR2"] {
        let name = &signal[1..];
        let script = format!("trap 'echo heard; exit 7' {name}; echo ready; while :; do :; done");
        // A shell hears nothing that was ignored before it, as a test runner in the background ignores SIGQUIT.
        let arguments = ["exec", "--log", "off", "--", "env", "--default-signal", "sh", "-c", &script];
        let mut started = locum(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(started.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        send_signal(started.id(), signal);
        assert_eq!(lines.next().unwrap().unwrap(), "heard", "{signal}");
        assert_eq!(started.wait().unwrap().code(), Some(7), "{signal}");
    }
}

/// Whom its parent left becomes a child of process 1, which has to wait for it.
#[test]
fn as_the_first_process_it_reaps_orphans() {
    let binary = env!("CARGO_BIN_EXE_locum");
    let Some(mut command) = unshare(&["--pid", "--fork", "--mount-proc", "--kill-child=KILL", binary]) else { return };
    // The orphan says its number and ends. As long as nobody waits for it, it is in /proc.
    let script = "orphan=$(sh -c 'sh -c \"echo \\$\\$; exec >/dev/null; sleep 0.2\" &'); \
                  while [ -e /proc/$orphan ]; do :; done; echo reaped $orphan";
    let ended = command
        .args(["exec", "--log", "off", "--", "timeout", "20", "sh", "-c", script])
        .env_remove("LOCUM_SEED")
        .output()
        .unwrap();
    let printed = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success() && printed.starts_with("reaped "), "{:?} {printed}", ended.status);
}
