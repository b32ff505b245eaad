//! TCP connections that an injected fault can break.

use std::{
    io::{
        self,
        ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset},
        IoSlice,
    },
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// How a connection ends, in place of the answer that is written to it next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// It is closed, and nothing was sent.
    Close,
    /// It is closed in the middle of the status line. Not behind it, because some clients take a head that ends early
    /// for a whole one.
    Cut,
    /// It is reset (TCP RST), and nothing was sent.
    Reset,
}

/// Bytes that are sent of an answer that is cut: `HTTP/1.1 `, and one of the status.
const SENT_OF_A_CUT_ANSWER: usize = 10;

/// Breaks the connection that a request came over. Every request of a connection has it as its `ConnectInfo`.
#[derive(Debug, Clone, Default)]
pub struct ConnectionBreaker(Arc<OnceLock<Breakage>>);

impl ConnectionBreaker {
    /// Lets the connection end before the next answer. What was told first holds.
    pub fn break_with(&self, breakage: Breakage) {
        let _ = self.0.set(breakage);
    }
}

/// A connection that can be broken.
#[derive(Debug)]
pub struct BreakableStream {
    tcp: TcpStream,
    breaker: ConnectionBreaker,
    is_cut: bool,
}

/// A connection that an injected fault can break.
pub trait Breakable {
    fn breaker(&self) -> ConnectionBreaker;

    /// Whether it is one over TLS.
    fn is_over_tls(&self) -> bool {
        false
    }

    /// Finds out, once its client has said something, whether it speaks HTTP/2 from the start.
    fn speaks_http2(&self) -> impl Future<Output = io::Result<bool>> + Send;
}

/// How every connection of HTTP/2 begins, up to where no request of HTTP/1 goes on like that.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// Says of a request that its client asked for `https://`.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

impl Breakable for BreakableStream {
    fn breaker(&self) -> ConnectionBreaker {
        self.breaker.clone()
    }

    async fn speaks_http2(&self) -> io::Result<bool> {
        let mut start = [0; PREFACE.len()];
        // Looked at, not taken. Nobody sends less of it at once.
        let length = self.tcp.peek(&mut start).await?;
        Ok(start[..length] == *PREFACE)
    }
}

impl BreakableStream {
    /// Writes by `write` what of it the connection is to carry.
    fn write(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let tcp = Pin::new(&mut self.tcp);
        match self.breaker.0.get() {
            None => write(tcp, context),
            Some(Breakage::Cut) if !self.is_cut => {
                let sent = ready!(tcp.poll_write(context, &bytes[..bytes.len().min(SENT_OF_A_CUT_ANSWER)]));
                self.is_cut = true;
                Poll::Ready(sent)
            }
            Some(Breakage::Close | Breakage::Cut | Breakage::Reset) => Poll::Ready(Err(broken())),
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(ConnectionReset, "an injected fault")
}

impl AsyncRead for BreakableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for BreakableStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, bytes, |tcp, context| tcp.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        self.write(context, first, |tcp, context| tcp.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // It would end the connection in good order, and there is no reset after that.
        if self.breaker.0.get() == Some(&Breakage::Reset) {
            return Poll::Ready(Err(broken()));
        }
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

impl Drop for BreakableStream {
    fn drop(&mut self) {
        if self.breaker.0.get() == Some(&Breakage::Reset) {
            // Closing a socket that does not linger resets its connection. Where that cannot be set, it is closed.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

/// Accepts connections that can be broken.
#[derive(Debug)]
pub struct BreakableListener {
    tcp: TcpListener,
    /// When the system last gave no connection. That it does not has been said, that it does again has not.
    failed_at: Option<Instant>,
}

impl BreakableListener {
    pub fn new(tcp: TcpListener) -> Self {
        Self { tcp, failed_at: None }
    }
}

/// How long the system is left alone when it gives no connection, as where all of the process's files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// After this time without a failure it is over. Not at once, because at the limit each connection that ends lets one
/// more in, and the log would have two lines for each of them.
const OVER_AFTER: Duration = Duration::from_secs(1);

impl Listener for BreakableListener {
    type Io = BreakableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BreakableStream, SocketAddr) {
        loop {
            let error = match self.tcp.accept().await {
                Ok((tcp, address)) => {
                    // HTTP/2 writes often and little. Where this cannot be set, it is slower.
                    let _ = tcp.set_nodelay(true);
                    if self.failed_at.is_some_and(|at| at.elapsed() >= OVER_AFTER) {
                        self.failed_at = None;
                        tracing::info!("connections are accepted again");
                    }
                    return (BreakableStream { tcp, breaker: ConnectionBreaker::default(), is_cut: false }, address);
                }
                Err(error) => error,
            };
            // It is the connection's, and the next one may be good.
            if [ConnectionRefused, ConnectionAborted, ConnectionReset].contains(&error.kind()) {
                continue;
            }
            if self.failed_at.replace(Instant::now()).is_none() {
                tracing::error!(%error, "cannot accept connections; trying again");
            }
            pause().await;
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

#[expect(clippy::disallowed_methods, reason = "the system does not tell when it has connections again")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}
