//! The real service. Nothing else is contacted: no proxy, and nobody that an answer leads to.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use axum::body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use super::answer::Answer;

/// The largest answer that is read.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

pub(super) struct Upstream {
    host: String,
    port: u16,
    /// As the request says it.
    authority: String,
    /// In front of all paths; without a slash at its end.
    prefix: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
}

/// Why there is no answer: in words that may be shown, and in those of who said it, which may name anything.
pub(super) struct Trouble {
    pub(super) what: &'static str,
    pub(super) why: String,
}

impl Trouble {
    fn new(what: &'static str, why: &impl ToString) -> Self {
        Self { what, why: why.to_string() }
    }
}

impl Upstream {
    /// `authorities`: a file of certificates to trust, instead of the system's.
    ///
    /// # Errors
    /// What of it is wrong.
    pub(super) fn new(
        url: &str,
        authorities: Option<&Path>,
        allows_plain: bool,
        timeout: Duration,
    ) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("--upstream: {why}; say it like https://api.example.com"));
        let Ok(uri) = url.parse::<Uri>() else { return wrong("it is no URL") };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return wrong("it is no whole URL");
        };
        if authority.as_str().contains('@') {
            return wrong("it must not hold a credential");
        }
        if uri.query().is_some() || url.contains('#') {
            return wrong("it must not have a query or a fragment");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = match scheme {
            "https" => {
                let name = ServerName::try_from(host.clone()).map_err(|e| format!("--upstream: {e}"))?;
                Some((connector(authorities)?, name))
            }
            "http" if allows_plain || is_loopback(&host) => None,
            "http" => return wrong("http shows the credential to everybody on the way: use https, or --allow-http"),
            _ => return wrong("it is neither https nor http"),
        };
        let port = authority.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { host, port, authority: authority.to_string(), prefix, tls, timeout })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The labels of the host, and the segments of the path in front of all others.
    pub(super) fn address_parts(&self) -> impl Iterator<Item = &str> {
        self.host.split('.').chain(self.prefix.split('/')).filter(|part| !part.is_empty())
    }

    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Asks over a connection of its own.
    pub(super) async fn ask(&self, path: &str, headers: &[(&'static str, String)]) -> Result<Answer, Trouble> {
        const SLOW: &str = "no whole answer within the time";
        let request = self.request(path, headers)?;
        let answering = self.send(request);
        let answer = tokio::time::timeout(self.timeout, answering).await;
        answer.unwrap_or_else(|_| Err(Trouble::new(SLOW, &format!("--timeout is {:?}", self.timeout))))
    }

    fn request(&self, path: &str, headers: &[(&'static str, String)]) -> Result<Request<Body>, Trouble> {
        let mut request = Request::get(format!("{}{path}", self.prefix))
            .header("host", &self.authority)
            .header("accept", "application/json")
            .header("accept-encoding", "identity")
            .header("user-agent", concat!("locum-compare/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.body(Body::empty()).map_err(|e| Trouble::new("the request cannot be written", &e))
    }

    async fn send(&self, request: Request<Body>) -> Result<Answer, Trouble> {
        let address = (self.host.as_str(), self.port);
        let stream = TcpStream::connect(address).await.map_err(|e| Trouble::new("no connection", &e))?;
        match &self.tls {
            None => exchange(stream, request).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                exchange(stream.map_err(|e| Trouble::new("no connection over TLS that can be trusted", &e))?, request)
                    .await
            }
        }
    }
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<Answer, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    const BROKEN: &str = "the answer is broken, or none of HTTP";
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|e| Trouble::new(BROKEN, &e))?;
    let connection = tokio::spawn(connection);
    let answer = async {
        let response = sender.send_request(request).await.map_err(|e| Trouble::new(BROKEN, &e))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(|e| {
            let is_large = e.downcast_ref::<LengthLimitError>().is_some();
            Trouble::new(if is_large { "the answer is larger than 8 MiB" } else { BROKEN }, &e)
        })?;
        Ok(Answer::new(head.status.as_u16(), &head.headers, &body.to_bytes()))
    };
    let answer = answer.await;
    connection.abort();
    answer
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn connector(authorities: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = authorities {
        let wrong = |e: &dyn std::fmt::Display| format!("--ca-file: {}: {e}", file.display());
        for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(&e))? {
            roots.add(certificate.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
        }
        if roots.is_empty() {
            return Err(wrong(&"it holds no certificate in PEM"));
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            let why = "this system trusts no authority: install its certificates (ca-certificates), or name a file \
                       with --ca-file";
            return Err(why.to_owned());
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS: {e}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}
