//! Lists that are filtered, sorted and paged by key. No statement skips rows, so a page costs the same wherever it is.

use serde::de::DeserializeOwned;

use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
        now::Now,
    },
    domain::organization::OrganizationId,
    services::atlassian::domain::listing::{
        Filter, Interval, NO_DATE, Order, PageRequest, PageResult, SortField, SortKey, SortKeyed, SortValue,
        search_text,
    },
    store::{
        dialect::Dialect,
        on,
        session::Session,
        sql::{Sql, bound},
    },
};

/// A table that is listed.
pub(crate) struct ListedTable {
    pub(crate) name: &'static str,
    /// The columns that a record is read from.
    pub(crate) columns: &'static str,
    /// A statement that tells without counting how many rows organization `$1` has. Only a table with a trigram index
    /// of `search` has one, because the index is worth asking only from some number of rows on. On SQLite the index is
    /// `api_token_search`, on PostgreSQL one of the table's own.
    pub(crate) count_hint: Option<&'static str>,
}

/// How many rows a search reads in the list's order before it asks the trigram index. A text that many rows contain is
/// found at once this way, and a rare one soon after. On SQLite the tokens of an organization that has no more are not
/// in the index, because keeping it would take longer than everything else about them.
pub(crate) const READ_FIRST: i64 = 2_000;

/// Whether a field is read in descending order. On the way back, that is the opposite of the list's order.
fn descends(order: Order, page: &PageRequest) -> bool {
    order.descending != page.cursor.is_backward()
}

/// Adds `a DESC, b, id`: ids are sorted like the last field.
fn push_order(sql: &mut Sql, page: &PageRequest) {
    let mut is_descending = false;
    for order in &page.sort {
        is_descending = descends(*order, page);
        sql.push(order.field.into()).push(if is_descending { " DESC, " } else { ", " });
    }
    sql.push(if is_descending { "id DESC" } else { "id" });
}

/// Adds ` AND` the condition that a row comes behind the cursor, in reading direction.
fn push_cursor(sql: &mut Sql, page: &PageRequest) {
    let Some((key, inclusive)) = page.cursor.key() else { return };
    let descending: Vec<bool> = page.sort.iter().map(|order| descends(*order, page)).collect();
    if descending.iter().all(|it| *it == descending[0]) {
        // One comparison of rows, which an index answers.
        sql.push(" AND (");
        for order in &page.sort {
            sql.push(order.field.into()).push(", ");
        }
        sql.push("id) ").push(choose_comparison(descending[0], inclusive)).push(" (");
        for value in &key.values {
            push_value(sql, value);
            sql.push(", ");
        }
        sql.bind(key.id.clone()).push(")");
        return;
    }
    // An index can answer only the comparison of the first field, so that one stands alone and bounds what is read.
    // Then: behind by the first field, or equal there and behind by the next.
    sql.push(" AND ").push(page.sort[0].field.into()).push(if descending[0] { " <= " } else { " >= " });
    push_value(sql, &key.values[0]);
    sql.push(" AND (");
    push_behind(sql, page, &descending, (key, inclusive), 0);
    sql.push(")");
}

/// Chooses the comparison with the cursor's key, in reading direction.
fn choose_comparison(is_descending: bool, inclusive: bool) -> &'static str {
    match (is_descending, inclusive) {
        (true, false) => "<",
        (true, true) => "<=",
        (false, false) => ">",
        (false, true) => ">=",
    }
}

/// Adds the condition that a row comes behind the key by the fields from `index` on.
fn push_behind(
    sql: &mut Sql,
    page: &PageRequest,
    descending: &[bool],
    (key, inclusive): (&SortKey, bool),
    index: usize,
) {
    let Some(order) = page.sort.get(index) else {
        let is_descending = descending.last().is_some_and(|it| *it);
        sql.push("id ").push(choose_comparison(is_descending, inclusive)).push(" ").bind(key.id.clone());
        return;
    };
    let column: &str = order.field.into();
    sql.push(column).push(if descending[index] { " < " } else { " > " });
    push_value(sql, &key.values[index]);
    sql.push(" OR (").push(column).push(" = ");
    push_value(sql, &key.values[index]);
    sql.push(" AND (");
    push_behind(sql, page, descending, (key, inclusive), index + 1);
    sql.push("))");
}

fn push_value(sql: &mut Sql, value: &SortValue) {
    match value {
        SortValue::Text(text) => sql.bind(text.clone()),
        SortValue::Time(micros) => sql.bind(*micros),
    };
}

/// Adds ` AND` the conditions of the filter, without that of the search.
fn push_filter(sql: &mut Sql, filter: &Filter, now: i64) {
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
        sql.push(" AND ").push(field.into()).push(" >= ").bind(from);
        sql.push(" AND ").push(field.into()).push(" <= ").bind(to);
    }
    if filter.unexpired {
        sql.push(" AND (expires_at > ").bind(now).push(" OR expires_at = ").bind(NO_DATE).push(")");
    }
}

/// Adds `, ` the moment at which a row leaves the list next because it expires; null where none does. Of all of the
/// organization's rows, because an index knows it.
fn push_next_expiry(sql: &mut Sql, table: &ListedTable, organization: OrganizationId, (filter, now): (&Filter, i64)) {
    if !filter.unexpired {
        sql.push(", CAST(NULL AS BIGINT)");
        return;
    }
    sql.push(", (SELECT expires_at FROM ").push(table.name).push(" WHERE organization_id = ").bind(organization.0);
    sql.push(" AND expires_at > ").bind(now).push(" ORDER BY expires_at LIMIT 1)");
}

/// How rows are searched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SearchStrategy {
    /// Row by row, in the list's order, to its end.
    ReadAll,
    /// Row by row, in the list's order, [`READ_FIRST`] rows.
    ReadFirst,
    /// By the trigram index.
    Index,
}

/// Adds ` FROM … WHERE …` for the rows that are asked for: those behind a page's cursor, or all.
fn push_source(
    sql: &mut Sql,
    table: &ListedTable,
    organization: OrganizationId,
    (filter, now): (&Filter, i64),
    dialect: Dialect,
    strategy: SearchStrategy,
    page: Option<&PageRequest>,
) {
    let text = match filter.q.as_deref().map(search_text) {
        Some(Some(text)) => Some(text),
        Some(None) => {
            sql.push(" FROM ").push(table.name).push(" WHERE FALSE");
            return;
        }
        None => None,
    };
    let uses_fts = strategy == SearchStrategy::Index && dialect == Dialect::Sqlite;
    let trigrams = text.as_deref().filter(|_| uses_fts).map(write_trigrams);
    match (&trigrams, strategy, page) {
        (Some(trigrams), ..) => {
            // CROSS JOIN, so that SQLite starts from the index.
            sql.push(" FROM api_token_search found CROSS JOIN ").push(table.name).push(" ON number = found.rowid");
            sql.push(" WHERE api_token_search MATCH ").bind(trigrams.clone()).push(" AND ");
        }
        (None, SearchStrategy::ReadFirst, Some(page)) => {
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
    push_filter(sql, filter, now);
    if let Some(text) = text {
        sql.push(" AND ");
        dialect.push_contains(sql, "search", &text);
    }
    if let Some(page) = page.filter(|_| strategy != SearchStrategy::ReadFirst) {
        push_cursor(sql, page);
    }
}

/// Writes a query of SQLite's index: every three successive letters of the text must be there. Whether they stand
/// together is checked in the rows.
fn write_trigrams(text: &str) -> String {
    const MOST: usize = 24;
    let letters: Vec<char> = text.chars().collect();
    let mut quoted: Vec<String> = letters
        .windows(3)
        .map(|three| format!("\"{}\"", three.iter().collect::<String>().replace('"', "\"\"")))
        .collect();
    quoted.dedup();
    quoted.truncate(MOST);
    quoted.join(" AND ")
}

/// Whether the trigram index can be asked, and is worth it.
async fn is_worth_an_index<M>(
    db: &mut Session<M>,
    table: &ListedTable,
    organization: OrganizationId,
    filter: &Filter,
) -> Result<bool, Error> {
    let is_long_enough = filter.q.as_ref().is_some_and(|q| q.chars().count() >= 3);
    let Some(sql) = table.count_hint.filter(|_| is_long_enough) else { return Ok(false) };
    let rows: i64 = on!(db, |c| sqlx::query_scalar(sql).bind(organization.0).fetch_one(c).await)?;
    Ok(rows > READ_FIRST)
}

/// Lists one page.
pub(crate) async fn page<M, R: DeserializeOwned, T: SortKeyed>(
    db: &mut Session<M>,
    table: &ListedTable,
    organization: OrganizationId,
    filter: &Filter,
    page: &PageRequest,
    now: &Now,
    read: fn(R) -> Result<T, Error>,
) -> Result<PageResult<T>, Error> {
    let strategies: &[SearchStrategy] = if is_worth_an_index(db, table, organization, filter).await? {
        &[SearchStrategy::ReadFirst, SearchStrategy::Index]
    } else {
        &[SearchStrategy::ReadAll]
    };
    let mut found = Vec::new();
    for strategy in strategies {
        found = select::<M, R>(db, table, organization, (filter, now), page, *strategy).await?;
        if i64::try_from(found.len()).unwrap_or(i64::MAX) > page.size {
            break;
        }
    }
    Ok(PageResult::cut(page, found.into_iter().map(read).collect::<Result<_, _>>()?))
}

/// Selects the records of a page, and one more if there is one, in reading direction.
async fn select<M, R: DeserializeOwned>(
    db: &mut Session<M>,
    table: &ListedTable,
    organization: OrganizationId,
    (filter, now): (&Filter, &Now),
    page: &PageRequest,
    strategy: SearchStrategy,
) -> Result<Vec<R>, Error> {
    let (dialect, time) = (db.dialect(), now.filter());
    let instant = micros(time.instant());
    let mut sql = Sql::new("WITH picked AS (SELECT ");
    sql.push(table.columns);
    push_source(&mut sql, table, organization, (filter, instant), dialect, strategy, Some(page));
    sql.push(" ORDER BY ");
    push_order(&mut sql, page);
    sql.push_limit(page.size + 1).push(") SELECT ");
    dialect.push_json_rows(&mut sql, table.columns, |sql| push_order(sql, page));
    push_next_expiry(&mut sql, table, organization, (filter, instant));
    sql.push(" FROM picked");
    let (text, binds) = sql.into_parts();
    let (rows, next_expiry): (String, Option<i64>) =
        on!(db, |c| bound!(sqlx::query_as(text), binds).fetch_one(c).await)?;
    time.changes_at(next_expiry.map(from_micros));
    serde_json::from_str(&rows).map_err(Error::internal)
}

/// Counts the records that pass the filter.
pub(crate) async fn count<M>(
    db: &mut Session<M>,
    table: &ListedTable,
    organization: OrganizationId,
    filter: &Filter,
    now: &Now,
) -> Result<i64, Error> {
    let is_indexed = is_worth_an_index(db, table, organization, filter).await?;
    let strategy = if is_indexed { SearchStrategy::Index } else { SearchStrategy::ReadAll };
    let time = now.filter();
    let instant = micros(time.instant());
    let mut sql = Sql::new("SELECT count(*)");
    push_next_expiry(&mut sql, table, organization, (filter, instant));
    push_source(&mut sql, table, organization, (filter, instant), db.dialect(), strategy, None);
    let (text, binds) = sql.into_parts();
    let (count, next_expiry): (i64, Option<i64>) = on!(db, |c| bound!(sqlx::query_as(text), binds).fetch_one(c).await)?;
    time.changes_at(next_expiry.map(from_micros));
    Ok(count)
}
