//! Errors that a tester injects, as the service's own look (license-vault §2.5, §5).

use axum::{http::Uri, response::Response};

use crate::{
    core::error::Error,
    http::vendor_service::{InjectedError, find_shared_error},
    services::license_vault::{
        VaultCaller,
        api::{
            error::{CODES, VaultError, render},
            query::{UserQuery, parse_days},
            routes::{licenses::RevokeQuery, products::DisconnectQuery, server},
        },
        domain::vault::RevocationLimitReached,
    },
};

type Injected<'a> = InjectedError<'a, VaultCaller>;

/// What stands for a day that cannot be read, because nobody knows which parameter the tester means.
const EXAMPLE_WRONG_DAY: &str = "yesterday";

/// Renders an injected error: with the text of the one with this code, else of the one that the operation itself
/// answers with this status; where it has none, with the status's name.
pub(crate) fn render_injected(injected: &Injected<'_>) -> Response {
    let status = injected.status;
    let reason = status.canonical_reason().unwrap_or("Error");
    let known = CODES
        .iter()
        .find(|known| known.statuses.contains(&status) && injected.code.is_none_or(|code| code == known.name));
    let code = injected.code.or(known.map(|known| known.name));
    let code = code.map_or_else(|| reason.to_uppercase().replace(' ', "_"), ToOwned::to_owned);
    // A rule of an imported state may have a code that there is not, or that comes with another status.
    let own = known.and_then(|known| find_own_message(known.name, injected));
    render(status, code.into(), own.unwrap_or_else(|| reason.to_owned()))
}

/// Finds the text of the operation's own error with this code.
fn find_own_message(code: &str, injected: &Injected<'_>) -> Option<String> {
    let operation = injected.operation.unwrap_or_default();
    let own: VaultError = match (code, operation) {
        ("INVALID_PARAMETER", _) => find_invalid_parameter(operation)?,
        ("REVOCATION_LIMIT_REACHED", _) => {
            RevocationLimitReached::new(injected.principal.map(|caller| &caller.vault)).into()
        }
        ("NOT_FOUND", _) => find_not_found(operation, injected.uri),
        ("UNAUTHORIZED", _)
        | ("FORBIDDEN", "getLicensesReportJson" | "getTicketsReportJson" | "getReport" | "getReportInLowerCase") => {
            Error::CredentialRejected.into()
        }
        ("INTERNAL_ERROR", "getHealth") => return Some(server::NOT_REGISTERED.to_owned()),
        ("INTERNAL_ERROR", _) => Error::internal(String::new()).into(),
        _ => find_shared_error(injected.status)?.into(),
    };
    Some(own.make_message())
}

/// Finds how an operation refuses a query.
fn find_invalid_parameter(operation: &str) -> Option<VaultError> {
    let refuse_day = |name| parse_days((name, Some(EXAMPLE_WRONG_DAY)), ("", None)).err();
    match operation {
        "getUserLicenses" => UserQuery::default().read().err(),
        "revokeLicenses" => Some(RevokeQuery::refuse_without_selector()),
        "disconnectProduct" => Some(DisconnectQuery::refuse_without_selector()),
        "getDenialsReport" | "getLicensesReport" => refuse_day("from"),
        "getReport" | "getReportInLowerCase" => refuse_day("start"),
        _ => None,
    }
}

/// Finds what an operation does not find of what the request names.
fn find_not_found(operation: &str, uri: &Uri) -> VaultError {
    let query = uri.query().unwrap_or_default();
    let names = |wanted: &str| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == wanted);
    match operation {
        "revokeLicenses" if names("allocationId") => VaultError::AllocationUnknown,
        "disconnectProduct" if names("connectionId") => VaultError::ConnectionUnknown,
        "getUserLicenses" | "revokeLicenses" | "disconnectProduct" => VaultError::UserUnknown,
        _ => Error::RouteUnknown.into(),
    }
}
