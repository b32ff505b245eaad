//! A request that can be answered more than once, if its body can be kept.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::request::Parts,
};

use crate::{core::error::Error, http::body_limit};

/// The longest body that is kept: no call of the vendors' clients has a longer one.
const LONGEST: u64 = 64 * 1024;

pub struct ReplayableRequest {
    parts: Arc<Parts>,
    body: Kept,
}

enum Kept {
    Whole(Bytes),
    /// Can be sent once.
    Stream(Option<Body>),
}

impl ReplayableRequest {
    /// Takes a request in, with its body if that is short.
    ///
    /// # Errors
    /// [`Error::BodyTooSlow`]; [`Error::Unreadable`] when the client breaks off.
    pub async fn of(request: Request) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let body = match body.size_hint().exact() {
            Some(0) => Kept::Whole(Bytes::new()),
            Some(length) if length <= LONGEST => {
                Kept::Whole(body_limit::read_within(usize::MAX, &parts.headers, body).await?)
            }
            _ => Kept::Stream(Some(body)),
        };
        Ok(Self { parts: Arc::new(parts), body })
    }

    /// The request, to be answered; `None` when it was sent and its body is gone. Its parts are shared, because most
    /// requests are answered without a copy that a handler may keep.
    pub fn send(&mut self) -> Option<(Arc<Parts>, Body)> {
        let body = match &mut self.body {
            Kept::Whole(bytes) => Body::from(bytes.clone()),
            Kept::Stream(body) => body.take()?,
        };
        Some((Arc::clone(&self.parts), body))
    }
}
