//! The time for which something is answered. It notes what the answer makes of it, so that it is known how long the
//! answer holds.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use crate::core::clock::{Time, micros};

/// The time for which something is answered. Clones share what is noted.
#[derive(Debug, Clone)]
pub struct Now(Arc<Noted>);

#[derive(Debug)]
struct Noted {
    /// Nobody gets at it unnoted.
    instant: Time,
    /// The first date after it at which the answer could be another, in microseconds since 1970; `i64::MAX` for none.
    until: AtomicI64,
    is_exact: AtomicBool,
    is_untracked: AtomicBool,
}

/// How long an answer holds, while the data that it was read from does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Before this moment, in microseconds since 1970.
    Before(i64),
    /// At that very instant.
    AtThisInstant,
    /// It cannot be told.
    Unknown,
}

impl Now {
    pub fn at(instant: Time) -> Self {
        let (until, is_exact, is_untracked) = (AtomicI64::new(i64::MAX), AtomicBool::default(), AtomicBool::default());
        Self(Arc::new(Noted { instant, until, is_exact, is_untracked }))
    }

    /// Whether it is this date, or later. If it is not, the answer holds until then at most.
    pub fn has_passed(&self, date: Time) -> bool {
        let has_passed = date <= self.0.instant;
        if !has_passed {
            self.note_change_at(date);
        }
        has_passed
    }

    /// The very instant. The answer holds at no other.
    pub fn exact(&self) -> Time {
        self.0.is_exact.store(true, Ordering::Relaxed);
        self.0.instant
    }

    /// For a query that filters by the time, and finds out when its result changes.
    pub fn filter(&self) -> TimeFilter<'_> {
        TimeFilter { now: self, is_change_known: false }
    }

    /// Notes that the answer is read from what changes without a new revision of the space, and without its time.
    pub fn note_untracked(&self) {
        self.0.is_untracked.store(true, Ordering::Relaxed);
    }

    /// How long an answer holds that was made for this time.
    pub fn validity(&self) -> Validity {
        if self.0.is_untracked.load(Ordering::Relaxed) {
            Validity::Unknown
        } else if self.0.is_exact.load(Ordering::Relaxed) {
            Validity::AtThisInstant
        } else {
            Validity::Before(self.0.until.load(Ordering::Relaxed))
        }
    }

    fn note_change_at(&self, date: Time) {
        self.0.until.fetch_min(micros(date), Ordering::Relaxed);
    }
}

/// The instant that a query filters by. Dropped without a word about when the query's result changes, it counts as
/// [`Now::exact`].
#[must_use]
pub struct TimeFilter<'a> {
    now: &'a Now,
    is_change_known: bool,
}

impl TimeFilter<'_> {
    pub fn instant(&self) -> Time {
        self.now.0.instant
    }

    /// Notes that the answer holds until the first of these dates that is to come, because the query's result changes then.
    pub fn changes_at(mut self, dates: impl IntoIterator<Item = Time>) {
        self.is_change_known = true;
        for date in dates {
            self.now.has_passed(date);
        }
    }
}

impl Drop for TimeFilter<'_> {
    fn drop(&mut self) {
        if !self.is_change_known {
            self.now.exact();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::parse;

    fn at(time: &str) -> Time {
        parse(&format!("2026-01-15T{time}Z")).unwrap()
    }

    #[test]
    fn an_answer_holds_until_the_first_date_that_was_asked_for_and_has_not_passed() {
        let now = Now::at(at("09:00:00"));
        assert_eq!(now.validity(), Validity::Before(i64::MAX), "nothing was asked");
        for (date, has_passed, until) in [
            ("08:59:59", true, None),
            ("09:00:00", true, None),
            ("11:00:00", false, Some("11:00:00")),
            ("10:00:00", false, Some("10:00:00")),
            ("12:00:00", false, Some("10:00:00")),
            ("09:00:00.000001", false, Some("09:00:00.000001")),
        ] {
            assert_eq!(now.clone().has_passed(at(date)), has_passed, "{date}");
            let until = until.map_or(i64::MAX, |until| micros(at(until)));
            assert_eq!(now.validity(), Validity::Before(until), "{date}");
        }
    }

    #[test]
    fn an_answer_that_used_the_instant_holds_at_no_other() {
        let now = Now::at(at("09:00:00"));
        now.has_passed(at("10:00:00"));
        assert_eq!(now.exact(), at("09:00:00"));
        assert_eq!(now.validity(), Validity::AtThisInstant);
        now.note_untracked();
        assert_eq!(now.validity(), Validity::Unknown);
    }

    #[test]
    fn a_query_says_when_its_result_changes_or_counts_as_one_that_used_the_instant() {
        let now = Now::at(at("09:00:00"));
        let filter = now.filter();
        assert_eq!(filter.instant(), at("09:00:00"));
        filter.changes_at([at("08:00:00"), at("10:00:00"), at("09:30:00")]);
        assert_eq!(now.validity(), Validity::Before(micros(at("09:30:00"))));
        now.filter().changes_at(None);
        assert_eq!(now.validity(), Validity::Before(micros(at("09:30:00"))));
        drop(now.filter());
        assert_eq!(now.validity(), Validity::AtThisInstant);
    }
}
