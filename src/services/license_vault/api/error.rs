//! Errors: the API's in Spring's default form, the License Server's as plain text (license-vault §2.5, §5).

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::{OriginalUri, Request},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::error::Error,
    http::vendor_service::Refusal,
    services::license_vault::{JSON, api::wire::instant},
};

/// A fault on its way out.
#[derive(Debug)]
pub struct VaultError(Error);

impl From<Error> for VaultError {
    fn from(fault: Error) -> Self {
        Self(fault)
    }
}

/// What went wrong.
///
/// unverified: all of it; no source has seen a body (license-vault §2.5).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    #[schema(format = DateTime)]
    timestamp: String,
    #[schema(example = 400)]
    status: u16,
    #[schema(example = "Bad Request")]
    error: &'static str,
    #[schema(example = "INVALID_PARAMETER")]
    code: Cow<'static, str>,
    message: String,
    #[schema(example = "/public-api/denials/report")]
    path: String,
}

/// An error that waits for its request's path.
#[derive(Debug, Clone)]
struct Pathless {
    code: Cow<'static, str>,
    message: String,
}

impl IntoResponse for VaultError {
    fn into_response(self) -> Response {
        use StatusCode as S;
        self.0.log();
        let (status, code) = match &self.0 {
            Error::CredentialMissing | Error::CredentialRejected => (S::UNAUTHORIZED, "UNAUTHORIZED"),
            Error::Parameter { .. } | Error::Unreadable(_) => (S::BAD_REQUEST, "INVALID_PARAMETER"),
            Error::QuotaReached(_) => (S::BAD_REQUEST, "REVOCATION_LIMIT_REACHED"),
            Error::NotFound(_) | Error::RouteUnknown => (S::NOT_FOUND, "NOT_FOUND"),
            Error::MethodUnknown => (S::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Error::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
            Error::TimedOut => (S::GATEWAY_TIMEOUT, "TIMEOUT"),
            Error::Unavailable(_) | Error::DataReplaced => (S::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
            _ => (S::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
        };
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if status == S::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == S::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let message = self.0.to_string();
        response.extensions_mut().insert(Refusal(message.clone()));
        response.extensions_mut().insert(Pathless { code: Cow::Borrowed(code), message });
        response
    }
}

/// An error that a tester asked for.
pub(crate) fn injected(status: StatusCode, code: Option<&str>) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = code.map_or_else(|| reason.to_uppercase().replace(' ', "_"), ToOwned::to_owned);
    let mut response = status.into_response();
    response.extensions_mut().insert(Pathless { code: Cow::Owned(code), message: reason.to_owned() });
    response
}

/// Middleware: writes errors with the path and the time of their request.
pub(crate) async fn as_json(request: Request, next: Next) -> Response {
    let uri = request.extensions().get::<OriginalUri>().map_or_else(|| request.uri().clone(), |uri| uri.0.clone());
    let mut response = next.run(request).await;
    let Some(Pathless { code, message }) = response.extensions_mut().remove() else { return response };
    let status = response.status();
    let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    let now: DateTime<Utc> = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).unwrap_or_default().into();
    let body = ErrorBody {
        timestamp: instant(now),
        status: status.as_u16(),
        error: status.canonical_reason().unwrap_or_default(),
        code,
        message,
        path: uri.path().to_owned(),
    };
    with_body(response, JSON, serde_json::to_vec(&body).unwrap_or_default())
}

/// Middleware: writes errors as text; a wrong token is a 403.
///
/// unverified: the status and the text (license-vault §5).
pub(crate) async fn as_text(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(Pathless { message, .. }) = response.extensions_mut().remove() else { return response };
    if response.status() == StatusCode::UNAUTHORIZED {
        *response.status_mut() = StatusCode::FORBIDDEN;
        response.headers_mut().remove(header::WWW_AUTHENTICATE);
    }
    with_body(response, HeaderValue::from_static("text/plain;charset=UTF-8"), format!("{message}\n").into_bytes())
}

fn with_body(mut response: Response, content_type: HeaderValue, body: Vec<u8>) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Body::from(body);
    response
}
