//! The requests of all spaces from a moment on, whatever becomes of the spaces: a test deletes its own, or resets it, and
//! the space's journal goes with that.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::domain::{
    journal::{Bounds, Entry},
    organization::SpaceId,
};

/// Requests in the order in which they were answered, and what their spaces are called.
pub struct RunJournal {
    kept: Mutex<Kept>,
    bounds: Bounds,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<(SpaceId, Arc<Entry>)>,
    bytes: usize,
    /// In the order in which they were asked first.
    spaces: Vec<RunSpace>,
    places: HashMap<SpaceId, usize>,
}

/// A space of the run.
#[derive(Clone)]
pub struct RunSpace {
    pub name: Arc<str>,
    /// How many of its requests had to be dropped.
    pub dropped: i64,
}

impl RunJournal {
    /// One that keeps so much of them.
    pub fn new(bounds: Bounds) -> Self {
        Self { kept: Mutex::default(), bounds }
    }

    /// Whether a space has a name already.
    pub fn knows(&self, space: SpaceId) -> bool {
        self.kept.lock().places.contains_key(&space)
    }

    /// Gives a space its name, because it may be deleted before the report is written.
    pub fn name(&self, space: SpaceId, name: &str) {
        let mut kept = self.kept.lock();
        let next = kept.spaces.len();
        if *kept.places.entry(space).or_insert(next) == next {
            kept.spaces.push(RunSpace { name: name.into(), dropped: 0 });
        }
    }

    /// Keeps an entry, in place of the oldest where there is no more room.
    pub fn record(&self, space: SpaceId, entry: Entry) {
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        kept.bytes += entry.size();
        kept.entries.push_back((space, Arc::new(entry)));
        // The newest stays, however large.
        while kept.entries.len() > 1 && (kept.entries.len() > self.bounds.entries || kept.bytes > self.bounds.bytes) {
            let Some((space, oldest)) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.size();
            if let Some(place) = kept.places.get(&space) {
                kept.spaces[*place].dropped += 1;
            }
        }
    }

    /// The last ones that are wanted, no more than `most` of them, the oldest first.
    pub fn last(&self, most: usize, is_wanted: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        let kept = self.kept.lock();
        let newest = kept.entries.iter().rev().map(|(_, entry)| entry).filter(|entry| is_wanted(entry));
        let mut last: Vec<_> = newest.take(most).cloned().collect();
        last.reverse();
        last
    }

    /// All, space by space.
    pub fn by_space(&self) -> Vec<(RunSpace, Vec<Arc<Entry>>)> {
        let kept = self.kept.lock();
        let mut all: Vec<_> = kept.spaces.iter().map(|space| (space.clone(), Vec::new())).collect();
        for (space, entry) in &kept.entries {
            if let Some(place) = kept.places.get(space) {
                all[*place].1.push(Arc::clone(entry));
            }
        }
        all
    }
}
