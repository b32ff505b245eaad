//! Which of the services' operations were asked, and how they were answered: over all spaces, because what a test suite
//! left out is left out wherever it asked.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;

/// Since the start, or since somebody started over.
#[derive(Debug, Default)]
pub struct Coverage(Mutex<HashMap<OperationKey, Counts>>);

/// An operation: its service and its id.
pub type OperationKey = (&'static str, &'static str);

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Success,
    /// With this status.
    Refusal(u16),
    /// It came after the last one that a rate limit lets through.
    Limit,
    /// An injected fault hit it, whatever it was answered.
    Fault,
}

/// How often an operation was answered in each way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub success: u64,
    pub refusals: BTreeMap<u16, u64>,
    pub limit: u64,
    pub fault: u64,
}

impl Coverage {
    pub fn count(&self, operation: OperationKey, outcome: Outcome) {
        let mut all = self.0.lock();
        let counts = all.entry(operation).or_default();
        let count = match outcome {
            Outcome::Success => &mut counts.success,
            Outcome::Refusal(status) => counts.refusals.entry(status).or_default(),
            Outcome::Limit => &mut counts.limit,
            Outcome::Fault => &mut counts.fault,
        };
        *count += 1;
    }

    /// What was counted for an operation.
    pub fn of(&self, operation: OperationKey) -> Counts {
        self.0.lock().get(&operation).cloned().unwrap_or_default()
    }

    /// Whether anything was asked.
    pub fn start_over(&self) -> bool {
        let mut asked = self.0.lock();
        let was_asked = !asked.is_empty();
        asked.clear();
        was_asked
    }
}
