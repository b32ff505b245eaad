//! The journal in PostgreSQL, so that every process on the database shows the same one.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use sqlx::{PgConnection, PgPool};

use crate::{
    core::{clock::micros, error::Error},
    domain::{
        journal::{Bounds, Count, Entry, Expectation, Filter, SequencedEntry},
        organization::SpaceId,
        request_matcher::RequestMatcher,
    },
    store::{
        can_be_stored,
        event::EventKind,
        sql::{Sql, bound},
    },
};

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
    fn add(&self, space: SpaceId, bytes: usize, bounds: Bounds) -> bool {
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

pub(super) async fn record(
    pool: &PgPool,
    untrimmed: &Untrimmed,
    space: SpaceId,
    revision: i64,
    entry: &Entry,
    bounds: Bounds,
) -> Result<(), Error> {
    const SQL: &str = "WITH kept AS (INSERT INTO journal_entry \
         (space_id, id, at, service, operation, credential, method, path, status, bytes, entry) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE EXISTS (SELECT 1 FROM space WHERE id = $1) \
         AND NOT EXISTS (SELECT 1 FROM journal_state WHERE space_id = $1 AND since_revision > $12) RETURNING id) \
         SELECT COUNT(CAST(pg_notify('locum_' || current_schema(), $13) AS TEXT)) FROM kept";
    let size = entry.size();
    let text = serde_json::to_string(entry).map_err(Error::internal)?;
    sqlx::query_scalar::<_, i64>(SQL)
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
    if untrimmed.add(space, size, bounds) { trim(pool, space, bounds).await } else { Ok(()) }
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

/// Drops everything, also what will still be recorded of requests from before `revision`.
pub(super) async fn clear(connection: &mut PgConnection, space: SpaceId, revision: i64) -> Result<(), Error> {
    const ENTRIES: &str = "DELETE FROM journal_entry WHERE space_id = $1";
    const STATE: &str = "INSERT INTO journal_state (space_id, since_revision, evicted) VALUES ($1, $2, 0) \
                         ON CONFLICT (space_id) DO UPDATE SET since_revision = excluded.since_revision, evicted = 0";
    sqlx::query(ENTRIES).bind(space.0).execute(&mut *connection).await?;
    sqlx::query(STATE).bind(space.0).bind(revision).execute(connection).await?;
    Ok(())
}

pub(super) async fn list(
    pool: &PgPool,
    space: SpaceId,
    filter: &Filter,
    limit: usize,
) -> Result<Vec<SequencedEntry>, Error> {
    let mut sql = Sql::new("SELECT number, entry FROM journal_entry WHERE space_id = ");
    sql.bind(space.0);
    let RequestMatcher { service, operation, credential, method, path } = &filter.which;
    let (path_condition, path) = match path.as_deref().map(|path| (path, path.strip_suffix('*'))) {
        // The operator for "starts with": for LIKE, the text would have to be escaped.
        Some((_, Some(start))) => (" AND path ^@ ", Some(start.to_owned())),
        Some((whole, None)) => (" AND path = ", Some(whole.to_owned())),
        None => ("", None),
    };
    let texts = [
        (" AND service = ", service.clone()),
        (" AND operation = ", operation.clone()),
        (" AND credential = ", credential.clone()),
        (" AND UPPER(method) = ", method.as_ref().map(|method| method.to_uppercase())),
        (path_condition, path),
    ];
    for (condition, value) in texts {
        let Some(value) = value else { continue };
        if !can_be_stored(&value) {
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

pub(super) async fn find(pool: &PgPool, space: SpaceId, id: &str) -> Result<Option<SequencedEntry>, Error> {
    const SQL: &str = "SELECT number, entry FROM journal_entry WHERE space_id = $1 AND id = $2";
    if !can_be_stored(id) {
        return Ok(None);
    }
    let row: Option<(i64, String)> = sqlx::query_as(SQL).bind(space.0).bind(id).fetch_optional(pool).await?;
    row.map(read).transpose()
}

pub(super) async fn evicted(pool: &PgPool, space: SpaceId) -> Result<i64, Error> {
    const SQL: &str = "SELECT evicted FROM journal_state WHERE space_id = $1";
    let evicted: Option<i64> = sqlx::query_scalar(SQL).bind(space.0).fetch_optional(pool).await?;
    Ok(evicted.unwrap_or(0))
}

pub(super) async fn count(pool: &PgPool, space: SpaceId, expected: &Expectation) -> Result<Count, Error> {
    // What the columns can tell; the rest is told by the entries.
    let status = expected.status.map(|status| (status, status));
    let filter = Filter { which: expected.which.clone(), status, ..Filter::default() };
    // Before the entries as well as after them, because between the two some may be dropped or all cleared.
    let evicted_before = evicted(pool, space).await?;
    let mut found = 0;
    for_each(pool, space, filter, |entry| found += i64::from(expected.matches(entry))).await?;
    Ok(Count { found, evicted: evicted_before.max(evicted(pool, space).await?) })
}

/// Visits entries, the newest first. They are read a page at a time, because all of them may be large.
pub(super) async fn for_each(
    pool: &PgPool,
    space: SpaceId,
    mut filter: Filter,
    mut visit: impl FnMut(&Arc<Entry>),
) -> Result<(), Error> {
    const PAGE: usize = 500;
    loop {
        let page = list(pool, space, &filter, PAGE).await?;
        for (_, entry) in &page {
            visit(entry);
        }
        match page.last() {
            Some((number, _)) if page.len() == PAGE => filter.before = Some(*number),
            _ => return Ok(()),
        }
    }
}
