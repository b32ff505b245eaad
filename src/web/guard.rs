//! Who may ask the control API: whoever may send requests here and knows the control token, and a browser that knew it
//! when its session began, for the documents and what their pages send.

use axum::{
    extract::{Request, State},
    http::{HeaderName, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{
    links::is_document,
    security_headers,
    session::{Session, show_login_for},
};
use crate::{
    app::App,
    http::{
        accepts::wants_page,
        control_guard::{CA_CERTIFICATE_PATH, check_site, check_token},
        problem::Problem,
        request_context::find_sent_uri,
    },
};

/// The header in which the page of the documents says what every form of its session says. No page of another site can
/// read that, nor send a header of its own here, so that it is the reader who asks.
const FORM: HeaderName = HeaderName::from_static("x-locum-form");

/// Middleware: refuses foreign pages, foreign host names, and callers without the control token. The authority's
/// certificate is everybody's.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.uri().path() == CA_CERTIFICATE_PATH {
        return next.run(request).await;
    }
    if let Err(problem) = check_site(&app, request.uri(), request.headers()) {
        return problem.into_response();
    }
    let Err(refusal) = check_token(&app, request.headers()) else { return next.run(request).await };
    // Who sends a token wants to know whether it is right.
    if request.headers().contains_key(header::AUTHORIZATION) {
        return Problem::from(refusal).into_response();
    }
    let (mut parts, body) = request.into_parts();
    let sent = find_sent_uri(&parts).clone();
    let reads = matches!(parts.method, Method::GET | Method::HEAD) && is_document(sent.path());
    match Session::of_request(&app, &parts.extensions, &parts.headers, &sent) {
        Some(session) if reads || session.is_form(&app, parts.headers.get(FORM)) => {
            parts.extensions.insert(session);
            next.run(Request::from_parts(parts, body)).await
        }
        None if reads && wants_page(&parts.headers) => security_headers::add(show_login_for(&sent)).await,
        _ => Problem::from(refusal).into_response(),
    }
}
