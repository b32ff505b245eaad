//! The vendor's two error dialects: the gateway's `{code, message}` and the service's `{errors: […]}`
//! (atlassian-api-access §2, §3).

use std::borrow::Cow;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use strum::{EnumIter, EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::{
    core::error::{Error, RETRY_AFTER_OUTAGE},
    http::{request_context::RequestContext, vendor_service::Refusal},
    services::atlassian::{JSON, domain::api_access::AccessDenied},
};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum AtlassianError {
    /// The credential is good, but it does not allow this.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    #[error("the credential has expired")]
    CredentialExpired,
    #[error("an API key is sent as `Authorization: Bearer`, and a session's token as the cookie `cloud.session.token`")]
    CredentialMisplaced,
    #[error("a session cannot do this: it takes an API key")]
    KeyRequired,
    /// A parameter or a member of the body is wrong.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The vendor's own failure over a query, which a quirk asks for.
    #[error("the vendor fails here")]
    VendorFailure,
    #[error("there is no such API key")]
    UnknownApiKey,
    #[error("there is no such OAuth client")]
    UnknownOAuthClient,
    #[error("there is no such service account")]
    UnknownServiceAccount,
    /// Nobody of the organization has this account.
    #[error("nobody here has this account")]
    UnknownAccount,
    #[error("the account has no such API token")]
    UnknownUserToken,
    /// The organization has as many service accounts as a quirk allows.
    #[error("the organization may have {0} service accounts")]
    QuotaReached(u32),
    /// An error that every service may meet.
    #[error(transparent)]
    Shared(#[from] Error),
}

/// A parameter or a member of the body that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct ParameterError {
    problem: ParameterProblem,
    /// The parameter, and what it should be.
    pub(crate) detail: String,
}

impl ParameterError {
    pub(crate) fn new(problem: ParameterProblem, detail: impl Into<String>) -> Self {
        Self { problem, detail: detail.into() }
    }

    /// A parameter that cannot be read.
    pub(crate) fn format(detail: impl Into<String>) -> Self {
        Self::new(ParameterProblem::Format, detail)
    }
}

/// What is wrong with a parameter (atlassian-api-access §3).
#[derive(Debug, Clone, Copy)]
pub(crate) enum ParameterProblem {
    /// A companion parameter is missing, or they contradict each other.
    Combination,
    /// It cannot be read.
    Format,
    /// The page size is not allowed.
    PageSize,
    /// The list cannot be sorted by it.
    Sort,
}

/// An error of the gateway, which stands before the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GatewayError {
    /// The HTTP status, as a number.
    #[schema(example = 401)]
    code: u16,
    #[schema(example = "Unauthorized")]
    message: &'static str,
}

/// An error of the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorResponse {
    errors: Vec<ErrorItem>,
}

/// No such record; or no such route, where a preview is not rolled out.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum PreviewNotFound {
    /// There is no such record.
    Record(ErrorResponse),
    /// There is no such route.
    Route(GatewayError),
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorItem {
    /// The request's id.
    id: String,
    /// The HTTP status, as a text.
    #[schema(example = "400")]
    status: String,
    #[schema(value_type = Code)]
    code: Cow<'static, str>,
    #[schema(example = "Invalid sort")]
    title: &'static str,
    /// What is wrong, and what would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// The codes; there are no others.
#[derive(Debug, Clone, Copy, EnumIter, EnumString, IntoStaticStr, ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    /// A companion parameter is missing, or they contradict each other.
    InvalidApiTokenSearchQuery,
    /// A value that cannot be read.
    InvalidFieldFormat,
    /// A page size that is not allowed.
    InvalidPageSize,
    /// Something that is not sorted by.
    InvalidSort,
    /// The organization does not have it.
    FeatureNotEnabled,
    /// Everything else.
    GenericError,
}

/// What an error is answered with, in one of the two dialects.
pub(super) enum ErrorAnswer {
    Gateway { status: StatusCode, message: &'static str, retry_after: Option<i64> },
    Service { status: StatusCode, code: Code, title: &'static str, detail: Option<String> },
}

impl IntoResponse for AtlassianError {
    fn into_response(self) -> Response {
        if let Self::Shared(error) = &self {
            error.log();
        }
        let refusal = Refusal(self.to_string());
        let mut response = choose_answer(&self).render();
        response.extensions_mut().insert(refusal);
        response
    }
}

impl ErrorAnswer {
    pub(super) fn render(self) -> Response {
        match self {
            Self::Gateway { status, message, retry_after } => {
                let mut response = render_gateway_error(status, message);
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                }
                response
            }
            Self::Service { status, code, title, detail } => {
                let code: &'static str = code.into();
                render_service_error(status, Cow::Borrowed(code), title, detail)
            }
        }
    }
}

/// unverified: which cause has which code (atlassian-api-access §3); the titles.
pub(super) fn choose_answer(error: &AtlassianError) -> ErrorAnswer {
    use StatusCode as S;
    let generic = |status| (status, Code::GenericError, choose_title(status, Code::GenericError));
    let gateway = |status, message| ErrorAnswer::Gateway { status, message, retry_after: None };
    let (status, code, title) = match error {
        // unverified: the User management API answers in the gateway's shape (atlassian-api-access §9.1).
        AtlassianError::AccessDenied(AccessDenied::KeyScoped) => return gateway(S::FORBIDDEN, "Forbidden"),
        AtlassianError::UnknownAccount | AtlassianError::UnknownUserToken => {
            return gateway(S::NOT_FOUND, "Not Found");
        }
        AtlassianError::AccessDenied(
            AccessDenied::ForeignTenant | AccessDenied::ScopeMissing(_) | AccessDenied::SessionRequired,
        ) => generic(S::FORBIDDEN),
        AtlassianError::Parameter(ParameterError { problem, .. }) => {
            let code = match problem {
                ParameterProblem::Combination => Code::InvalidApiTokenSearchQuery,
                ParameterProblem::Format => Code::InvalidFieldFormat,
                ParameterProblem::PageSize => Code::InvalidPageSize,
                ParameterProblem::Sort => Code::InvalidSort,
            };
            (S::BAD_REQUEST, code, choose_title(S::BAD_REQUEST, code))
        }
        AtlassianError::CredentialExpired | AtlassianError::CredentialMisplaced | AtlassianError::KeyRequired => {
            return choose_shared_answer(&Error::CredentialRejected);
        }
        AtlassianError::VendorFailure => return internal_error(),
        AtlassianError::UnknownApiKey => generic(S::BAD_REQUEST),
        AtlassianError::UnknownOAuthClient | AtlassianError::UnknownServiceAccount => generic(S::NOT_FOUND),
        AtlassianError::QuotaReached(_) => (S::CONFLICT, Code::GenericError, "Quota reached"),
        AtlassianError::Shared(error) => return choose_shared_answer(error),
    };
    ErrorAnswer::Service { status, code, title, detail: Some(error.to_string()) }
}

/// unverified: the gateway's texts, and everything about its envelope on this very service (atlassian-api-access §2);
/// that there is a Retry-After (§4).
fn choose_shared_answer(error: &Error) -> ErrorAnswer {
    use StatusCode as S;
    let gateway = |status, message| ErrorAnswer::Gateway { status, message, retry_after: None };
    let service = |status, code, detail: &str| ErrorAnswer::Service {
        status,
        code,
        title: choose_title(status, code),
        detail: Some(detail.to_owned()),
    };
    match error {
        // Rejected is also a key that was deleted with its space while the request was running.
        Error::CredentialMissing | Error::CredentialRejected => gateway(S::UNAUTHORIZED, "Unauthorized"),
        Error::RateLimited { retry_after } => ErrorAnswer::Gateway {
            status: S::TOO_MANY_REQUESTS,
            message: "Rate limit exceeded",
            retry_after: Some(*retry_after),
        },
        Error::RouteUnknown => gateway(S::NOT_FOUND, "Request failed to match any route"),
        Error::MethodUnknown => gateway(S::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        Error::BodyTooLarge => gateway(S::PAYLOAD_TOO_LARGE, "Payload Too Large"),
        Error::BodyTooSlow => gateway(S::REQUEST_TIMEOUT, "Request Timeout"),
        Error::TimedOut => gateway(S::GATEWAY_TIMEOUT, "Gateway Timeout"),
        Error::Unavailable(_) | Error::DataReplaced => ErrorAnswer::Gateway {
            status: S::SERVICE_UNAVAILABLE,
            message: "Service Unavailable",
            retry_after: Some(RETRY_AFTER_OUTAGE),
        },
        Error::Unreadable(why) => service(S::BAD_REQUEST, Code::InvalidFieldFormat, why),
        Error::NotFound(what) => service(S::NOT_FOUND, Code::GenericError, what),
        // Only control requests are refused with a pointer.
        Error::Invalid { .. } | Error::Internal(_) => internal_error(),
    }
}

fn internal_error() -> ErrorAnswer {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let code = Code::GenericError;
    ErrorAnswer::Service { status, code, title: choose_title(status, code), detail: None }
}

/// Chooses the title of a service's error: the code's or, where that says nothing, the status's.
pub(super) fn choose_title(status: StatusCode, code: Code) -> &'static str {
    match code {
        Code::InvalidApiTokenSearchQuery => "Invalid search query",
        Code::InvalidFieldFormat => "Invalid field format",
        Code::InvalidPageSize => "Invalid page size",
        Code::InvalidSort => "Invalid sort",
        Code::FeatureNotEnabled => "Feature not enabled",
        Code::GenericError => match status {
            StatusCode::BAD_REQUEST => "Bad request",
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::INTERNAL_SERVER_ERROR => "Internal server error",
            other => other.canonical_reason().unwrap_or("Error"),
        },
    }
}

pub(super) fn render_gateway_error(status: StatusCode, message: &'static str) -> Response {
    let body = serde_json::to_vec(&GatewayError { code: status.as_u16(), message }).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
}

pub(super) fn render_service_error(
    status: StatusCode,
    code: Cow<'static, str>,
    title: &'static str,
    detail: Option<String>,
) -> Response {
    let id = RequestContext::current().map(|request| request.id.to_string()).unwrap_or_default();
    let item = ErrorItem { id, status: status.as_str().to_owned(), code, title, detail };
    let body = serde_json::to_vec(&ErrorResponse { errors: vec![item] }).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
}
