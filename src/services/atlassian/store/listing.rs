//! Lists that are filtered, sorted and paged by key. Nothing here skips rows: a page costs the same wherever it is.
//!
//! Statements of this service say `LIMIT 0 + $n`, because SQLite plans a statement anew on every call where the limit
//! is a bare parameter.

use serde::de::DeserializeOwned;

use crate::{
    core::error::Error,
    domain::organization::OrganizationId,
    services::atlassian::domain::listing::{
        Filter, Interval, Order, PageRequest, PageResult, SortField, SortKey, SortKeyed, SortValue, search_text,
    },
    store::{
        dialect::Dialect,
        on,
        session::Session,
        sql::{Sql, bound},
    },
};

/// A table that is listed.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// What a row is made of.
    pub(crate) columns: &'static str,
    /// Tells without counting how many rows organization `$1` has. Only a table with an index of the parts of `search`
    /// needs it, because that index is worth asking from some number of rows on: `api_token_search` on SQLite, one of
    /// the table's own on PostgreSQL.
    pub(crate) count_hint: Option<&'static str>,
}

/// Rows that a search reads in the list's order before it turns to the index of parts: a part that is everywhere is
/// found at once this way, and one that is rare soon after.
const READ_FIRST: i64 = 2_000;

fn column(field: SortField) -> &'static str {
    match field {
        SortField::Label => "label",
        SortField::PersonName => "person_name",
        SortField::CreatedAt => "created_at",
        SortField::ExpiresAt => "expires_at",
        SortField::LastActiveAt => "last_active_at",
    }
}

/// The direction in which the list is read, which is not that of the list on the way back.
fn descends(order: Order, page: &PageRequest) -> bool {
    order.descending != page.cursor.is_backward()
}

/// `a DESC, b, id`: ids go as the last field does.
fn push_order(sql: &mut Sql, page: &PageRequest) {
    let mut down = false;
    for order in &page.sort {
        down = descends(*order, page);
        sql.push(column(order.field)).push(if down { " DESC, " } else { ", " });
    }
    sql.push(if down { "id DESC" } else { "id" });
}

/// ` AND` what comes behind the cursor, in reading direction.
fn push_cursor(sql: &mut Sql, page: &PageRequest) {
    let Some((key, inclusive)) = page.cursor.key() else { return };
    let downs: Vec<bool> = page.sort.iter().map(|order| descends(*order, page)).collect();
    if downs.iter().all(|down| *down == downs[0]) {
        // One comparison of rows, which an index answers.
        sql.push(" AND (");
        for order in &page.sort {
            sql.push(column(order.field)).push(", ");
        }
        sql.push("id) ").push(than(downs[0], inclusive)).push(" (");
        for value in &key.values {
            push_value(sql, value);
            sql.push(", ");
        }
        sql.bind(key.id.clone()).push(")");
        return;
    }
    // The first field bounds what is read, then: behind by the first field, or equal there and behind by the next.
    sql.push(" AND ").push(column(page.sort[0].field)).push(if downs[0] { " <= " } else { " >= " });
    push_value(sql, &key.values[0]);
    sql.push(" AND (");
    push_behind(sql, page, &downs, (key, inclusive), 0);
    sql.push(")");
}

/// The comparison with a key, in reading direction.
fn than(down: bool, inclusive: bool) -> &'static str {
    match (down, inclusive) {
        (true, false) => "<",
        (true, true) => "<=",
        (false, false) => ">",
        (false, true) => ">=",
    }
}

fn push_behind(sql: &mut Sql, page: &PageRequest, downs: &[bool], (key, inclusive): (&SortKey, bool), at: usize) {
    let Some(order) = page.sort.get(at) else {
        let down = downs.last().is_some_and(|down| *down);
        sql.push("id ").push(than(down, inclusive)).push(" ").bind(key.id.clone());
        return;
    };
    let name = column(order.field);
    sql.push(name).push(if downs[at] { " < " } else { " > " });
    push_value(sql, &key.values[at]);
    sql.push(" OR (").push(name).push(" = ");
    push_value(sql, &key.values[at]);
    sql.push(" AND (");
    push_behind(sql, page, downs, (key, inclusive), at + 1);
    sql.push("))");
}

fn push_value(sql: &mut Sql, value: &SortValue) {
    match value {
        SortValue::Text(text) => sql.bind(text.clone()),
        SortValue::Time(micros) => sql.bind(*micros),
    };
}

/// ` AND` what is asked for, but for the search.
fn push_filter(sql: &mut Sql, filter: &Filter) {
    match filter.blocked {
        Some(true) => sql.push(" AND blocked"),
        Some(false) => sql.push(" AND NOT blocked"),
        None => sql,
    };
    let intervals = [
        (SortField::CreatedAt, filter.created),
        (SortField::LastActiveAt, filter.last_active),
        (SortField::ExpiresAt, filter.expires),
    ];
    for (field, interval) in intervals {
        let Some(Interval { from, to }) = interval else { continue };
        sql.push(" AND ").push(column(field)).push(" >= ").bind(from);
        sql.push(" AND ").push(column(field)).push(" <= ").bind(to);
    }
}

/// How a search goes about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// Row by row, in the list's order, to its end.
    Read,
    /// Row by row, as far as [`READ_FIRST`].
    ReadFirst,
    /// By the index of parts.
    Index,
}

/// The rows that are asked for, sorted or not, as ` FROM … WHERE …`.
fn push_source(
    sql: &mut Sql,
    table: &Table,
    organization: OrganizationId,
    filter: &Filter,
    dialect: Dialect,
    search: Search,
    page: Option<&PageRequest>,
) {
    let part = match filter.q.as_deref().map(search_text) {
        Some(Some(part)) => Some(part),
        Some(None) => {
            sql.push(" FROM ").push(table.name).push(" WHERE FALSE");
            return;
        }
        None => None,
    };
    let trigrams = part.as_deref().filter(|_| search == Search::Index && dialect == Dialect::Sqlite).map(trigrams);
    match (&trigrams, search, page) {
        (Some(trigrams), ..) => {
            // CROSS JOIN, so that SQLite starts from the index.
            sql.push(" FROM api_token_search found CROSS JOIN ").push(table.name).push(" ON number = found.rowid");
            sql.push(" WHERE api_token_search MATCH ").bind(trigrams.clone()).push(" AND ");
        }
        (None, Search::ReadFirst, Some(page)) => {
            sql.push(" FROM (SELECT * FROM ").push(table.name).push(" WHERE organization_id = ").bind(organization.0);
            push_cursor(sql, page);
            sql.push(" ORDER BY ");
            push_order(sql, page);
            sql.push_limit(READ_FIRST).push(") first WHERE ");
        }
        _ => {
            sql.push(" FROM ").push(table.name).push(" WHERE ");
        }
    }
    sql.push("organization_id = ").bind(organization.0);
    push_filter(sql, filter);
    if let Some(part) = part {
        sql.push(" AND ");
        dialect.push_contains(sql, "search", &part);
    }
    if let Some(page) = page.filter(|_| search != Search::ReadFirst) {
        push_cursor(sql, page);
    }
}

/// Every three letters of the part, all to be there. That they stand together is checked in the rows.
fn trigrams(part: &str) -> String {
    const ENOUGH: usize = 24;
    let letters: Vec<char> = part.chars().collect();
    let mut quoted: Vec<String> = letters
        .windows(3)
        .map(|three| format!("\"{}\"", three.iter().collect::<String>().replace('"', "\"\"")))
        .collect();
    quoted.dedup();
    quoted.truncate(ENOUGH);
    quoted.join(" AND ")
}

/// Whether the index of parts can be asked at all, and is worth it.
async fn is_worth_an_index<M>(
    db: &mut Session<M>,
    table: &Table,
    organization: OrganizationId,
    filter: &Filter,
) -> Result<bool, Error> {
    let is_long_enough = filter.q.as_ref().is_some_and(|q| q.chars().count() >= 3);
    let Some(sql) = table.count_hint.filter(|_| is_long_enough) else { return Ok(false) };
    let rows: i64 = on!(db, |c| sqlx::query_scalar(sql).bind(organization.0).fetch_one(c).await)?;
    Ok(rows > READ_FIRST)
}

/// One page.
pub(crate) async fn page<M, R: DeserializeOwned, T: SortKeyed>(
    db: &mut Session<M>,
    table: &Table,
    organization: OrganizationId,
    filter: &Filter,
    page: &PageRequest,
    record: fn(R) -> Result<T, Error>,
) -> Result<PageResult<T>, Error> {
    let searches: &[Search] = if is_worth_an_index(db, table, organization, filter).await? {
        &[Search::ReadFirst, Search::Index]
    } else {
        &[Search::Read]
    };
    let mut found = Vec::new();
    for search in searches {
        found = select::<M, R>(db, table, organization, filter, page, *search).await?;
        if i64::try_from(found.len()).unwrap_or(i64::MAX) > page.size {
            break;
        }
    }
    Ok(PageResult::cut(page, found.into_iter().map(record).collect::<Result<_, _>>()?))
}

/// Up to one record more than the page holds, in reading direction.
async fn select<M, R: DeserializeOwned>(
    db: &mut Session<M>,
    table: &Table,
    organization: OrganizationId,
    filter: &Filter,
    page: &PageRequest,
    search: Search,
) -> Result<Vec<R>, Error> {
    let dialect = db.dialect();
    let mut sql = Sql::new("WITH picked AS (SELECT ");
    sql.push(table.columns);
    push_source(&mut sql, table, organization, filter, dialect, search, Some(page));
    sql.push(" ORDER BY ");
    push_order(&mut sql, page);
    sql.push_limit(page.size + 1).push(") SELECT ");
    dialect.push_json_rows(&mut sql, table.columns, |sql| push_order(sql, page));
    sql.push(" FROM picked");
    let (text, binds) = sql.into_parts();
    let rows: String = on!(db, |c| bound!(sqlx::query_scalar(text), binds).fetch_one(c).await)?;
    serde_json::from_str(&rows).map_err(Error::internal)
}

/// How many records are asked for.
pub(crate) async fn count<M>(
    db: &mut Session<M>,
    table: &Table,
    organization: OrganizationId,
    filter: &Filter,
) -> Result<i64, Error> {
    let search = if is_worth_an_index(db, table, organization, filter).await? { Search::Index } else { Search::Read };
    let mut sql = Sql::new("SELECT count(*)");
    push_source(&mut sql, table, organization, filter, db.dialect(), search, None);
    let (text, binds) = sql.into_parts();
    Ok(on!(db, |c| bound!(sqlx::query_scalar(text), binds).fetch_one(c).await)?)
}
