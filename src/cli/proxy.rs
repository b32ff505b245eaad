//! A proxy for clients that have a service's host compiled in. It answers as those hosts, and leads nowhere else.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse as _, Response},
};
use futures_util::future::Either;
use hyper::{
    Method, Request, StatusCode, Version,
    http::uri::Authority,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::{
    cli::{
        connections::{self, Behind, Origin},
        stop::{Stop, wait_for},
        tls::{HANDSHAKE, chose_http2},
    },
    config::is_near_host,
    http::connection::ConnectionBreaker,
    tls::Identity,
};

/// The ports of the services' hosts.
const HTTPS: u16 = 443;
const HTTP: u16 = 80;

/// Hosts that the log names as refused. Each one once, because clients try again.
const NAMED: usize = 100;

/// Who is to answer a request.
pub(super) enum Sought<'a> {
    /// Locum, or one of the services' hosts.
    Here,
    /// One of the services' hosts, by a tunnel to one of its ports.
    Tunnel(&'a Arc<Proxy>, u16),
    /// Somebody else: what to answer.
    Nobody(Response),
}

/// What there is to know to be a proxy.
pub(super) struct Proxy {
    acceptor: TlsAcceptor,
    /// The services' hosts; a first label may be `*`.
    hosts: Vec<&'static str>,
    /// Locum's own, whatever the port.
    own_hosts: BTreeSet<String>,
    own_port: u16,
    named: Mutex<BTreeSet<String>>,
}

impl Proxy {
    /// `port` is where Locum listens without TLS.
    pub(super) fn new(
        identity: &Identity,
        hosts: Vec<&'static str>,
        own_hosts: impl Iterator<Item = String>,
        port: u16,
    ) -> Self {
        let (acceptor, own_hosts) = (identity.server().into(), own_hosts.collect());
        Self { acceptor, hosts, own_hosts, own_port: port, named: Mutex::default() }
    }

    /// Finds whom a request is for. One that names no host outside of its header is Locum's.
    pub(super) fn find_sought<B>(self: &Arc<Self>, request: &Request<B>) -> Sought<'_> {
        let Some(authority) = request.uri().authority() else { return Sought::Here };
        // Of HTTP/2 every request does, and no client speaks it to a proxy without TLS.
        let is_named = request.version() < Version::HTTP_2;
        let is_service = |ports: &[u16], port: u16| ports.contains(&port) && self.is_service(authority.host());
        if request.method() == Method::CONNECT {
            // A host and a port, and nothing else (RFC 9110, section 9.3.6).
            let Some(port) = authority.port_u16().filter(|_| !authority.as_str().contains('@')) else {
                let why = "CONNECT asks for a host and its port, such as CONNECT api.example.test:443\n";
                return Sought::Nobody((StatusCode::BAD_REQUEST, why).into_response());
            };
            if is_named && is_service(&[HTTP, HTTPS], port) {
                return Sought::Tunnel(self, port);
            }
        } else {
            let port = authority.port_u16().unwrap_or(HTTP);
            if !is_named || is_service(&[HTTP, HTTPS], port) || self.is_own(authority.host(), port) {
                return Sought::Here;
            }
        }
        Sought::Nobody(self.refuse(authority))
    }

    fn is_service(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.iter().any(|known| covers(known, &host))
    }

    /// Whether a name and a port are Locum's own.
    fn is_own(&self, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_lowercase();
        self.own_hosts.contains(&host) || (port == self.own_port && is_near_host(&host))
    }

    fn refuse(&self, authority: &Authority) -> Response {
        // It may hold a password.
        let asked = authority.as_str().rsplit('@').next().unwrap_or_default();
        let mut named = self.named.lock();
        if named.len() < NAMED && named.insert(asked.to_owned()) {
            tracing::warn!(
                host = asked,
                "a client asked the proxy for what is none of the services' hosts at its own port: it was refused, and \
                 nothing left this machine"
            );
        }
        let hosts = self.hosts.join(", ");
        let why = format!(
            "Locum stands in for {hosts}, at their own ports, and lets nothing through to other hosts such as \
             {asked}. Name those that are to be reached without it in NO_PROXY.\n"
        );
        (StatusCode::FORBIDDEN, why).into_response()
    }

    /// Takes the connection of a CONNECT, and answers over it in the place of the host and the port that were asked for.
    pub(super) fn open_tunnel<B>(
        self: &Arc<Self>,
        request: &mut Request<B>,
        port: u16,
        breaker: ConnectionBreaker,
        router: Router,
        stop: Stop,
    ) -> Response {
        let upgraded = upgrade::on(request);
        let behind = Behind { router, proxy: None };
        // Some clients tunnel to the port without TLS, too.
        let acceptor = (port == HTTPS).then(|| self.acceptor.clone());
        tokio::spawn(answer_in_tunnel(upgraded, acceptor, breaker, behind, stop));
        Response::new(Body::empty())
    }
}

/// A client that never speaks TLS has as long as at the port for that.
async fn answer_in_tunnel(
    upgraded: OnUpgrade,
    acceptor: Option<TlsAcceptor>,
    breaker: ConnectionBreaker,
    behind: Behind,
    mut stop: Stop,
) {
    let shaking = timeout(HANDSHAKE, async {
        let stream = TokioIo::new(upgraded.await.map_err(std::io::Error::other)?);
        Ok(match acceptor {
            Some(acceptor) => Either::Left(acceptor.accept(stream).await?),
            None => Either::Right(stream),
        })
    });
    let shaken: Result<std::io::Result<_>, _> = tokio::select! {
        shaken = shaking => shaken,
        () = wait_for(&mut stop) => return,
    };
    let why = match shaken {
        Ok(Ok(Either::Left(stream))) => {
            let is_http2 = chose_http2(&stream);
            let origin = Origin { breaker, is_over_tls: true };
            return connections::talk(stream, is_http2, origin, behind, stop).await;
        }
        Ok(Ok(Either::Right(stream))) => {
            let origin = Origin { breaker, is_over_tls: false };
            return connections::talk(stream, false, origin, behind, stop).await;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it took longer than {HANDSHAKE:?}"),
    };
    tracing::debug!(why, "a TLS handshake in a tunnel failed");
}

/// Whether a name is one of those that a certificate for `known` is good for.
fn covers(known: &str, host: &str) -> bool {
    match known.strip_prefix("*.") {
        None => known == host,
        Some(above) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == above),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        sync::watch,
        time::Instant,
    };

    use super::*;
    use crate::core::clock::Clock;

    #[test]
    fn a_star_is_one_label() {
        for (host, is_covered) in [("a.vaults.test", true), ("a.b.vaults.test", false), ("vaults.test", false)] {
            assert_eq!(covers("*.vaults.test", host), is_covered, "{host}");
        }
        assert!(
            !covers("*.vaults.test", ".vaults.test") && covers("a.test", "a.test") && !covers("a.test", "b.a.test")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_opens_a_tunnel_and_says_nothing_in_it_is_closed() {
        for said in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"] {
            let identity = Identity::made(std::iter::once("vendor.test"), None, Clock::Real.now()).unwrap();
            let proxy = Proxy::new(&identity, vec!["vendor.test"], std::iter::empty(), 1);
            let behind = Behind { router: Router::new(), proxy: Some(Arc::new(proxy)) };
            let origin = Origin { breaker: ConnectionBreaker::default(), is_over_tls: false };
            let ((mut client, server), (_stopping, stop)) = (duplex(1024), watch::channel(false));
            tokio::spawn(connections::talk(server, false, origin, behind, stop));
            let began = Instant::now();
            client.write_all(b"CONNECT vendor.test:443 HTTP/1.1\r\n\r\n").await.unwrap();
            client.write_all(said).await.unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{answer:?}");
            assert!(began.elapsed() <= HANDSHAKE * 2, "{:?}", began.elapsed());
        }
    }
}
