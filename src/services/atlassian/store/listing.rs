//! Lists that are filtered, sorted and paged by key. No statement skips rows, so a page costs the same wherever it is.

use serde::de::DeserializeOwned;

use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
        now::Now,
    },
    domain::organization::OrganizationId,
    services::atlassian::{
        domain::listing::{
            Filter, Interval, NO_DATE, Order, PageRequest, PageResult, SortField, SortKey, SortKeyed, SortValue,
            search_text,
        },
        store::search_plan::{self, Source, Strategy},
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
    /// Whether it is `api_token`, of which there may be very many: then rows are found as [`search_plan`] says. Its
    /// trigram index is `api_token_search` on SQLite, on PostgreSQL one of the table's own.
    pub(crate) may_be_large: bool,
}

/// Whether a field is read in descending order. On the way back, that is the opposite of the list's order.
fn descends(order: Order, page: &PageRequest) -> bool {
    order.descending != page.cursor.is_backward()
}

/// Adds `a DESC, b, id`: ids are sorted like the last field.
fn push_order(sql: &mut Sql, page: &PageRequest) {
    push_order_of(sql, page, ["", ""]);
}

/// The same by what no index knows, so that PostgreSQL sorts what it found, and reads nothing in the order of an index.
fn push_order_without_index(sql: &mut Sql, page: &PageRequest) {
    push_order_of(sql, page, [" || ''", " + 0"]);
}

/// Adds the order by columns, with what is added to a text and to a time.
fn push_order_of(sql: &mut Sql, page: &PageRequest, [to_text, to_time]: [&'static str; 2]) {
    let mut is_descending = false;
    for order in &page.sort {
        is_descending = descends(*order, page);
        sql.push(order.field.into()).push(if order.field.is_time() { to_time } else { to_text });
        sql.push(if is_descending { " DESC, " } else { ", " });
    }
    sql.push("id").push(to_text).push(if is_descending { " DESC" } else { "" });
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

/// Adds ` AND` that a time is in an interval.
fn push_interval(sql: &mut Sql, field: SortField, Interval { from, to }: Interval) {
    sql.push(" AND ").push(field.into()).push(" >= ").bind(from);
    sql.push(" AND ").push(field.into()).push(" <= ").bind(to);
}

/// Adds ` AND` the conditions of the filter, without that of the search.
fn push_filter(sql: &mut Sql, filter: &Filter, now: i64) {
    match filter.blocked {
        Some(true) => sql.push(" AND blocked"),
        Some(false) => sql.push(" AND NOT blocked"),
        None => sql,
    };
    for (field, interval) in filter.intervals() {
        push_interval(sql, field, interval);
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

/// Adds ` FROM … WHERE …` for the rows that are asked for: those behind a page's cursor, or all.
fn push_source(
    sql: &mut Sql,
    table: &ListedTable,
    organization: OrganizationId,
    (filter, now): (&Filter, i64),
    dialect: Dialect,
    strategy: Strategy,
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
    match (strategy, text.as_deref(), page) {
        (Strategy::Collect(Source::Trigrams), Some(text), _) if dialect == Dialect::Sqlite => {
            // CROSS JOIN, so that SQLite starts from the index.
            sql.push(" FROM api_token_search found CROSS JOIN ").push(table.name).push(" ON number = found.rowid");
            sql.push(" WHERE api_token_search MATCH ").bind(write_trigrams(text)).push(" AND ");
        }
        (Strategy::Collect(Source::Beginnings), Some(text), _) if dialect == Dialect::Sqlite => {
            sql.push(" FROM (SELECT DISTINCT doc");
            search_plan::push_beginnings(sql, text);
            sql.push(") found CROSS JOIN ").push(table.name).push(" ON number = found.doc WHERE ");
        }
        (Strategy::ReadFirst(rows), _, Some(page)) => {
            sql.push(" FROM (SELECT * FROM ").push(table.name).push(" WHERE organization_id = ").bind(organization.0);
            // What is not in the interval that the list is sorted by is not read: it may be very far from its start.
            for (field, interval) in filter.intervals().filter(|(field, _)| *field == page.sort[0].field) {
                push_interval(sql, field, interval);
            }
            push_cursor(sql, page);
            sql.push(" ORDER BY ");
            push_order(sql, page);
            sql.push_limit(rows).push(") first WHERE ");
        }
        (Strategy::Collect(source), ..) => {
            sql.push(" FROM ").push(table.name);
            match source {
                Source::Index(index) => dialect.push_index(sql, Some(index)),
                Source::Table | Source::Trigrams | Source::Beginnings => dialect.push_index(sql, None),
            }
            sql.push(" WHERE ");
        }
        (Strategy::AsPlanned | Strategy::ReadFirst(_), ..) => {
            sql.push(" FROM ").push(table.name).push(" WHERE ");
        }
    }
    sql.push("organization_id = ").bind(organization.0);
    push_filter(sql, filter, now);
    if let Some(text) = text {
        sql.push(" AND ");
        dialect.push_contains(sql, "search", &text);
    }
    if let Some(page) = page.filter(|_| !matches!(strategy, Strategy::ReadFirst(_))) {
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
    let text = filter.q.as_deref().and_then(search_text);
    let search = (filter, text.as_deref());
    let strategies = search_plan::choose(db, table, organization, search, Some(page)).await?;
    let mut found = Vec::new();
    for strategy in strategies {
        found = select::<M, R>(db, table, organization, (filter, now), page, strategy).await?;
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
    strategy: Strategy,
) -> Result<Vec<R>, Error> {
    let (dialect, time) = (db.dialect(), now.filter());
    let instant = micros(time.instant());
    let mut sql = Sql::new("WITH picked AS (SELECT ");
    sql.push(table.columns);
    push_source(&mut sql, table, organization, (filter, instant), dialect, strategy, Some(page));
    sql.push(" ORDER BY ");
    match (strategy, dialect) {
        (Strategy::Collect(_), Dialect::Postgres) => push_order_without_index(&mut sql, page),
        _ => push_order(&mut sql, page),
    }
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
    let text = filter.q.as_deref().and_then(search_text);
    let strategies = search_plan::choose(db, table, organization, (filter, text.as_deref()), None).await?;
    let strategy = strategies.last().copied().unwrap_or(Strategy::AsPlanned);
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
