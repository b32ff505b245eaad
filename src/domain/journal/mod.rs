//! The journal: what was asked, what was decided, what was answered.

mod bounds;
mod change;
mod entry;
mod expectation;
mod note;
mod trace;

use crate::{core::clock::Time, domain::request_matcher::RequestMatcher};

#[cfg(test)]
pub(crate) use self::entry::example_entry;
pub use self::{
    bounds::Bounds,
    change::{Change, Changed, describe_changes},
    entry::{Entry, Headers, KEPT_BODY, Message, SequencedEntry},
    expectation::{Count, Expectation},
    note::{KEPT_NOTES, Note, NotedAfter, describe_left_out},
    trace::{
        AppliedFault, CredentialOutcome, CredentialTrace, DecisionTrace, Ignored, PermissionTrace, RateLimitTrace,
    },
};

/// Which entries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub which: RequestMatcher,
    /// With a status in this range, both ends included.
    pub status: Option<(u16, u16)>,
    /// Asked at this time or later, by the space's clock.
    pub since: Option<Time>,
    /// Behind the entry of this number.
    pub after: Option<i64>,
    /// Before the entry of this number: where the page before ended.
    pub before: Option<i64>,
}

impl Filter {
    /// Whether a list shows the entry of this number.
    pub fn matches(&self, number: i64, entry: &Entry) -> bool {
        self.after.is_none_or(|after| number > after)
            && self.before.is_none_or(|before| number < before)
            && self.which.matches(entry.attributes(), &entry.request.body)
            && self.status.is_none_or(|(from, to)| (from..=to).contains(&entry.status))
            && self.since.is_none_or(|since| entry.at >= since)
    }
}
