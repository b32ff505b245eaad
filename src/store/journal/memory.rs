//! The journals in memory, while this process owns the data.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::{Mutex, MutexGuard};

use super::arena::StringArena;
use crate::domain::{
    journal::{Bounds, Count, Entry, Expectation, Filter, SequencedEntry},
    organization::SpaceId,
};

/// Journals by space.
#[derive(Default)]
pub(crate) struct Journals(Mutex<HashMap<SpaceId, Journal>>);

#[derive(Default)]
struct Journal {
    /// The oldest first.
    entries: VecDeque<SequencedEntry>,
    arena: StringArena,
    last_number: i64,
    bytes: usize,
    evicted: i64,
    /// Requests of an earlier revision are not kept, because the journal was cleared since.
    since_revision: i64,
}

impl Journals {
    /// Whether the entry is kept.
    pub(super) fn record(&self, space: SpaceId, revision: i64, entry: Entry, bounds: Bounds) -> bool {
        let mut journals = self.lock();
        let journal = journals.entry(space).or_default();
        if revision < journal.since_revision {
            return false;
        }
        let evicted = journal.push(entry, bounds);
        // Freed without the lock, so that other requests do not wait for it.
        drop(journals);
        drop(evicted);
        true
    }

    /// Counts an entry that could not be kept.
    pub(super) fn count_loss(&self, space: SpaceId, revision: i64) {
        let mut journals = self.lock();
        let journal = journals.entry(space).or_default();
        if revision >= journal.since_revision {
            journal.evicted += 1;
        }
    }

    /// Drops everything, also what will still be recorded of requests from before `revision`.
    pub(crate) fn clear(&self, space: SpaceId, revision: i64) {
        let mut journals = self.lock();
        let journal = journals.entry(space).or_default();
        *journal = Journal { last_number: journal.last_number, since_revision: revision, ..Journal::default() };
    }

    /// Drops the journal of a space that is gone.
    pub(crate) fn remove(&self, space: SpaceId) {
        self.lock().remove(&space);
    }

    pub(super) fn list(&self, space: SpaceId, filter: &Filter, limit: usize) -> Vec<SequencedEntry> {
        let journals = self.lock();
        let entries = journals.get(&space).into_iter().flat_map(|journal| journal.entries.iter().rev());
        entries.filter(|(number, entry)| filter.matches(*number, entry)).take(limit).cloned().collect()
    }

    pub(super) fn find(&self, space: SpaceId, id: &str) -> Option<SequencedEntry> {
        let journals = self.lock();
        journals.get(&space)?.entries.iter().rev().find(|(_, entry)| &*entry.id == id).cloned()
    }

    pub(super) fn evicted(&self, space: SpaceId) -> i64 {
        self.lock().get(&space).map_or(0, |journal| journal.evicted)
    }

    pub(super) fn count(&self, space: SpaceId, expected: &Expectation) -> Count {
        let journals = self.lock();
        let Some(journal) = journals.get(&space) else { return Count { found: 0, evicted: 0 } };
        let found = journal.entries.iter().filter(|(_, entry)| expected.matches(entry)).count();
        Count { found: i64::try_from(found).unwrap_or(i64::MAX), evicted: journal.evicted }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SpaceId, Journal>> {
        self.0.lock()
    }
}

impl Journal {
    /// Adds an entry, and returns those that it leaves no room for.
    fn push(&mut self, mut entry: Entry, bounds: Bounds) -> Vec<Arc<Entry>> {
        const RECENT: usize = 16;
        self.arena.compact(&mut entry, self.entries.iter().rev().take(RECENT).map(|(_, entry)| &**entry));
        self.bytes += entry.size();
        self.last_number += 1;
        self.entries.push_back((self.last_number, Arc::new(entry)));
        let mut evicted = Vec::new();
        // The newest stays, however large.
        while self.entries.len() > 1 && (self.entries.len() > bounds.entries || self.bytes > bounds.bytes) {
            if let Some((_, oldest)) = self.entries.pop_front() {
                self.bytes -= oldest.size();
                self.evicted += 1;
                evicted.push(oldest);
            }
        }
        evicted
    }
}
