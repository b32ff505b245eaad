//! The statements that put rows into tables.

use crate::{
    core::error::Error,
    domain::organization::SpaceId,
    store::{
        dialect::{Dialect, JsonType},
        on,
        session::{ReadWrite, Session},
        sql::{Bind, Sql, bound},
        state::table::{Cell, Column, ColumnType, Row, Table, Tables},
    },
};

/// Rows of one statement on SQLite. The statement is kept, and one of many rows takes as much memory.
const SQLITE_ROWS: usize = 32;
/// Rows of one statement on PostgreSQL, which gets them as one text: a statement with thousands of `$n` is slow there.
const POSTGRES_ROWS: usize = 10_000;

/// Gives keys to rows that wait, so many by table. PostgreSQL's come from its sequences, which other writers draw from
/// too.
pub(super) async fn allocate_keys(
    db: &mut Session<ReadWrite>,
    tables: &Tables,
    counts: &[usize],
    keys: &mut [Vec<i64>],
) -> Result<(), Error> {
    let has_key = |table: &Table| table.columns.iter().any(|column| matches!(column.holds, ColumnType::Key));
    let keyed: Vec<(usize, &Table)> =
        tables.iter().enumerate().filter(|(place, table)| counts[*place] > 0 && has_key(table)).collect();
    if db.dialect() == Dialect::Postgres {
        for (place, table) in keyed {
            let count = i64::try_from(counts[place]).map_err(Error::internal)?;
            let sql =
                format!("SELECT nextval(pg_get_serial_sequence('{}', 'id')) FROM generate_series(1, $1)", table.name);
            let sql = sqlx::AssertSqlSafe(sql);
            let new: Vec<i64> = on!(db, |c| sqlx::query_scalar(sql).bind(count).fetch_all(c).await)?;
            keys[place].extend(new);
        }
        return Ok(());
    }
    let last = |(place, table): &(usize, &Table)| format!("SELECT {place}, COALESCE(MAX(id), 0) FROM {}", table.name);
    let sql = keyed.iter().map(last).collect::<Vec<_>>().join(" UNION ALL ");
    if sql.is_empty() {
        return Ok(());
    }
    let sql = sqlx::AssertSqlSafe(sql);
    let lasts: Vec<(i64, i64)> = on!(db, |c| sqlx::query_as(sql).fetch_all(c).await)?;
    for (place, last) in lasts {
        let place = usize::try_from(place).map_err(Error::internal)?;
        keys[place].extend((last + 1..).take(counts[place]));
    }
    Ok(())
}

/// Inserts rows, with the keys of other rows in the place of their numbers.
pub(super) async fn insert(
    db: &mut Session<ReadWrite>,
    tables: &Tables,
    table: &Table,
    rows: Vec<Row>,
    keys: &[Vec<i64>],
) -> Result<(), Error> {
    let places = find_key_places(tables, table);
    let mut rows = rows;
    for row in &mut rows {
        for (cell, place) in row.iter_mut().zip(&places) {
            let (Some(place), Cell::Number(number)) = (place, cell) else { continue };
            let key = usize::try_from(*number).ok().and_then(|number| keys[*place].get(number.checked_sub(1)?));
            *number = *key.ok_or_else(|| Error::internal(format!("{} refers to no row", table.name)))?;
        }
    }
    match db.dialect() {
        Dialect::Sqlite => insert_into_sqlite(db, table, rows).await,
        Dialect::Postgres => insert_into_postgres(db, table, &rows).await,
    }
}

/// Finds for each cell of a row the place of the table that it refers to, if it does.
fn find_key_places(tables: &Tables, table: &Table) -> Vec<Option<usize>> {
    let place_of = |name: &str| tables.iter().position(|known| known.name == name);
    let place = |column: &Column| match column.holds {
        ColumnType::Key => place_of(table.name),
        ColumnType::KeyOf(other) => place_of(other),
        ColumnType::Space | ColumnType::Number(_) | ColumnType::Flag | ColumnType::Text | ColumnType::Checked(_) => {
            None
        }
    };
    table.exported_columns().map(place).collect()
}

/// Names a table and its columns, as a statement does that inserts rows.
fn push_target(sql: &mut Sql, table: &Table) {
    sql.push(table.name).push(" (");
    for (at, column) in table.columns.iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" }).push(column.name);
    }
    sql.push(")");
}

/// The values are `?`, because SQLite looks every `$n` up among those before it.
async fn insert_into_sqlite(db: &mut Session<ReadWrite>, table: &Table, rows: Vec<Row>) -> Result<(), Error> {
    let space = db.space().id.0;
    let mut into = Sql::default();
    into.push("INSERT INTO ");
    push_target(&mut into, table);
    let places = format!("({}?)", "?, ".repeat(table.columns.len().saturating_sub(1)));
    let statement =
        |count: usize| format!("{} VALUES {places}{}", into.text(), format!(", {places}").repeat(count - 1));
    let full = statement(SQLITE_ROWS);
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let count = rows.len().min(SQLITE_ROWS);
        let mut binds = Vec::with_capacity(count * table.columns.len());
        for row in rows.by_ref().take(count) {
            let mut cells = row.into_iter();
            for column in &table.columns {
                binds.push(match column.holds {
                    ColumnType::Space => Bind::Int(space),
                    _ => cells.next().unwrap_or(Cell::Null).into(),
                });
            }
        }
        let text = if count == SQLITE_ROWS { full.clone() } else { statement(count) };
        let text = sqlx::AssertSqlSafe(text);
        let done = on!(db, |c| bound!(sqlx::query(text), binds).execute(c).await.map(drop));
        done.map_err(|error| explain_refusal(table, error))?;
    }
    Ok(())
}

async fn insert_into_postgres(db: &mut Session<ReadWrite>, table: &Table, rows: &[Row]) -> Result<(), Error> {
    for rows in rows.chunks(POSTGRES_ROWS) {
        let text = serde_json::to_string(rows).map_err(Error::internal)?;
        let mut sql = Sql::default();
        sql.push("INSERT INTO ");
        push_target(&mut sql, table);
        push_rows_of_text(&mut sql, table, db.space().id, text, db.dialect());
        let (sql, binds) = sql.into_parts();
        let done = on!(db, |c| bound!(sqlx::query(sql), binds).execute(c).await.map(drop));
        done.map_err(|error| explain_refusal(table, error))?;
    }
    Ok(())
}

/// Takes rows out of a text, in the order of the table's columns.
fn push_rows_of_text(sql: &mut Sql, table: &Table, space: SpaceId, rows: String, dialect: Dialect) {
    sql.push(" SELECT ");
    let mut place = 0;
    for (at, column) in table.columns.iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" });
        let kind = match column.holds {
            ColumnType::Space => {
                sql.push("CAST(").bind(space.0).push(" AS BIGINT)");
                continue;
            }
            ColumnType::Text | ColumnType::Checked(_) => JsonType::Text,
            ColumnType::Flag => JsonType::Bool,
            ColumnType::Key | ColumnType::KeyOf(_) | ColumnType::Number(_) => JsonType::Int,
        };
        dialect.push_json_value(sql, place, kind);
        place += 1;
    }
    dialect.push_from_json(sql, rows);
}

/// An error of the document, where the database refuses a row because of what is in it; else one of the database.
pub(super) fn explain_refusal(table: &Table, error: sqlx::Error) -> Error {
    use sqlx::error::ErrorKind as Kind;
    let Some(cause) = error.as_database_error() else { return error.into() };
    let detail = match cause.kind() {
        Kind::UniqueViolation => "two rows are the same where they must not be",
        Kind::ForeignKeyViolation => "a row refers to one that is not there",
        Kind::CheckViolation | Kind::NotNullViolation => "a value that the table does not take",
        // PostgreSQL's "program limit exceeded": a text that is too long for an index.
        _ if cause.code().is_some_and(|code| code == "54000") => "a text is too long",
        _ => return error.into(),
    };
    Error::invalid(format!("/tables/{}", table.name), detail)
}
