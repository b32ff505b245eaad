//! The journals in memory, while this process owns the data.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::{Mutex, MutexGuard};

use super::arena::StringArena;
use crate::domain::{
    journal::{Bounds, Count, Entry, Expectation, Filter, KEPT_NOTES, Note, NotedAfter, SequencedEntry},
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
    /// With their numbers, the oldest first.
    notes: VecDeque<(i64, Note)>,
    last_note: i64,
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
        let Journal { last_number, last_note, .. } = *journal;
        *journal = Journal { last_number, last_note, since_revision: revision, ..Journal::default() };
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

    /// Keeps a note of what happened at this revision or before it: its number, if it is kept.
    pub(super) fn note(&self, space: SpaceId, revision: i64, note: impl FnOnce(i64) -> Note) -> Option<i64> {
        let mut journals = self.lock();
        let journal = journals.entry(space).or_default();
        if revision < journal.since_revision {
            return None;
        }
        if journal.notes.len() == KEPT_NOTES {
            journal.notes.pop_front();
        }
        journal.last_note += 1;
        let after = journal.entries.back().map_or(0, |(number, _)| *number);
        journal.notes.push_back((journal.last_note, note(after)));
        Some(journal.last_note)
    }

    pub(super) fn notes(&self, space: SpaceId, only: Option<i64>) -> Vec<NotedAfter> {
        let journals = self.lock();
        let Some(journal) = journals.get(&space) else { return Vec::new() };
        let notes = journal.notes.iter().filter(|(number, _)| only.is_none_or(|only| only == *number));
        notes.map(|(_, note)| (note.clone(), journal.id_of(note.after))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SpaceId, Journal>> {
        self.0.lock()
    }
}

impl Journal {
    fn id_of(&self, number: i64) -> Option<String> {
        let at = self.entries.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.entries.get(at).map(|(_, entry)| entry.id.to_string())
    }

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
