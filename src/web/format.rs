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
    fn of_many_the_first_are_named() {
        assert_eq!(name_few(&["a", "b"], ", "), "a, b");
        assert_eq!(name_few(&["a", "b", "c", "d", "e"], " "), "a b c d e");
        assert_eq!(name_few(&["a", "b", "c", "d", "e", "f"], " "), "a b c d e and 1 more");
    }
}
