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
use tower::ServiceExt as _;

use crate::http::connection::Breakable;

/// How long the head of a request may take, counted from the answer before it: so long may a connection be idle.
/// Longer than clients keep one that they do not use, because one that is closed while they send costs them a request.
const HEAD_LIMIT: Duration = Duration::from_secs(75);

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
    builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;
    use crate::http::connection::ConnectionBreaker;

    impl Breakable for DuplexStream {
        fn breaker(&self) -> ConnectionBreaker {
            ConnectionBreaker::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_half_a_head_or_nothing_any_more_is_closed() {
        const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for (sent, is_answered) in [(&b""[..], false), (&b"GET / HTTP/1.1\r\nHos"[..], false), (REQUEST, true)] {
            let (mut client, server) = duplex(1024);
            let router = Router::new().fallback(|| async { "hello" });
            tokio::spawn(async move { drop(connection(server, router).await) });
            let began = Instant::now();
            client.write_all(sent).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer.starts_with("HTTP/1.1 200 "), is_answered, "{answer}");
            assert!((HEAD_LIMIT..HEAD_LIMIT * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
        }
    }
}
