//! Errors: the API's in Spring's default form, the License Server's as plain text (license-vault §2.5, §5).

use std::{borrow::Cow, sync::Arc};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use chrono::SubsecRound as _;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::{
    core::{
        clock::Time,
        error::{Error, RETRY_AFTER_OUTAGE},
    },
    http::{
        request_context::RequestContext,
        vendor_service::{ErrorCode, Refusal},
    },
    services::license_vault::{
        JSON, TEXT, api::wire::format_instant, domain::refused_credential::RefusedCredential,
        domain::vault::RevocationLimitReached, is_license_server_path, split_path, store::revocations::RevokeError,
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
    #[error(transparent)]
    CredentialRefused(#[from] RefusedCredential),
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

/// What went wrong. Our guess: no source has seen a body.
// unverified: all of it (license-vault §2.5).
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

/// What is wrong with a License Server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unwell {
    pub(crate) description: Cow<'static, str>,
}

/// Whether the application is up, as Spring tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplicationHealth {
    #[schema(example = "UP")]
    pub(crate) status: &'static str,
}

impl VaultError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidParameter(_) => (S::BAD_REQUEST, "INVALID_PARAMETER"),
            Self::RevocationLimitReached(_) => (S::BAD_REQUEST, "REVOCATION_LIMIT_REACHED"),
            Self::UserUnknown | Self::AllocationUnknown | Self::ConnectionUnknown => (S::NOT_FOUND, "NOT_FOUND"),
            Self::CredentialRefused(_) => (S::UNAUTHORIZED, "UNAUTHORIZED"),
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

    /// What a client is told.
    pub(super) fn make_message(&self) -> String {
        if self.status_and_code().0 == StatusCode::SERVICE_UNAVAILABLE {
            return UNAVAILABLE.to_owned();
        }
        match self {
            Self::CredentialRefused(_) => Error::CredentialRejected.to_string(),
            Self::InvalidParameter(_)
            | Self::RevocationLimitReached(_)
            | Self::UserUnknown
            | Self::AllocationUnknown
            | Self::ConnectionUnknown
            | Self::Shared(_) => self.to_string(),
        }
    }
}

impl IntoResponse for VaultError {
    fn into_response(self) -> Response {
        if let Self::Shared(error) = &self {
            error.log();
        }
        let (mut status, code) = self.status_and_code();
        // unverified: that the License Server refuses a wrong token by a 403 (license-vault §5).
        if status == StatusCode::UNAUTHORIZED && Interface::of(&find_request().0, status) != Interface::Api {
            status = StatusCode::FORBIDDEN;
        }
        let mut response = render(status, code.into(), self.make_message());
        response.extensions_mut().insert(Refusal(self.to_string()));
        response
    }
}

/// The codes of errors, each with its status. `FORBIDDEN` is the License Server's, which has it for a wrong token.
pub(crate) const CODES: [ErrorCode; 11] = {
    use StatusCode as S;
    [
        ErrorCode { name: "INVALID_PARAMETER", statuses: &[S::BAD_REQUEST] },
        ErrorCode { name: "REVOCATION_LIMIT_REACHED", statuses: &[S::BAD_REQUEST] },
        ErrorCode { name: "UNAUTHORIZED", statuses: &[S::UNAUTHORIZED] },
        ErrorCode { name: "FORBIDDEN", statuses: &[S::FORBIDDEN] },
        ErrorCode { name: "NOT_FOUND", statuses: &[S::NOT_FOUND] },
        ErrorCode { name: "METHOD_NOT_ALLOWED", statuses: &[S::METHOD_NOT_ALLOWED] },
        ErrorCode { name: "REQUEST_TIMEOUT", statuses: &[S::REQUEST_TIMEOUT] },
        ErrorCode { name: "PAYLOAD_TOO_LARGE", statuses: &[S::PAYLOAD_TOO_LARGE] },
        ErrorCode { name: "INTERNAL_ERROR", statuses: &[S::INTERNAL_SERVER_ERROR] },
        ErrorCode { name: "UNAVAILABLE", statuses: &[S::SERVICE_UNAVAILABLE] },
        ErrorCode { name: "TIMEOUT", statuses: &[S::GATEWAY_TIMEOUT] },
    ]
};

/// The message of every 503: why it is one, is for our journal.
const UNAVAILABLE: &str = "the service is not available: try again soon";

/// The interface that a request is for, as far as its errors differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interface {
    Api,
    /// The License Server's `/health`.
    ServerHealth,
    /// What Spring tells probes, `/actuator/health`.
    ApplicationHealth,
    /// Everything else of the License Server.
    Server,
}

impl Interface {
    /// Which one answers at this path with this status.
    ///
    /// unverified: a wrong method at `/actuator/health` says nothing of the application's health (license-vault §2.6).
    fn of(path: &str, status: StatusCode) -> Self {
        match split_path(path).1 {
            "/health" => Self::ServerHealth,
            "/actuator/health" if status != StatusCode::METHOD_NOT_ALLOWED => Self::ApplicationHealth,
            _ if is_license_server_path(path) => Self::Server,
            _ => Self::Api,
        }
    }
}

/// Finds the path and the time of the request that is answered. Outside of a request, there is no path, and it is 1970.
fn find_request() -> (Arc<str>, Time) {
    let context = RequestContext::current();
    context.map_or_else(|| ("".into(), DateTime::UNIX_EPOCH), |context| (context.path, context.now))
}

/// Renders an error as the interface does that the request is for, with the headers that belong to it.
///
/// unverified: the License Server's texts. Its `/health` answers JSON, because clients read nothing else there
/// (license-vault §7, §9).
pub(super) fn render(status: StatusCode, code: Cow<'static, str>, message: String) -> Response {
    let (path, now) = find_request();
    let interface = Interface::of(&path, status);
    let (content_type, body) = match interface {
        Interface::Api => {
            let body = ErrorBody {
                // To the second, as the `Date` header is.
                timestamp: format_instant(now.trunc_subsecs(0)),
                status: status.as_u16(),
                error: status.canonical_reason().unwrap_or_default(),
                code,
                message,
                path: path.as_ref().to_owned(),
            };
            (JSON, serde_json::to_vec(&body).unwrap_or_default())
        }
        Interface::ServerHealth => {
            (JSON, serde_json::to_vec(&Unwell { description: message.into() }).unwrap_or_default())
        }
        // unverified: Spring's word (license-vault §2.6).
        Interface::ApplicationHealth => {
            (JSON, serde_json::to_vec(&ApplicationHealth { status: "DOWN" }).unwrap_or_default())
        }
        Interface::Server => (TEXT, format!("{message}\n").into_bytes()),
    };
    let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED && interface == Interface::Api {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER_OUTAGE.into());
    }
    response
}
