//! Keeps other people's web pages out of the control API: a page in a browser on this machine can send requests
//! here, but it cannot hide where it comes from.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret as _;

use crate::{
    app::App,
    config::is_near_host,
    core::{error::Error, token::PlainToken},
    http::problem::Problem,
};

/// Where the certificate of Locum's own authority is, below the control API.
pub const CA_CERTIFICATE_PATH: &str = "/ca.crt";

/// Middleware: refuses foreign pages and foreign host names. For pages, which ask for the control token themselves.
pub async fn guard_site(State(app): State<App>, request: Request, next: Next) -> Response {
    match check_site(&app, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Refuses foreign pages and foreign host names.
///
/// # Errors
/// 403.
pub fn check_site(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| text(headers, name);
    let host = text(header::HOST).or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    if host.is_some_and(|host| !is_known_host(app, host)) {
        return Err(Problem::forbidden(
            "the control API does not answer to this host name: use localhost or an IP address, or set --allowed-hosts",
        ));
    }
    let same_site =
        text(HeaderName::from_static("sec-fetch-site")).is_none_or(|site| site == "same-origin" || site == "none");
    let same_origin = text(header::ORIGIN).is_none_or(|origin| {
        let named = origin.split_once("://").map(|(_, host)| host);
        let is_public = app.config.public_url.as_deref().is_some_and(|url| url.eq_ignore_ascii_case(origin));
        is_public || named.zip(host).is_some_and(|(named, host)| named.eq_ignore_ascii_case(host))
    });
    if !same_site || !same_origin {
        return Err(Problem::forbidden("the control API does not answer to pages of other sites"));
    }
    Ok(())
}

/// Refuses callers without the control token, where there is one.
///
/// # Errors
/// [`Error::CredentialMissing`], [`Error::CredentialRejected`].
pub fn check_token(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    if app.config.control_token.is_none() {
        return Ok(());
    }
    let token = text(headers, header::AUTHORIZATION).ok_or(Error::CredentialMissing)?;
    let (scheme, token) = token.split_once(' ').ok_or(Error::CredentialRejected)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::CredentialRejected);
    }
    if is_control_token(app, token) { Ok(()) } else { Err(Error::CredentialRejected) }
}

/// Whether it is the control token. Compared as fingerprints, so that the time it takes tells nothing about the token.
pub fn is_control_token(app: &App, token: &str) -> bool {
    let print = |token: &str| app.keyring.fingerprint(&PlainToken::new(token));
    app.config.control_token.as_ref().is_some_and(|wanted| print(token) == print(wanted.expose_secret()))
}

fn is_known_host(app: &App, host: &str) -> bool {
    let Some(name) = host_name(host) else { return false };
    is_near_host(&name) || app.config.own_hosts().any(|own| own == name)
}

/// Without port and brackets, in lower case.
fn host_name(host: &str) -> Option<String> {
    let authority: axum::http::uri::Authority = host.parse().ok()?;
    Some(authority.host().trim_start_matches('[').trim_end_matches(']').to_lowercase())
}
