//! What forms of pages send.

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
};
use serde::de::DeserializeOwned;

use super::{error::PageError, links::is_own_page};
use crate::{core::error::Error, http::body_limit};

/// The body, as a browser sends a form.
pub(crate) struct Form<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PageError> {
        let bytes = body_limit::read(request).await?;
        let fields = serde_urlencoded::from_bytes(&bytes).map_err(|e| Error::Unreadable(format!("form: {e}")))?;
        Ok(Self(fields))
    }
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
