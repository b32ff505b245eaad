//! A process that the system gives no more connections.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use super::Server;

/// So many files the process may have open, its connections among them.
const LIMIT: usize = 64;

fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut answer).unwrap();
    // The rest stays unread until the next answer: the connection is asked once.
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_is_open_goes_on_and_the_log_says_it_once() {
    let script = format!("ulimit -n {LIMIT}; exec \"$0\" --listen 127.0.0.1:0");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_locum")]).stderr(Stdio::piped());
    let mut server = Server::of(&mut command);
    let mut lines = BufReader::new(server.child.stderr.take().unwrap()).lines().map(Result::unwrap);

    let mut first = TcpStream::connect(&server.address).unwrap();
    // The system takes them, Locum does not.
    let mut others: Vec<_> = (0..LIMIT).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    assert!(lines.any(|line| line.contains("cannot accept connections")), "nothing is said");
    assert_eq!(ask(&mut first), "HTTP/1.1 200");

    // Each that ends lets one more in, so the last of them has its turn.
    let mut last = others.pop().unwrap();
    drop(others);
    assert_eq!(ask(&mut last), "HTTP/1.1 200");
    let mut between = Vec::new();
    while !between.iter().any(|line: &String| line.contains("connections are accepted again")) {
        assert_eq!(server.send("GET", "/livez", "", "").unwrap().0, 200);
        between.push(lines.next().unwrap());
    }
    assert!(!between.iter().any(|line| line.contains("cannot accept connections")), "{between:#?}");
}
