//! How the rows of a list are found. An organization may have a million API tokens, and a page shows twenty: what many
//! rows pass is found in the list's order at once, what few pass by an index. To read a row in the order of an index
//! takes ten times as long as in the order in which rows are stored, so nothing reads far by an index.

use crate::{
    core::error::Error,
    domain::organization::OrganizationId,
    services::atlassian::{
        domain::listing::{Filter, Interval, PageRequest, SortField},
        store::listing::ListedTable,
    },
    store::{
        dialect::Dialect,
        on,
        session::Session,
        sql::{Sql, bound},
    },
};

/// How many rows a search reads in the list's order before it asks the trigram index. A text that many rows contain is
/// found at once this way, and a rare one soon after. On SQLite the tokens of an organization that has no more are not
/// in the index, because keeping it would take longer than everything else about them.
pub(crate) const READ_FIRST: i64 = 2_000;
/// No more entries of an index are counted: they are one row of two hundred, in the largest lists there are.
const MANY: i64 = 5_000;
/// How many rows are read in the list's order for each that the page shows, before all are read: twice as many as it
/// takes on average to find one of two hundred.
const READ_FOR_EACH: i64 = 400;
/// Reading this part of the rows in the list's order takes about as long as reading all of them as they are stored.
const SIXTEENTH: i64 = 16;
/// An organization that has less than this part of all rows is not searched by reading all.
const EIGHTH: i64 = 8;
/// As many letters as SQLite's and PostgreSQL's indexes keep together.
const TRIGRAM: usize = 3;

/// How rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// As the database plans it.
    AsPlanned,
    /// Row by row in the list's order, this many.
    ReadFirst(i64),
    /// Whatever passes, from here; it is sorted afterwards.
    Collect(Source),
}

/// Where rows are collected from. PostgreSQL knows that better than we do, because it keeps statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// All rows, as they are stored.
    Table,
    /// Those that one condition lets through, which this index answers.
    Index(&'static str),
    /// Those that have every three letters of the text.
    Trigrams,
    /// Those that have three letters which begin with the text, because it is shorter.
    Beginnings,
}

/// What is known of a list before it is searched.
struct Survey {
    /// The organization's rows.
    rows: i64,
    /// At least as many as there are rows in the table, as a rule.
    highest: i64,
    /// The condition that lets the fewest rows through, and how many.
    narrowest: Option<(Source, i64)>,
}

/// Chooses the ways to find rows, of which each is tried when those before it have not filled the page. Without a page,
/// the last is the one that finds all.
pub(super) async fn choose<M>(
    db: &mut Session<M>,
    table: &ListedTable,
    organization: OrganizationId,
    (filter, text): (&Filter, Option<&str>),
    page: Option<&PageRequest>,
) -> Result<Vec<Strategy>, Error> {
    let is_sqlite = db.dialect() == Dialect::Sqlite;
    let has_dates = filter.intervals().next().is_some();
    // PostgreSQL knows how many rows have a status or lie between two dates. How many contain a text, it guesses.
    let is_asked = text.is_some() || is_sqlite && (has_dates || filter.blocked == Some(true));
    if !table.may_be_large || !is_asked {
        return Ok(vec![Strategy::AsPlanned]);
    }
    let survey = survey(db, organization, (filter, text)).await?;
    if survey.rows <= READ_FIRST {
        return Ok(vec![Strategy::AsPlanned]);
    }
    if let Some((source, _)) = survey.narrowest.filter(|(_, rows)| *rows <= READ_FIRST) {
        return Ok(vec![Strategy::Collect(source)]);
    }
    // What is sorted by the only date that is filtered by, an index has in order.
    let is_sorted_by = |field: SortField| page.is_some_and(|page| page.sort[0].field == field);
    if text.is_none() && filter.intervals().all(|(field, _)| is_sorted_by(field)) {
        return Ok(vec![Strategy::AsPlanned]);
    }
    let is_long = text.is_some_and(|text| text.chars().count() >= TRIGRAM);
    let last = match survey.narrowest {
        _ if is_long => Strategy::Collect(Source::Trigrams),
        Some((source, rows)) if rows <= MANY => Strategy::Collect(source),
        _ if survey.rows * EIGHTH >= survey.highest => Strategy::Collect(Source::Table),
        _ => Strategy::AsPlanned,
    };
    let Some(page) = page else { return Ok(vec![last]) };
    let most = if is_long { READ_FIRST } else { survey.rows / SIXTEENTH };
    let first = (page.size + 1).saturating_mul(READ_FOR_EACH).min(most).max(READ_FIRST);
    Ok(vec![Strategy::ReadFirst(first), last])
}

/// Asks what it takes to choose: one statement, which reads at most [`MANY`] entries of each index that may help.
async fn survey<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    (filter, text): (&Filter, Option<&str>),
) -> Result<Survey, Error> {
    let dates = [
        (SortField::CreatedAt, filter.created),
        (SortField::LastActiveAt, filter.last_active),
        (SortField::ExpiresAt, filter.expires),
    ];
    let is_sqlite = db.dialect() == Dialect::Sqlite;
    let mut sql = Sql::new("SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT), ");
    sql.push("COALESCE((SELECT MAX(number) FROM api_token), 0), ");
    match filter.blocked.filter(|blocked| *blocked && is_sqlite) {
        Some(_) => sql.push("COALESCE(SUM(CASE WHEN blocked THEN tokens END), 0)"),
        None => sql.push(NOT_ASKED),
    };
    for (field, interval) in dates {
        sql.push(", ");
        match interval.filter(|_| is_sqlite) {
            Some(Interval { from, to }) => {
                sql.push("(SELECT count(*) FROM (SELECT 1 FROM api_token WHERE organization_id = ");
                sql.bind(organization.0).push(" AND ").push(field.into()).push(" >= ").bind(from);
                sql.push(" AND ").push(field.into()).push(" <= ").bind(to).push_limit(MANY + 1).push("))");
            }
            None => {
                sql.push(NOT_ASKED);
            }
        }
    }
    sql.push(", ");
    match text.filter(|text| is_sqlite && begins_trigrams(text)) {
        Some(text) => {
            sql.push("(SELECT count(*) FROM (SELECT 1");
            push_beginnings(&mut sql, text);
            sql.push_limit(MANY + 1).push("))");
        }
        None => {
            sql.push(NOT_ASKED);
        }
    }
    sql.push(" FROM api_token_count WHERE organization_id = ").bind(organization.0);
    let (text, binds) = sql.into_parts();
    let (rows, highest, blocked, created, last_active, expires, beginnings): Counted =
        on!(db, |c| bound!(sqlx::query_as(text), binds).fetch_one(c).await)?;
    let sources = [
        (Source::Index("api_token_blocked"), blocked),
        (Source::Index("api_token_created"), created),
        (Source::Index("api_token_last_active"), last_active),
        (Source::Index("api_token_expires"), expires),
        (Source::Beginnings, beginnings),
    ];
    let counted = sources.into_iter().filter_map(|(source, rows)| Some((source, rows?)));
    Ok(Survey { rows, highest, narrowest: counted.min_by_key(|(_, rows)| *rows) })
}

/// What is counted, as [`survey`] asks it; no number where it does not.
type Counted = (i64, i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

const NOT_ASKED: &str = "CAST(NULL AS BIGINT)";

/// Whether a text can be looked up by [`push_beginnings`]. Of other letters SQLite's index may keep a variant.
fn begins_trigrams(text: &str) -> bool {
    text.is_ascii() && (1..TRIGRAM).contains(&text.len())
}

/// Adds ` FROM … WHERE …` for the places in SQLite's index of whatever begins with a short text of ASCII letters.
pub(super) fn push_beginnings(sql: &mut Sql, text: &str) {
    let (head, last) = text.split_at(text.len().saturating_sub(1));
    let next = last.chars().map(|last| char::from_u32(u32::from(last) + 1).unwrap_or(char::MAX));
    let end: String = head.chars().chain(next).collect();
    sql.push(" FROM api_token_searched_terms WHERE term >= ").bind(text);
    sql.push(" AND term < ").bind(end);
}
