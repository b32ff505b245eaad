//! The vendor's calendar: its dates are days, which begin at midnight three hours before UTC's do.

use std::fmt;

use chrono::{DateTime, FixedOffset};

use crate::core::{
    clock::{Time, from_micros, micros},
    now::Now,
};

/// The offset of every date that was recorded (jetbrains-account §4.1).
pub const OFFSET: FixedOffset = FixedOffset::east_opt(3 * 3600).expect("three hours are an offset");
const OFFSET_MICROS: i64 = 3 * 3600 * 1_000_000;
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// A day of the vendor's. Made of a moment, it is the day that the moment is in there.
#[derive(Debug, Clone, Copy)]
pub struct Day(Time);

impl Day {
    pub fn of(moment: Time) -> Self {
        Self(moment)
    }

    /// The moment that it was made of, which the store keeps.
    pub fn moment(self) -> Time {
        self.0
    }

    /// Days since 1970. The store counts them in the same way, from a column's microseconds.
    pub fn number(self) -> i64 {
        (micros(self.0) + OFFSET_MICROS).div_euclid(DAY_MICROS)
    }

    /// Its first moment, in the vendor's offset.
    pub fn midnight(self) -> DateTime<FixedOffset> {
        from_micros(self.number() * DAY_MICROS - OFFSET_MICROS).with_timezone(&OFFSET)
    }

    /// It is over.
    ///
    /// unverified: that something valid until a day is valid all that day (jetbrains-account §4.1).
    pub fn is_over(self, now: &Now) -> bool {
        now.has_passed(from_micros((self.number() + 1) * DAY_MICROS - OFFSET_MICROS))
    }

    /// The number of a column's day, as SQL.
    pub fn number_sql(column: &str) -> String {
        format!("(({column} + {OFFSET_MICROS}) / {DAY_MICROS})")
    }
}

/// `2027-01-15`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.midnight().date_naive().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::parse;

    fn day(text: &str) -> Day {
        Day::of(parse(text).unwrap())
    }

    #[test]
    fn a_moment_is_in_the_day_that_it_is_there() {
        for (moment, midnight) in [
            ("2027-05-20", "2027-05-20T00:00:00+03:00"),
            ("2027-05-20T20:59:59.999999Z", "2027-05-20T00:00:00+03:00"),
            ("2027-05-20T21:00:00Z", "2027-05-21T00:00:00+03:00"),
            ("2027-05-20T00:00:00+03:00", "2027-05-20T00:00:00+03:00"),
            ("2027-05-20T23:59:59-05:00", "2027-05-21T00:00:00+03:00"),
            ("1970-01-01", "1970-01-01T00:00:00+03:00"),
            ("9998-12-31T23:59:59Z", "9999-01-01T00:00:00+03:00"),
        ] {
            assert_eq!(day(moment).midnight().to_rfc3339(), midnight, "{moment}");
        }
        assert_eq!(day("2027-05-20T21:00:00Z").to_string(), "2027-05-21");
    }

    #[test]
    fn a_day_is_over_with_its_last_moment() {
        let until = day("2027-05-20");
        for (now, over) in [("2027-05-20T20:59:59Z", false), ("2027-05-20T21:00:00Z", true), ("2027-05-19", false)] {
            assert_eq!(until.is_over(&Now::at(parse(now).unwrap())), over, "{now}");
        }
    }
}
