//! Answers with a JSON body, and those with none.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    core::error::Error,
    http::vendor_service::{VendorService, refuse},
};

/// A 200 with a JSON body, called what the service calls it.
pub fn json<S: VendorService>(content_type: HeaderValue, body: &impl Serialize) -> Response {
    // Room for a page of a list, so that it is not moved as it grows.
    let mut bytes = Vec::with_capacity(16 * 1024);
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => ([(header::CONTENT_TYPE, content_type)], bytes).into_response(),
        Err(error) => refuse::<S>(Error::internal(error)),
    }
}

/// Takes from an answer that never has a body what it says of its length. Of one to HEAD, hyper would leave it in.
pub fn without_needless_length(mut response: Response) -> Response {
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        // A router writes down the length of every body that has a known one, also of an empty one.
        *response.body_mut() = Body::from_stream(futures_util::stream::empty::<Result<Bytes, Infallible>>());
    }
    response
}
