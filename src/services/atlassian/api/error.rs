//! The vendor's two error dialects: the gateway's `{code, message}` and the service's `{errors: […]}`
//! (atlassian-api-access §2, §3).

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::error::{Error, ParameterProblem},
    http::{observe::RequestId, vendor_service::Refusal},
    services::atlassian::JSON,
};

/// A fault on its way out.
#[derive(Debug)]
pub struct AtlassianError(Error);

impl From<Error> for AtlassianError {
    fn from(fault: Error) -> Self {
        Self(fault)
    }
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
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
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

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidApiTokenSearchQuery => "INVALID_API_TOKEN_SEARCH_QUERY",
            Self::InvalidFieldFormat => "INVALID_FIELD_FORMAT",
            Self::InvalidPageSize => "INVALID_PAGE_SIZE",
            Self::InvalidSort => "INVALID_SORT",
            Self::FeatureNotEnabled => "FEATURE_NOT_ENABLED",
            Self::GenericError => "GENERIC_ERROR",
        }
    }
}

/// A service error that waits for its request's id.
#[derive(Debug, Clone)]
struct Unnumbered {
    status: StatusCode,
    code: Cow<'static, str>,
    title: &'static str,
    detail: Option<String>,
}

impl IntoResponse for AtlassianError {
    fn into_response(self) -> Response {
        self.0.log();
        let refusal = Refusal(self.0.to_string());
        let Some((status, message)) = gateway(&self.0) else {
            let unnumbered = service(self.0);
            let mut response = unnumbered.status.into_response();
            response.extensions_mut().insert(unnumbered);
            response.extensions_mut().insert(refusal);
            return response;
        };
        let body = serde_json::to_vec(&GatewayError { code: status.as_u16(), message }).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, JSON)], body).into_response();
        let retry_after = match self.0 {
            // unverified: that there is a Retry-After (atlassian-api-access §4).
            Error::RateLimited { retry_after } => Some(retry_after),
            Error::Unavailable(_) | Error::DataReplaced => Some(1),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(refusal);
        response
    }
}

/// unverified: the texts, and everything about this envelope on this very service (atlassian-api-access §2).
fn gateway(fault: &Error) -> Option<(StatusCode, &'static str)> {
    use StatusCode as S;
    Some(match fault {
        // A space that is deleted under a running request takes the key along.
        Error::CredentialMissing | Error::CredentialRejected => (S::UNAUTHORIZED, "Unauthorized"),
        Error::RateLimited { .. } => (S::TOO_MANY_REQUESTS, "Rate limit exceeded"),
        Error::RouteUnknown => (S::NOT_FOUND, "Request failed to match any route"),
        Error::MethodUnknown => (S::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        Error::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "Payload Too Large"),
        Error::TimedOut => (S::GATEWAY_TIMEOUT, "Gateway Timeout"),
        Error::Unavailable(_) | Error::DataReplaced => (S::SERVICE_UNAVAILABLE, "Service Unavailable"),
        _ => return None,
    })
}

/// unverified: which cause has which code (atlassian-api-access §3); the titles.
fn service(fault: Error) -> Unnumbered {
    use StatusCode as S;
    let (status, code, title) = match &fault {
        Error::Parameter { problem, .. } => match problem {
            ParameterProblem::Combination => (S::BAD_REQUEST, Code::InvalidApiTokenSearchQuery, "Invalid search query"),
            ParameterProblem::Format => (S::BAD_REQUEST, Code::InvalidFieldFormat, "Invalid field format"),
            ParameterProblem::PageSize => (S::BAD_REQUEST, Code::InvalidPageSize, "Invalid page size"),
            ParameterProblem::Sort => (S::BAD_REQUEST, Code::InvalidSort, "Invalid sort"),
        },
        Error::Unreadable(_) => (S::BAD_REQUEST, Code::InvalidFieldFormat, "Invalid field format"),
        Error::ServiceDisabled => (S::FORBIDDEN, Code::FeatureNotEnabled, "Feature not enabled"),
        Error::ForeignTenant | Error::ScopeMissing(_) | Error::SessionRequired => {
            (S::FORBIDDEN, Code::GenericError, "Forbidden")
        }
        Error::NotFound(_) => (S::NOT_FOUND, Code::GenericError, "Not found"),
        Error::FieldMissing(_) => (S::BAD_REQUEST, Code::GenericError, "Bad request"),
        Error::QuotaReached(_) => (S::CONFLICT, Code::GenericError, "Quota reached"),
        _ => (S::INTERNAL_SERVER_ERROR, Code::GenericError, "Internal server error"),
    };
    let detail = match fault {
        Error::Unreadable(why) => Some(why),
        fault if status == S::INTERNAL_SERVER_ERROR => {
            drop(fault);
            None
        }
        fault => Some(fault.to_string()),
    };
    Unnumbered { status, code: Cow::Borrowed(code.name()), title, detail }
}

/// An error that a tester asked for: the gateway's, where it answers with such a status, else the service's.
pub(crate) fn injected(status: StatusCode, code: Option<&str>) -> Response {
    const OF_THE_GATEWAY: [u16; 6] = [401, 405, 429, 502, 503, 504];
    let reason = status.canonical_reason().unwrap_or("Error");
    if code.is_none() && OF_THE_GATEWAY.contains(&status.as_u16()) {
        let body = serde_json::to_vec(&GatewayError { code: status.as_u16(), message: reason }).unwrap_or_default();
        return (status, [(header::CONTENT_TYPE, JSON)], body).into_response();
    }
    let code = code.map_or(Cow::Borrowed(Code::GenericError.name()), |code| Cow::Owned(code.to_owned()));
    let mut response = status.into_response();
    response.extensions_mut().insert(Unnumbered { status, code, title: reason, detail: None });
    response
}

/// Middleware: writes service errors with the id of their request.
pub(crate) async fn number(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<Unnumbered>() else { return response };
    let Unnumbered { status, code, title, detail } = error;
    let item = ErrorItem {
        id: id.map(|id| id.0.to_string()).unwrap_or_default(),
        status: status.as_str().to_owned(),
        code,
        title,
        detail,
    };
    let body = serde_json::to_vec(&ErrorResponse { errors: vec![item] }).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Body::from(body);
    response
}
