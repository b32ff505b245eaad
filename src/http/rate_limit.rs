//! Counts requests per credential and operation, and refuses the one after the last.

use std::fmt::Display;

use axum::{
    http::{HeaderName, HeaderValue, header::RETRY_AFTER},
    response::Response,
};
use chrono::{SecondsFormat, Timelike as _};

use crate::{
    app::App,
    core::{
        clock::Time,
        error::Error,
        rate_window::{Mode, Policy, Standing, window},
    },
    domain::{credential::CredentialId, organization::SpaceId},
};

/// Requests in one window.
pub const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
/// How many more are let through.
pub const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// When counting starts over: an ISO 8601 date-time in UTC, without the seconds where they are zero.
pub const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Counts one request; `None` when the policy counts nothing.
pub async fn count(
    app: &App,
    (space, generation): (SpaceId, i64),
    credential: CredentialId,
    operation: &'static str,
    policy: Policy,
    now: Time,
) -> Result<Option<Standing>, Error> {
    if policy.mode == Mode::Off {
        return Ok(None);
    }
    let window = window(now, policy.window);
    let count = crate::store::rate_window::count(&app.db, space, generation, credential, operation, window).await?;
    let standing = policy.standing(count, now);
    Ok(Some(Standing { exceeded: standing.exceeded && policy.mode == Mode::Enforce, ..standing }))
}

/// Gives an injected 429 what an own one has. Where nobody counted the request, `uncounted` says where it would stand.
pub fn pretend_exceeded(
    mut injected: Response,
    counted: Option<&mut Standing>,
    uncounted: impl FnOnce() -> Option<Standing>,
) -> Response {
    let mut pretended = if counted.is_none() { uncounted() } else { None };
    if let Some(standing) = counted.or(pretended.as_mut()) {
        standing.remaining = 0;
        injected.headers_mut().insert(RETRY_AFTER, standing.retry_after.into());
        write_headers(&mut injected, standing);
    }
    injected
}

/// Formats a reset: without the seconds where they are zero, because clients in use read nothing else.
fn format_reset(reset: Time) -> String {
    if reset.second() == 0 {
        return reset.format("%Y-%m-%dT%H:%MZ").to_string();
    }
    reset.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Says on the answer where the request stands.
pub fn write_headers(response: &mut Response, standing: &Standing) {
    let value = |text: &dyn Display| HeaderValue::from_str(&text.to_string()).ok();
    let reset = format_reset(standing.reset);
    let headers = [(LIMIT, value(&standing.limit)), (REMAINING, value(&standing.remaining)), (RESET, value(&reset))];
    for (name, value) in headers {
        if let Some(value) = value {
            // In place of what is there, because an injected 429 has them already.
            response.headers_mut().insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::parse;

    #[test]
    fn a_reset_has_seconds_only_where_they_are_not_zero() {
        for (reset, written) in [
            ("2026-01-15T09:01:00Z", "2026-01-15T09:01Z"),
            ("2026-01-15T00:00:00Z", "2026-01-15T00:00Z"),
            ("2026-01-15T09:01:30Z", "2026-01-15T09:01:30Z"),
            ("2026-01-15T09:00:01Z", "2026-01-15T09:00:01Z"),
        ] {
            assert_eq!(format_reset(parse(reset).unwrap()), written);
        }
    }
}
