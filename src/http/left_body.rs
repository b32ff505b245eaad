//! A body that a handler may leave: afterwards it can be told whether there was one. A request that is sent in chunks,
//! or over HTTP/2, does not say how long its body is, nor whether it has one.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;

/// How long the first bytes may take to come, of which nobody wants anything.
const WAITING: Duration = Duration::from_millis(100);

/// What a handler gets.
pub struct LentBody(Arc<Mutex<Body>>);

/// What is left of it.
pub struct LeftBody(Arc<Mutex<Body>>);

/// Lends a body.
pub fn lend(body: Body) -> (LentBody, LeftBody) {
    let body = Arc::new(Mutex::new(body));
    (LentBody(Arc::clone(&body)), LeftBody(body))
}

impl LeftBody {
    /// Whether there are bytes in it that nobody has read.
    pub async fn has_bytes(self) -> bool {
        let mut rest = LentBody(self.0);
        let looking = async {
            while let Some(Ok(frame)) = rest.frame().await {
                if frame.data_ref().is_some_and(|bytes| !bytes.is_empty()) {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(WAITING, looking).await.unwrap_or(false)
    }
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}
