//! Errors that a tester injects, as the service's own look (jetbrains-account §5, §6, §11).

use axum::{http::StatusCode, response::Response};
use percent_encoding::percent_decode_str;

use crate::{
    core::error::Error,
    http::vendor_service::{InjectedError, find_shared_error},
    services::jetbrains_account::{
        api::{
            error::{Code, render, render_empty_500, render_json, render_page},
            routes::user_accounts,
            wire::requests::{NOTHING_TO_ASSIGN, NOTHING_TO_REVOKE},
        },
        domain::{
            contact::{ContactError, NameProblem},
            error::JetBrainsError,
            license::{RecentlyAssigned, Unavailable},
            token_owner::TokenOwner,
        },
    },
};

type Injected<'a> = InjectedError<'a, TokenOwner>;

/// What an error names where the request, whose body nobody has read, does not: as in the document's examples.
const EXAMPLE_LICENSE: &str = "ABCDE12345";
const EXAMPLE_TEAM: i32 = 2001;
const EXAMPLE_PRODUCT: &str = "II";
const EXAMPLE_WRONG_EMAIL: &str = "eve@example";
const EXAMPLE_CUSTOMER_CODE: i64 = 6_700_001;

/// Renders an injected error: the one with this code, else the one that the operation itself answers with this status;
/// where it has none, a page.
pub(crate) fn render_injected(injected: &Injected<'_>) -> Response {
    let status = injected.status;
    let own = match injected.code {
        Some(code) => code.parse().ok().map(|code| make_error(code, injected)),
        None => find_own(injected),
    };
    // A rule of an imported state may have a code that there is not, or that comes with another status.
    if let Some(own) = own.as_ref().map(render).filter(|own| own.status() == status) {
        return own;
    }
    let reason = status.canonical_reason().unwrap_or("Error");
    match injected.code {
        Some(code) => render_json(status, code, reason),
        None if status == StatusCode::INTERNAL_SERVER_ERROR => render_empty_500(),
        None => render_page(status, reason),
    }
}

/// Finds the error that the operation itself answers this caller with this status.
fn find_own(injected: &Injected<'_>) -> Option<JetBrainsError> {
    let has_team_token = injected.principal.is_some_and(|owner| owner.team.is_some());
    let operation = injected.operation.unwrap_or_default();
    let code = match (injected.status, operation) {
        (StatusCode::UNAUTHORIZED, _) => Code::InvalidToken,
        (StatusCode::FORBIDDEN, "changeTeam") if has_team_token => Code::TokenTypeMismatch,
        (StatusCode::FORBIDDEN, "assignLicense" | "revokeAsset" | "changeTeam") => Code::InsufficientPermissions,
        (StatusCode::FORBIDDEN, "getAllForTeam" | "getByLicenseId") if has_team_token => Code::TeamMismatch,
        (StatusCode::FORBIDDEN, _) => Code::ApiDisabled,
        (StatusCode::NOT_FOUND, "getByLicenseId" | "assignLicense" | "revokeAsset") => Code::LicenseNotFound,
        (StatusCode::NOT_FOUND, "getAllForTeam" | "changeTeam") => Code::TeamNotFound,
        (StatusCode::NOT_IMPLEMENTED, "createUserAccount" | "deleteUserAccount") => Code::NotImplemented,
        (StatusCode::NOT_FOUND, _) => return Some(Error::RouteUnknown.into()),
        (StatusCode::BAD_REQUEST, _) => return Some(Error::Unreadable(String::new()).into()),
        (status, _) => return find_shared_error(status).map(JetBrainsError::from),
    };
    Some(make_error(code, injected))
}

/// Makes an error with this code that says of the request what can be said.
fn make_error(code: Code, injected: &Injected<'_>) -> JetBrainsError {
    match code {
        Code::MissingTokenHeader => Error::CredentialMissing.into(),
        Code::MissingCustomerHeader => JetBrainsError::TenantMissing,
        Code::InvalidToken => Error::CredentialRejected.into(),
        Code::TeamMismatch => JetBrainsError::ForeignTeam { token_team: find_token_team(injected) },
        Code::TokenTypeMismatch => JetBrainsError::TeamToken,
        Code::InsufficientPermissions => JetBrainsError::EditForbidden {
            customer_code: injected.principal.map_or(EXAMPLE_CUSTOMER_CODE, |owner| owner.organization.customer_code),
            team: (injected.operation != Some("changeTeam")).then(|| find_token_team(injected)),
        },
        Code::LicenseNotFound => JetBrainsError::LicenseUnknown(find_license(injected)),
        Code::TeamNotFound => JetBrainsError::TeamUnknown(find_team(injected)),
        Code::ProductNotFound => JetBrainsError::ProductUnknown(EXAMPLE_PRODUCT.to_owned()),
        Code::MissingField if injected.operation == Some("revokeAsset") => {
            JetBrainsError::FieldMissing(NOTHING_TO_REVOKE)
        }
        Code::MissingField => JetBrainsError::FieldMissing(NOTHING_TO_ASSIGN),
        Code::NoAvailableLicenseToAssign => {
            JetBrainsError::NoLicenseAvailable { team: find_token_team(injected), product: EXAMPLE_PRODUCT.to_owned() }
        }
        Code::LicenseIsNotAvailableToAssign => JetBrainsError::LicenseUnavailable(Unavailable::Allocated),
        Code::InvalidContactEmail => ContactError::Email(EXAMPLE_WRONG_EMAIL.to_owned()).into(),
        Code::InvalidContactName => ContactError::Name(NameProblem::Empty).into(),
        Code::RecentlyAssignedLicenseIsNotAvailableForRevoke => RecentlyAssigned(find_license(injected)).into(),
        Code::ApiDisabled => JetBrainsError::ServiceDisabled,
        Code::NotImplemented => JetBrainsError::NotEmulated(user_accounts::WHY),
    }
}

fn find_token_team(injected: &Injected<'_>) -> i32 {
    injected.principal.and_then(|owner| owner.profile().team()).unwrap_or(EXAMPLE_TEAM)
}

/// Finds the team in the path.
fn find_team(injected: &Injected<'_>) -> i32 {
    let mut segments = injected.uri.path().split('/').skip_while(|segment| *segment != "teams");
    segments.nth(1).and_then(|team| team.parse().ok()).unwrap_or(EXAMPLE_TEAM)
}

/// Finds the licence in the path or in the query.
fn find_license(injected: &Injected<'_>) -> String {
    let of_path = || {
        let last = injected.uri.path().rsplit('/').next()?;
        Some(percent_decode_str(last).decode_utf8_lossy().into_owned())
    };
    let of_query = || {
        let query = injected.uri.query()?;
        let mut values = form_urlencoded::parse(query.as_bytes());
        values.find(|(name, _)| name == "licenseId").map(|(_, value)| value.into_owned())
    };
    let found = if injected.operation == Some("getByLicenseId") { of_path() } else { of_query() };
    found.unwrap_or_else(|| EXAMPLE_LICENSE.to_owned())
}
