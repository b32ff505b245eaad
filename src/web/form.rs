//! What forms of pages send.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::error::PageError;
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
