//! The journal in PostgreSQL, so that every process on the database shows the same one.

use std::sync::Arc;

use crate::{
    core::{clock::micros, error::Error},
    domain::{
        journal::{Bounds, Count, Entry, Expectation, Filter, SequencedEntry},
        organization::SpaceId,
        path_pattern::{PathPattern, Segment, normalize},
        request_matcher::RequestMatcher,
    },
    store::{
        can_be_stored,
        db::Db,
        event::EventKind,
        journal::Parts,
        on,
        session::{ReadWrite, Session},
        sql::{Bind, Sql, bound},
    },
};

pub(super) async fn record(db: &Db, space: SpaceId, revision: i64, entry: &Entry, bounds: Bounds) -> Result<(), Error> {
    const KEPT: &str = "WITH kept AS (INSERT INTO journal_entry \
         (space_id, id, at, service, operation, credential, method, path, status, has_ignored, bytes, entry, messages) \
         SELECT ";
    const TELL: &str = " RETURNING id) SELECT COUNT(CAST(pg_notify('locum_' || current_schema(), ";
    let size = entry.size();
    let mut sql = Sql::new(KEPT);
    let values: [Bind; 13] = [
        space.0.into(),
        entry.id.to_string().into(),
        micros(entry.at).into(),
        entry.service.as_deref().map(ToOwned::to_owned).into(),
        entry.operation.as_deref().map(ToOwned::to_owned).into(),
        entry.credential().map(ToOwned::to_owned).into(),
        entry.method.to_string().into(),
        write_paths(entry).into(),
        i64::from(entry.status).into(),
        (!entry.ignored().is_empty()).into(),
        i64::try_from(size).map_err(Error::internal)?.into(),
        serde_json::to_string(entry).map_err(Error::internal)?.into(),
        serde_json::to_string(&(&entry.request, &entry.response)).map_err(Error::internal)?.into(),
    ];
    sql.bind_list(values);
    sql.push(" WHERE EXISTS (SELECT 1 FROM space WHERE id = ").bind(space.0);
    sql.push(") AND NOT EXISTS (SELECT 1 FROM journal_state WHERE space_id = ").bind(space.0);
    sql.push(" AND since_revision > ").bind(revision).push(")");
    sql.push(TELL).bind(EventKind::Request.payload(space, &entry.id)?).push(") AS TEXT)) FROM kept");
    let _: Vec<(i64,)> = db.write_alone(sql).await?;
    if db.untrimmed_journals().add(space, size, bounds) { trim(db, space, bounds).await } else { Ok(()) }
}

/// Drops what is beyond the bounds, the oldest first.
async fn trim(db: &Db, space: SpaceId, bounds: Bounds) -> Result<(), Error> {
    const SIZED: &str = "WITH sized AS (SELECT number, ROW_NUMBER() OVER newest AS place, \
         SUM(bytes) OVER newest AS total FROM journal_entry WHERE space_id = ";
    const GONE: &str =
        " WINDOW newest AS (ORDER BY number DESC)), gone AS (DELETE FROM journal_entry WHERE space_id = ";
    const CONFLICT: &str = " ON CONFLICT (space_id) DO UPDATE SET evicted = journal_state.evicted + excluded.evicted";
    let limit = |most: usize| i64::try_from(most).unwrap_or(i64::MAX);
    let mut sql = Sql::new(SIZED);
    sql.bind(space.0).push(GONE).bind(space.0);
    sql.push(" AND number <= (SELECT MAX(number) FROM sized WHERE place > 1 AND (place > ").bind(limit(bounds.entries));
    sql.push(" OR total > ").bind(limit(bounds.bytes));
    sql.push(")) RETURNING number) INSERT INTO journal_state (space_id, since_revision, evicted) SELECT ")
        .bind(space.0);
    sql.push(", 0, COUNT(*) FROM gone HAVING COUNT(*) > 0").push(CONFLICT);
    let _: Vec<(i64,)> = db.write_alone(sql).await?;
    Ok(())
}

/// Drops everything, also what will still be recorded of requests from before the session's revision.
pub(crate) async fn clear(db: &mut Session<ReadWrite>) -> Result<(), Error> {
    const ENTRIES: &str = "DELETE FROM journal_entry WHERE space_id = $1";
    const NOTES: &str = "DELETE FROM journal_note WHERE space_id = $1";
    const STATE: &str = "INSERT INTO journal_state (space_id, since_revision, evicted) VALUES ($1, $2, 0) \
                         ON CONFLICT (space_id) DO UPDATE SET since_revision = excluded.since_revision, evicted = 0";
    let (space, revision) = (db.space().id.0, db.space().revision);
    for sql in [ENTRIES, NOTES] {
        on!(db, |c| sqlx::query(sql).bind(space).execute(c).await.map(drop))?;
    }
    on!(db, |c| sqlx::query(STATE).bind(space).bind(revision).execute(c).await.map(drop))?;
    Ok(())
}

/// Deletes the journal of a space that is gone, with what requests under way still added to it.
pub(crate) async fn delete(db: &Db, space: SpaceId) -> Result<(), Error> {
    const DELETIONS: [&str; 3] = [
        "DELETE FROM journal_entry WHERE space_id = ",
        "DELETE FROM journal_note WHERE space_id = ",
        "DELETE FROM journal_state WHERE space_id = ",
    ];
    for deletion in DELETIONS {
        let mut sql = Sql::new(deletion);
        sql.bind(space.0);
        let _: Vec<(i64,)> = db.write_alone(sql).await?;
    }
    Ok(())
}

pub(super) async fn list<M>(
    db: &mut Session<M>,
    space: SpaceId,
    filter: &Filter,
    limit: usize,
    parts: Parts,
) -> Result<Vec<SequencedEntry>, Error> {
    let mut sql = Sql::new(match parts {
        Parts::All | Parts::OfNewest(_) => "SELECT number, entry, messages",
        Parts::WithoutMessages => "SELECT number, entry, NULL",
    });
    sql.push(" FROM journal_entry WHERE space_id = ").bind(space.0);
    // Query and body are in no column: who asks for them looks at the entries.
    let RequestMatcher { service, operation, credential, method, path, query: _, body: _, ignored } = &filter.which;
    let texts = [
        (" AND service = ", service.clone()),
        (" AND operation = ", operation.clone()),
        (" AND credential = ", credential.clone()),
        (" AND UPPER(method) = ", method.as_ref().map(|method| method.to_uppercase())),
        (" AND path ~ ", path.as_deref().map(|path| write_regex(PathPattern::new(path)))),
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
    if let Some(ignored) = *ignored {
        sql.push(" AND has_ignored = ").bind(ignored);
    }
    sql.push(" ORDER BY number DESC LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let (text, binds) = sql.into_parts();
    let rows: Vec<Row> = on!(db, |c| bound!(sqlx::query_as(text), binds).fetch_all(c).await)?;
    rows.into_iter().map(read).collect()
}

/// Every path that an entry is found by, with a blank between them, which no path has in its normal form.
fn write_paths(entry: &Entry) -> String {
    let paths = std::iter::once(&entry.path).chain(&entry.other_paths);
    paths.map(|path| normalize(path)).collect::<Vec<_>>().join(" ")
}

/// The pattern as a regular expression of PostgreSQL, for what [`write_paths`] writes.
fn write_regex(pattern: PathPattern<'_>) -> String {
    let mut regex = String::from("(^| )");
    let push_escaped = |regex: &mut String, text: &str| {
        for c in normalize(text).chars() {
            // Before what is neither a letter nor a digit, a backslash means just that character.
            if c.is_ascii_punctuation() {
                regex.push('\\');
            }
            regex.push(c);
        }
    };
    for (at, segment) in pattern.segments().enumerate() {
        if at > 0 {
            regex.push('/');
        }
        match segment {
            Segment::Text(text) => push_escaped(&mut regex, text),
            Segment::Any => regex.push_str("[^/ ]+"),
            Segment::Start(start) => {
                push_escaped(&mut regex, start);
                return regex;
            }
        }
    }
    regex.push_str("( |$)");
    regex
}

/// Its number, and an entry with its messages, if these were asked for.
type Row = (i64, String, Option<String>);

fn read((number, entry, messages): Row) -> Result<SequencedEntry, Error> {
    let mut entry: Entry = serde_json::from_str(&entry).map_err(Error::internal)?;
    if let Some(messages) = messages {
        (entry.request, entry.response) = serde_json::from_str(&messages).map_err(Error::internal)?;
    }
    Ok((number, Arc::new(entry)))
}

pub(super) async fn find<M>(db: &mut Session<M>, space: SpaceId, id: &str) -> Result<Option<SequencedEntry>, Error> {
    const SQL: &str = "SELECT number, entry, messages FROM journal_entry WHERE space_id = $1 AND id = $2";
    if !can_be_stored(id) {
        return Ok(None);
    }
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).bind(id).fetch_optional(c).await)?;
    row.map(read).transpose()
}

pub(super) async fn evicted<M>(db: &mut Session<M>, space: SpaceId) -> Result<i64, Error> {
    const SQL: &str = "SELECT evicted FROM journal_state WHERE space_id = $1";
    let evicted: Option<i64> = on!(db, |c| sqlx::query_scalar(SQL).bind(space.0).fetch_optional(c).await)?;
    Ok(evicted.unwrap_or(0))
}

pub(super) async fn count<M>(db: &mut Session<M>, space: SpaceId, expected: &Expectation) -> Result<Count, Error> {
    // What the columns can tell; the rest is told by the entries.
    let status = expected.status.map(|status| (status, status));
    let filter = Filter { which: expected.which.clone(), status, ..Filter::default() };
    // Before the entries as well as after them, because between the two some may be dropped or all cleared.
    let evicted_before = evicted(db, space).await?;
    let mut found = 0;
    let parts = if expected.which.body.is_some() { Parts::All } else { Parts::WithoutMessages };
    for_each(db, space, filter, parts, |_, entry| found += i64::from(expected.matches(entry))).await?;
    Ok(Count { found, evicted: evicted_before.max(evicted(db, space).await?) })
}

/// Visits entries, the newest first. They are read a page at a time, because all of them may be large.
pub(super) async fn for_each<M>(
    db: &mut Session<M>,
    space: SpaceId,
    mut filter: Filter,
    parts: Parts,
    mut visit: impl FnMut(i64, &Arc<Entry>),
) -> Result<(), Error> {
    const PAGE: usize = 500;
    let mut left = if let Parts::OfNewest(most) = parts { most } else { usize::MAX };
    loop {
        let (most, parts) = if left == 0 { (PAGE, Parts::WithoutMessages) } else { (PAGE.min(left), parts) };
        let page = list(db, space, &filter, most, parts).await?;
        left = left.saturating_sub(page.len());
        for (number, entry) in &page {
            visit(*number, entry);
        }
        match page.last() {
            Some((number, _)) if page.len() == most => filter.before = Some(*number),
            _ => return Ok(()),
        }
    }
}
