//! How large a body may be, and how long it may take. Who says beforehand that it is larger is refused before it is
//! read.

use std::time::Duration;

use axum::{
    Extension,
    body::{Body, Bytes, HttpBody as _},
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt as _, Collected, LengthLimitError, Limited};

use crate::core::error::Error;

/// How long a client that was refused may go on sending.
const DISCARDING: Duration = Duration::from_secs(30);

/// How long a body may take to come.
const READING: Duration = Duration::from_secs(15);
/// How many bytes of a larger one come in a second at least.
const SLOWEST: u64 = 4 * 1024 * 1024;

/// The most bytes that a body may have.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub(crate) usize);

/// Limits the bodies of the routes that it is laid around. Of several, the innermost counts.
pub fn layer(bytes: usize) -> (DefaultBodyLimit, Extension<BodyLimit>) {
    (DefaultBodyLimit::max(bytes), Extension(BodyLimit(bytes)))
}

/// The whole body, within the limit of its route.
///
/// # Errors
/// [`Error::BodyTooLarge`], [`Error::BodyTooSlow`]; [`Error::Unreadable`] when the client breaks off.
pub async fn read(request: Request) -> Result<Bytes, Error> {
    let limit = request.extensions().get::<BodyLimit>().map_or(usize::MAX, |limit| limit.0);
    let (parts, body) = request.into_parts();
    read_within(limit, &parts.headers, body).await
}

/// The whole body, within a limit. `headers` are its request's.
///
/// # Errors
/// As of [`read`].
pub async fn read_within(limit: usize, headers: &HeaderMap, body: Body) -> Result<Bytes, Error> {
    if body.size_hint().lower() > limit as u64 {
        discard(headers, body);
        return Err(Error::BodyTooLarge);
    }
    let size = body.size_hint().upper().unwrap_or(u64::MAX).min(limit as u64);
    let reading = READING + Duration::from_secs(size / SLOWEST);
    let whole = tokio::time::timeout(reading, Limited::new(body, limit).collect()).await;
    whole.map_err(|_| Error::BodyTooSlow)?.map(Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() { Error::BodyTooLarge } else { Error::Unreadable(format!("body: {error}")) }
    })
}

/// Lets the client send in vain what it has begun to send, because a connection that is closed meanwhile takes the
/// answer along with it. Who waits for a `100 Continue` is not asked to begin.
fn discard(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    tokio::spawn(tokio::time::timeout(DISCARDING, async move { while let Some(Ok(_)) = body.frame().await {} }));
}
