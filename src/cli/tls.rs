//! Connections over TLS, and the URLs that they are reached by.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::Listener;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use crate::{
    cli::endpoints::base_url,
    config::{Listen, Tls, url_host},
    control,
    http::connection::{Breakable, BreakableListener, BreakableStream, ConnectionBreaker},
};

/// How long a client may take to shake hands.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at a time. Who comes later waits in the system's queue.
const HANDSHAKES: usize = 512;

/// Where the certificate of Locum's authority is. `base` is where the server is reached without TLS.
pub(super) fn ca_certificate_url(base: &str) -> String {
    format!("{base}{}{}", control::BASE, control::CA_CERTIFICATE_PATH)
}

/// Where a server is reached over TLS.
#[derive(Debug)]
pub(super) struct TlsPlace {
    /// The base URL.
    pub(super) url: String,
    /// Where the certificate of Locum's authority is, if it made one and serves it.
    pub(super) authority: Option<String>,
}

impl TlsPlace {
    /// `base` is where the server is reached without TLS; `authority` tells that there is one to be had there.
    pub(super) fn new(public_url: Option<&str>, base: &str, listen: &Listen, port: u16, authority: bool) -> Self {
        let host = public_url.and_then(url_host).unwrap_or_else(|| listen.host.clone());
        let url = base_url(None, &Listen { host, port }, port).replacen("http:", "https:", 1);
        Self { url, authority: authority.then(|| ca_certificate_url(base)) }
    }

    /// The same, as variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let authority = self.authority.iter().map(|url| ("LOCUM_TLS_CA_URL", url.clone()));
        std::iter::once(("LOCUM_TLS_URL", self.url.clone())).chain(authority)
    }
}

/// Accepts connections whose handshake went well. One that is slow or goes wrong holds up nobody.
pub(super) struct TlsListener {
    tcp: BreakableListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<Accepted>>,
}

type Accepted = (TlsStream<BreakableStream>, SocketAddr);

impl TlsListener {
    pub(super) fn new(tcp: TcpListener, tls: &Tls) -> Self {
        let server: Arc<ServerConfig> = tls.identity.server();
        Self { tcp: BreakableListener::new(tcp), acceptor: server.into(), handshakes: JoinSet::new() }
    }

    fn shake_hands(&mut self, stream: BreakableStream, address: SocketAddr) {
        let shaking = self.acceptor.accept(stream);
        self.handshakes.spawn(async move {
            let why = match tokio::time::timeout(HANDSHAKE, shaking).await {
                Ok(Ok(stream)) => return Some((stream, address)),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("it took longer than {HANDSHAKE:?}"),
            };
            tracing::debug!(%address, why, "a TLS handshake failed");
            None
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<BreakableStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Accepted {
        loop {
            tokio::select! {
                (stream, address) = self.tcp.accept(), if self.handshakes.len() < HANDSHAKES => {
                    self.shake_hands(stream, address);
                }
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(accepted)) = done {
                        return accepted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl Breakable for TlsStream<BreakableStream> {
    fn breaker(&self) -> ConnectionBreaker {
        self.get_ref().0.breaker()
    }

    fn is_over_tls(&self) -> bool {
        true
    }

    async fn speaks_http2(&self) -> io::Result<bool> {
        Ok(chose_http2(self))
    }
}

/// Whether client and server agreed on HTTP/2 while they shook hands.
pub(super) fn chose_http2<I>(stream: &TlsStream<I>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let listen = Listen { host: "::".to_owned(), port: 0 };
        let place = TlsPlace::new(None, "http://localhost:80", &listen, 8443, true);
        assert_eq!(place.url, "https://localhost:8443");
        assert_eq!(place.authority.as_deref(), Some("http://localhost:80/_emulator/ca.crt"));
        let place = TlsPlace::new(Some("http://locum.test/x"), "http://locum.test/x", &listen, 1, false);
        assert_eq!((place.url.as_str(), place.authority), ("https://locum.test:1", None));
        let place = TlsPlace::new(Some("http://[::1]:7"), "", &listen, 1, false);
        assert_eq!(place.url, "https://[::1]:1");
    }
}
