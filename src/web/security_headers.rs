//! What browsers are told that no page may do.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Pages load nothing from other sites, have no inline code, and are in no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Middleware: adds the headers that say so. The referrer policy is not `no-referrer`, because browsers would then send
/// forms with `Origin: null`, which the guard refuses.
pub(crate) async fn add(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
