//! Bodies that are too large, as they arrive on a socket.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use super::Server;

const MEBIBYTE: usize = 1024 * 1024;
/// A route that takes a body, what a client sends beside it, and a length that is too large for it.
const ROUTES: [(&str, &str, usize); 4] = [
    ("/api/v1/customer/licenses/assign", "X-Api-Key: demo-jba-organization-admin\r\nX-Customer-Code: 6700001\r\n", 1),
    (
        "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/service-accounts",
        "Authorization: Bearer demo-atlassian-key\r\n",
        1,
    ),
    ("/_emulator/faults", "", 16),
    ("/_emulator/spaces/default/seed", "", 16),
];

fn open(server: &Server, path: &str, headers: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Reads an answer to the end of its body.
fn read_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&bytes));
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

#[test]
fn who_asks_first_is_refused_before_the_body() {
    let server = Server::start(&["--log", "error"]);
    for (path, headers, limit) in ROUTES {
        let asks = format!("{headers}Expect: 100-continue\r\n");
        let refused = read_answer(&mut open(&server, path, &asks, limit * MEBIBYTE + 1));
        assert!(refused.starts_with("HTTP/1.1 413 "), "{path}: {refused}");
        let asked = read_answer(&mut open(&server, path, &asks, limit * MEBIBYTE));
        assert!(asked.starts_with("HTTP/1.1 100 "), "{path}: {asked}");
    }
    // Nothing is to be sent where nothing would be read.
    let asks = "Expect: 100-continue\r\n";
    let refused = read_answer(&mut open(&server, "/_emulator/reset", asks, MEBIBYTE));
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    let refused = read_answer(&mut open(&server, ROUTES[0].0, asks, 2 * MEBIBYTE));
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
}

#[test]
fn who_does_not_ask_is_refused_at_once_and_may_send_to_the_end() {
    let server = Server::start(&["--log", "error"]);
    for (path, headers, limit) in ROUTES {
        let length = 2 * limit * MEBIBYTE;
        let mut stream = open(&server, path, headers, length);
        let refused = read_answer(&mut stream);
        assert!(refused.starts_with("HTTP/1.1 413 "), "{path}: {refused}");
        stream.write_all(&vec![b'x'; length]).unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let next = read_answer(&mut stream);
        assert!(next.starts_with("HTTP/1.1 200 "), "{path}: {next}");
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// A body that does not come ends the request, in the words of whoever was asked, and the connection.
#[test]
fn a_body_that_does_not_come_is_408() {
    let server = Server::start(&["--log", "error"]);
    std::thread::scope(|scope| {
        for (path, headers, _) in ROUTES {
            let server = &server;
            scope.spawn(move || {
                let mut stream = open(server, path, headers, 100);
                stream.write_all(b"{").unwrap();
                let answer = read_answer(&mut stream);
                assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
            });
        }
    });
}
