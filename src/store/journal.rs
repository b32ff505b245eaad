//! The journal of a space: in memory while this process owns the data, else in the database, so that every process
//! shows the same one.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sqlx::PgPool;

use crate::{
    core::{clock::micros, error::Error},
    domain::{
        journal::{Bounds, Entry, Expectation, Filter, StringArena},
        organization::SpaceId,
        request_matcher::RequestMatcher,
    },
    store::{
        db::{Db, Pools},
        events::EventKind,
        session::{Driver, ReadWrite, Session},
        sql::{Sql, bound},
    },
};

/// The journals that a process keeps by itself, by space.
#[derive(Default)]
pub(crate) struct Journals(Mutex<HashMap<SpaceId, Ring>>);

/// A space's journal in memory; of one in the database, what was added since it was last trimmed.
#[derive(Default)]
struct Ring {
    /// By number, the oldest first.
    entries: VecDeque<(i64, Arc<Entry>)>,
    ground: StringArena,
    last_number: i64,
    added: usize,
    bytes: usize,
    evicted: i64,
    /// What was asked at an earlier revision belongs to a world that is gone.
    since_revision: i64,
}

/// An entry and its number: numbers rise, and a list goes down by them.
pub type SequencedEntry = (i64, Arc<Entry>);

/// What a journal knows about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Entries that match.
    pub found: i64,
    /// Entries that were dropped to make room, and that nobody can ask about any more.
    pub evicted: i64,
}

impl Journals {
    fn lock(&self) -> MutexGuard<'_, HashMap<SpaceId, Ring>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, space: SpaceId, revision: i64, entry: Entry, bounds: Bounds) {
        let mut journals = self.lock();
        let ring = journals.entry(space).or_default();
        if revision >= ring.since_revision {
            let evicted = ring.push(entry, bounds);
            // Others need not wait until it is taken apart.
            drop(journals);
            drop(evicted);
        }
    }

    pub(crate) fn remove(&self, space: SpaceId) {
        self.lock().remove(&space);
    }

    /// Drops everything, and what is still to come of requests from before `revision`.
    pub(crate) fn clear(&self, space: SpaceId, revision: i64) {
        let mut journals = self.lock();
        let ring = journals.entry(space).or_default();
        *ring = Ring { last_number: ring.last_number, since_revision: revision, ..Ring::default() };
    }
}

impl Ring {
    /// Adds an entry, and returns those that it leaves no room for.
    fn push(&mut self, mut entry: Entry, bounds: Bounds) -> Vec<Arc<Entry>> {
        const RECENT: usize = 16;
        entry.settle(&mut self.ground, self.entries.iter().rev().take(RECENT).map(|(_, entry)| &**entry));
        self.bytes += entry.size();
        self.last_number += 1;
        self.entries.push_back((self.last_number, Arc::new(entry)));
        // The newest stays, however large.
        let mut gone = Vec::new();
        while self.entries.len() > 1 && (self.entries.len() > bounds.entries || self.bytes > bounds.bytes) {
            if let Some((_, oldest)) = self.entries.pop_front() {
                self.bytes -= oldest.size();
                self.evicted += 1;
                gone.push(oldest);
            }
        }
        gone
    }

    /// Whether it is time to look after the bounds of a journal in the database.
    fn is_due(&mut self, size: usize, bounds: Bounds) -> bool {
        const SHARE: usize = 16;
        self.added += 1;
        self.bytes += size;
        let is_due = self.added > bounds.entries / SHARE || self.bytes > bounds.bytes / SHARE;
        if is_due {
            (self.added, self.bytes) = (0, 0);
        }
        is_due
    }
}

/// Keeps an entry, in place of the oldest where there is no more room. `revision` is what the space was at when it was
/// asked: if the journal was cleared since, the entry is not kept.
pub async fn record(db: &Db, space: SpaceId, revision: i64, entry: Entry, bounds: Bounds) -> Result<(), Error> {
    if let Pools::Postgres(pool) = db.pools() {
        keep_in_database(db, pool, space, revision, &entry, bounds).await
    } else if db.revision(space).await?.is_some() {
        let id = entry.id.clone();
        db.journals().keep(space, revision, entry, bounds);
        db.tell(space, EventKind::Request, &id);
        Ok(())
    } else {
        // A space that is gone has no journal, and is not to get one.
        Ok(())
    }
}

async fn keep_in_database(
    db: &Db,
    pool: &PgPool,
    space: SpaceId,
    revision: i64,
    entry: &Entry,
    bounds: Bounds,
) -> Result<(), Error> {
    const KEEP: &str = "WITH kept AS (INSERT INTO journal_entry \
         (space_id, id, at, service, operation, credential, method, path, status, bytes, entry) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE EXISTS (SELECT 1 FROM space WHERE id = $1) \
         AND NOT EXISTS (SELECT 1 FROM journal_state WHERE space_id = $1 AND since_revision > $12) RETURNING id) \
         SELECT COUNT(CAST(pg_notify('locum_' || current_schema(), $13) AS TEXT)) FROM kept";
    let size = entry.size();
    let text = serde_json::to_string(entry).map_err(Error::internal)?;
    sqlx::query_scalar::<_, i64>(KEEP)
        .bind(space.0)
        .bind(&*entry.id)
        .bind(micros(entry.at))
        .bind(entry.service.as_deref())
        .bind(entry.operation.as_deref())
        .bind(entry.credential())
        .bind(&*entry.method)
        .bind(&*entry.path)
        .bind(i64::from(entry.status))
        .bind(i64::try_from(size).map_err(Error::internal)?)
        .bind(text)
        .bind(revision)
        .bind(EventKind::Request.payload(space, &entry.id)?)
        .fetch_one(pool)
        .await?;
    let is_due = db.journals().lock().entry(space).or_default().is_due(size, bounds);
    if is_due { trim(pool, space, bounds).await } else { Ok(()) }
}

/// Drops what is beyond the bounds, the oldest first.
async fn trim(pool: &PgPool, space: SpaceId, bounds: Bounds) -> Result<(), Error> {
    const SQL: &str = "WITH sized AS (SELECT number, ROW_NUMBER() OVER newest AS place, SUM(bytes) OVER newest AS total \
         FROM journal_entry WHERE space_id = $1 WINDOW newest AS (ORDER BY number DESC)), \
         gone AS (DELETE FROM journal_entry WHERE space_id = $1 AND number <= \
         (SELECT MAX(number) FROM sized WHERE place > 1 AND (place > $2 OR total > $3)) RETURNING number) \
         INSERT INTO journal_state (space_id, since_revision, evicted) \
         SELECT $1, 0, COUNT(*) FROM gone HAVING COUNT(*) > 0 \
         ON CONFLICT (space_id) DO UPDATE SET evicted = journal_state.evicted + excluded.evicted";
    let limit = |most: usize| i64::try_from(most).unwrap_or(i64::MAX);
    sqlx::query(SQL).bind(space.0).bind(limit(bounds.entries)).bind(limit(bounds.bytes)).execute(pool).await?;
    Ok(())
}

/// Drops everything in the journal of the session's space, and what is still to come of requests from before it.
pub async fn clear(db: &mut Session<ReadWrite>) -> Result<(), Error> {
    const ENTRIES: &str = "DELETE FROM journal_entry WHERE space_id = $1";
    const STATE: &str = "INSERT INTO journal_state (space_id, since_revision, evicted) VALUES ($1, $2, 0) \
                         ON CONFLICT (space_id) DO UPDATE SET since_revision = excluded.since_revision, evicted = 0";
    let (space, revision) = (db.space().id.0, db.space().revision);
    db.forget_journal();
    if let Driver::Postgres(c) = db.driver() {
        sqlx::query(ENTRIES).bind(space).execute(&mut *c).await?;
        sqlx::query(STATE).bind(space).bind(revision).execute(c).await?;
    }
    Ok(())
}

/// Entries of a space, the newest first, no more than `limit` of them.
pub async fn list(db: &Db, space: SpaceId, filter: &Filter, limit: usize) -> Result<Vec<SequencedEntry>, Error> {
    let Pools::Postgres(pool) = db.pools() else {
        let journals = db.journals().lock();
        let entries = journals.get(&space).into_iter().flat_map(|ring| ring.entries.iter().rev());
        return Ok(entries.filter(|(number, entry)| filter.matches(*number, entry)).take(limit).cloned().collect());
    };
    let mut sql = Sql::new("SELECT number, entry FROM journal_entry WHERE space_id = ");
    sql.bind(space.0);
    let RequestMatcher { service, operation, credential, method, path } = filter.which.clone();
    let (path_start, path) = match path.as_deref().map(|path| (path, path.strip_suffix('*'))) {
        Some((_, Some(start))) => (Some(start.to_owned()), None),
        Some((whole, None)) => (None, Some(whole.to_owned())),
        None => (None, None),
    };
    let texts = [
        (" AND service = ", service),
        (" AND operation = ", operation),
        (" AND credential = ", credential),
        (" AND UPPER(method) = ", method.map(|method| method.to_uppercase())),
        (" AND path = ", path),
        // `^@` is "starts with"; of LIKE the text would have to be escaped.
        (" AND path ^@ ", path_start),
    ];
    for (condition, value) in texts {
        let Some(value) = value else { continue };
        if !super::can_be_stored(&value) {
            return Ok(Vec::new());
        }
        sql.push(condition).bind(value);
    }
    let (from, to) = filter.status.unzip();
    let numbers = [
        (" AND status >= ", from.map(i64::from)),
        (" AND status <= ", to.map(i64::from)),
        (" AND at >= ", filter.since.map(micros)),
        (" AND number > ", filter.after),
        (" AND number < ", filter.before),
    ];
    for (condition, value) in numbers {
        if let Some(value) = value {
            sql.push(condition).bind(value);
        }
    }
    sql.push(" ORDER BY number DESC LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let (text, binds) = sql.into_parts();
    let rows: Vec<(i64, String)> = bound!(sqlx::query_as(text), binds).fetch_all(pool).await?;
    rows.into_iter().map(read).collect()
}

fn read((number, text): (i64, String)) -> Result<SequencedEntry, Error> {
    Ok((number, serde_json::from_str(&text).map_err(Error::internal)?))
}

/// The entry of a request.
pub async fn find(db: &Db, space: SpaceId, id: &str) -> Result<Option<SequencedEntry>, Error> {
    const SQL: &str = "SELECT number, entry FROM journal_entry WHERE space_id = $1 AND id = $2";
    let Pools::Postgres(pool) = db.pools() else {
        let journals = db.journals().lock();
        let mut entries = journals.get(&space).into_iter().flat_map(|ring| ring.entries.iter().rev());
        return Ok(entries.find(|(_, entry)| &*entry.id == id).cloned());
    };
    if !super::can_be_stored(id) {
        return Ok(None);
    }
    let row: Option<(i64, String)> = sqlx::query_as(SQL).bind(space.0).bind(id).fetch_optional(pool).await?;
    row.map(read).transpose()
}

/// How many entries were dropped to make room since the journal was last cleared.
pub async fn evicted(db: &Db, space: SpaceId) -> Result<i64, Error> {
    const SQL: &str = "SELECT evicted FROM journal_state WHERE space_id = $1";
    let Pools::Postgres(pool) = db.pools() else {
        return Ok(db.journals().lock().get(&space).map_or(0, |ring| ring.evicted));
    };
    let evicted: Option<i64> = sqlx::query_scalar(SQL).bind(space.0).fetch_optional(pool).await?;
    Ok(evicted.unwrap_or(0))
}

/// How many entries match.
pub async fn count(db: &Db, space: SpaceId, expected: &Expectation) -> Result<Count, Error> {
    let Pools::Postgres(_) = db.pools() else {
        let journals = db.journals().lock();
        let Some(ring) = journals.get(&space) else { return Ok(Count { found: 0, evicted: 0 }) };
        let found = ring.entries.iter().filter(|(_, entry)| expected.matches(entry)).count();
        return Ok(Count { found: i64::try_from(found).unwrap_or(i64::MAX), evicted: ring.evicted });
    };
    // Before the entries, so that what is dropped in between is not taken for counted.
    let mut evicted = evicted(db, space).await?;
    let mut found = 0;
    every(db, space, &prefiltered(expected), |entry| found += i64::from(expected.matches(entry))).await?;
    evicted = evicted.max(self::evicted(db, space).await?);
    Ok(Count { found, evicted })
}

/// The entries that match least badly, no more than `most`, the newest first among equals.
pub async fn nearest(db: &Db, space: SpaceId, expected: &Expectation, most: usize) -> Result<Vec<Arc<Entry>>, Error> {
    let mut best: Vec<(usize, Arc<Entry>)> = Vec::new();
    every(db, space, &Filter::default(), |entry| {
        let distance = expected.differences(entry).len();
        let place = best.partition_point(|(other, _)| *other <= distance);
        if distance > 0 && place < most {
            best.insert(place, (distance, Arc::clone(entry)));
            best.truncate(most);
        }
    })
    .await?;
    Ok(best.into_iter().map(|(_, entry)| entry).collect())
}

/// What the database can tell by its columns.
fn prefiltered(expected: &Expectation) -> Filter {
    let status = expected.status.map(|status| (status, status));
    Filter { which: expected.which.clone(), status, ..Filter::default() }
}

/// Looks at every entry, the newest first, a page at a time.
async fn every(db: &Db, space: SpaceId, filter: &Filter, mut look: impl FnMut(&Arc<Entry>)) -> Result<(), Error> {
    const PAGE: usize = 500;
    let mut filter = filter.clone();
    loop {
        let page = list(db, space, &filter, PAGE).await?;
        for (_, entry) in &page {
            look(entry);
        }
        match page.last() {
            Some((number, _)) if page.len() == PAGE => filter.before = Some(*number),
            _ => return Ok(()),
        }
    }
}
