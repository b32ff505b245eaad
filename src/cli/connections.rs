//! Connections: accepted, served, and closed when a client takes too long.

use std::time::Duration;

use axum::{Router, extract::ConnectInfo, serve::Listener};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutWriter;
use tower::ServiceExt as _;

use crate::http::connection::Breakable;

/// How long the head of a request may take, counted from the answer before it: so long may a connection be idle.
/// Longer than clients keep one that they do not use, because one that is closed while they send costs them a request.
const HEAD_LIMIT: Duration = Duration::from_secs(75);

/// How long a client may take nothing of an answer. As long as it may be silent, because nobody can tell one that does
/// not read from one that is gone.
const UNREAD_LIMIT: Duration = HEAD_LIMIT;

/// Serves what comes to a listener, until `stop` ends; then waits for the requests under way.
pub(super) async fn serve<L>(mut listener: L, router: Router, stop: impl Future<Output = ()>)
where
    L: Listener<Io: Breakable>,
{
    let (graceful, mut stop) = (GracefulShutdown::new(), std::pin::pin!(stop));
    loop {
        let stream = tokio::select! {
            (stream, _) = listener.accept() => stream,
            () = &mut stop => break,
        };
        let connection = graceful.watch(connection(stream, router.clone()));
        // Whatever ended it, there is nobody left to tell.
        tokio::spawn(async move { drop(connection.await) });
    }
    // Nobody else is to connect.
    drop(listener);
    graceful.shutdown().await;
}

fn connection<I>(stream: I, router: Router) -> impl GracefulConnection<Error = hyper::Error>
where
    I: Breakable + AsyncRead + AsyncWrite + Unpin + 'static,
{
    let breaker = stream.breaker();
    let service = router.map_request(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(breaker.clone()));
        request
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    // Waiting to write is limited, and nothing else, so a stream of events may be quiet for as long as it likes.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(UNREAD_LIMIT));
    builder.serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service))
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
    use crate::http::connection::ConnectionBreaker;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    impl Breakable for DuplexStream {
        fn breaker(&self) -> ConnectionBreaker {
            ConnectionBreaker::default()
        }
    }

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
        let router = Router::new().fallback(answer);
        (client, tokio::spawn(async move { drop(connection(server, router).await) }))
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
