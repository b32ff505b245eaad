//! Locum as a proxy: clients that have a vendor's host compiled in, and what else they ask for.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use super::{
    Server, locum,
    machine::{curl, python_with},
    run, send_signal,
    tls::{ask_over, authority},
};

const ADMIN: &str = "X-Api-Key: demo-jba-organization-admin\r\nX-Customer-Code: 6700001\r\n";
const ORGANIZATION: &str = "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001";

/// Asks for a tunnel; gives the connection, and the head of the answer with as much of its body as it announces.
fn connect(address: &str, authority: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut text = String::new();
    let mut byte = [0];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return (stream, text);
            }
        }
        stream.read_exact(&mut byte).unwrap();
        text.push(char::from(byte[0]));
    }
}

/// Asks a vendor's host over a tunnel.
fn ask(server: &Server, ca: &str, host: &str, path: &str, headers: &str) -> std::io::Result<(u16, String)> {
    let (stream, answer) = connect(&server.address, &format!("{host}:443"));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    ask_over(stream, ca, host, path, headers)
}

#[test]
fn a_tunnel_leads_to_each_vendor_s_host() {
    let mut server = Server::start(&["--proxy", "--public-url", "http://locum.test"]);
    assert!(server.banner.contains("Proxy                 http://127.0.0.1:"), "{}", server.banner);
    let address = server.banner.lines().find_map(|line| line.strip_prefix("Proxy ")).unwrap().trim().to_owned();
    server.address = address.strip_prefix("http://").unwrap().to_owned();
    let ca = authority(&server);
    let usage = "/public-api/licenses/usage";
    let vault = "Authorization: Bearer demo-vault-token\r\n";
    let key = "Authorization: Bearer demo-atlassian-key\r\n";
    let accounts = format!("{ORGANIZATION}/service-accounts?limit=1");
    for (host, path, headers, status, says) in [
        ("account.jetbrains.com", "/api/v1/token", ADMIN, 200, "Example Corp"),
        ("ACCOUNT.jetbrains.com", "/api/v1/token", ADMIN, 200, "Example Corp"),
        ("example.fls.jetbrains.com", usage, vault, 200, "licenseUsages"),
        // The host names the vault.
        ("other.fls.jetbrains.com", usage, vault, 401, "UNAUTHORIZED"),
        ("acme.lv.jetbrains-ide-services.com", usage, vault, 200, "licenseUsages"),
        ("api.atlassian.com", &accounts, key, 200, r#""next":"https://api.atlassian.com/admin/"#),
        ("api.atlassian.com", "/_emulator/info", "", 403, "the control API does not answer to this host name"),
        ("api.atlassian.com", "/_emulator/ui/", "", 403, "the control API does not answer to this host name"),
    ] {
        let (found, body) = ask(&server, &ca, host, path, headers).unwrap_or_else(|e| panic!("{host}: {e}"));
        assert_eq!(found, status, "{host}{path}: {body}");
        assert!(body.contains(says), "{host}{path}: {body}");
    }
    // What is remembered for one is no answer for the other.
    for (request, link) in [
        (format!("http://api.atlassian.com{accounts}"), "http://api.atlassian.com/admin/"),
        (accounts.clone(), "http://locum.test/admin/"),
    ] {
        let (status, body) = server.send("GET", &request, key, "").unwrap();
        assert!(status == 200 && body.contains(&format!(r#""next":"{link}"#)), "{request}: {body}");
    }
    let (_, body) = ask(&server, &ca, "api.atlassian.com", &accounts, key).unwrap();
    assert!(body.contains(r#""next":"https://api.atlassian.com/admin/"#), "{body}");
}

#[test]
fn the_journal_and_the_faults_are_the_same_for_who_comes_by_the_proxy() {
    let server = Server::start(&["--proxy"]);
    let ca = authority(&server);
    let asks = || ask(&server, &ca, "account.jetbrains.com", "/api/v1/token", ADMIN);
    assert_eq!(asks().unwrap().0, 200);
    let (_, journal) = server.send("GET", "/_emulator/requests", "", "").unwrap();
    assert!(journal.contains("getManagedEntityInfo") && journal.contains("/api/v1/token"), "{journal}");
    for (fault, kind) in
        [("connection_reset", std::io::ErrorKind::ConnectionReset), ("truncated", std::io::ErrorKind::UnexpectedEof)]
    {
        let rule = json!({"match": {"operation": "getManagedEntityInfo"}, "then": {"status": 204, "fault": fault}});
        assert_eq!(server.send("POST", "/_emulator/faults", "", &rule.to_string()).unwrap().0, 200);
        assert_eq!(asks().unwrap_err().kind(), kind, "{fault}");
        server.send("DELETE", "/_emulator/faults", "", "").unwrap();
    }
}

#[test]
fn nobody_else_is_reached() {
    let server = Server::of(
        locum(&["--listen", "127.0.0.1:0", "--proxy", "--allowed-hosts", "locum.test", "--log", "warn"])
            .stderr(Stdio::piped()),
    );
    let mut server = server;
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    for foreign in [
        "example.com:443",
        "account.jetbrains.com:8443",
        "jetbrains.com:443",
        "fls.jetbrains.com:443",
        "a.b.fls.jetbrains.com:443",
        "account.jetbrains.com.example.com:443",
        "127.0.0.1:443",
        &server.address,
    ] {
        let (mut stream, answer) = connect(&server.address, foreign);
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains(&format!("such as {foreign}.")), "{answer}");
        // The connection is none of a tunnel.
        write!(stream, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut next = String::new();
        stream.read_to_string(&mut next).unwrap();
        assert!(next.starts_with("HTTP/1.1 200 "), "{foreign}: {next}");
    }
    for (address, status) in [
        ("http://example.com/api/v1/token".to_owned(), 403),
        ("http://user:secret@example.com/".to_owned(), 403),
        ("http://account.jetbrains.com:8080/api/v1/token".to_owned(), 403),
        ("http://192.0.2.1/livez".to_owned(), 403),
        ("http://localhost:1/livez".to_owned(), 403),
        ("http://other/livez".to_owned(), 403),
        ("http://account.jetbrains.com/api/v1/token".to_owned(), 200),
        ("http://account.jetbrains.com:80/api/v1/token".to_owned(), 200),
        ("https://account.jetbrains.com/api/v1/token".to_owned(), 200),
        ("http://account.jetbrains.com/_emulator/info".to_owned(), 403),
        (format!("http://{}/_emulator/info", server.address), 200),
        (format!("http://localhost:{port}/_emulator/info"), 200),
        (format!("http://locum:{port}/livez"), 200),
        ("http://locum.test/_emulator/info".to_owned(), 200),
        ("/livez".to_owned(), 200),
    ] {
        let (found, body) = server.send("GET", &address, ADMIN, "").unwrap();
        assert_eq!(found, status, "{address}: {body}");
    }
    server.signal("-TERM");
    let mut log = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log.matches(r#""host":"example.com:443""#).count(), 1, "{log}");
    assert!(log.contains("nothing left this machine") && !log.contains("secret"), "{log}");
}

/// Some clients tunnel for every URL, such as Node's.
#[test]
fn a_tunnel_to_the_port_without_tls_is_plain() {
    let server = Server::start(&["--proxy"]);
    let (mut stream, answer) = connect(&server.address, "account.jetbrains.com:80");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    write!(stream, "GET /api/v1/token HTTP/1.1\r\nHost: account.jetbrains.com\r\nConnection: close\r\n{ADMIN}\r\n")
        .unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("Example Corp"), "{said}");
}

#[test]
fn a_tunnel_is_to_a_host_and_a_port() {
    let server = Server::start(&["--proxy"]);
    for malformed in ["account.jetbrains.com", "account.jetbrains.com:99999", "ann@account.jetbrains.com:443"] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        write!(stream, "CONNECT {malformed} HTTP/1.1\r\nHost: locum\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{malformed}: {answer}");
    }
}

#[test]
fn who_asks_for_no_proxy_gets_none() {
    let server = Server::start(&[]);
    assert!(!server.banner.contains("Proxy"), "{}", server.banner);
    let (_, answer) = connect(&server.address, "account.jetbrains.com:443");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    // As before, and as every server has to (RFC 9112, 3.2.2).
    let address = format!("http://{}/_emulator/info", server.address);
    assert_eq!(server.send("GET", &address, "Host: elsewhere.test\r\n", "").unwrap().0, 200);
    assert_eq!(server.send("GET", "http://elsewhere.test/_emulator/info", "", "").unwrap().0, 403);
    assert_eq!(server.send("GET", "/_emulator/ca.crt", "", "").unwrap().0, 404);
}

#[test]
fn tunnels_hold_up_no_stop() {
    let mut server = Server::start(&["--proxy", "--shutdown-timeout", "1m"]);
    let ca = authority(&server);
    assert_eq!(ask(&server, &ca, "account.jetbrains.com", "/api/v1/token", ADMIN).unwrap().0, 200);
    let silent = TcpStream::connect(&server.address).unwrap();
    let (begun, answer) = connect(&server.address, "api.atlassian.com:443");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    drop((silent, begun));
}

#[test]
fn the_proxy_s_authority_is_that_of_tls_where_locum_made_that() {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", dir.path().join("locum.db").display());
    let start = |more: &[&str]| authority(&Server::start(&[&["--database-url", &database, "--proxy"], more].concat()));
    assert_ne!(start(&[]), start(&[]), "it ends with the process");
    assert!(!dir.path().join("locum.db.ca.key").exists());
    let tls = ["--tls", "auto", "--tls-listen", "127.0.0.1:0"];
    assert_eq!(start(&tls), start(&tls));
}

/// A command under `locum exec --as-vendors`, in a place of its own for temporary files.
fn as_vendors(temporary: &Path, options: &[&str], command: &[&str]) -> Command {
    let mut locum = locum(&[&["exec", "--as-vendors"], options, &["--"], command].concat());
    locum.env("TMPDIR", temporary).env_remove("NO_PROXY").env_remove("no_proxy");
    locum
}

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn curl_reaches_the_vendors_own_urls_under_exec() {
    const SCRIPT: &str = r#"set -e
        curl -fsS -H "X-Api-Key: $JETBRAINS_ACCOUNT_API_KEY" -H "X-Customer-Code: $JETBRAINS_ACCOUNT_CUSTOMER_CODE" \
            https://account.jetbrains.com/api/v1/token
        curl -fsS -H "Authorization: Bearer $LICENSE_VAULT_TOKEN" \
            https://example.fls.jetbrains.com/public-api/licenses/usage
        curl -fsS "$LOCUM_URL/livez"
        curl -sS https://www.example.com/ || echo "ended with $?"
    "#;
    curl();
    let dir = tempfile::tempdir().unwrap();
    let output = as_vendors(dir.path(), &[], &["sh", "-c", SCRIPT]).env("NO_PROXY", "*").output().unwrap();
    let (said, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{said}{log}");
    assert!(
        said.contains("Example Corp") && said.contains("licenseUsages") && said.ends_with("ended with 56\n"),
        "{said}"
    );
    assert!(log.contains("NO_PROXY would keep") && log.contains("www.example.com:443"), "{log}");
    assert!(is_empty(dir.path()), "the certificate is left");
}

#[test]
fn a_command_is_told_the_proxy_and_its_authority_for_as_long_as_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = as_vendors(dir.path(), &["--public-url", "http://locum.test"], &["env"]);
    let given = command.env("no_proxy", "corp.test .jetbrains.com,api.atlassian.com:443").output().unwrap();
    let given = String::from_utf8(given.stdout).unwrap();
    let value = |name: &str| {
        let line = given.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap_or_default();
        line.to_owned()
    };
    let proxy = value("HTTPS_PROXY");
    assert!(proxy.starts_with("http://127.0.0.1:"), "{given}");
    for name in ["HTTP_PROXY", "https_proxy", "http_proxy"] {
        assert_eq!(value(name), proxy, "{name}");
    }
    let certificate = value("SSL_CERT_FILE");
    assert!(Path::new(&certificate).starts_with(dir.path()), "{given}");
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        assert_eq!(value(name), certificate, "{name}");
    }
    assert_eq!(value("NODE_USE_ENV_PROXY"), "1");
    assert_eq!(value("LOCUM_URL"), "http://locum.test");
    for name in ["NO_PROXY", "no_proxy"] {
        assert_eq!(value(name), "corp.test,127.0.0.1,localhost,::1", "{name}");
    }

    let (code, stdout, _) = run(&["exec", "--proxy", "--", "sh", "-c", "echo $SSL_CERT_FILE; exit 3"]);
    assert_eq!((code, stdout.contains("locum-ca")), (3, false), "a proxy alone changes nothing for the command");

    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let script = "test -r \"$SSL_CERT_FILE\" && ! grep PRIVATE \"$SSL_CERT_FILE\" && echo up; exec sleep 600";
        let mut locum = as_vendors(dir.path(), &[], &["sh", "-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(locum.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        send_signal(locum.id(), signal);
        assert_eq!(locum.wait().unwrap().code(), Some(code), "{signal}");
        assert!(is_empty(dir.path()), "{signal} left the certificate");
    }
    assert_eq!(as_vendors(dir.path(), &[], &["no-such-command"]).output().unwrap().status.code(), Some(127));
    assert!(is_empty(dir.path()));
    let nowhere = dir.path().join("nowhere");
    let output = as_vendors(&nowhere, &[], &["true"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("TMPDIR"), "{said}");
}

/// The packages of `PyPI` as they are: `requests`, and a client that has the vendor's host compiled in.
#[test]
fn clients_from_pypi_work_unchanged() {
    const SCRIPT: &str = r#"
import os, urllib.error, urllib.request
import requests
from atlassian.cloud_admin import CloudAdmin

admin = CloudAdmin(os.environ["ATLASSIAN_API_KEY"])
tokens = admin.get("admin/api-access/v1/orgs/" + os.environ["ATLASSIAN_ORG_ID"] + "/api-tokens")
account = tokens["data"][0]["user"]["id"]
assert admin.get_user_api_tokens(account), account

headers = {
    "X-Api-Key": os.environ["JETBRAINS_ACCOUNT_API_KEY"],
    "X-Customer-Code": os.environ["JETBRAINS_ACCOUNT_CUSTOMER_CODE"],
}
url = "https://account.jetbrains.com/api/v1/token"
answer = requests.get(url, headers=headers)
assert answer.json()["name"] == "Example Corp", answer.text
with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
    assert answer.status == 200
for elsewhere in ["https://www.example.com/", "http://www.example.com/"]:
    try:
        assert requests.get(elsewhere).status_code == 403
    except requests.exceptions.ProxyError as error:
        assert "403" in str(error), error
print("done")
"#;
    let python = python_with(&["atlassian-python-api==5.0.5"]);
    let dir = tempfile::tempdir().unwrap();
    let output = as_vendors(dir.path(), &[], &[python.to_str().unwrap(), "-c", SCRIPT]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout == b"done\n", "{said}");
}
