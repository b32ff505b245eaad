//! The requests of all spaces from a moment on, and what was done to the spaces in between, whatever becomes of them: a
//! test deletes its own, or resets it, and the space's journal goes with that.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::{
    core::clock::Time,
    domain::{
        journal::{Bounds, Entry},
        organization::SpaceId,
    },
};

/// Requests in the order in which they were answered, and what their spaces are called.
pub struct RunJournal {
    kept: Mutex<Kept>,
    bounds: Bounds,
}

#[derive(Default)]
struct Kept {
    happened: VecDeque<(SpaceId, Happened)>,
    bytes: usize,
    /// In the order in which they were asked first.
    spaces: Vec<RunSpace>,
    places: HashMap<SpaceId, usize>,
}

/// What there is to tell.
#[derive(Clone)]
pub enum Happened {
    /// A request was answered.
    Request(Arc<Entry>),
    /// Something was done to the space: when, by the machine's clock, and what, for people.
    Note(Time, Arc<str>),
}

impl Happened {
    fn size(&self) -> usize {
        match self {
            Self::Request(entry) => entry.size(),
            Self::Note(_, text) => text.len(),
        }
    }
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
        self.keep(space, Happened::Request(Arc::new(entry)));
    }

    /// Keeps what was done to a space, in the same way.
    pub fn note(&self, space: SpaceId, arrived: Time, text: &str) {
        self.keep(space, Happened::Note(arrived, text.into()));
    }

    fn keep(&self, space: SpaceId, happened: Happened) {
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        kept.bytes += happened.size();
        kept.happened.push_back((space, happened));
        // The newest stays, however large.
        while kept.happened.len() > 1 && (kept.happened.len() > self.bounds.entries || kept.bytes > self.bounds.bytes) {
            let Some((space, oldest)) = kept.happened.pop_front() else { break };
            kept.bytes -= oldest.size();
            if let (Happened::Request(_), Some(place)) = (oldest, kept.places.get(&space)) {
                kept.spaces[*place].dropped += 1;
            }
        }
    }

    /// All, in the order in which it happened.
    pub fn all(&self) -> Vec<(SpaceId, Happened)> {
        self.kept.lock().happened.iter().cloned().collect()
    }

    /// The last requests that are wanted, the oldest first, each with what was done to its space right before it: no
    /// more than `most` of both.
    pub fn last(&self, most: usize, is_wanted: impl Fn(&Entry) -> bool) -> Vec<(RunSpace, Happened)> {
        let kept = self.kept.lock();
        let mut last = Vec::new();
        // The spaces of which a request was told that came right after.
        let mut told = HashSet::new();
        for (space, happened) in kept.happened.iter().rev() {
            let is_told = match happened {
                Happened::Request(entry) => is_wanted(entry),
                Happened::Note(..) => told.contains(space),
            };
            if is_told && matches!(happened, Happened::Request(_)) {
                told.insert(*space);
            } else {
                told.remove(space);
            }
            if let Some(place) = kept.places.get(space).filter(|_| is_told) {
                last.push((kept.spaces[*place].clone(), happened.clone()));
            }
            if last.len() == most {
                break;
            }
        }
        last.reverse();
        last
    }

    /// All, space by space.
    pub fn by_space(&self) -> Vec<(RunSpace, Vec<Happened>)> {
        let kept = self.kept.lock();
        let mut all: Vec<_> = kept.spaces.iter().map(|space| (space.clone(), Vec::new())).collect();
        for (space, happened) in &kept.happened {
            if let Some(place) = kept.places.get(space) {
                all[*place].1.push(happened.clone());
            }
        }
        all
    }
}
