//! What happens to a space between its requests.

use crate::core::clock::Time;

/// The clock was moved, data was replaced, a fault was made: what whoever looks at requests later has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When, by the machine's clock.
    pub arrived: Time,
    /// The number of the journal's newest entry then; 0 when there was none.
    pub after: i64,
    /// What, for people.
    pub text: String,
}

/// A note, and the id of the request that it comes after, if the journal still has that.
pub type NotedAfter = (Note, Option<String>);

/// Notes that are kept of each space.
pub const KEPT_NOTES: usize = 1000;

/// Says that older notes are left out beside those that are shown.
pub fn describe_left_out(count: usize) -> String {
    format!("{count} more before")
}
