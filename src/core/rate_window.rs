//! Rate-limit arithmetic: fixed windows that start at whole multiples of their length.

use std::{fmt, str::FromStr, time::Duration};

use crate::core::{
    clock::{Time, from_micros, micros},
    suggest,
};

/// How many requests are let through, and in what time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Requests in one window.
    pub limit: i64,
    /// The window's length; at least a millisecond.
    pub window: Duration,
    /// What happens to the request after the last one.
    pub mode: Mode,
}

/// An organization's rate limit; what it does not say is the server's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in one window.
    pub limit: i64,
    pub window: Duration,
    /// What happens to the request after the last one.
    pub mode: Option<Mode>,
}

impl RateLimit {
    /// What an organization's requests are counted by: its own limit or, where nobody set one, the default.
    ///
    /// unverified: a limit that nobody set is not enforced, unless the server's setting says so.
    pub fn choose_policy(own: Option<Self>, default: Self, server: Option<Mode>) -> Policy {
        let mode = if own.is_some() { Mode::Enforce } else { Mode::Observe };
        let Self { limit, window, mode: own_mode } = own.unwrap_or(default);
        Policy { limit, window, mode: own_mode.or(server).unwrap_or(mode) }
    }
}

/// Refuses a window that is too short or too long.
pub fn check_window(window: Duration) -> Result<Duration, String> {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_hours(366 * 24);
    if (SHORTEST..=LONGEST).contains(&window) { Ok(window) } else { Err("a window is from 1ms to 366d".to_owned()) }
}

/// What a rate limit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Counts and refuses.
    Enforce,
    /// Counts and says so, refuses nothing.
    Observe,
    /// Does not count.
    Off,
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "observe" => Ok(Self::Observe),
            "off" => Ok(Self::Off),
            _ => Err(suggest::describe_unknown(text, "a mode", ["enforce", "observe", "off"])),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
            Self::Off => "off",
        })
    }
}

/// A stretch of time in which requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub start: Time,
    /// The first moment after it.
    pub reset: Time,
}

/// The window that `now` is in.
pub fn window(now: Time, length: Duration) -> Window {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX).max(1);
    let start = micros(now).div_euclid(length).saturating_mul(length);
    Window { start: from_micros(start), reset: from_micros(start.saturating_add(length)) }
}

/// Where a request stands in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Requests in one window.
    pub limit: i64,
    /// How many more are let through.
    pub remaining: i64,
    /// When counting starts over.
    pub reset: Time,
    /// Whole seconds until then, at least one.
    pub retry_after: i64,
    /// This request is one too many.
    pub exceeded: bool,
}

impl Policy {
    /// Where the request number `count` of the window stands, at `now`.
    pub fn standing(&self, count: i64, now: Time) -> Standing {
        let reset = window(now, self.window).reset;
        let left = (reset - now).num_milliseconds();
        Standing {
            limit: self.limit,
            remaining: (self.limit - count).max(0),
            reset,
            retry_after: left.saturating_add(999).div_euclid(1000).max(1),
            exceeded: count > self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::parse;

    fn at(text: &str) -> Time {
        parse(text).unwrap()
    }

    #[test]
    fn windows_start_at_whole_multiples() {
        let minute = Duration::from_mins(1);
        let inside = window(at("2026-01-15T09:00:59.999Z"), minute);
        assert_eq!(inside, Window { start: at("2026-01-15T09:00:00Z"), reset: at("2026-01-15T09:01:00Z") });
        assert_eq!(window(at("2026-01-15T09:01:00Z"), minute).start, at("2026-01-15T09:01:00Z"));
    }

    #[test]
    fn the_request_after_the_last_is_one_too_many() {
        let policy = Policy { limit: 2, window: Duration::from_mins(1), mode: Mode::Enforce };
        let now = at("2026-01-15T09:00:30.500Z");
        let standing = |count| {
            let s = policy.standing(count, now);
            (s.remaining, s.exceeded, s.retry_after)
        };
        assert_eq!([1, 2, 3].map(standing), [(1, false, 30), (0, false, 30), (0, true, 30)]);
        assert!(Policy { limit: 0, ..policy }.standing(1, now).exceeded);
    }

    #[test]
    fn what_nobody_set_is_not_enforced() {
        let limit = |mode| RateLimit { limit: 2, window: Duration::from_mins(1), mode };
        for (own, server, mode) in [
            (None, None, Mode::Observe),
            (None, Some(Mode::Enforce), Mode::Enforce),
            (None, Some(Mode::Off), Mode::Off),
            (Some(limit(None)), None, Mode::Enforce),
            (Some(limit(None)), Some(Mode::Observe), Mode::Observe),
            (Some(limit(Some(Mode::Enforce))), Some(Mode::Off), Mode::Enforce),
            (Some(limit(Some(Mode::Off))), None, Mode::Off),
        ] {
            assert_eq!(RateLimit::choose_policy(own, limit(None), server).mode, mode, "{own:?} {server:?}");
        }
    }

    #[test]
    fn absurd_lengths_do_not_overflow() {
        let far = window(at("2026-01-15"), Duration::MAX);
        assert_eq!(far.start, from_micros(0));
        assert!(window(at("2026-01-15"), Duration::ZERO).reset > at("2026-01-15"));
    }
}
