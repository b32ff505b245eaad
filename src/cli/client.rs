//! Requests to a Locum that runs elsewhere.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::{Request, Response, StatusCode, Uri, body::Incoming, header};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    cli::endpoints::base_url,
    config::{Listen, url_host},
    control,
    web::links::format_query,
};

/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a stream of events may be silent: a living one says something four times as often.
const SILENCE: Duration = Duration::from_mins(1);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nobody is there, or is not ready: it may be better by and by.
    Away(String),
    /// It will be the same each time.
    Refused { status: StatusCode, detail: String, pointer: Option<String> },
}

/// Connects; what listens everywhere is asked here.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => {
            let loopbacks = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            TcpStream::connect(&loopbacks.map(|ip| SocketAddr::new(ip, port))[..]).await
        }
        Ok(ip) => TcpStream::connect((ip, port)).await,
        Err(_) => TcpStream::connect((host, port)).await,
    }
}

/// Sends a request over a connection of its own.
pub(super) async fn exchange(stream: TcpStream, request: Request<Body>) -> Result<Response<Incoming>, hyper::Error> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}

/// The control API of a running Locum.
pub(super) struct ControlClient {
    /// Its base URL, without a slash at its end.
    pub(super) base: String,
    host: String,
    port: u16,
    token: Option<String>,
}

/// The members of a problem (RFC 9457) that people are shown.
#[derive(Deserialize)]
struct Problem {
    detail: String,
    pointer: Option<String>,
}

impl ControlClient {
    pub(super) fn listening(listen: &Listen, token: Option<String>) -> Self {
        let (host, port) = (listen.host.clone(), listen.port);
        Self { base: base_url(None, listen, port), host, port, token }
    }

    /// # Errors
    /// The URL is not one over plain HTTP.
    pub(super) fn at(url: &str, token: Option<String>) -> Result<Self, String> {
        const HTTP: u16 = 80;
        let uri: Uri = url.parse().map_err(|_| format!("`{url}` is not a URL"))?;
        if uri.scheme_str() == Some("https") {
            return Err(format!("`{url}` is over TLS: say where it listens without, as in http://localhost:8080"));
        }
        let host = url_host(url).unwrap_or_default();
        let port = uri.port_u16().unwrap_or(HTTP);
        Ok(Self { base: url.trim_end_matches('/').to_owned(), host, port, token })
    }

    /// Asks for a path below the control API's.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Trouble> {
        let answer = self.open(path, query).await?;
        let body = answer.into_body().collect().await.map_err(|error| Trouble::Away(error.to_string()))?;
        serde_json::from_slice(&body.to_bytes()).map_err(|error| Trouble::Refused {
            status: StatusCode::OK,
            detail: format!("{path} was answered by something that is no Locum of this version: {error}"),
            pointer: None,
        })
    }

    /// The same for a stream of events.
    pub(super) async fn listen(&self, path: &str, query: &[(&str, &str)]) -> Result<Events, Trouble> {
        Ok(Events { body: self.open(path, query).await?.into_body(), text: Vec::new() })
    }

    async fn open(&self, path: &str, query: &[(&str, &str)]) -> Result<Response<Incoming>, Trouble> {
        let url = format!("{}{}{path}{}", self.base, control::BASE, format_query(query.iter().copied()));
        let mut request =
            Request::get(url.parse::<Uri>().map_err(|e| away(&e))?.path_and_query().map_or("/", |it| it.as_str()));
        let authority = self.base.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
        request = request.header(header::HOST, authority);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).map_err(|e| away(&e))?;
        let asked = async {
            let stream = connect(&self.host, self.port).await.map_err(|e| away(&e))?;
            exchange(stream, request).await.map_err(|e| away(&e))
        };
        let answer = timeout(PATIENCE, asked).await.map_err(|_| Trouble::Away("no answer".to_owned()))??;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let problem = serde_json::from_slice(&body);
        let Problem { detail, pointer } =
            problem.unwrap_or_else(|_| Problem { detail: format!("{url} was answered {status}"), pointer: None });
        if status.is_server_error() {
            return Err(Trouble::Away(detail));
        }
        Err(Trouble::Refused { status, detail, pointer })
    }
}

fn away(error: &dyn std::error::Error) -> Trouble {
    Trouble::Away(error.to_string())
}

/// The names of server-sent events, as these come.
pub(super) struct Events {
    body: Incoming,
    text: Vec<u8>,
}

impl Events {
    /// The next one.
    ///
    /// # Errors
    /// Why there will be none.
    pub(super) async fn next(&mut self) -> Result<String, String> {
        loop {
            if let Some(event) = self.next_here() {
                return Ok(event);
            }
            match timeout(SILENCE, self.body.frame()).await {
                Ok(Some(Ok(frame))) => self.text.extend(frame.into_data().unwrap_or_else(|_| Bytes::new())),
                Ok(Some(Err(error))) => return Err(error.to_string()),
                Ok(None) => return Err("it ended the stream".to_owned()),
                Err(_) => return Err("it says nothing any more".to_owned()),
            }
        }
    }

    /// The next one, if it is here already.
    pub(super) fn next_here(&mut self) -> Option<String> {
        take_event(&mut self.text)
    }
}

/// Takes the first event that is whole, and returns its name. A block without a name is a comment, which keeps the
/// stream alive.
fn take_event(text: &mut Vec<u8>) -> Option<String> {
    const END: &[u8] = b"\n\n";
    loop {
        let end = text.windows(END.len()).position(|window| window == END)?;
        let block: Vec<u8> = text.drain(..end + END.len()).collect();
        let block = String::from_utf8_lossy(&block);
        let names = block.lines().filter_map(|line| line.strip_prefix("event")?.strip_prefix(':'));
        let name = names.map(|name| name.strip_prefix(' ').unwrap_or(name)).collect::<String>();
        if !name.is_empty() {
            return Some(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_taken_when_it_is_whole() {
        let mut text = b":\n\nevent: clock\ndata: {\"a\":\ndata: 1}\n\nevent:state\nda".to_vec();
        assert_eq!(take_event(&mut text).as_deref(), Some("clock"));
        assert_eq!(take_event(&mut text), None);
        text.extend(b"ta:2\n\n");
        assert_eq!(take_event(&mut text).as_deref(), Some("state"));
        assert_eq!((take_event(&mut text), text.len()), (None, 0));
    }

    #[test]
    fn urls_are_over_plain_http() {
        let at = |url| ControlClient::at(url, None).map(|it| (it.base, it.host, it.port));
        let of = |base: &str, host: &str, port| Ok((base.to_owned(), host.to_owned(), port));
        assert_eq!(at("http://[::1]:8080/"), of("http://[::1]:8080", "::1", 8080));
        assert_eq!(at("http://locum.test/below"), of("http://locum.test/below", "locum.test", 80));
        assert!(at("https://locum.test").unwrap_err().contains("without"));
    }
}
