//! Entries that the database did not take, while processes share it: they count as dropped, because who verifies how
//! often something was asked must not be told that nothing is missing.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;

use crate::{
    core::error::Error,
    domain::organization::SpaceId,
    store::{db::Db, sql::Sql},
};

/// How long a database that did not take an entry is left alone before it is told of that.
const PAUSE: Duration = Duration::from_secs(1);

/// By space, what the database does not know yet.
#[derive(Default)]
pub(crate) struct Losses(Mutex<HashMap<SpaceId, Lost>>);

#[derive(Clone, Copy)]
struct Lost {
    entries: i64,
    /// What the space was at when the last of these requests came.
    revision: i64,
}

impl Losses {
    /// Adds to what was lost. Whether nothing was lost before.
    fn add(&self, space: SpaceId, lost: Lost) -> bool {
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

    fn spaces(&self) -> Vec<SpaceId> {
        self.0.lock().keys().copied().collect()
    }

    fn take(&self, space: SpaceId) -> Option<Lost> {
        self.0.lock().remove(&space)
    }
}

/// Counts an entry that could not be kept, and tells the database once that answers again.
pub(super) fn add(db: &Db, space: SpaceId, revision: i64) {
    if !db.losses().add(space, Lost { entries: 1, revision }) {
        return;
    }
    let db = db.clone();
    tokio::spawn(async move {
        loop {
            let spaces = db.losses().spaces();
            if spaces.is_empty() {
                return;
            }
            for space in spaces {
                if tell(&db, space).await.is_err() {
                    pause().await;
                }
            }
        }
    });
}

async fn tell(db: &Db, space: SpaceId) -> Result<(), Error> {
    const STATE: &str = "INSERT INTO journal_state (space_id, since_revision, evicted) SELECT id, 0, ";
    const CONFLICT: &str = " ON CONFLICT (space_id) DO UPDATE SET evicted = journal_state.evicted + excluded.evicted \
                            WHERE journal_state.since_revision <= ";
    let Some(lost) = db.losses().take(space) else { return Ok(()) };
    let mut sql = Sql::new(STATE);
    sql.bind(lost.entries).push("::bigint FROM space WHERE id = ").bind(space.0);
    sql.push(CONFLICT).bind(lost.revision);
    let told: Result<Vec<(i64,)>, Error> = db.write_alone(sql).await;
    if told.is_err() {
        db.losses().add(space, lost);
    }
    told.map(drop)
}

#[expect(clippy::disallowed_methods, reason = "a database that is away is not asked without end")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}
