//! Lengths of time as people write them: `500ms 90s 15m 8h 30d 2w 1y`, signed where a direction is meant.

use std::{str::FromStr, time::Duration};

/// A signed length of time. Years are calendar years, so `+1y` keeps the day of the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HumanDuration {
    /// An exact number of milliseconds.
    Millis(i64),
    /// Calendar years.
    Years(i32),
}

impl HumanDuration {
    /// Whether it leads back in time.
    pub fn is_negative(self) -> bool {
        match self {
            Self::Millis(ms) => ms < 0,
            Self::Years(years) => years < 0,
        }
    }

    /// As a timer's length; `None` when negative or counted in years.
    pub fn to_duration(self) -> Option<Duration> {
        match self {
            Self::Millis(ms) => u64::try_from(ms).ok().map(Duration::from_millis),
            Self::Years(_) => None,
        }
    }
}

impl FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time: expected one like 90s, 15m, 8h, 30d, 2w or 1y");
        let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let millis = |each: i64| number.checked_mul(each).map(HumanDuration::Millis).ok_or_else(wrong);
        match unit {
            "ms" => millis(1),
            "s" => millis(1_000),
            "m" => millis(60_000),
            "h" => millis(3_600_000),
            "d" => millis(86_400_000),
            "w" => millis(7 * 86_400_000),
            "y" => i32::try_from(number).map(HumanDuration::Years).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

/// Reads a timer's length, as settings write it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    text.parse::<HumanDuration>()?
        .to_duration()
        .ok_or_else(|| format!("`{text}` is not a positive length of time, like 1s"))
}

/// Writes one so that [`parse_duration`] reads it, to the millisecond.
pub fn format_duration(span: Duration) -> String {
    let millis = span.as_millis();
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_signs() {
        assert_eq!("90s".parse(), Ok(HumanDuration::Millis(90_000)));
        assert_eq!("-40d".parse(), Ok(HumanDuration::Millis(-40 * 86_400_000)));
        assert_eq!("+1y".parse(), Ok(HumanDuration::Years(1)));
        assert_eq!("250ms".parse(), Ok(HumanDuration::Millis(250)));
        for wrong in ["", "d", "1", "1.5h", "1 d", "1mo", "99999999999999999w", "+-1d", "9999999999y"] {
            assert!(wrong.parse::<HumanDuration>().is_err(), "{wrong}");
        }
    }
}
