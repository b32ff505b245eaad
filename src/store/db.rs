//! An open database, and what this process keeps beside it.

use std::{collections::HashMap, sync::Arc};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{OnceCell, broadcast};

use crate::{
    core::{error::Error, ids::IdSeed},
    domain::{
        credential::CredentialId,
        organization::{Space, SpaceId},
    },
    store::{
        event::Event,
        journal::{
            memory::Journals,
            pending::{Losses, Untrimmed},
        },
        postgres::Postgres,
        sqlite::Sqlite,
        turns::Turns,
    },
};

/// Events that a slow listener may lag behind before it misses some.
const BACKLOG: usize = 1024;

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    pools: Pools,
    id_seed: IdSeed,
    /// On SQLite this process owns the data, so it knows what each space is at without asking.
    positions: RwLock<HashMap<SpaceId, Position>>,
    /// Requests in rate-limit windows, while this process owns the data: when the window began, and how many.
    counters: Mutex<Counters>,
    /// Whose turn it is to write, while processes share the database; else there is one connection that writes.
    turns: Turns,
    /// The journals, while this process owns the data.
    journals: Journals,
    /// What is to be trimmed of the journals, while processes share the database and keep them there.
    untrimmed_journals: Untrimmed,
    /// Entries that the database did not take.
    losses: Losses,
    /// Tells this process's listeners what happens; `None` tells them that they may have missed something.
    events: broadcast::Sender<Option<Event>>,
    /// Made when somebody listens for the first time: passes on what other processes say.
    relay: OnceCell<()>,
}

/// How far the writes to a space have come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) revision: i64,
    /// See [`Space::rules_revision`].
    pub(crate) rules_revision: i64,
    /// See [`Space::generation`].
    pub(crate) generation: i64,
}

impl Position {
    pub(crate) fn of(space: &Space) -> Self {
        Self { revision: space.revision, rules_revision: space.rules_revision, generation: space.generation() }
    }
}

/// By space, credential and operation: when the window began, and how many requests it has seen.
pub(crate) type Counters = HashMap<(SpaceId, CredentialId, &'static str), (i64, i64)>;

pub(crate) enum Pools {
    Sqlite(Box<Sqlite>),
    Postgres(Box<Postgres>),
}

impl Db {
    pub(crate) fn new(pools: Pools, id_seed: IdSeed) -> Self {
        Self(Arc::new(Inner {
            pools,
            id_seed,
            positions: RwLock::default(),
            counters: Mutex::default(),
            turns: Turns::default(),
            journals: Journals::default(),
            untrimmed_journals: Untrimmed::default(),
            losses: Losses::default(),
            events: broadcast::Sender::new(BACKLOG),
            relay: OnceCell::new(),
        }))
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn journals(&self) -> &Journals {
        &self.0.journals
    }

    pub(crate) fn untrimmed_journals(&self) -> &Untrimmed {
        &self.0.untrimmed_journals
    }

    pub(crate) fn losses(&self) -> &Losses {
        &self.0.losses
    }

    pub(crate) fn events(&self) -> &broadcast::Sender<Option<Event>> {
        &self.0.events
    }

    pub(crate) fn relay(&self) -> &OnceCell<()> {
        &self.0.relay
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.0.pools
    }

    /// Other processes may be using the data.
    pub fn is_shared(&self) -> bool {
        matches!(self.0.pools, Pools::Postgres(_))
    }

    /// What `space` is at, where this process knows it without asking the database.
    pub(crate) fn cached_position(&self, space: SpaceId) -> Option<Position> {
        if self.is_shared() {
            return None;
        }
        self.0.positions.read().get(&space).copied()
    }

    /// Waits until a write that is being committed is over.
    pub async fn wait_for_writer(&self) -> Result<(), Error> {
        match &self.0.pools {
            Pools::Sqlite(sqlite) => sqlite.wait_for_writer().await,
            Pools::Postgres(_) => Ok(()),
        }
    }

    /// The rate-limit counters of this process; `None` when processes share the database, and count there.
    pub(crate) fn counters(&self) -> Option<&Mutex<Counters>> {
        matches!(self.0.pools, Pools::Sqlite(_)).then_some(&self.0.counters)
    }

    /// Lets the counters that `is_dropped` names by space and credential start over.
    pub(crate) fn drop_counters(&self, is_dropped: impl Fn(SpaceId, CredentialId) -> bool) {
        let mut counters = self.0.counters.lock();
        counters.retain(|(space, credential, _), _| !is_dropped(*space, *credential));
    }

    pub(crate) fn id_seed(&self) -> IdSeed {
        self.0.id_seed
    }

    /// Drops what is cached of `space`: the database has to be asked.
    pub(crate) fn invalidate(&self, space: SpaceId) {
        self.0.positions.write().remove(&space);
    }

    /// Keeps what `space` is at. The newest revision stays, because a write may have been committed while an older one
    /// was being looked up.
    pub(crate) fn cache_position(&self, space: SpaceId, at: Position) {
        let mut positions = self.0.positions.write();
        let cached = positions.entry(space).or_insert(at);
        if at.revision > cached.revision {
            *cached = at;
        }
    }
}
