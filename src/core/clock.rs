//! Time as a value. The only place that may ask the machine for it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, Months, SecondsFormat, TimeDelta, Utc};

use crate::core::duration::HumanDuration;

/// A moment in UTC, never finer than a microsecond, so that it survives both databases unchanged.
pub type Time = DateTime<Utc>;

/// How a space tells the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    Real,
    /// Stands still; moves only when it is advanced.
    Frozen(Time),
    /// Runs, this far from the machine's clock.
    Offset(TimeDelta),
}

impl Clock {
    /// What this clock shows.
    pub fn now(&self) -> Time {
        match self {
            Self::Real => machine_now(),
            Self::Frozen(at) => *at,
            // An offset that leaves the calendar cannot be built (see `showing` and `advance`).
            Self::Offset(by) => machine_now().checked_add_signed(*by).unwrap_or_else(machine_now),
        }
    }

    /// A running clock that shows `at` now.
    pub fn showing(at: Time) -> Self {
        Self::Offset(at - machine_now())
    }

    /// A running clock this far from the machine's; `None` when it shows nothing in the calendar.
    pub fn offset(micros: i64) -> Option<Self> {
        let by = TimeDelta::microseconds(micros);
        machine_now().checked_add_signed(by).and_then(in_range).map(|_| Self::Offset(by))
    }

    /// This clock, moved by `span`: a frozen clock stays frozen, a real one becomes an offset one.
    /// `None` when the result leaves the calendar.
    pub fn advance(&self, span: HumanDuration) -> Option<Self> {
        let to = shift(self.now(), span)?;
        Some(match self {
            Self::Frozen(_) => Self::Frozen(to),
            Self::Real | Self::Offset(_) => Self::showing(to),
        })
    }
}

/// `real`, `frozen@2026-01-15T09:00:00Z` or `offset@2026-01-15T09:00:00Z`.
impl FromStr for Clock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('@') {
            None if text == "real" => Ok(Self::Real),
            Some(("frozen", at)) => parse(at).map(Self::Frozen),
            Some(("offset", at)) => parse(at).map(Self::showing),
            _ => Err("expected real, frozen@2026-01-15T09:00:00Z or offset@2026-01-15T09:00:00Z".to_owned()),
        }
    }
}

/// `real`, `frozen` or `offset`.
impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Frozen(_) => "frozen",
            Self::Offset(_) => "offset",
        })
    }
}

/// Reads an RFC 3339 date-time with any offset, or a bare date (midnight UTC).
pub fn parse(text: &str) -> Result<Time, String> {
    let time = DateTime::parse_from_rfc3339(text)
        .map(|t| t.with_timezone(&Utc))
        .or_else(|_| text.parse::<chrono::NaiveDate>().map(|d| d.and_time(chrono::NaiveTime::MIN).and_utc()))
        .map_err(|_| format!("`{text}` is not a date: expected one like 2026-01-15T09:00:00Z or 2026-01-15"))?;
    in_range(time).map(cut).ok_or_else(|| format!("`{text}` is outside the years 1970 to 9998"))
}

/// RFC 3339 in UTC, with as many digits as it takes: what [`parse`] reads.
pub fn write(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Microseconds since 1970, the form in which the store keeps a moment.
pub fn micros(time: Time) -> i64 {
    time.timestamp_micros()
}

/// The inverse of [`micros`]; a number outside the calendar becomes 1970.
pub fn from_micros(micros: i64) -> Time {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// The moment `span` after `time`; `None` outside the years 1970 to 9998.
pub fn shift(time: Time, span: HumanDuration) -> Option<Time> {
    in_range(match span {
        HumanDuration::Millis(millis) => time.checked_add_signed(TimeDelta::try_milliseconds(millis)?)?,
        HumanDuration::Years(years) => {
            let months = Months::new(years.unsigned_abs().checked_mul(12)?);
            if years < 0 { time.checked_sub_months(months)? } else { time.checked_add_months(months)? }
        }
    })
}

/// A year short of what four digits hold, so that no offset makes it five.
fn in_range(time: Time) -> Option<Time> {
    (1970..=9998).contains(&time.year()).then_some(time)
}

fn cut(time: Time) -> Time {
    from_micros(micros(time))
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn machine_now() -> Time {
    cut(Utc::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_by_advance() {
        let clock: Clock = "frozen@2026-01-15T09:00:00Z".parse().unwrap();
        assert_eq!(clock.now(), clock.now());
        let later = clock.advance("30d".parse().unwrap()).unwrap();
        assert_eq!(later, Clock::Frozen(parse("2026-02-14T09:00:00Z").unwrap()));
    }

    #[test]
    fn an_advanced_real_clock_runs_on_from_there() {
        let later = Clock::Real.advance("1y".parse().unwrap()).unwrap();
        assert!(matches!(later, Clock::Offset(by) if by > TimeDelta::days(364)));
    }

    #[test]
    fn times_outside_the_calendar_are_refused() {
        assert!(parse("1969-12-31").is_err());
        assert!(parse("+10000-01-01T00:00:00Z").is_err());
        assert!(Clock::Frozen(parse("9998-12-31").unwrap()).advance("1d".parse().unwrap()).is_none());
        assert!("frozen@yesterday".parse::<Clock>().is_err());
    }

    #[test]
    fn a_bare_date_is_midnight_and_nanoseconds_are_cut() {
        assert_eq!(parse("2026-01-15").unwrap(), parse("2026-01-15T00:00:00Z").unwrap());
        assert_eq!(micros(parse("2026-01-15T00:00:00.123456789Z").unwrap()) % 1_000_000, 123_456);
    }

    #[test]
    fn a_year_keeps_the_day() {
        let start = parse("2024-02-29").unwrap();
        assert_eq!(shift(start, HumanDuration::Years(1)), Some(parse("2025-02-28").unwrap()));
        assert_eq!(shift(start, HumanDuration::Years(-4)), Some(parse("2020-02-29").unwrap()));
        assert_eq!(shift(start, HumanDuration::Years(i32::MAX)), None);
        assert_eq!(shift(start, HumanDuration::Millis(i64::MAX)), None);
    }
}
