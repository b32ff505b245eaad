//! Notes what a tester does to a space, for the list of requests: whoever looks at it later asks what happened in between.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{
    app::{App, timeline::Note},
    core::{
        clock::{Clock, Time, write},
        error::Error,
    },
    domain::organization::{DEFAULT_SPACE, Space},
    http::problem::Problem,
};

/// Middleware: notes what was done, where it was.
pub(super) async fn note(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let (name, path) = find_space(request.uri().path(), request.uri().query());
    if path.is_empty() || matches!(&*path, "/requests/verify" | "/coverage") {
        return next.run(request).await;
    }
    let before = match app.space(&name).await {
        Ok(space) => Some(space),
        // The handler would wait as long once more.
        Err(error @ Error::Unavailable { .. }) => return Problem::from(error).into_response(),
        Err(_) => None,
    };
    let response = next.run(request).await;
    if !response.status().is_success() {
        return response;
    }
    let Ok(space) = app.space(&name).await else { return response };
    // The journal is empty from here on, and so is what happened between its requests.
    if before.as_ref().is_some_and(|before| before.generation() != space.generation()) || path == "/requests" {
        app.timeline.clear(space.id);
    }
    if path != "/requests" {
        let text = describe(&method, &path, before.as_ref(), &space);
        app.timeline.note(space.id, Note { arrived: Clock::Real.now(), text });
    }
    response
}

/// The space's name, and the path within it; that is empty for the list of spaces.
fn find_space(path: &str, query: Option<&str>) -> (String, String) {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    if let Some(rest) = path.strip_prefix("/spaces") {
        let (name, path) = rest.trim_start_matches('/').split_once('/').unwrap_or_default();
        return (decode(name), format!("{}{path}", if path.is_empty() { "" } else { "/" }));
    }
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let named = pairs.into_iter().find(|(name, _)| name == "space").map(|(_, value)| value.into_owned());
    (named.unwrap_or_else(|| DEFAULT_SPACE.to_owned()), decode(path))
}

fn describe(method: &Method, path: &str, before: Option<&Space>, space: &Space) -> String {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method.as_str(), segments.as_slice()) {
        (_, ["clock", ..]) => describe_clock(before.map(Space::now), space),
        (_, ["reset"]) => "reset to the seed".to_owned(),
        (_, ["seed"]) => "seeded".to_owned(),
        ("PUT", ["state"]) => "a state was put in".to_owned(),
        ("POST", ["faults"]) => "a fault was made".to_owned(),
        ("DELETE", ["faults"]) => "all faults were removed".to_owned(),
        ("DELETE", ["faults", _]) => "a fault was removed".to_owned(),
        ("PUT", ["rate-limits"]) => "limits were set".to_owned(),
        (_, ["rate-limits", "reset"]) => "counting started over".to_owned(),
        (_, ["credentials", label, "revoke"]) => format!("the credential {label} was revoked"),
        (_, ["credentials", label, "expire"]) => format!("the credential {label} expired"),
        (_, ["credentials", label, "rotate"]) => format!("the credential {label} got a new token"),
        _ => format!("{method} {path}"),
    }
}

fn describe_clock(before: Option<Time>, space: &Space) -> String {
    const DAY: i64 = 24 * 60;
    let now = space.now();
    let minutes = before.map_or(0, |before| (now - before).num_minutes());
    let sign = if minutes < 0 { "−" } else { "+" };
    let moved = match minutes.abs() {
        0 => String::new(),
        some if some % DAY == 0 => format!(" {sign}{} d", some / DAY),
        some if some % 60 == 0 => format!(" {sign}{} h", some / 60),
        some if some > DAY => format!(" {sign}{} d", some / DAY),
        some => format!(" {sign}{some} min"),
    };
    let shown = write(now);
    let shown = shown.split('.').next().unwrap_or(&shown).trim_end_matches('Z').replace('T', " ");
    format!("clock{moved} → {shown} {}", space.clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_is_named_in_the_path_or_in_the_query() {
        let find = |path, query| find_space(path, query);
        let found = |name: &str, path: &str| (name.to_owned(), path.to_owned());
        assert_eq!(find("/clock", None), found("default", "/clock"));
        assert_eq!(find("/clock", Some("a=b&space=t1")), found("t1", "/clock"));
        assert_eq!(find("/spaces/t1/clock/advance", None), found("t1", "/clock/advance"));
        assert_eq!(find("/credentials/last%20year/expire", None), found("default", "/credentials/last year/expire"));
        assert_eq!(find("/spaces", None).1, "");
        assert_eq!(find("/spaces/t1", None).1, "");
    }
}
