//! The vendor's two error dialects: JSON for business, an HTML page for what cannot be read
//! (jetbrains-account §8.3, §11).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::{
    core::error::{Error, RETRY_AFTER_OUTAGE},
    http::vendor_service::Refusal,
    services::jetbrains_account::domain::{contact::ContactError, error::JetBrainsError, license::RecentlyAssigned},
};

/// What the service calls JSON.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html;charset=UTF-8");

/// The body of every business error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody<'a> {
    /// One of the fifteen codes, or `API_DISABLED` or `NOT_IMPLEMENTED`, which are ours.
    #[schema(example = "INVALID_TOKEN")]
    pub code: &'a str,
    /// Says more, or holds the value that was wrong.
    #[schema(example = "The token provided is invalid")]
    pub description: &'a str,
}

/// The refusal of every operation that takes a customer code, for the document.
#[derive(IntoResponses)]
#[response(status = 401, description = "No token, no customer code, or a token that is not the customer's")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Unauthorized(ErrorBody<'static>);

/// The refusal of every operation that takes a token, for the documents of those that know no other 403.
#[derive(IntoResponses)]
#[response(status = 403, description = "The API is disabled: `API_DISABLED`")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ApiDisabled(ErrorBody<'static>);

impl IntoResponse for JetBrainsError {
    fn into_response(self) -> Response {
        use StatusCode as S;
        let reason = Refusal(self.to_string());
        let mut response = match self {
            Self::TenantMissing => {
                render_business(S::UNAUTHORIZED, "MISSING_CUSTOMER_HEADER", "X-Customer-Code header is required")
            }
            // Not told apart from a bad token (jetbrains-account §0.10).
            Self::TenantWrong { .. } => render_shared(&Error::CredentialRejected),
            // unverified: what a disabled API answers is not known (jetbrains-account §6, step 3b).
            Self::ServiceDisabled => {
                render_business(S::FORBIDDEN, "API_DISABLED", "The API is disabled for this organization")
            }
            Self::ForeignTeam { token_team } => {
                let description = format!("Token was generated for team with id {token_team}");
                render_business(S::FORBIDDEN, "TEAM_MISMATCH", &description)
            }
            Self::TeamToken => render_business(
                S::FORBIDDEN,
                "TOKEN_TYPE_MISMATCH",
                "Changing team is not possible with a token that was generated for a specific team",
            ),
            Self::EditForbidden { customer_code, team } => {
                let team = team.map(|team| format!(" or on team with id {team}"));
                // unverified: the text without a team (jetbrains-account §5.6).
                let team = team.unwrap_or_default();
                let description = format!("Missing Edit permission on customer {customer_code}{team}");
                render_business(S::FORBIDDEN, "INSUFFICIENT_PERMISSIONS", &description)
            }
            Self::FieldMissing(description) => render_business(S::BAD_REQUEST, "MISSING_FIELD", description),
            Self::Contact(ContactError::Email(email)) => {
                render_business(S::BAD_REQUEST, "INVALID_CONTACT_EMAIL", &email)
            }
            Self::Contact(ContactError::Name(problem)) => {
                render_business(S::BAD_REQUEST, "INVALID_CONTACT_NAME", &problem.to_string())
            }
            Self::LicenseUnknown(id) => render_business(S::NOT_FOUND, "LICENSE_NOT_FOUND", &id),
            Self::TeamUnknown(id) => render_business(S::NOT_FOUND, "TEAM_NOT_FOUND", &id.to_string()),
            Self::ProductUnknown(code) => render_business(S::NOT_FOUND, "PRODUCT_NOT_FOUND", &code),
            Self::NoLicenseAvailable { team, product } => {
                let description =
                    format!("No available license found to assign in the team {team} with product {product}");
                render_business(S::BAD_REQUEST, "NO_AVAILABLE_LICENSE_TO_ASSIGN", &description)
            }
            Self::LicenseUnavailable(why) => {
                render_business(S::BAD_REQUEST, "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", why.into())
            }
            Self::RecentlyAssigned(RecentlyAssigned(id)) => {
                render_business(S::BAD_REQUEST, "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE", &id)
            }
            Self::NotEmulated(why) => render_business(S::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", why),
            Self::Shared(error) => render_shared(&error),
        };
        response.extensions_mut().insert(reason);
        response
    }
}

/// What is no refusal of the vendor's own: two business errors, else a page, or the 500 without a body.
fn render_shared(error: &Error) -> Response {
    use StatusCode as S;
    error.log();
    match error {
        Error::CredentialMissing => {
            render_business(S::UNAUTHORIZED, "MISSING_TOKEN_HEADER", "X-Api-Key header is required")
        }
        // `NotFound` too, because a space that is deleted under a running request takes the token along.
        Error::CredentialRejected | Error::NotFound(_) => {
            render_business(S::UNAUTHORIZED, "INVALID_TOKEN", "The token provided is invalid")
        }
        Error::Unreadable(_) | Error::Invalid { .. } => {
            render_page(S::BAD_REQUEST, "The server could not understand the request because of a syntax error in it.")
        }
        // unverified: the pages for a wrong path, a wrong method and a body that is too large
        // (jetbrains-account §8.3).
        Error::RouteUnknown => render_page(S::NOT_FOUND, "There is nothing at this address."),
        Error::MethodUnknown => render_page(S::METHOD_NOT_ALLOWED, "The method is not supported at this address."),
        Error::BodyTooLarge => render_page(S::PAYLOAD_TOO_LARGE, "The request is larger than the server takes."),
        Error::BodyTooSlow => render_page(S::REQUEST_TIMEOUT, "The request took too long to arrive."),
        Error::TimedOut => render_page(S::GATEWAY_TIMEOUT, "The server did not answer in time."),
        Error::Unavailable(_) | Error::DataReplaced => {
            let text = "The server is temporarily unable to answer. Try again soon.";
            let mut response = render_page(S::SERVICE_UNAVAILABLE, text);
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_OUTAGE.into());
            response
        }
        // The vendor limits no caller.
        Error::RateLimited { .. } | Error::Internal(_) => render_empty_500(),
    }
}

/// An error that a tester asked for: business where it has a code, else the page, or the 500 without a body.
pub(crate) fn injected(status: StatusCode, code: Option<&str>) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    match code {
        Some(code) => render_business(status, code, reason),
        None if status == StatusCode::INTERNAL_SERVER_ERROR => render_empty_500(),
        None => render_page(status, reason),
    }
}

fn render_business(status: StatusCode, code: &str, description: &str) -> Response {
    let body = serde_json::to_vec(&ErrorBody { code, description }).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
}

/// The one recorded 500 has no body and still the JSON content type (jetbrains-account §2).
fn render_empty_500() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, JSON)]).into_response()
}

/// A page with the vendor's title (jetbrains-account §8.3). The rest of it is our own text.
fn render_page(status: StatusCode, text: &str) -> Response {
    let title = format!("Error {}: {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n\
         <title>JetBrains Account :: {title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{text}</p>\n\
         <p>If you think that this is a mistake, contact support-int@jetbrains.com.</p>\n</body>\n</html>\n"
    );
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}
