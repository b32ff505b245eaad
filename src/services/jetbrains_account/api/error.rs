//! The vendor's two error dialects: JSON for business, an HTML page for what cannot be read
//! (jetbrains-account §8.3, §11).

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::error::{Error, Unavailable},
    http::vendor_service::Refusal,
};

/// What the service calls JSON.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html;charset=UTF-8");

/// A fault on its way out.
#[derive(Debug)]
pub struct JetBrainsError(Error);

impl From<Error> for JetBrainsError {
    fn from(fault: Error) -> Self {
        Self(fault)
    }
}

/// The body of every business error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// One of the fifteen codes, or `API_DISABLED` or `NOT_IMPLEMENTED`, which are ours.
    #[schema(example = "INVALID_TOKEN")]
    pub code: Cow<'static, str>,
    /// Says more, or holds the value that was wrong.
    #[schema(example = "The token provided is invalid")]
    pub description: String,
}

impl IntoResponse for JetBrainsError {
    fn into_response(self) -> Response {
        self.0.log();
        let mut response = match business(&self.0) {
            Some((status, code, description)) => {
                let body = ErrorBody { code: Cow::Borrowed(code), description };
                let body = serde_json::to_vec(&body).unwrap_or_default();
                (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
            }
            None => other(&self.0),
        };
        response.extensions_mut().insert(Refusal(self.0.to_string()));
        response
    }
}

fn business(fault: &Error) -> Option<(StatusCode, &'static str, String)> {
    use StatusCode as S;
    Some(match fault {
        Error::CredentialMissing => {
            (S::UNAUTHORIZED, "MISSING_TOKEN_HEADER", "X-Api-Key header is required".to_owned())
        }
        Error::TenantMissing => {
            (S::UNAUTHORIZED, "MISSING_CUSTOMER_HEADER", "X-Customer-Code header is required".to_owned())
        }
        // A space that is deleted under a running request takes the token along.
        Error::CredentialRejected | Error::NotFound(_) => {
            (S::UNAUTHORIZED, "INVALID_TOKEN", "The token provided is invalid".to_owned())
        }
        // unverified: what a disabled API answers is not known (jetbrains-account §6, step 3b).
        Error::ServiceDisabled => {
            (S::FORBIDDEN, "API_DISABLED", "The API is disabled for this organization".to_owned())
        }
        Error::ForeignTeam { token_team } => {
            (S::FORBIDDEN, "TEAM_MISMATCH", format!("Token was generated for team with id {token_team}"))
        }
        Error::TeamToken => (
            S::FORBIDDEN,
            "TOKEN_TYPE_MISMATCH",
            "Changing team is not possible with a token that was generated for a specific team".to_owned(),
        ),
        Error::EditForbidden { customer_code, team: Some(team) } => (
            S::FORBIDDEN,
            "INSUFFICIENT_PERMISSIONS",
            format!("Missing Edit permission on customer {customer_code} or on team with id {team}"),
        ),
        // unverified: the text without a team (jetbrains-account §5.6).
        Error::EditForbidden { customer_code, team: None } => {
            (S::FORBIDDEN, "INSUFFICIENT_PERMISSIONS", format!("Missing Edit permission on customer {customer_code}"))
        }
        Error::LicenseUnknown(id) => (S::NOT_FOUND, "LICENSE_NOT_FOUND", id.clone()),
        Error::TeamUnknown(id) => (S::NOT_FOUND, "TEAM_NOT_FOUND", id.to_string()),
        Error::ProductUnknown(code) => (S::NOT_FOUND, "PRODUCT_NOT_FOUND", code.clone()),
        Error::FieldMissing(text) => (S::BAD_REQUEST, "MISSING_FIELD", (*text).to_owned()),
        Error::NoLicenseAvailable { team, product } => (
            S::BAD_REQUEST,
            "NO_AVAILABLE_LICENSE_TO_ASSIGN",
            format!("No available license found to assign in the team {team} with product {product}"),
        ),
        Error::LicenseUnavailable(why) => {
            let why = match why {
                Unavailable::Allocated => "ALLOCATED",
                Unavailable::ExpiredWithoutFallback => "EXPIRED_WITHOUT_FALLBACK",
                Unavailable::NonPerUser => "NON_PER_USER",
            };
            (S::BAD_REQUEST, "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", why.to_owned())
        }
        Error::EmailInvalid(email) => (S::BAD_REQUEST, "INVALID_CONTACT_EMAIL", email.clone()),
        Error::NameInvalid(problem) => (S::BAD_REQUEST, "INVALID_CONTACT_NAME", problem.to_string()),
        Error::RecentlyAssigned(id) => {
            (S::BAD_REQUEST, "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE", id.clone())
        }
        Error::NotEmulated(why) => (S::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", (*why).to_owned()),
        _ => return None,
    })
}

/// What is no business error.
fn other(fault: &Error) -> Response {
    match fault {
        Error::Unreadable(_) | Error::Invalid { .. } => page(
            StatusCode::BAD_REQUEST,
            "The server could not understand the request because of a syntax error in it.",
        ),
        // unverified: the pages for a wrong path, a wrong method and a body that is too large
        // (jetbrains-account §8.3).
        Error::RouteUnknown => page(StatusCode::NOT_FOUND, "There is nothing at this address."),
        Error::MethodUnknown => page(StatusCode::METHOD_NOT_ALLOWED, "The method is not supported at this address."),
        Error::BodyTooLarge => page(StatusCode::PAYLOAD_TOO_LARGE, "The request is larger than the server takes."),
        Error::TimedOut => page(StatusCode::GATEWAY_TIMEOUT, "The server did not answer in time."),
        Error::Unavailable(_) | Error::DataReplaced => {
            let mut response =
                page(StatusCode::SERVICE_UNAVAILABLE, "The server is temporarily unable to answer. Try again soon.");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        // The one recorded 500 has no body and still the JSON content type (jetbrains-account §2).
        _ => (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, JSON)]).into_response(),
    }
}

/// An error that a tester asked for: business where it has a code, else the page, or the 500 without a body.
pub(crate) fn injected(status: StatusCode, code: Option<&str>) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    if let Some(code) = code {
        let body = ErrorBody { code: Cow::Owned(code.to_owned()), description: reason.to_owned() };
        return (status, [(header::CONTENT_TYPE, JSON)], serde_json::to_vec(&body).unwrap_or_default()).into_response();
    }
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        return (status, [(header::CONTENT_TYPE, JSON)]).into_response();
    }
    page(status, reason)
}

/// A page with the vendor's title (jetbrains-account §8.3). The rest of it is our own text.
fn page(status: StatusCode, says: &str) -> Response {
    let title = format!("Error {}: {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n\
         <title>JetBrains Account :: {title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{says}</p>\n\
         <p>If you think that this is a mistake, contact support-int@jetbrains.com.</p>\n</body>\n</html>\n"
    );
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}
