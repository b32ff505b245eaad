//! Injected faults, as the clients that people use take them: curl, Python and Node, over plain HTTP and over TLS.

use std::{fs, io::Write as _, net::TcpStream, path::Path, process::Command};

use serde_json::{Value, json};

use super::{
    Server,
    machine::{curl, program},
    tls::{authority, tls_address},
};

const TOKEN: &str = "/api/v1/token";
const API_TOKENS: &str = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-tokens";
const HEADERS: [(&str, &str); 3] = [
    ("X-Api-Key", "demo-jba-organization-admin"),
    ("X-Customer-Code", "6700001"),
    ("Authorization", "Bearer demo-atlassian-key"),
];
/// Answers with a body, to HEAD, of 204, and to a body that waits to be asked for.
const REQUESTS: [(&str, &str, &str); 4] =
    [("GET", TOKEN, ""), ("HEAD", TOKEN, ""), ("DELETE", API_TOKENS, ""), ("POST", "/api/v1/token/rotate", "{}")];

/// Asks each of the requests of its arguments over connections that it keeps, and prints what came of each.
const PYTHON: &str = r#"
import http.client, json, ssl, sys
scheme, address, ca = sys.argv[1:4]
headers, requests = json.loads(sys.argv[4]), json.loads(sys.argv[5])
if scheme == "https":
    connection = http.client.HTTPSConnection(address, context=ssl.create_default_context(cafile=ca), timeout=20)
else:
    connection = http.client.HTTPConnection(address, timeout=20)
for method, path, body in requests:
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        print(answer.status)
    except Exception as error:
        print(type(error).__name__)
        connection.close()
"#;

/// The same by Node's `http` and by its `fetch`, named by the last argument.
const NODE: &str = r#"
const [scheme, address, headers, requests, api] = process.argv.slice(1);
const http = require(scheme);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const ask = (method, path, body) => new Promise((resolve, reject) => {
  const url = `${scheme}://${address}${path}`;
  const request = http.request(url, { method, agent, headers: JSON.parse(headers) }, (answer) => {
    answer.on("error", reject).on("end", () => resolve(answer.statusCode)).resume();
  });
  request.on("error", reject).end(body);
});
const fetched = async (method, path, body) => {
  const init = { method, headers: JSON.parse(headers), body: body || undefined };
  const answer = await fetch(`${scheme}://${address}${path}`, init);
  await answer.arrayBuffer();
  return answer.status;
};
(async () => {
  for (const [method, path, body] of JSON.parse(requests)) {
    try {
      console.log(await (api === "fetch" ? fetched : ask)(method, path, body));
    } catch (error) {
      const cause = error.cause ?? error;
      console.log([cause.code, cause.syscall].filter(Boolean).join(" "));
    }
  }
  agent.destroy();
})();
"#;

/// Where the server is, and by which authority.
struct Target<'a> {
    scheme: &'static str,
    address: &'a str,
    ca: &'a Path,
}

/// A client, and what it says of a connection that is reset.
#[derive(Debug, Clone, Copy)]
enum Client {
    Curl,
    Python,
    NodeHttp,
    NodeFetch,
}

impl Client {
    /// Sends requests one after the other; what came of each.
    fn ask(self, target: &Target<'_>, requests: &[(&str, &str, &str)]) -> Vec<String> {
        let Target { scheme, address, ca } = *target;
        let headers = Value::from_iter(HEADERS).to_string();
        let requests_json = json!(requests).to_string();
        let mut command = match self {
            Self::Curl => return requests.iter().map(|request| ask_curl(target, *request)).collect(),
            Self::Python => {
                let mut python = program("python3");
                python.args(["-c", PYTHON, scheme, address]).arg(ca).args([&headers, &requests_json]);
                python
            }
            Self::NodeHttp | Self::NodeFetch => {
                let mut node = program("node");
                let api = if matches!(self, Self::NodeFetch) { "fetch" } else { "http" };
                node.args(["-e", NODE, scheme, address, &headers, &requests_json, api]).env("NODE_EXTRA_CA_CERTS", ca);
                node
            }
        };
        let output = command.output().unwrap();
        let (said, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        let lines: Vec<String> = said.lines().map(ToOwned::to_owned).collect();
        assert_eq!(lines.len(), requests.len(), "{self:?}: {said}{complained}");
        lines
    }
}

/// The status, or the number of curl's error.
fn ask_curl(target: &Target<'_>, (method, path, body): (&str, &str, &str)) -> String {
    let mut command: Command = curl();
    // What faults are on HTTP/2, which curl would choose over TLS, `http2.rs` asks.
    command
        .args(["--http1.1", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20", "--cacert"])
        .arg(target.ca);
    for (name, value) in HEADERS {
        command.args(["-H", &format!("{name}: {value}")]);
    }
    match method {
        "HEAD" => command.arg("--head"),
        "POST" => command.args(["-d", body, "-H", "Expect: 100-continue"]),
        _ => command.args(["-X", method]),
    };
    let output = command.arg(format!("{}://{}{path}", target.scheme, target.address)).output().unwrap();
    match output.status.code() {
        Some(0) => String::from_utf8(output.stdout).unwrap(),
        code => format!("error {}", code.unwrap_or(-1)),
    }
}

/// Every other request suffers a fault, so that each client goes on over a connection that it has just lost.
fn with_every_other_hit(then: &Value, check: impl Fn(Client, &str, &str, &str)) {
    let server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--log", "error"]);
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, authority(&server)).unwrap();
    let tls = tls_address(&server);
    let localhost = |address: &str| format!("localhost:{}", address.rsplit(':').next().unwrap());
    let (plain, tls) = (localhost(&server.address), localhost(&tls));
    for (scheme, address) in [("http", &plain), ("https", &tls)] {
        let target = Target { scheme, address, ca: &ca };
        for client in [Client::Curl, Client::Python, Client::NodeHttp, Client::NodeFetch] {
            let all = REQUESTS.into_iter().flat_map(|request| [request, ("GET", TOKEN, "")]).collect::<Vec<_>>();
            // A step lets every other request pass.
            let steps: Vec<Value> = REQUESTS.iter().flat_map(|_| [then.clone(), json!({})]).collect();
            let rule = json!({"then": steps}).to_string();
            let (status, rule) = server.send("POST", "/_emulator/faults", "", &rule).unwrap();
            assert_eq!(status, 200, "{rule}");
            let came = client.ask(&target, &all);
            for (((method, ..), came), next) in
                REQUESTS.iter().zip(came.iter().step_by(2)).zip(came.iter().skip(1).step_by(2))
            {
                assert_eq!(next, "200", "{scheme} {client:?}: behind {method}: {came}");
                check(client, scheme, method, came);
            }
            // Whoever asked twice would have met a step that was not meant for it.
            let id = serde_json::from_str::<Value>(&rule).unwrap()["id"].as_str().unwrap().to_owned();
            let (_, rule) = server.send("DELETE", &format!("/_emulator/faults/{id}"), "", "").unwrap();
            let hits = serde_json::from_str::<Value>(&rule).unwrap()["hits"].clone();
            assert_eq!(hits, all.len(), "{scheme} {client:?}");
            // A new token would not be known to the next client.
            server.send("POST", "/_emulator/reset", "", "").unwrap();
        }
    }
}

#[test]
fn a_reset_is_told_from_an_end() {
    with_every_other_hit(&json!({"fault": "connection_reset", "status": 401}), |client, scheme, method, came| {
        let expected = match client {
            Client::Curl => "error 56",
            // Their TLS takes a reset for an end: Python's always, Node's at times.
            Client::Python if scheme == "https" => "RemoteDisconnected",
            Client::NodeFetch if scheme == "https" && came == "UND_ERR_SOCKET" => came,
            Client::Python => "ConnectionResetError",
            Client::NodeHttp | Client::NodeFetch => "ECONNRESET read",
        };
        assert_eq!(came, expected, "{scheme} {client:?} {method}");
    });
}

#[test]
fn an_answer_that_is_cut_is_an_error_to_all() {
    with_every_other_hit(&json!({"fault": "truncated", "status": 401}), |client, scheme, method, came| {
        let is_number = came.parse::<u16>().is_ok();
        assert!(!is_number && !came.contains("imeout"), "{scheme} {client:?} {method}: {came}");
        if let (Client::Python, false) = (client, method == "HEAD") {
            assert_eq!(came, "IncompleteRead", "{scheme} {method}");
        }
    });
}

#[test]
fn an_answer_without_a_body_is_left_out_whole() {
    with_every_other_hit(&json!({"fault": "empty", "status": 204}), |client, scheme, method, came| match client {
        Client::Curl => assert_eq!(came, "error 52", "{scheme} {method}"),
        Client::Python => assert_eq!(came, "RemoteDisconnected", "{scheme} {method}"),
        Client::NodeHttp | Client::NodeFetch => {
            assert!(came == "ECONNRESET" || came == "UND_ERR_SOCKET", "{scheme} {client:?} {method}: {came}");
        }
    });
}

#[test]
fn an_answer_that_is_cut_where_it_has_no_body_is_one_too() {
    for status in [204, 304] {
        with_every_other_hit(&json!({"fault": "truncated", "status": status}), |client, scheme, method, came| {
            assert!(came.parse::<u16>().is_err(), "{scheme} {client:?} {method}: {came}");
        });
    }
}

/// As with a client's time-out: the service does not know of it.
#[test]
fn a_request_is_answered_although_its_client_gave_up_during_a_delay() {
    let server = Server::start(&[]);
    let control = |path: &str, body: Value| {
        let json = "Content-Type: application/json\r\n";
        server.send("POST", &format!("/_emulator/{path}"), json, &body.to_string()).unwrap()
    };
    let rule = json!({"match": {"operation": "assignLicense"}, "then": {"delay": "300ms"}, "times": 1});
    assert_eq!(control("faults", rule).0, 200);
    let body = json!({
        "licenseId": "FREE000001", "contact": {"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"}
    });
    let (body, [key, code, _]) = (body.to_string(), HEADERS.map(|(name, value)| format!("{name}: {value}\r\n")));
    let mut client = TcpStream::connect(&server.address).unwrap();
    let length = body.len();
    write!(
        client,
        "POST /api/v1/customer/licenses/assign HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         {key}{code}Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    // It has come in, and waits.
    let (status, _) = control("requests/verify", json!({"match": {"operation": "assignLicense"}, "within": "100ms"}));
    assert_eq!(status, 409);
    drop(client);
    let expected = json!({"match": {"operation": "assignLicense", "status": 200}, "within": "10s"});
    assert_eq!(control("requests/verify", expected), (200, r#"{"expected":"at least 1","found":1}"#.to_owned()));
    let held = server.send("GET", "/api/v1/customer/licenses/FREE000001", &format!("{key}{code}"), "").unwrap().1;
    assert!(held.contains("eve@example.test"), "{held}");
}
