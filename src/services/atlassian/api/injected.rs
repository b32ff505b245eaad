//! Errors that a tester injects, as the service's own look (atlassian-api-access §2, §3).

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use strum::IntoEnumIterator as _;

use crate::{
    core::{
        error::Error,
        rate_window::{RateLimit, Standing},
    },
    http::{
        request_context::RequestContext,
        vendor_service::{ErrorCode, VendorService as _, find_shared_error},
    },
    services::atlassian::{
        Atlassian, USER_MANAGEMENT,
        api::error::{AtlassianError, Code, choose_answer, choose_title, render_gateway_error, render_service_error},
        domain::api_access::{AccessDenied, DEFAULT_RATE_LIMIT},
    },
};

/// The codes of the service's errors, and with which statuses they come (atlassian-api-access §3). The gateway's have
/// none.
pub(crate) fn list_codes() -> Vec<ErrorCode> {
    use StatusCode as S;
    const ANY: &[StatusCode] = &[
        S::INTERNAL_SERVER_ERROR,
        S::BAD_REQUEST,
        S::FORBIDDEN,
        S::NOT_FOUND,
        S::CONFLICT,
        S::BAD_GATEWAY,
        S::SERVICE_UNAVAILABLE,
        S::GATEWAY_TIMEOUT,
    ];
    let statuses = |code| match code {
        Code::InvalidApiTokenSearchQuery | Code::InvalidFieldFormat | Code::InvalidPageSize | Code::InvalidSort => {
            &[S::BAD_REQUEST]
        }
        Code::FeatureNotEnabled => &[S::FORBIDDEN],
        Code::GenericError => ANY,
    };
    Code::iter().map(|code| ErrorCode { name: code.into(), statuses: statuses(code) }).collect()
}

/// Renders an injected error as the operation's own with this status; where it has none, as the gateway does if such a
/// status is the gateway's, else as the service does.
pub(crate) fn render(status: StatusCode, code: Option<&str>, operation: Option<&'static str>) -> Response {
    if operation.is_some_and(|operation| USER_MANAGEMENT.contains(&operation)) {
        return find_own_of_gateway(status).map_or_else(
            || render_gateway_error(status, status.canonical_reason().unwrap_or("Error")),
            |own| choose_answer(&own).render(),
        );
    }
    if (status, operation) == (StatusCode::NOT_FOUND, Some(BULK_REVOKE)) {
        return status.into_response();
    }
    if let Some(code) = code {
        let known = code.parse().unwrap_or(Code::GenericError);
        return render_service_error(status, Cow::Owned(code.to_owned()), choose_title(status, known), None);
    }
    if let Some(own) = find_own(status, operation) {
        return choose_answer(&own).render();
    }
    if matches!(status, StatusCode::BAD_GATEWAY) {
        return render_gateway_error(status, status.canonical_reason().unwrap_or("Error"));
    }
    let code = Code::GenericError;
    let text: &'static str = code.into();
    render_service_error(status, Cow::Borrowed(text), choose_title(status, code), None)
}

/// Its 404 has no body.
const BULK_REVOKE: &str = "Bulk revoke API Tokens";

/// Finds the error of the User management API with this status, whose errors are all the gateway's.
fn find_own_of_gateway(status: StatusCode) -> Option<AtlassianError> {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => find_own(status, None),
        _ => None,
    }
}

/// Finds the error that the operation itself answers with this status.
fn find_own(status: StatusCode, operation: Option<&'static str>) -> Option<AtlassianError> {
    let own = match status {
        StatusCode::BAD_REQUEST if operation == Some("RevokeApiKey") => AtlassianError::UnknownApiKey,
        StatusCode::UNAUTHORIZED => Error::CredentialRejected.into(),
        StatusCode::FORBIDDEN => operation.and_then(|operation| FORBIDDEN.get(operation)).copied()?.into(),
        StatusCode::NOT_FOUND => find_not_found(operation)?,
        StatusCode::TOO_MANY_REQUESTS => Error::RateLimited { retry_after: find_standing().retry_after }.into(),
        StatusCode::INTERNAL_SERVER_ERROR => AtlassianError::VendorFailure,
        status => find_shared_error(status)?.into(),
    };
    Some(own)
}

/// Finds what the operation does not find (atlassian-api-access §3).
///
/// unverified: the text about an organization.
fn find_not_found(operation: Option<&'static str>) -> Option<AtlassianError> {
    let Some(operation) = operation else { return Some(Error::RouteUnknown.into()) };
    let own = match operation {
        "getOAuthClient" | "deleteOAuthClient" => AtlassianError::UnknownOAuthClient,
        "getServiceAccountApiToken"
        | "revokeApiTokens"
        | "listServiceAccountOAuthClientsByServiceAccountId"
        | "updateServiceAccount"
        | "deleteServiceAccount" => AtlassianError::UnknownServiceAccount,
        "listServiceAccountApiTokens" | "listServiceAccountOAuthClients" => {
            Error::NotFound("there is no such organization".to_owned()).into()
        }
        // Where the preview is not rolled out, it is as if there were no such route.
        "listServiceAccounts" | "createServiceAccount" => Error::RouteUnknown.into(),
        _ => return None,
    };
    Some(own)
}

/// Where a request stands that nobody counts.
fn find_standing() -> Standing {
    let now = RequestContext::current().map(|request| request.now).unwrap_or_default();
    RateLimit::choose_policy(None, DEFAULT_RATE_LIMIT, None).standing(0, now)
}

/// Why each operation refuses a credential that may not do it, as the document says what it needs.
static FORBIDDEN: LazyLock<HashMap<&str, AccessDenied>> = LazyLock::new(|| {
    let operations = Atlassian::document().operations.iter();
    let deny = |scope: Option<_>| scope.map_or(AccessDenied::SessionRequired, AccessDenied::ScopeMissing);
    operations.filter_map(|operation| Some((operation.id?, deny(operation.scope)))).collect()
});
