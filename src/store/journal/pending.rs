//! What this process keeps in mind of journals in the database.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::domain::{journal::Bounds, organization::SpaceId};

/// By space, how much this process has added since it last dropped what is beyond the bounds.
#[derive(Default)]
pub(crate) struct Untrimmed(Mutex<HashMap<SpaceId, Added>>);

#[derive(Default)]
struct Added {
    entries: usize,
    bytes: usize,
}

impl Untrimmed {
    /// Counts an entry that was added. Whether so much was added that the journal is to be trimmed: not each time,
    /// because that reads all of it.
    pub(super) fn add(&self, space: SpaceId, bytes: usize, bounds: Bounds) -> bool {
        const SHARE: usize = 16;
        let mut untrimmed = self.0.lock();
        let added = untrimmed.entry(space).or_default();
        added.entries += 1;
        added.bytes += bytes;
        let is_due = added.entries > bounds.entries / SHARE || added.bytes > bounds.bytes / SHARE;
        if is_due {
            *added = Added::default();
        }
        is_due
    }
}

/// By space, what the database does not know yet.
#[derive(Default)]
pub(crate) struct Losses(Mutex<HashMap<SpaceId, Lost>>);

#[derive(Clone, Copy)]
pub(super) struct Lost {
    pub(super) entries: i64,
    /// What the space was at when the last of these requests came.
    pub(super) revision: i64,
}

impl Losses {
    /// Adds to what was lost. Whether nothing was lost before.
    pub(super) fn add(&self, space: SpaceId, lost: Lost) -> bool {
        let mut all = self.0.lock();
        let is_first = all.is_empty();
        let known = all.entry(space).or_insert(Lost { entries: 0, ..lost });
        known.entries += lost.entries;
        known.revision = known.revision.max(lost.revision);
        is_first
    }

    /// How many entries of a space were lost that the database does not know of.
    pub(super) fn of(&self, space: SpaceId) -> i64 {
        self.0.lock().get(&space).map_or(0, |lost| lost.entries)
    }

    pub(super) fn spaces(&self) -> Vec<SpaceId> {
        self.0.lock().keys().copied().collect()
    }

    pub(super) fn take(&self, space: SpaceId) -> Option<Lost> {
        self.0.lock().remove(&space)
    }
}
