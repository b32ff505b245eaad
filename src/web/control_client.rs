//! Calls of the control API from within.

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, header},
    response::IntoResponse as _,
};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Pages, error::PageError};
use crate::{
    core::error::Error,
    http::{control_input::NothingDone, plain_words::split_place},
};

/// What the control API answered.
pub(crate) struct ControlAnswer {
    pub status: StatusCode,
    pub body: Value,
    /// Why nothing was done, where that is so.
    pub nothing: Option<&'static str>,
}

impl ControlAnswer {
    /// The body, unless it is a problem.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, PageError> {
        if self.status.is_success() {
            return serde_json::from_value(self.body).map_err(|e| Error::internal(e).into());
        }
        Err(PageError { status: self.status, detail: self.detail() })
    }

    /// What a problem says of a field that a person filled in: whose it is, by what its label says too. Nobody wrote the
    /// JSON that it stands in.
    pub(crate) fn detail_of_field(&self) -> String {
        let detail = self.detail();
        let (detail, _) = split_place(&detail);
        let field = self.body["pointer"].as_str().and_then(|pointer| pointer.rsplit('/').next());
        match field.filter(|field| !field.is_empty() && !detail.contains(*field)) {
            Some(field) => format!("{}: {detail}", field.replace('_', " ")),
            None => detail.to_owned(),
        }
    }

    /// What a problem says.
    pub(crate) fn detail(&self) -> String {
        self.body["detail"].as_str().unwrap_or("no detail").to_owned()
    }
}

/// Calls the control API. `host` is what the browser calls this server, which some answers name too.
pub(crate) async fn call(
    pages: &Pages,
    host: Option<&HeaderValue>,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<ControlAnswer, PageError> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(host) = host {
        request = request.header(header::HOST, host);
    }
    // A text is sent as it is, such as a seed in YAML.
    let body = body.map(|body| body.as_str().map_or_else(|| body.to_string(), str::to_owned)).unwrap_or_default();
    let request = request.body(Body::from(body)).map_err(|e| Error::Unreadable(e.to_string()))?;
    let response = pages.control.clone().oneshot(request).await.into_response();
    let status = response.status();
    let nothing = response.extensions().get().map(|NothingDone(why)| *why);
    let bytes = response.into_body().collect().await.map_err(Error::internal)?.to_bytes();
    // Some answers are text.
    let text = || String::from_utf8_lossy(&bytes).into();
    Ok(ControlAnswer { status, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()), nothing })
}
