//! What forms of pages send.

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
};
use serde::de::DeserializeOwned;

use super::{error::PageError, links::is_own_page};
use crate::{
    core::{byte_size, error::Error},
    http::{
        body_limit::{self, BodyLimit},
        control_input,
    },
};

/// The largest form. A seed that the control API takes fits, if it is not mostly signs that a form writes as three.
pub(crate) const LIMIT: usize = control_input::BODY_LIMIT;

/// The body, as a browser sends a form.
pub(crate) struct Form<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PageError> {
        let limit = request.extensions().get().copied();
        let bytes = body_limit::read(request).await.map_err(|error| describe(error, limit))?;
        let fields = serde_urlencoded::from_bytes(&bytes).map_err(|e| Error::Unreadable(format!("form: {e}")))?;
        Ok(Self(fields))
    }
}

/// Which page it was on, a form that is too large does not say: that is in the body that nobody has read.
fn describe(error: Error, limit: Option<BodyLimit>) -> PageError {
    let (Error::BodyTooLarge, Some(BodyLimit(limit))) = (&error, limit) else { return error.into() };
    let detail = format!(
        "Nothing was done: the form is larger than {}, and a page sends no more. Go back, and browsers show again what \
         was written. A larger seed goes into a file, for `--seed FILE` at the start",
        byte_size::write(limit)
    );
    PageError { status: StatusCode::PAYLOAD_TOO_LARGE, detail }
}

/// A field by its name.
pub(super) fn find_field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The page that a form is on.
///
/// # Errors
/// It does not say.
pub(crate) fn find_page(fields: &[(String, String)]) -> Result<&str, PageError> {
    find_field(fields, "back").filter(|back| is_own_page(back)).ok_or_else(unreadable)
}

/// Refuses a form of none of our pages.
pub(super) fn unreadable() -> PageError {
    let detail = "the form does not say which page, or which call";
    PageError { status: StatusCode::BAD_REQUEST, detail: detail.to_owned() }
}
