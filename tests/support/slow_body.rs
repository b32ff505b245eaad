//! A body that comes when the test says so.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// A body whose pieces come from elsewhere.
pub struct SlowBody {
    pieces: UnboundedReceiver<Option<Bytes>>,
    length: Option<u64>,
    was_read: Arc<AtomicBool>,
}

/// Where its pieces come from. It ends when this is gone.
pub struct Pieces {
    sender: UnboundedSender<Option<Bytes>>,
    was_read: Arc<AtomicBool>,
}

impl SlowBody {
    /// One that says beforehand how long it is.
    pub fn of_length(length: usize) -> (Pieces, Body) {
        Self::with_hint(Some(length as u64))
    }

    /// One that is sent in chunks.
    pub fn without_length() -> (Pieces, Body) {
        Self::with_hint(None)
    }

    fn with_hint(length: Option<u64>) -> (Pieces, Body) {
        let (sender, pieces) = mpsc::unbounded_channel();
        let was_read = Arc::new(AtomicBool::new(false));
        let body = Self { pieces, length, was_read: Arc::clone(&was_read) };
        (Pieces { sender, was_read }, Body::new(body))
    }
}

impl Pieces {
    pub fn send(&self, piece: &[u8]) {
        self.sender.send(Some(Bytes::copy_from_slice(piece))).expect("somebody reads it");
    }

    pub fn break_off(&self) {
        self.sender.send(None).expect("somebody reads it");
    }

    /// Waits until somebody waits for more than was sent.
    pub async fn is_awaited(&self) {
        while !self.was_read.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
    }
}

impl HttpBody for SlowBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        match self.pieces.poll_recv(context) {
            Poll::Ready(Some(Some(piece))) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            Poll::Ready(Some(None)) => Poll::Ready(Some(Err(std::io::Error::other("it broke off")))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                self.was_read.store(true, Ordering::Relaxed);
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
