//! Errors: the API's in Spring's default form, the License Server's as plain text (license-vault §2.5, §5).

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use chrono::SubsecRound as _;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::{
    core::error::Error,
    http::{request_context::RequestContext, vendor_service::Refusal},
    services::license_vault::{
        JSON, TEXT, api::wire::format_instant, domain::vault::RevocationLimitReached, is_license_server_path,
        store::allocations::RevokeError,
    },
};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VaultError {
    /// A parameter that is missing or cannot be read. The text names it, and tells what is expected.
    #[error("{0}")]
    InvalidParameter(String),
    #[error(transparent)]
    RevocationLimitReached(#[from] RevocationLimitReached),
    #[error("there is no such user")]
    UserUnknown,
    #[error("there is no such allocation")]
    AllocationUnknown,
    #[error("there is no such running product")]
    ConnectionUnknown,
    /// An error that every service may meet.
    #[error(transparent)]
    Shared(#[from] Error),
}

impl From<RevokeError> for VaultError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::LimitReached(error) => error.into(),
            RevokeError::Shared(error) => error.into(),
        }
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

/// The refusals that the operations of the API share, for the document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum Refused {
    /// A parameter that cannot be read, or a rule against it.
    #[response(status = 400, content_type = "application/json")]
    BadRequest(#[to_schema] ErrorBody),
    /// No token, or one that is unknown, replaced, deleted, expired, or under the wrong scheme.
    #[response(status = 401, content_type = "application/json")]
    Unauthorized(#[to_schema] ErrorBody),
}

/// The refusals that the License Server's reports share, for the document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum ReportRefused {
    /// No token, or a wrong one
    #[response(status = 403, content_type = "text/plain")]
    Forbidden(String),
}

impl VaultError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidParameter(_) => (S::BAD_REQUEST, "INVALID_PARAMETER"),
            Self::RevocationLimitReached(_) => (S::BAD_REQUEST, "REVOCATION_LIMIT_REACHED"),
            Self::UserUnknown | Self::AllocationUnknown | Self::ConnectionUnknown => (S::NOT_FOUND, "NOT_FOUND"),
            Self::Shared(error) => match error {
                Error::CredentialMissing | Error::CredentialRejected => (S::UNAUTHORIZED, "UNAUTHORIZED"),
                Error::Unreadable(_) => (S::BAD_REQUEST, "INVALID_PARAMETER"),
                Error::NotFound(_) | Error::RouteUnknown => (S::NOT_FOUND, "NOT_FOUND"),
                Error::MethodUnknown => (S::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
                Error::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
                Error::BodyTooSlow => (S::REQUEST_TIMEOUT, "REQUEST_TIMEOUT"),
                Error::TimedOut => (S::GATEWAY_TIMEOUT, "TIMEOUT"),
                Error::Unavailable(_) | Error::DataReplaced => (S::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
                // Only control requests are refused with a pointer, and the vendor limits no caller.
                Error::Invalid { .. } | Error::RateLimited { .. } | Error::Internal(_) => {
                    (S::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR")
                }
            },
        }
    }
}

impl IntoResponse for VaultError {
    fn into_response(self) -> Response {
        if let Self::Shared(error) = &self {
            error.log();
        }
        let (status, code) = self.status_and_code();
        let message = self.to_string();
        let mut response = render(status, code.into(), message.clone());
        // Read back, because `render` turns a 401 into a 403 on the License Server's paths.
        let status = response.status();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(Refusal(message));
        response
    }
}

/// Renders an error that a tester injected.
pub(crate) fn render_injected(status: StatusCode, code: Option<&str>) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = code.map_or_else(|| reason.to_uppercase().replace(' ', "_"), ToOwned::to_owned);
    render(status, code.into(), reason.to_owned())
}

/// Renders an error as the interface does that the request is for: as text for the License Server's paths, as JSON for
/// the API's. Outside of a request, the body has no path, and 1970 as its time.
fn render(status: StatusCode, code: Cow<'static, str>, message: String) -> Response {
    let context = RequestContext::current();
    let (path, now) = context.map_or_else(|| ("".into(), DateTime::UNIX_EPOCH), |context| (context.path, context.now));
    if is_license_server_path(&path) {
        return render_text(status, &message);
    }
    let body = ErrorBody {
        // To the second, as the `Date` header is.
        timestamp: format_instant(now.trunc_subsecs(0)),
        status: status.as_u16(),
        error: status.canonical_reason().unwrap_or_default(),
        code,
        message,
        path: path.as_ref().to_owned(),
    };
    (status, [(header::CONTENT_TYPE, JSON)], serde_json::to_vec(&body).unwrap_or_default()).into_response()
}

/// Renders an error of the License Server.
///
/// unverified: that a wrong token is a 403, and the text (license-vault §5).
fn render_text(status: StatusCode, message: &str) -> Response {
    let status = if status == StatusCode::UNAUTHORIZED { StatusCode::FORBIDDEN } else { status };
    (status, [(header::CONTENT_TYPE, TEXT)], format!("{message}\n")).into_response()
}
