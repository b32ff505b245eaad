//! Date filters: an interval of time, absolute or relative to now (atlassian-api-access §5).

use crate::{
    core::{clock::micros, now::Now},
    services::atlassian::domain::listing::Interval,
};

/// A unit of `gt` and `lt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Minute,
    Hour,
    Day,
    Week,
}

impl Unit {
    fn micros(self) -> i64 {
        const MINUTE: i64 = 60_000_000;
        match self {
            Self::Minute => MINUTE,
            Self::Hour => 60 * MINUTE,
            Self::Day => 24 * 60 * MINUTE,
            Self::Week => 7 * 24 * 60 * MINUTE,
        }
    }
}

/// Whether a field's moments are in the past (`createdAt`, `lastActiveAt`) or in the future (`expiresAt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    Past,
    Future,
}

/// A filter on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// From and to, in microseconds since 1970; at least one of them.
    Range(Option<i64>, Option<i64>),
    /// From and to, in microseconds from now; at least one of them.
    RangeTime(Option<i64>, Option<i64>),
    /// Further away from now than this.
    Gt(i64, Unit),
    /// Nearer to now than this.
    Lt(i64, Unit),
}

impl Search {
    /// Works out the interval that is meant at `now`. One that is relative to it moves with every instant.
    ///
    /// unverified: which way `gt` and `lt` go, for moments in the past and in the future; that the ends of a range
    /// are part of it (atlassian-api-access §5).
    pub fn interval(self, now: &Now, tense: Tense) -> Interval {
        const FIRST: i64 = 0;
        const LAST: i64 = i64::MAX;
        let now = || micros(now.exact());
        let distance = |value: i64, unit: Unit| value.saturating_mul(unit.micros());
        let (from, to) = match (self, tense) {
            (Self::Range(from, to), _) => (from.unwrap_or(FIRST), to.unwrap_or(LAST)),
            (Self::RangeTime(from, to), _) => {
                let absolute = |from_now: i64| now().saturating_add(from_now);
                (from.map_or(FIRST, absolute), to.map_or(LAST, absolute))
            }
            (Self::Gt(value, unit), Tense::Past) => (FIRST, now().saturating_sub(distance(value, unit)) - 1),
            (Self::Lt(value, unit), Tense::Past) => (now().saturating_sub(distance(value, unit)) + 1, now()),
            (Self::Gt(value, unit), Tense::Future) => {
                (now().saturating_add(distance(value, unit)).saturating_add(1), LAST)
            }
            (Self::Lt(value, unit), Tense::Future) => (FIRST, now().saturating_add(distance(value, unit)) - 1),
        };
        Interval { from: from.max(FIRST), to }
    }
}

/// Parses an ISO 8601 date-time, in UTC where it has no offset, or a date, which is its midnight. In microseconds since
/// 1970. A blank counts as the `+` that it was before the query was decoded.
pub fn parse_instant(text: &str) -> Option<i64> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
    let text = match text.rsplit_once(' ') {
        Some((date_time, offset)) if date_time.contains('T') && offset.contains(':') => format!("{date_time}+{offset}"),
        _ => text.to_owned(),
    };
    let time = DateTime::parse_from_rfc3339(&text).map(|t| t.to_utc()).ok();
    let time = time.or_else(|| text.parse::<NaiveDateTime>().ok().map(|t| t.and_utc()));
    let time = time.or_else(|| text.parse::<NaiveDate>().ok().map(|d| d.and_time(NaiveTime::MIN).and_utc()));
    time.map(|time| time.timestamp_micros())
}

/// Parses a relative time like `-3w`, `2d 4h` or `1w 2d 3h 4m` into microseconds from now. The sign is for all of it.
///
/// unverified: the grammar (atlassian-api-access §5).
pub fn parse_relative(text: &str) -> Option<i64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut sum: Option<i64> = None;
    for (name, unit) in [('w', Unit::Week), ('d', Unit::Day), ('h', Unit::Hour), ('m', Unit::Minute)] {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Some(after) = rest[digits..].strip_prefix(name).filter(|_| digits > 0) else { continue };
        let value: i64 = rest[..digits].parse().ok()?;
        sum = Some(sum.unwrap_or(0).checked_add(value.checked_mul(unit.micros())?)?);
        rest = after.trim_start();
    }
    if rest.is_empty() { sum.map(|sum| sign * sum) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::parse;

    #[test]
    fn relative_times_have_descending_units_and_one_sign() {
        let hours = |text| parse_relative(text).map(|micros| micros / 3_600_000_000);
        assert_eq!(hours("-3w"), Some(-3 * 7 * 24));
        assert_eq!(hours("1w 2d 3h 60m"), Some((7 + 2) * 24 + 4));
        assert_eq!(hours("1w2d"), Some(9 * 24));
        for wrong in ["", "-", "3", "3x", "1h 2d", "1d 1d", "+1d", "1d -2h", "--1d", " 1d", "1.5d", "99999999999999w"] {
            assert_eq!(parse_relative(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn instants_are_date_times_or_dates() {
        let midnight = micros(parse("2026-01-15").unwrap());
        for text in [
            "2026-01-15",
            "2026-01-15T00:00:00Z",
            "2026-01-15T02:00:00+02:00",
            "2026-01-15T02:00:00 02:00",
            "2026-01-15T00:00:00",
        ] {
            assert_eq!(parse_instant(text), Some(midnight), "{text}");
        }
        assert!(parse_instant("1960-01-01").is_some_and(|at| at < 0));
        for wrong in ["", "yesterday", "2026-13-01", "1768467600", "2026-01-15 10:00"] {
            assert_eq!(parse_instant(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nearer_and_further_leave_nothing_between_but_the_moment_itself() {
        let instant = parse("2026-01-15T09:00:00Z").unwrap();
        let now = &Now::at(instant);
        for tense in [Tense::Past, Tense::Future] {
            let further = Search::Gt(2, Unit::Day).interval(now, tense);
            let nearer = Search::Lt(2, Unit::Day).interval(now, tense);
            let limit = micros(instant) + if tense == Tense::Past { -1 } else { 1 } * 2 * Unit::Day.micros();
            for (moment, expected) in
                [(limit - 1, tense == Tense::Past), (limit, false), (limit + 1, tense == Tense::Future)]
            {
                assert_eq!(further.contains(moment), expected);
            }
            assert_eq!(
                [limit - 1, limit, limit + 1].map(|moment| nearer.contains(moment)),
                [tense == Tense::Future, false, tense == Tense::Past]
            );
        }
        let all = Search::Gt(i64::MAX, Unit::Week).interval(now, Tense::Past);
        assert!(!all.contains(0) && !all.contains(crate::services::atlassian::domain::listing::NO_DATE));
    }
}
