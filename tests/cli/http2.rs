//! HTTP/2, as curl speaks it: over TLS, through the proxy, and without TLS.

use std::process::Output;

use serde_json::json;

use super::{
    Server,
    machine::curl,
    tls::{authority, tls_address},
};

const KEY: [&str; 4] = ["-H", "X-Api-Key: demo-jba-organization-admin", "-H", "X-Customer-Code: 6700001"];
const VERSION: &str = "\n%{http_version} %{http_code}";

/// What curl prints, and how it ends.
fn ask(arguments: &[&str], url: &str) -> (String, Option<i32>) {
    let Output { status, stdout, stderr } =
        curl().args(["-sS", "-m", "30", "-w", VERSION]).args(KEY).args(arguments).arg(url).output().unwrap();
    (String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr), status.code())
}

fn checked(arguments: &[&str], url: &str, version_and_status: &str) -> String {
    let (said, code) = ask(arguments, url);
    assert!(code == Some(0) && said.ends_with(&format!("\n{version_and_status}")), "{url}: {said}");
    said
}

#[test]
fn every_way_to_locum_speaks_both_versions() {
    let server = Server::start(&["--proxy", "--tls", "auto", "--tls-listen", "127.0.0.1:0"]);
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.crt");
    std::fs::write(&ca, authority(&server)).unwrap();
    let ca = ca.to_str().unwrap();
    let plain = format!("http://{}/api/v1/token", server.address);
    let tls = format!("https://{}/api/v1/token", tls_address(&server));
    let (vendor, proxy) = ("https://account.jetbrains.com/api/v1/token", format!("http://{}", server.address));
    for (arguments, url, version) in [
        (&["--http2-prior-knowledge"][..], plain.as_str(), "2 200"),
        (&["--http1.1"], &plain, "1.1 200"),
        (&["--http1.0"], &plain, "1 200"),
        // Nobody has to change the protocol (RFC 9113, 3.1).
        (&["--http2"], &plain, "1.1 200"),
        (&["--http2", "--cacert", ca], &tls, "2 200"),
        (&["--http1.1", "--cacert", ca], &tls, "1.1 200"),
        (&["--http2", "--cacert", ca, "-x", &proxy], vendor, "2 200"),
        (&["--http1.1", "--cacert", ca, "-x", &proxy], vendor, "1.1 200"),
    ] {
        assert!(checked(arguments, url, version).contains("Example Corp"), "{arguments:?} {url}");
    }
    // The host is the guard's and the links' as ever.
    let info = format!("http://{}/_emulator/info", server.address);
    checked(&["--http2-prior-knowledge"], &info, "2 200");
    checked(&["--http2-prior-knowledge", "-H", "Host: elsewhere.test"], &info, "2 403");
    checked(&["--http2", "--cacert", ca, "-x", &proxy], "https://account.jetbrains.com/_emulator/info", "2 403");
    let (_, journal) = server.send("GET", "/_emulator/requests?limit=1", "", "").unwrap();
    assert!(journal.contains(r#""path":"/api/v1/token""#), "{journal}");
}

#[test]
fn bodies_and_limits_are_the_same() {
    let server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0"]);
    let url = |path: &str| format!("http://{}{path}", server.address);
    let prior = "--http2-prior-knowledge";
    let body = r#"{"licenseId":"FREE000003","contact":{"firstName":"E","lastName":"S","email":"e@s.test"}}"#;
    let json = "Content-Type: application/json";
    checked(&[prior, "-H", json, "-d", body], &url("/api/v1/customer/licenses/assign"), "2 200");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large");
    std::fs::write(&file, "a".repeat(2 * 1024 * 1024)).unwrap();
    let large = format!("@{}", file.display());
    checked(&[prior, "-H", json, "-d", &large], &url("/api/v1/customer/licenses/assign"), "2 413");
    let long = format!("X-Long: {}", "a".repeat(40 * 1024));
    checked(&[prior, "-H", &long], &url("/api/v1/token"), "2 431");
    let fits = format!("X-Long: {}", "a".repeat(20 * 1024));
    checked(&[prior, "-H", &fits], &url("/api/v1/token"), "2 200");
    // Many over few connections. Over TLS, because this curl cannot use one again that began without.
    let ca = dir.path().join("ca.crt");
    std::fs::write(&ca, authority(&server)).unwrap();
    let many = format!("https://{}/api/v1/token?n=[1-300]", tls_address(&server));
    let arguments = ["--cacert", ca.to_str().unwrap(), "-Z", "--parallel-max", "300", "-o", "/dev/null"];
    let (said, code) = ask(&arguments, &many);
    assert!(code == Some(0) && said.matches("\n2 200").count() == 300, "{said}");
}

#[test]
fn faults_are_met_too() {
    let server = Server::start(&["--log", "error"]);
    let url = format!("http://{}/api/v1/token", server.address);
    let with = |then: serde_json::Value| {
        assert_eq!(server.send("POST", "/_emulator/faults", "", &json!({"then": then}).to_string()).unwrap().0, 200);
        let met = ask(&["--http2-prior-knowledge"], &url);
        server.send("DELETE", "/_emulator/faults", "", "").unwrap();
        met
    };
    for fault in ["connection_reset", "truncated"] {
        let (said, code) = with(json!({"fault": fault}));
        // Receiving failed, or the stream was not closed cleanly.
        assert!(matches!(code, Some(16 | 18 | 52 | 56 | 92)), "{fault}: {code:?} {said}");
        assert!(!said.contains("License server"), "{fault}: {said}");
    }
    let (said, code) = with(json!({"fault": "empty"}));
    assert!(code == Some(0) && said.trim() == "2 200", "{said}");
    let (said, code) = with(json!({"status": 503}));
    assert!(code == Some(0) && said.ends_with("\n2 503"), "{said}");
    let (said, code) = with(json!({"status": 204}));
    assert!(code == Some(0) && said.trim() == "2 204", "{said}");
}

#[test]
fn connections_hold_up_no_stop() {
    let mut server = Server::start(&["--shutdown-timeout", "1m"]);
    let mut silent = std::net::TcpStream::connect(&server.address).unwrap();
    let begun = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    std::io::Write::write_all(&mut silent, &begun).unwrap();
    // It was understood: the first frame has come.
    std::io::Read::read_exact(&mut silent, &mut [0; 9]).unwrap();
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
