//! TLS to PostgreSQL: `sslmode`.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

use super::{
    super::{Server, postgres_url},
    JETBRAINS, KEY, execute, expect_failed_start, new_database_name, postgres_options,
};

/// What a client of PostgreSQL begins with who wants TLS.
const TLS_WANTED: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connect_to_postgres() -> Box<dyn Stream> {
    let options = postgres_options();
    match options.get_socket() {
        Some(directory) => {
            let socket = directory.join(format!(".s.PGSQL.{}", options.get_port()));
            Box::new(UnixStream::connect(socket).await.unwrap())
        }
        None => Box::new(TcpStream::connect((options.get_host(), options.get_port())).await.unwrap()),
    }
}

/// A certificate for `localhost`, and that of its authority, PEM.
fn make_certificate() -> (ServerConfig, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (config, authority.pem())
}

/// A PostgreSQL that takes connections over TLS alone, as managed ones do, with a certificate for `localhost`: its
/// port, and the certificate of its authority.
fn start_encrypted_postgres() -> (u16, String) {
    let (config, authority) = make_certificate();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        super::block_on(async {
            let (listener, acceptor) = (TcpListener::from_std(listener).unwrap(), TlsAcceptor::from(Arc::new(config)));
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut wanted = [0; 8];
                    client.read_exact(&mut wanted).await.unwrap();
                    // Who does not want it is not served.
                    if wanted == TLS_WANTED {
                        client.write_all(b"S").await.unwrap();
                        let Ok(mut client) = acceptor.accept(client).await else { return };
                        let _ = copy_bidirectional(&mut client, &mut connect_to_postgres().await).await;
                    }
                });
            }
        });
    });
    (port, authority)
}

#[test]
fn postgres_is_reached_over_tls() {
    let (port, authority) = start_encrypted_postgres();
    let database = new_database_name();
    execute(format!("CREATE DATABASE {database}"));
    let folder = tempfile::tempdir().unwrap();
    let [trusted, other, missing] = ["ca.pem", "other.pem", "missing.pem"].map(|name| folder.path().join(name));
    std::fs::write(&trusted, authority).unwrap();
    std::fs::write(&other, start_encrypted_postgres().1).unwrap();
    let options = postgres_options();
    let user = postgres_url().split_once("://").and_then(|(_, rest)| Some(rest.split_once('@')?.0.to_owned()));
    let user = user.unwrap_or_else(|| options.get_username().to_owned());
    let url = |host: &str, parameters: &str| format!("postgres://{user}@{host}:{port}/{database}?{parameters}");
    let by = |file: &std::path::Path| format!("sslmode=verify-full&sslrootcert={}", file.display());
    let with = |mode: &str, file: &std::path::Path| format!("sslmode={mode}&sslrootcert={}", file.display());
    for (host, parameters) in [
        ("localhost", by(&trusted).as_str()),
        ("localhost", "sslmode=require"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", &with("require", &trusted)),
        ("127.0.0.1", &with("verify-ca", &trusted)),
    ] {
        let good = url(host, parameters);
        let server = Server::start(&[&["--database-url", &good], &KEY[..]].concat());
        assert_eq!(server.send("GET", JETBRAINS.0, JETBRAINS.1, "").unwrap().0, 200, "{good}");
    }
    for (bad, why) in [
        (url("localhost", &by(&other)), "certificate"),
        // Nobody in the system's store vouches for it.
        (url("localhost", "sslmode=verify-full"), "certificate"),
        (url("localhost", "sslmode=require&sslrootcert=system"), "certificate"),
        (url("127.0.0.1", &by(&trusted)), "not valid for name"),
        (url("localhost", &with("require", &other)), "certificate"),
        (url("localhost", &by(&missing)), missing.to_str().unwrap()),
        (url("localhost", &with("require", &missing)), "sslrootcert"),
    ] {
        let arguments = [&["--startup-timeout", "10m", "--database-url", &bad], &KEY[..]].concat();
        let (exit, line, took) = expect_failed_start(&arguments);
        assert_eq!(exit, 1, "{line}");
        assert!(line.to_lowercase().contains(&why.to_lowercase()), "{line}");
        // Time does not heal it.
        assert!(took < std::time::Duration::from_secs(20), "{took:?}: {line}");
    }
    let allowing = url("localhost", "sslmode=allow");
    let (exit, line, _) = expect_failed_start(&[&["--database-url", &allowing], &KEY[..]].concat());
    assert_eq!(exit, 2, "{line}");
    assert!(line.contains("sslmode=allow is not supported"), "{line}");
    let plain = url("localhost", "sslmode=disable");
    let arguments = [&["--startup-timeout", "100ms", "--database-url", &plain], &KEY[..]].concat();
    assert_eq!(expect_failed_start(&arguments).0, 1);
}
