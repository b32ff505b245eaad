//! What happened to a space between its requests: the clock was moved, data was replaced, a fault was made. Kept in
//! this process only, because it is for people who look, and processes that share a database are not looked at by
//! clicking through them.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;

use crate::{core::clock::Time, domain::organization::SpaceId};

/// Notes that are kept of each space.
const KEPT: usize = 200;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When, by the machine's clock, as requests arrive by it.
    pub arrived: Time,
    /// What, for people.
    pub text: String,
}

/// The notes of all spaces.
#[derive(Debug, Default)]
pub struct Timeline(Mutex<HashMap<SpaceId, VecDeque<Note>>>);

impl Timeline {
    pub fn note(&self, space: SpaceId, note: Note) {
        let mut spaces = self.0.lock();
        let notes = spaces.entry(space).or_default();
        if notes.len() == KEPT {
            notes.pop_front();
        }
        notes.push_back(note);
    }

    /// Forgets what is older than the journal.
    pub fn clear(&self, space: SpaceId) {
        self.0.lock().remove(&space);
    }

    /// The notes of a space, the oldest first.
    pub fn list(&self, space: SpaceId) -> Vec<Note> {
        self.0.lock().get(&space).into_iter().flatten().cloned().collect()
    }
}
