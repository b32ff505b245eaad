//! The journal of a space: in memory while this process owns the data, else in the database.

mod arena;
mod losses;
pub(super) mod memory;
mod notes;
pub(super) mod pending;
pub(super) mod postgres;

use std::sync::Arc;

pub use self::notes::{find_note, list_notes, note};

use crate::{
    core::error::Error,
    domain::{
        journal::{Bounds, Count, Entry, Expectation, Filter, SequencedEntry},
        organization::SpaceId,
    },
    store::{
        db::{Db, Pools},
        event::EventKind,
        session::{ReadWrite, Session},
    },
};

/// Keeps an entry, in place of the oldest where there is no more room. `revision` is what the space was at when the
/// request came: if the journal was cleared since, the entry is not kept.
pub async fn record(db: &Db, space: SpaceId, revision: i64, entry: Entry, bounds: Bounds) -> Result<(), Error> {
    match db.pools() {
        Pools::Postgres(_) => Box::pin(postgres::record(db, space, revision, &entry, bounds)).await?,
        Pools::Sqlite(_) => {
            // A space that is gone must not get a journal again.
            if db.revision(space).await?.is_some() {
                let id = entry.id.clone();
                if db.journals().record(space, revision, entry, bounds) {
                    db.tell(space, EventKind::Request, &id);
                }
            }
        }
    }
    Ok(())
}

/// Counts an entry that could not be kept as one that was dropped.
pub fn count_loss(db: &Db, space: SpaceId, revision: i64) {
    match db.pools() {
        Pools::Postgres(_) => losses::add(db, space, revision),
        Pools::Sqlite(_) => db.journals().count_loss(space, revision),
    }
}

/// Drops everything in the journal of the session's space, also what will still be recorded of requests from before
/// it. With the commit, because memory cannot be rolled back, and in the database the space's other requests would
/// wait.
pub fn clear(db: &mut Session<ReadWrite>) {
    db.forget_journal();
}

/// Entries of a space, the newest first, no more than `limit` of them.
pub async fn list(db: &Db, space: SpaceId, filter: &Filter, limit: usize) -> Result<Vec<SequencedEntry>, Error> {
    match db.pools() {
        Pools::Postgres(_) => postgres::list(&mut db.read().await?, space, filter, limit, Parts::All).await,
        Pools::Sqlite(_) => Ok(db.journals().list(space, filter, limit)),
    }
}

/// As much of entries as is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    All,
    /// All of the newest so many, and nothing but the rest of those before them.
    OfNewest(usize),
    /// No headers and no bodies, which are most of what is read from a database.
    WithoutMessages,
}

/// Visits every entry of a space, the newest first.
pub async fn for_each(
    db: &Db,
    space: SpaceId,
    parts: Parts,
    mut visit: impl FnMut(i64, &Arc<Entry>),
) -> Result<(), Error> {
    let all = Filter::default();
    match db.pools() {
        Pools::Postgres(_) => postgres::for_each(&mut db.read().await?, space, all, parts, visit).await,
        // Visited without the lock, so that requests do not wait to be recorded.
        Pools::Sqlite(_) => {
            let with_messages = if let Parts::OfNewest(most) = parts { most } else { usize::MAX };
            for (at, (number, entry)) in db.journals().list(space, &all, usize::MAX).iter().enumerate() {
                // The same is found on both databases.
                let without = (at >= with_messages).then(|| Arc::new(entry.without_messages()));
                visit(*number, without.as_ref().unwrap_or(entry));
            }
            Ok(())
        }
    }
}

/// The entry of the request with this id.
pub async fn find(db: &Db, space: SpaceId, id: &str) -> Result<Option<SequencedEntry>, Error> {
    match db.pools() {
        Pools::Postgres(_) => postgres::find(&mut db.read().await?, space, id).await,
        Pools::Sqlite(_) => Ok(db.journals().find(space, id)),
    }
}

/// How many entries were dropped to make room since the journal was last cleared.
pub async fn evicted(db: &Db, space: SpaceId) -> Result<i64, Error> {
    match db.pools() {
        Pools::Postgres(_) => Ok(db.losses().of(space) + postgres::evicted(&mut db.read().await?, space).await?),
        Pools::Sqlite(_) => Ok(db.journals().evicted(space)),
    }
}

/// How many entries are as expected.
pub async fn count(db: &Db, space: SpaceId, expected: &Expectation) -> Result<Count, Error> {
    match db.pools() {
        Pools::Postgres(_) => {
            let lost = db.losses().of(space);
            let counted = postgres::count(&mut db.read().await?, space, expected).await?;
            Ok(Count { evicted: counted.evicted + lost, ..counted })
        }
        Pools::Sqlite(_) => Ok(db.journals().count(space, expected)),
    }
}

/// Which entries come nearest to what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nearest {
    /// Those that are as expected.
    Matching,
    /// Those that are not, but nearly.
    Differing,
}

/// The entries that come nearest to what is expected, no more than `most`, the newest first among equals.
pub async fn nearest(
    db: &Db,
    space: SpaceId,
    expected: &Expectation,
    which: Nearest,
    most: usize,
) -> Result<Vec<Arc<Entry>>, Error> {
    let mut best: Vec<(usize, Arc<Entry>)> = Vec::new();
    let compare = |_: i64, entry: &Arc<Entry>| {
        let distance = expected.differences(entry).len();
        let place = best.partition_point(|(other, _)| *other <= distance);
        if (distance == 0) == (which == Nearest::Matching) && place < most {
            best.insert(place, (distance, Arc::clone(entry)));
            best.truncate(most);
        }
    };
    for_each(db, space, Parts::All, compare).await?;
    Ok(best.into_iter().map(|(_, entry)| entry).collect())
}
