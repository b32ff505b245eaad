//! What goes over the wire (jetbrains-account §4, §5). Key order is the vendor's; null members are left out.

pub(crate) mod license;
pub(crate) mod requests;
pub(crate) mod token;

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    http::answer,
    services::jetbrains_account::{JetBrainsAccount, api::error::JSON},
};

/// A 200 with a JSON body.
pub(crate) struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        answer::json::<JetBrainsAccount>(JSON, &self.0)
    }
}

/// A success without a body; still called JSON, unless it is a 204 (jetbrains-account §5.5).
pub(crate) fn empty(status: u16) -> Response {
    if status == 204 {
        StatusCode::NO_CONTENT.into_response()
    } else {
        ([(header::CONTENT_TYPE, JSON)], Body::empty()).into_response()
    }
}
