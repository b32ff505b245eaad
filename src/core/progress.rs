//! How far a long piece of work is, for whoever watches it.

use std::sync::Arc;

use parking_lot::Mutex;

/// Told by who works, looked at by who waits. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<Step>>);

/// One step of the work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// What is done in it, like `writing the seed`; empty before the first step and behind the last.
    pub doing: &'static str,
    pub done: u64,
    /// How much there is to do; 0 where that is not known.
    pub of: u64,
}

impl Progress {
    /// A step begins, and the one before has ended.
    pub fn begin(&self, doing: &'static str, of: u64) {
        *self.0.lock() = Step { doing, done: 0, of };
    }

    /// So much more of the step is done.
    pub fn advance(&self, by: usize) {
        let mut step = self.0.lock();
        step.done = step.done.saturating_add(by as u64).min(step.of);
    }

    /// So much of the step is done.
    pub fn reach(&self, done: u64) {
        let mut step = self.0.lock();
        step.done = done.min(step.of);
    }

    /// All is done.
    pub fn end(&self) {
        *self.0.lock() = Step::default();
    }

    /// Where it stands now.
    pub fn look(&self) -> Step {
        *self.0.lock()
    }
}
