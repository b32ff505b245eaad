//! The vendor's two error dialects: JSON for business, an HTML page for what cannot be read
//! (jetbrains-account §8.3, §11).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::{IntoResponses, ToSchema};

use crate::{
    core::error::Error,
    http::vendor_service::{ErrorCode, Refusal},
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

/// What business errors are told apart by (jetbrains-account §11); the last two are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Code {
    MissingTokenHeader,
    MissingCustomerHeader,
    InvalidToken,
    TeamMismatch,
    TokenTypeMismatch,
    InsufficientPermissions,
    LicenseNotFound,
    TeamNotFound,
    ProductNotFound,
    MissingField,
    NoAvailableLicenseToAssign,
    LicenseIsNotAvailableToAssign,
    InvalidContactEmail,
    InvalidContactName,
    RecentlyAssignedLicenseIsNotAvailableForRevoke,
    ApiDisabled,
    NotImplemented,
}

impl Code {
    /// The one status that it comes with.
    fn statuses(self) -> &'static [StatusCode; 1] {
        use StatusCode as S;
        match self {
            Self::MissingTokenHeader | Self::MissingCustomerHeader | Self::InvalidToken => &[S::UNAUTHORIZED],
            Self::TeamMismatch | Self::TokenTypeMismatch | Self::InsufficientPermissions | Self::ApiDisabled => {
                &[S::FORBIDDEN]
            }
            Self::LicenseNotFound | Self::TeamNotFound | Self::ProductNotFound => &[S::NOT_FOUND],
            Self::MissingField
            | Self::NoAvailableLicenseToAssign
            | Self::LicenseIsNotAvailableToAssign
            | Self::InvalidContactEmail
            | Self::InvalidContactName
            | Self::RecentlyAssignedLicenseIsNotAvailableForRevoke => &[S::BAD_REQUEST],
            Self::NotImplemented => &[S::NOT_IMPLEMENTED],
        }
    }
}

/// Every code, with its status.
pub(crate) fn list_codes() -> Vec<ErrorCode> {
    Code::VARIANTS.iter().map(|code| ErrorCode { name: (*code).into(), statuses: code.statuses() }).collect()
}

impl IntoResponse for JetBrainsError {
    fn into_response(self) -> Response {
        let reason = Refusal(self.to_string());
        if let Self::Shared(error) = &self {
            error.log();
        }
        let mut response = render(&self);
        response.extensions_mut().insert(reason);
        response
    }
}

/// Renders an error, without a word for our log and journal.
pub(super) fn render(error: &JetBrainsError) -> Response {
    match error {
        JetBrainsError::TenantMissing => {
            render_business(Code::MissingCustomerHeader, "X-Customer-Code header is required")
        }
        // Not told apart from a bad token (jetbrains-account §0.10).
        JetBrainsError::TenantWrong { .. } => render_shared(&Error::CredentialRejected),
        // unverified: what a disabled API answers is not known (jetbrains-account §6, step 3b).
        JetBrainsError::ServiceDisabled => {
            render_business(Code::ApiDisabled, "The API is disabled for this organization")
        }
        JetBrainsError::ForeignTeam { token_team } => {
            render_business(Code::TeamMismatch, &format!("Token was generated for team with id {token_team}"))
        }
        JetBrainsError::TeamToken => render_business(
            Code::TokenTypeMismatch,
            "Changing team is not possible with a token that was generated for a specific team",
        ),
        JetBrainsError::EditForbidden { customer_code, team } => {
            let team = team.map(|team| format!(" or on team with id {team}"));
            // unverified: the text without a team (jetbrains-account §5.6).
            let team = team.unwrap_or_default();
            let description = format!("Missing Edit permission on customer {customer_code}{team}");
            render_business(Code::InsufficientPermissions, &description)
        }
        JetBrainsError::FieldMissing(description) => render_business(Code::MissingField, description),
        JetBrainsError::Contact(ContactError::Email(email)) => render_business(Code::InvalidContactEmail, email),
        JetBrainsError::Contact(ContactError::Name(problem)) => {
            render_business(Code::InvalidContactName, &problem.to_string())
        }
        JetBrainsError::LicenseUnknown(id) => render_business(Code::LicenseNotFound, id),
        JetBrainsError::TeamUnknown(id) => render_business(Code::TeamNotFound, &id.to_string()),
        JetBrainsError::ProductUnknown(code) => render_business(Code::ProductNotFound, code),
        JetBrainsError::NoLicenseAvailable { team, product } => {
            let description = format!("No available license found to assign in the team {team} with product {product}");
            render_business(Code::NoAvailableLicenseToAssign, &description)
        }
        JetBrainsError::LicenseUnavailable(why) => render_business(Code::LicenseIsNotAvailableToAssign, (*why).into()),
        JetBrainsError::RecentlyAssigned(RecentlyAssigned(id)) => {
            render_business(Code::RecentlyAssignedLicenseIsNotAvailableForRevoke, id)
        }
        JetBrainsError::NotEmulated(why) => render_business(Code::NotImplemented, why),
        JetBrainsError::Shared(error) => render_shared(error),
    }
}

/// What is no refusal of the vendor's own: two business errors, else a page, or the 500 without a body.
fn render_shared(error: &Error) -> Response {
    use StatusCode as S;
    match error {
        Error::CredentialMissing => render_business(Code::MissingTokenHeader, "X-Api-Key header is required"),
        // `NotFound` too, because a space that is deleted under a running request takes the token along.
        Error::CredentialRejected | Error::NotFound(_) => {
            render_business(Code::InvalidToken, "The token provided is invalid")
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
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
        // The vendor limits no caller.
        Error::RateLimited { .. } | Error::Internal(_) => render_empty_500(),
    }
}

fn render_business(code: Code, description: &str) -> Response {
    let [status] = *code.statuses();
    render_json(status, code.into(), description)
}

pub(super) fn render_json(status: StatusCode, code: &str, description: &str) -> Response {
    let body = serde_json::to_vec(&ErrorBody { code, description }).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
}

/// The one recorded 500 has no body and still the JSON content type (jetbrains-account §2).
pub(super) fn render_empty_500() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, JSON)]).into_response()
}

/// A page with the vendor's title (jetbrains-account §8.3). The rest of it is our own text.
pub(super) fn render_page(status: StatusCode, text: &str) -> Response {
    let title = format!("Error {}: {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n\
         <title>JetBrains Account :: {title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{text}</p>\n\
         <p>If you think that this is a mistake, contact support-int@jetbrains.com.</p>\n</body>\n</html>\n"
    );
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}
