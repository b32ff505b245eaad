//! The journal: what was asked, what was decided, what was answered.

mod bounds;
mod entry;
mod expectation;
mod trace;

use crate::core::clock::Time;

pub use self::{
    bounds::Bounds,
    entry::{Entry, Headers, Message, StringArena},
    expectation::Expected,
    trace::{AppliedFault, CredentialOutcome, CredentialTrace, DecisionTrace, PermissionTrace, RateLimitTrace},
};

/// Which entries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this service.
    pub service: Option<String>,
    /// With this operation id.
    pub operation: Option<String>,
    /// With the credential of this label.
    pub credential: Option<String>,
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
        let same = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        self.after.is_none_or(|after| number > after)
            && self.before.is_none_or(|before| number < before)
            && same(&self.service, entry.service.as_deref())
            && same(&self.operation, entry.operation.as_deref())
            && same(&self.credential, entry.credential())
            && self.status.is_none_or(|(from, to)| (from..=to).contains(&entry.status))
            && self.since.is_none_or(|since| entry.at >= since)
    }
}
