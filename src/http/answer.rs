//! Answers with a JSON body.

use axum::{
    http::{HeaderValue, header},
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
