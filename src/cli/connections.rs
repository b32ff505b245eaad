//! Connections: accepted, served, and closed when a client takes too long.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, serve::Listener};
use hyper::{
    Request, Uri,
    body::Incoming,
    header::{HOST, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::timeout,
};
use tokio_io_timeout::TimeoutWriter;
use tower::ServiceExt as _;

use crate::{
    cli::{
        http2,
        proxy::{Proxy, Sought},
        stop::{Stop, wait_for},
    },
    http::connection::{Breakable, ConnectionBreaker, OverTls},
};

/// How long the head of a request may take, counted from the answer before it: so long may a connection be idle.
/// Longer than clients keep one that they do not use, because one that is closed while they send costs them a request.
const HEAD_LIMIT: Duration = Duration::from_secs(75);

/// How long a client may take nothing of an answer. As long as it may be silent, because nobody can tell one that does
/// not read from one that is gone.
const UNREAD_LIMIT: Duration = HEAD_LIMIT;

/// What connections lead to.
#[derive(Clone)]
pub(super) struct Behind {
    pub(super) router: Router,
    /// Takes requests for the services' hosts too, if there is one.
    pub(super) proxy: Option<Arc<Proxy>>,
}

/// Serves what comes to a listener, until `stop` ends; then waits for the requests under way.
pub(super) async fn serve<L>(mut listener: L, behind: Behind, stop: impl Future<Output = ()>)
where
    L: Listener<Io: Breakable + Sync>,
{
    let (stopping, heard) = watch::channel(false);
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            (stream, _) = listener.accept() => stream,
            () = &mut stop => break,
        };
        tokio::spawn(accept(stream, behind.clone(), heard.clone()));
    }
    // Nobody else is to connect.
    drop((listener, heard));
    let _ = stopping.send(true);
    stopping.closed().await;
}

/// Finds out what a new connection speaks. Who says nothing may be as idle as between two requests.
async fn accept<I>(stream: I, behind: Behind, mut stop: Stop)
where
    I: Breakable + AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
{
    let is_http2 = tokio::select! {
        biased;
        found = timeout(HEAD_LIMIT, stream.speaks_http2()) => match found {
            Ok(Ok(is_http2)) => is_http2,
            Ok(Err(_)) | Err(_) => return,
        },
        () = wait_for(&mut stop) => return,
    };
    let origin = Origin { breaker: stream.breaker(), is_over_tls: stream.is_over_tls() };
    talk(stream, is_http2, origin, behind, stop).await;
}

/// What requests are told of the connection that they came over.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) breaker: ConnectionBreaker,
    pub(super) is_over_tls: bool,
}

/// Bytes that come and go.
trait Stream: AsyncRead + AsyncWrite + Send {}

impl<I: AsyncRead + AsyncWrite + Send> Stream for I {}

/// Answers the requests of one connection, until it ends. Whatever ended it, there is nobody left to tell.
pub(super) async fn talk<I>(stream: I, is_http2: bool, origin: Origin, behind: Behind, stop: Stop)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Waiting to write is limited, and nothing else, so a stream of events may be quiet for as long as it likes.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(UNREAD_LIMIT));
    talk_over(Box::pin(stream), is_http2, origin, behind, stop).await;
}

/// The same over a stream of whatever kind, because else HTTP would be in the program once for each of them.
async fn talk_over(stream: Pin<Box<dyn Stream>>, is_http2: bool, origin: Origin, behind: Behind, mut stop: Stop) {
    let tunnels_stop = stop.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let sought = behind.proxy.as_ref().map_or(Sought::Here, |proxy| proxy.find_sought(&request));
        let answer = match sought {
            Sought::Here => None,
            Sought::Tunnel(proxy, port) => {
                let (router, breaker) = (behind.router.clone(), origin.breaker.clone());
                Some(proxy.open_tunnel(&mut request, port, breaker, router, tunnels_stop.clone()))
            }
            Sought::Nobody(refusal) => Some(refusal),
        };
        write_origin_form(&mut request, origin.is_over_tls);
        request.extensions_mut().insert(ConnectInfo(origin.breaker.clone()));
        let router = behind.router.clone();
        async move {
            match answer {
                Some(answer) => Ok(answer),
                None => router.oneshot(request).await,
            }
        }
    });
    if is_http2 {
        return http2::serve(stream, service, stop, HEAD_LIMIT).await;
    }
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        () = wait_for(&mut stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Writes a request as every other is written: its address below the host, and the host in its header. A client of a
/// proxy names both at once, and then the header does not count (RFC 9112, 3.2.2). Notes whether it asked by `https`.
fn write_origin_form<B>(request: &mut Request<B>, is_over_tls: bool) {
    let is_https = request.uri().scheme_str() == Some("https");
    if is_over_tls || is_https {
        request.extensions_mut().insert(OverTls);
    }
    let Some(authority) = request.uri().authority() else { return };
    let host = authority.as_str().rsplit('@').next().unwrap_or_default();
    let Ok(host) = HeaderValue::from_str(host) else { return };
    // CONNECT has no address below a host.
    let Some(below) = request.uri().path_and_query().cloned() else { return };
    *request.uri_mut() = Uri::from(below);
    request.headers_mut().insert(HOST, host);
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::StreamExt as _;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        task::JoinHandle,
        time::Instant,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn who_sends_half_a_head_or_nothing_any_more_is_closed() {
        for (sent, is_answered) in [(&b""[..], false), (&b"GET / HTTP/1.1\r\nHos"[..], false), (REQUEST, true)] {
            let (mut client, _served) = connect(|| async { Body::from("hello") });
            let began = Instant::now();
            client.write_all(sent).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer.starts_with("HTTP/1.1 200 "), is_answered, "{answer}");
            assert!((HEAD_LIMIT..HEAD_LIMIT * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
        }
    }

    /// A connection to somebody who answers each request with what `answer` makes.
    fn connect<F>(answer: impl Fn() -> F + Clone + Send + Sync + 'static) -> (DuplexStream, JoinHandle<()>)
    where
        F: Future<Output = Body> + Send + 'static,
    {
        let (client, server) = duplex(1024);
        let behind = Behind { router: Router::new().fallback(answer), proxy: None };
        let origin = Origin { breaker: ConnectionBreaker::default(), is_over_tls: false };
        let (stopping, stop) = watch::channel(false);
        (
            client,
            tokio::spawn(async move {
                talk(server, false, origin, behind, stop).await;
                drop(stopping);
            }),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_of_an_answer_any_more_is_closed() {
        let (mut client, served) = connect(|| async { Body::from("a".repeat(100_000)) });
        let began = Instant::now();
        client.write_all(&REQUEST.repeat(10)).await.unwrap();
        // Slow is no reason to close it.
        for _ in 0..10 {
            tokio::time::advance(UNREAD_LIMIT / 2).await;
            client.read_exact(&mut [0; 1024]).await.unwrap();
        }
        let slow = UNREAD_LIMIT * 5;
        assert!(!served.is_finished() && began.elapsed() >= slow, "{:?}", began.elapsed());
        served.await.unwrap();
        assert!((slow + UNREAD_LIMIT..slow + UNREAD_LIMIT * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_may_be_quiet() {
        let (mut client, mut served) = connect(|| async {
            let once = futures_util::stream::once(async { Ok::<_, std::io::Error>("event") });
            Body::from_stream(once.chain(futures_util::stream::pending()))
        });
        client.write_all(REQUEST).await.unwrap();
        client.read_exact(&mut [0; 32]).await.unwrap();
        assert!(tokio::time::timeout(UNREAD_LIMIT * 10, &mut served).await.is_err());
    }
}
