//! Connections of HTTP/2, with the limits that those of HTTP/1 have. One carries many requests, so whether its client
//! takes too long shows only in all of them together.

use std::{
    convert::Infallible,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http2,
    service::{Service, service_fn},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, timeout_at},
};

use crate::cli::stop::{Stop, wait_for};

/// Requests of one connection at a time. More wait with the client.
const STREAMS: u32 = 200;
/// Bytes of a request's head. One that is longer is a 431.
const HEAD: u32 = 32 * 1024;
/// How long a client that is told to go may take to go, once nothing is under way any more.
const FAREWELL: Duration = Duration::from_secs(1);

/// Answers the requests of a connection. It is closed when nothing was under way and nothing could be written for
/// `idle_limit`; so also one whose client takes nothing of an answer.
pub(super) async fn serve<I, S>(stream: I, service: S, mut stop: Stop, idle_limit: Duration)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    let activity = Activity::new();
    let requests = activity.clone();
    let service = service_fn(move |request| {
        let (answer, activity, awaited) = (service.call(request), requests.clone(), requests.begin());
        async move {
            let response = answer.await?;
            // Whether the body is awaited shows when it is asked for, which is not done as long as nobody takes it.
            drop(awaited);
            Ok::<_, Infallible>(response.map(|body| Answer { body, awaited: None, activity }))
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).max_concurrent_streams(STREAMS).max_header_list_size(HEAD);
    let stream = TokioIo::new(Watched { stream, activity: activity.clone() });
    let mut connection = pin!(builder.serve_connection(stream, service));
    // Until it is told to go.
    loop {
        let next = async {
            tokio::select! {
                _ = &mut connection => true,
                () = wait_for(&mut stop) => false,
            }
        };
        match timeout_at(activity.quiet_since() + idle_limit, next).await {
            Ok(true) => return,
            Err(_) if activity.quiet_since().elapsed() < idle_limit => {}
            Ok(false) | Err(_) => break,
        }
    }
    connection.as_mut().graceful_shutdown();
    let told = Instant::now();
    loop {
        let until = activity.quiet_since().max(told) + FAREWELL;
        if timeout_at(until, &mut connection).await.is_ok() || activity.quiet_since().max(told).elapsed() >= FAREWELL {
            return;
        }
    }
}

/// When something last happened on a connection, and how many of its answers its client waits for.
#[derive(Clone)]
struct Activity(Arc<Mutex<(Instant, usize)>>);

impl Activity {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), 0))))
    }

    /// Since when Locum waits for the client: not at all as long as the client waits for Locum.
    fn quiet_since(&self) -> Instant {
        let (since, awaited) = *self.0.lock();
        if awaited > 0 { Instant::now() } else { since }
    }

    fn note(&self) {
        self.0.lock().0 = Instant::now();
    }

    fn begin(&self) -> Awaited {
        self.0.lock().1 += 1;
        Awaited(self.clone())
    }
}

/// Something that a client waits for.
struct Awaited(Activity);

impl Drop for Awaited {
    fn drop(&mut self) {
        let mut activity = self.0.0.lock();
        *activity = (Instant::now(), activity.1 - 1);
    }
}

/// The body of an answer. It is awaited while there is no more of it, and else taken or not.
struct Answer {
    body: Body,
    awaited: Option<Awaited>,
    activity: Activity,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_ready() {
            self.awaited = None;
        } else if self.awaited.is_none() {
            self.awaited = Some(self.activity.begin());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that notes when something could be written to it.
struct Watched<I> {
    stream: I,
    activity: Activity,
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.activity.note();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices));
        self.activity.note();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        sync::watch,
        task::JoinHandle,
        time::timeout,
    };

    use super::*;

    const LIMIT: Duration = Duration::from_secs(75);
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    /// Settings: all by default, and a window of no byte for each answer.
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    const NO_WINDOW: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    /// `GET http://a/`, whole, and the half of its head.
    const REQUEST: &[u8] = &[0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1, b'a'];
    const HALF: &[u8] = &[0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86];

    /// A connection to somebody who answers each request with what `answer` makes.
    fn connect<F>(answer: impl Fn() -> F + Clone + Send + Sync + 'static) -> (DuplexStream, JoinHandle<()>)
    where
        F: Future<Output = Body> + Send + 'static,
    {
        let (client, server) = duplex(1024 * 1024);
        let (stopping, stop) = watch::channel(false);
        let service = service_fn(move |_| {
            let body = answer();
            async move { Ok(Response::new(body.await)) }
        });
        let talking = tokio::spawn(async move {
            serve(server, service, stop, LIMIT).await;
            drop(stopping);
        });
        (client, talking)
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_half_a_head_or_nothing_any_more_or_takes_nothing_is_closed() {
        const BODY: usize = 100_000;
        for (sent, taken) in [
            ([SETTINGS, b""].concat(), 0),
            ([SETTINGS, HALF].concat(), 0),
            // The window of a connection that says nothing of it.
            ([SETTINGS, REQUEST].concat(), 65_535),
            ([NO_WINDOW, REQUEST].concat(), 0),
        ] {
            let (mut client, served) = connect(|| async { Body::from("x".repeat(BODY)) });
            let began = Instant::now();
            client.write_all(&[PREFACE, &sent].concat()).await.unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            served.await.unwrap();
            assert!((LIMIT..LIMIT * 2).contains(&began.elapsed()), "{sent:?}: {:?}", began.elapsed());
            assert_eq!(String::from_utf8_lossy(&answer).matches('x').count(), taken, "{sent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_locum_may_wait() {
        for is_begun in [false, true] {
            let (mut client, mut served) = connect(move || async move {
                if !is_begun {
                    std::future::pending::<()>().await;
                }
                let once = futures_util::stream::once(async { Ok::<_, std::io::Error>("event") });
                Body::from_stream(once.chain(futures_util::stream::pending()))
            });
            client.write_all(&[PREFACE, SETTINGS, REQUEST].concat()).await.unwrap();
            assert!(timeout(LIMIT * 10, &mut served).await.is_err(), "{is_begun}");
            let mut answer = vec![0; 1024];
            let length = client.read(&mut answer).await.unwrap();
            assert_eq!(answer[..length].windows(5).any(|part| part == b"event"), is_begun);
            drop(client);
            served.await.unwrap();
        }
    }
}
