//! TLS, as clients see it that have the vendors' host names compiled in.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::{Server, locum, machine::curl, run};

const ADMIN: &str = "X-Api-Key: demo-jba-organization-admin\r\nX-Customer-Code: 6700001\r\n";

/// The server's TLS port, from its banner.
pub(super) fn tls_address(server: &Server) -> String {
    let line = server.banner.lines().find(|line| line.starts_with("Over TLS")).unwrap();
    line.rsplit("https://").next().unwrap().to_owned()
}

pub(super) fn authority(server: &Server) -> String {
    // Also for who knows it by a name that the guard knows nothing of.
    let (status, pem) = server.send("GET", "/_emulator/ca.crt", "Origin: https://elsewhere.test\r\n", "").unwrap();
    assert_eq!(status, 200, "{pem}");
    assert!(!pem.contains("PRIVATE"), "{pem}");
    pem
}

/// Asks over TLS as `host`, trusting the certificates in `trusted` alone.
pub(super) fn ask(
    address: &str,
    trusted: &str,
    host: &str,
    path: &str,
    headers: &str,
) -> std::io::Result<(u16, String)> {
    ask_over(TcpStream::connect(address)?, trusted, host, path, headers)
}

/// The same over a connection that is there already.
pub(super) fn ask_over(
    stream: TcpStream,
    trusted: &str,
    host: &str,
    path: &str,
    headers: &str,
) -> std::io::Result<(u16, String)> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned()).unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok((status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}

#[test]
fn the_vendors_hosts_answer_over_tls_and_the_plain_port_stays() {
    let server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--allowed-hosts", "locum.test"]);
    let (address, ca) = (tls_address(&server), authority(&server));
    for (host, path, headers) in [
        ("account.jetbrains.com", "/api/v1/token", ADMIN),
        ("example.fls.jetbrains.com", "/public-api/licenses/usage", "Authorization: Bearer demo-vault-token\r\n"),
        (
            "acme.lv.jetbrains-ide-services.com",
            "/public-api/licenses/usage",
            "Authorization: Automation demo-automation-token\r\n",
        ),
        (
            "api.atlassian.com",
            "/admin/api-access/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/api-tokens",
            "Authorization: Bearer demo-atlassian-key\r\n",
        ),
        ("account.jetbrains.com", "/_emulator/ca.crt", ""),
        ("localhost", "/_emulator/info", ""),
        ("127.0.0.1", "/readyz", ""),
        ("::1", "/readyz", ""),
        ("locum.test", "/_emulator/info", ""),
    ] {
        let (status, body) = ask(&address, &ca, host, path, headers).unwrap_or_else(|e| panic!("{host}: {e}"));
        assert_eq!(status, 200, "{host}{path}: {body}");
    }
    assert_eq!(ask(&address, &ca, "account.jetbrains.com", "/_emulator/info", "").unwrap().0, 403, "guarded");
    assert!(ask(&address, &ca, "www.atlassian.com", "/readyz", "").is_err(), "no name of the certificate's");
    let stranger = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let stranger = stranger.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    assert!(ask(&address, &stranger, "localhost", "/readyz", "").is_err(), "trusted by its authority only");
    assert_eq!(server.as_admin("GET", "/api/v1/token", "").unwrap().0, 200);
}

#[test]
fn handshakes_that_fail_or_never_end_hold_up_nobody() {
    let mut server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0"]);
    let (address, ca) = (tls_address(&server), authority(&server));
    let silent: Vec<_> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for _ in 0..20 {
        let mut plain = TcpStream::connect(&address).unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut refusal = Vec::new();
        let _ = plain.read_to_end(&mut refusal);
        assert!(!refusal.starts_with(b"HTTP"));
    }
    assert_eq!(ask(&address, &ca, "localhost", "/readyz", "").unwrap().0, 200);
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    drop(silent);
}

#[test]
fn the_authority_of_a_file_stays_and_another_one_goes() {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", dir.path().join("locum.db").display());
    let arguments = ["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--database-url", &database];
    let first = authority(&Server::start(&arguments));
    let again = Server::start(&arguments);
    assert_eq!(authority(&again), first);
    assert_eq!(ask(&tls_address(&again), &first, "localhost", "/readyz", "").unwrap().0, 200);
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(dir.path().join("locum.db.ca.key")).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    let in_memory = &arguments[..4];
    assert_ne!(authority(&Server::start(in_memory)), authority(&Server::start(in_memory)));
}

/// A certificate for `localhost`, and its key, as files.
fn own(dir: &Path, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let [crt, pem] = ["crt", "key"].map(|ending| dir.join(format!("{name}.{ending}")).display().to_string());
    std::fs::write(&crt, certificate.pem()).unwrap();
    std::fs::write(&pem, key.serialize_pem()).unwrap();
    (crt, pem)
}

#[test]
fn a_certificate_of_ones_own_turns_tls_on() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = own(dir.path(), "a");
    let server = Server::start(&["--tls-cert", &certificate, "--tls-key", &key, "--tls-listen", "127.0.0.1:0"]);
    let trusted = std::fs::read_to_string(&certificate).unwrap();
    assert_eq!(ask(&tls_address(&server), &trusted, "localhost", "/readyz", "").unwrap().0, 200);
    assert_eq!(server.send("GET", "/_emulator/ca.crt", "", "").unwrap().0, 404, "its authority is not Locum's");
}

#[test]
fn without_tls_or_control_there_is_no_authority_to_be_had() {
    let server = Server::start(&[]);
    assert!(!server.banner.contains("https://"), "{}", server.banner);
    assert_eq!(server.send("GET", "/_emulator/ca.crt", "", "").unwrap().0, 404);
    let server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0", "--control", "off"]);
    assert!(server.banner.contains("https://") && !server.banner.contains("ca.crt"), "{}", server.banner);
    assert_eq!(server.send("GET", "/_emulator/ca.crt", "", "").unwrap().0, 404);
}

#[test]
fn wrong_tls_settings_exit_with_2_and_say_which() {
    let dir = tempfile::tempdir().unwrap();
    let ((certificate, key), (_, other)) = (own(dir.path(), "a"), own(dir.path(), "b"));
    let database = dir.path().join("locum.db");
    std::fs::write(dir.path().join("locum.db.ca.key"), "nothing").unwrap();
    let url = format!("sqlite://{}", database.display());
    for (arguments, says) in [
        (&["--tls", "on"][..], "--tls"),
        (&["--tls-listen", "8443"], "--tls-listen"),
        (&["--tls-cert", &certificate], "--tls-key"),
        (&["--tls-key", &key], "--tls-cert"),
        (&["--tls", "auto", "--tls-cert", &certificate, "--tls-key", &key], "only one"),
        (&["--tls-cert", "no-such.crt", "--tls-key", &key], "no-such.crt"),
        (&["--tls-cert", &certificate, "--tls-key", "no-such.key"], "no-such.key"),
        (&["--tls-cert", &key, "--tls-key", &key], "holds no certificate"),
        (&["--tls-cert", &certificate, "--tls-key", &certificate], "holds no private key"),
        (&["--tls-cert", &certificate, "--tls-key", &other], "cannot be used together"),
        (&["--tls", "auto", "--allowed-hosts", "zoë.test"], "zoë.test"),
        (&["--tls", "auto", "--database-url", &url], "locum.db.ca.key"),
    ] {
        let (code, _, stderr) = run(&[&["--listen", "127.0.0.1:0"], arguments].concat());
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: ") || stderr.lines().count() == 1, "clap's, or one line: {stderr}");
    }
    assert!(!database.exists(), "nothing was started");
}

#[test]
fn a_port_that_is_taken_ends_the_start_with_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (arguments, setting) in [
        (&["--listen", &taken][..], "another with --listen,"),
        (&["--listen", "127.0.0.1:0", "--tls", "auto", "--tls-listen", &taken], "another with --tls-listen,"),
    ] {
        let (code, _, stderr) = run(arguments);
        assert_eq!((code, stderr.lines().count()), (1, 1), "{stderr}");
        assert!(stderr.contains(setting) && stderr.contains(&taken), "{stderr}");
    }
}

#[test]
fn a_command_and_env_are_told_the_same() {
    let mut command =
        locum(&["exec", "--tls", "auto", "--", "sh", "-c", "echo $LOCUM_TLS_URL $LOCUM_TLS_CA_URL $LOCUM_URL"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    let [tls, ca, plain] = said.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(tls.starts_with("https://127.0.0.1:") && !tls.ends_with(":0"), "{said}");
    assert_eq!(ca, format!("{plain}/_emulator/ca.crt"));

    let (code, text, _) = run(&["env", "--tls", "auto", "--listen", "[::]:8080"]);
    assert_eq!(code, 0);
    let says = |line: &str| text.lines().any(|l| l == line);
    assert!(says("export LOCUM_TLS_URL='https://localhost:8443'"), "{text}");
    assert!(says("export LOCUM_TLS_CA_URL='http://localhost:8080/_emulator/ca.crt'"), "{text}");
    let (code, _, stderr) = run(&["env", "--tls", "auto", "--tls-listen", "localhost:0"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--tls-listen"), "{stderr}");
}

/// The line of docs/settings.md; the tests above ask the same without curl.
#[test]
fn curl_takes_the_certificate() {
    let server = Server::start(&["--tls", "auto", "--tls-listen", "127.0.0.1:0"]);
    let (address, ca) = (tls_address(&server), authority(&server));
    let port = address.rsplit(':').next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.crt");
    std::fs::write(&file, ca).unwrap();
    let timeout = Duration::from_secs(20).as_secs().to_string();
    let output = curl()
        .args(["-sS", "-m", &timeout, "--cacert"])
        .arg(&file)
        .args(["--resolve", &format!("account.jetbrains.com:{port}:127.0.0.1")])
        .args(["-H", "X-Api-Key: demo-jba-organization-admin", "-H", "X-Customer-Code: 6700001"])
        .arg(format!("https://account.jetbrains.com:{port}/api/v1/token"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Example Corp"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
