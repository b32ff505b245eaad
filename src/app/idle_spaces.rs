//! Spaces that nobody asks any more, such as those of a test run that was killed: they are deleted, if they say so.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::RwLock;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    app::App,
    core::{
        clock::{Clock, Time, from_micros, micros},
        error::Error,
    },
    domain::organization::SpaceId,
    store::{self, space_origin::IdleSpace},
};

/// How often somebody looks.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long a process may keep to itself that a space was used, where several share a database: longer than it takes
/// to look twice.
const GRACE: Duration = Duration::from_secs(15);

/// When spaces were asked last in this process, by the machine's clock. No request writes that to the database.
pub struct SpaceUses {
    /// In microseconds since 1970.
    last: RwLock<HashMap<SpaceId, AtomicI64>>,
    /// How many spaces were made here that are deleted when nobody asks them, and one for those of before the start.
    made: AtomicU64,
    /// How many there were when none was left; 0 as long as there are some.
    none_of: AtomicU64,
}

impl Default for SpaceUses {
    fn default() -> Self {
        Self { last: RwLock::default(), made: AtomicU64::new(1), none_of: AtomicU64::new(0) }
    }
}

impl SpaceUses {
    /// Notes that a space is asked now, where there are spaces for which that matters.
    pub fn note(&self, space: SpaceId) {
        if self.has_none() {
            return;
        }
        let now = micros(Clock::Real.now());
        if let Some(last) = self.last.read().get(&space) {
            last.store(now, Ordering::Relaxed);
            return;
        }
        self.last.write().insert(space, AtomicI64::new(now));
    }

    /// Notes that a space was made which is deleted when nobody asks it.
    pub fn watch(&self) {
        self.made.fetch_add(1, Ordering::AcqRel);
    }

    /// As far as is known, no space is deleted when nobody asks it.
    fn has_none(&self) -> bool {
        self.none_of.load(Ordering::Acquire) == self.made.load(Ordering::Acquire)
    }

    fn last(&self, space: SpaceId) -> Option<Time> {
        self.last.read().get(&space).map(|last| from_micros(last.load(Ordering::Relaxed)))
    }

    pub(super) fn forget(&self, space: SpaceId) {
        self.last.write().remove(&space);
    }
}

impl App {
    /// Looks after the spaces for as long as somebody has this.
    pub fn look_after_idle_spaces(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut ticks = interval(INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(app) = inner.upgrade().map(Self) else { return };
                if let Err(error) = app.delete_idle_spaces(Clock::Real.now()).await {
                    error.log();
                }
            }
        });
    }

    /// Deletes the spaces that at this time by the machine's clock nobody has asked for as long as they say, and writes
    /// down when the others were.
    pub async fn delete_idle_spaces(&self, now: Time) -> Result<(), Error> {
        let uses = &self.space_uses;
        let made = uses.made.load(Ordering::Acquire);
        if !self.db.is_shared() && uses.has_none() {
            return Ok(());
        }
        let watched = store::space_origin::list_idle(&mut self.db.read().await?).await?;
        // Where processes share the database, another one may make some at any time.
        let has_none = watched.is_empty() && !self.db.is_shared();
        uses.none_of.store(if has_none { made } else { 0 }, Ordering::Release);
        uses.last.write().retain(|space, _| watched.iter().any(|one| one.space == *space));
        let later = watched.iter().filter_map(|one| {
            let last = uses.last(one.space)?;
            (last > one.used_at).then_some((one.space, last))
        });
        store::space_origin::note_uses(&self.db, later.collect()).await?;
        for one in watched {
            self.delete_if_idle(one, now).await?;
        }
        Ok(())
    }

    async fn delete_if_idle(&self, IdleSpace { space, name, idle_ttl, .. }: IdleSpace, now: Time) -> Result<(), Error> {
        let grace = if self.db.is_shared() { GRACE } else { Duration::ZERO };
        let Some(before) = now.checked_sub_signed(to_delta(idle_ttl + grace)) else { return Ok(()) };
        // As late as possible, because somebody may have asked meanwhile.
        if self.space_uses.last(space).is_some_and(|last| last > before) {
            return Ok(());
        }
        if self.db.delete_idle_space(space, before).await? {
            self.forget(space);
            tracing::info!(space = name, "a space was deleted, because nobody asked it for {} s", idle_ttl.as_secs());
        }
        Ok(())
    }
}

fn to_delta(span: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(span).unwrap_or(chrono::TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_noted_where_no_space_is_deleted_for_it() {
        let (uses, space) = (SpaceUses::default(), SpaceId(1));
        uses.note(space);
        assert!(uses.last(space).is_some(), "there may be some of before the start");
        uses.forget(space);
        uses.none_of.store(1, Ordering::Release);
        uses.note(space);
        assert_eq!(uses.last(space), None);
        uses.watch();
        uses.note(space);
        assert!(uses.last(space).is_some());
    }
}
