//! Injected faults, as what arrives on a socket.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use super::{
    Server,
    tls::{ask, authority, tls_address},
};

const HEADERS: &str = "X-Api-Key: demo-jba-organization-admin\r\nX-Customer-Code: 6700001\r\n\
                       Authorization: Bearer demo-atlassian-key\r\n";
const TOKEN: &str = "/api/v1/token";
const ASSIGN: (&str, &str) = (
    "/api/v1/customer/licenses/assign",
    r#"{"licenseId":"FREE000003","contact":{"firstName":"E","lastName":"S","email":"e@s.test"}}"#,
);
const API_TOKENS: &str = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-tokens";

/// What came of one request.
#[derive(Debug)]
struct Received {
    text: String,
    end: End,
}

/// How its connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
    /// Not at all: it took another request.
    Open,
}

impl Received {
    /// Sends one request over a connection that is to be kept.
    fn from(server: &Server, method: &str, path: &str, body: &str) -> Self {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{HEADERS}Content-Length: {length}\r\n\r\n");
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut text = String::new();
        let ended = read_answer(&mut stream, method, &mut text);
        let end = match ended {
            Ok(true) => {
                stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
                let mut next = String::new();
                stream.read_to_string(&mut next).unwrap();
                assert!(next.starts_with("HTTP/1.1 200 OK\r\n"), "behind {text}: {next}");
                End::Open
            }
            Ok(false) => End::Closed,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => End::Reset,
            Err(error) => panic!("{method} {path}: {error}"),
        };
        Self { text, end }
    }

    fn header(&self, name: &str) -> Option<&str> {
        header(&self.text, name)
    }

    fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.split("\r\n").take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_once(": ")).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Reads until the answer is whole, or the connection ends: then it is not.
fn read_answer(stream: &mut TcpStream, method: &str, text: &mut String) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        if let Some((_, body)) = text.split_once("\r\n\r\n") {
            let length = header(text, "content-length").map_or(0, |length| length.parse().unwrap());
            if method == "HEAD" || body.len() >= length {
                return Ok(true);
            }
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(false),
            read => text.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
        }
    }
}

/// What each request gets whose connection suffers `then`.
fn with_fault(then: &Value, check: impl Fn(&str, Received)) {
    let server = Server::start(&["--log", "error"]);
    let (status, problem) = server.send("POST", "/_emulator/faults", "", &json!({"then": then}).to_string()).unwrap();
    assert_eq!(status, 200, "{problem}");
    for (method, path, body) in
        [("GET", TOKEN, ""), ("HEAD", TOKEN, ""), ("POST", ASSIGN.0, ASSIGN.1), ("DELETE", API_TOKENS, "")]
    {
        check(method, Received::from(&server, method, path, body));
    }
    // The connection suffers after the service has done its work; a status takes its place.
    let done = then.get("status").is_none();
    server.send("DELETE", "/_emulator/faults", "", "").unwrap();
    let (_, licenses) = server.as_admin("GET", "/api/v1/customer/licenses?assigneeEmail=e@s.test", "").unwrap();
    assert_eq!(licenses.contains("FREE000003"), done, "{then}: {licenses}");
}

#[test]
fn a_reset_is_one_whatever_the_answer() {
    with_fault(&json!({"fault": "connection_reset"}), |method, received| {
        assert_eq!((received.text.as_str(), received.end), ("", End::Reset), "{method}");
    });
    with_fault(&json!({"fault": "connection_reset", "status": 204}), |method, received| {
        assert_eq!((received.text.as_str(), received.end), ("", End::Reset), "{method}");
    });
}

/// Answers of 200 and 204 without a body among them.
#[test]
fn an_answer_that_is_cut_is_never_whole() {
    with_fault(&json!({"fault": "truncated"}), |method, received| {
        assert_eq!(received.end, End::Closed, "{method}: {received:?}");
        if method == "GET" {
            let promised: usize = received.header("content-length").unwrap().parse().unwrap();
            assert_eq!(received.body().len(), promised / 2, "{received:?}");
        } else {
            assert_eq!(received.text, "HTTP/1.1 2", "{method}");
        }
    });
    with_fault(&json!({"fault": "truncated", "status": 503}), |method, received| {
        assert_eq!(received.end, End::Closed, "{method}: {received:?}");
        assert_eq!(method == "HEAD", received.text == "HTTP/1.1 5", "{method}: {received:?}");
    });
}

#[test]
fn where_no_body_can_be_left_out_nothing_is_sent() {
    with_fault(&json!({"fault": "empty"}), |method, received| {
        if method == "GET" {
            assert!(received.text.starts_with("HTTP/1.1 200 OK\r\n"), "{received:?}");
            assert_eq!((received.header("content-length"), received.end), (Some("0"), End::Open), "{received:?}");
        } else {
            assert_eq!((received.text.as_str(), received.end), ("", End::Closed), "{method}");
        }
    });
}

#[test]
fn a_status_without_a_body_has_no_length_either() {
    for status in [204, 304] {
        with_fault(&json!({"status": status}), |method, received| {
            assert!(received.text.starts_with(&format!("HTTP/1.1 {status} ")), "{method}: {received:?}");
            assert_eq!((received.body(), received.end), ("", End::Open), "{method}: {received:?}");
            for name in ["content-length", "content-type", "transfer-encoding"] {
                assert_eq!(received.header(name), None, "{method}: {received:?}");
            }
        });
    }
}

#[test]
fn connections_over_tls_break_too() {
    let server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--log", "error"]);
    let (address, ca) = (tls_address(&server), authority(&server));
    for (fault, kind) in [
        ("connection_reset", ErrorKind::ConnectionReset),
        ("truncated", ErrorKind::UnexpectedEof),
        ("empty", ErrorKind::UnexpectedEof),
    ] {
        let rule = json!({"match": {"operation": "getManagedEntityInfo"}, "then": {"status": 204, "fault": fault}});
        server.send("POST", "/_emulator/faults", "", &rule.to_string()).unwrap();
        let error = ask(&address, &ca, "localhost", TOKEN, HEADERS).unwrap_err();
        assert_eq!(error.kind(), kind, "{fault}: {error}");
        server.send("DELETE", "/_emulator/faults", "", "").unwrap();
        assert_eq!(ask(&address, &ca, "localhost", TOKEN, HEADERS).unwrap().0, 200);
    }
}
