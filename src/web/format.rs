//! How pages write times and numbers.

use std::fmt::Display;

use chrono::SecondsFormat;

use crate::core::clock::Time;

/// Writes a time to the second, without the zone, which is always UTC.
pub(crate) fn format_time(time: Time) -> String {
    format_timestamp(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The same of a time that may be `never`.
pub(crate) fn format_time_or(time: Option<Time>, never: &str) -> String {
    time.map_or_else(|| never.to_owned(), format_time)
}

/// The same of a time as the control API writes it.
pub(crate) fn format_timestamp(timestamp: &str) -> String {
    timestamp.split('.').next().unwrap_or(timestamp).trim_end_matches('Z').replace('T', " ")
}

/// `1 token`, `2 tokens`.
pub(crate) fn count_noun(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    if number == "1" { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}

/// A name of the control API as people write it: `primary_contact` is `primary contact`.
pub(crate) fn format_name(name: &str) -> String {
    name.replace('_', " ")
}

/// How long something took, from microseconds, in the unit in which it is short.
pub(crate) fn format_elapsed(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        100_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// Names the first of many, and says how many there are beside them.
pub(crate) fn name_few(all: &[impl AsRef<str>], separator: &str) -> String {
    const NAMED: usize = 5;
    let named: Vec<&str> = all.iter().take(NAMED).map(AsRef::as_ref).collect();
    let named = named.join(separator);
    if all.len() > NAMED { format!("{named} and {} more", all.len() - NAMED) } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (micros, text) in
            [(999, "999 µs"), (1_000, "1.0 ms"), (99_999, "99.9 ms"), (345_678, "345 ms"), (61_250_000, "61.2 s")]
        {
            assert_eq!(format_elapsed(micros), text);
        }
    }

    #[test]
    fn of_many_the_first_are_named() {
        assert_eq!(name_few(&["a", "b"], ", "), "a, b");
        assert_eq!(name_few(&["a", "b", "c", "d", "e"], " "), "a b c d e");
        assert_eq!(name_few(&["a", "b", "c", "d", "e", "f"], " "), "a b c d e and 1 more");
    }
}
