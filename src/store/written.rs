//! What the sessions of one request have written, for whoever records the request.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::domain::journal::Changed;

/// Shared by a request's handler and who records it. Only what lasts gets in: what is rolled back has changed nothing.
#[derive(Debug, Default)]
pub struct Written {
    has_opened: AtomicBool,
    changed: Mutex<Changed>,
}

impl Written {
    /// Notes that a session was opened that writes.
    pub fn note_session(&self) {
        self.has_opened.store(true, Ordering::Relaxed);
    }

    pub fn has_opened_session(&self) -> bool {
        self.has_opened.load(Ordering::Relaxed)
    }

    /// Adds what a session has changed that was committed.
    pub(super) fn add(&self, committed: Changed) {
        self.changed.lock().add(committed.count, committed.first);
    }

    /// What was changed by now.
    pub fn read(&self) -> Option<Changed> {
        Some(self.changed.lock().clone()).filter(|changed| !changed.is_empty())
    }
}
