//! Reads a state from the tables, and writes one into them.

use crate::{
    core::{error::Error, token::Keyring},
    domain::organization::{Space, SpaceId},
    store::{
        dialect::{Dialect, JsonType},
        on,
        session::{ReadWrite, Session},
        space,
        sql::{Sql, bound},
        state::{
            model::{ExportedState, RowNumbers, StateError},
            table::{Cell, ColumnType, Row, Table, Tables},
        },
    },
};

/// Rows that one statement inserts.
const BATCH: usize = 10_000;
/// From this many rows on, PostgreSQL has to be told how many there are, so that its next plans fit them.
const MANY_ROWS: usize = 100_000;

/// Everything in a space, and the space, as of one moment: one statement reads it.
pub async fn export<M>(
    db: &mut Session<M>,
    keyring: &Keyring,
    space: SpaceId,
    tables: &Tables,
) -> Result<(Space, ExportedState), Error> {
    let sql = sqlx::AssertSqlSafe(select_everything(tables, db.dialect()));
    let mut parts: Vec<(i64, String)> = on!(db, |c| sqlx::query_as(sql).bind(space.0).fetch_all(c).await)?;
    parts.sort_unstable_by_key(|(place, _)| *place);
    let mut parts = parts.into_iter().map(|(_, rows)| rows);
    let spaces: Vec<space::Row> = serde_json::from_str(&parts.next().unwrap_or_default()).map_err(Error::internal)?;
    let space = spaces.into_iter().next().map(space::space);
    let space = space.ok_or_else(|| Error::NotFound("the space is gone".to_owned()))?;
    let mut numbers = RowNumbers::default();
    let mut all_rows = Vec::new();
    for (table, rows) in tables.iter().zip(parts) {
        let mut rows: Vec<Row> = serde_json::from_str(&rows).map_err(Error::internal)?;
        for row in &mut rows {
            for (column, cell) in table.exported_columns().zip(row) {
                // SQLite has no booleans.
                if let (ColumnType::Flag, Cell::Number(flag)) = (&column.holds, &*cell) {
                    *cell = Cell::Flag(*flag != 0);
                }
            }
        }
        let stray = |(_, column)| Error::internal(format!("{}.{column} refers to another space", table.name));
        numbers.replace_keys(table, &mut rows).map_err(stray)?;
        all_rows.push(rows);
    }
    let state = ExportedState {
        space: space.name.clone(),
        key_check: keyring.check_value(),
        clock: space.clock,
        writes: space.writes,
        tables: tables.clone(),
        rows: all_rows,
    };
    Ok((space, state))
}

/// The space, then the tables: each as its place and one text of all its rows.
fn select_everything(tables: &Tables, dialect: Dialect) -> String {
    const SPACE: &str = "id, name, revision, writes, clock_mode, clock_micros";
    let mut sql = Sql::new("SELECT CAST(-1 AS BIGINT), ");
    dialect.push_json_rows(&mut sql, SPACE, |sql| _ = sql.push("id"));
    sql.push(" FROM space WHERE id = $1");
    for (place, table) in tables.iter().enumerate() {
        let columns: Vec<&str> = table.exported_columns().map(|column| column.name).collect();
        sql.push(" UNION ALL SELECT ").push_raw(&format!("CAST({place} AS BIGINT), "));
        dialect.push_json_rows(&mut sql, &columns.join(", "), |sql| _ = sql.push(table.order));
        sql.push(" FROM ").push(table.name).push(" WHERE ").push_raw(&tables.condition(table));
    }
    sql.text().to_owned()
}

/// Puts a state in the place of everything in the session's space; the caller commits. Ids go on from where they
/// were when it was exported, and the session goes by its clock.
pub async fn import(db: &mut Session<ReadWrite>, keyring: &Keyring, state: &ExportedState) -> Result<(), StateError> {
    if state.key_check != keyring.check_value() {
        return Err(StateError::OtherKey);
    }
    space::wipe(db).await?;
    let mut keys: Vec<(&'static str, Vec<i64>)> = Vec::new();
    for (table, rows) in state.tables.iter().zip(&state.rows) {
        if table.name == "credential"
            && let Some(space) = find_space_in_use(db, table, rows).await?
        {
            return Err(StateError::Taken(space));
        }
        if table.columns.iter().any(|column| matches!(column.holds, ColumnType::Key)) {
            keys.push((table.name, allocate_keys(db, table, rows.len()).await?));
        }
        for rows in rows.chunks(BATCH) {
            insert(db, table, rows, &keys).await?;
        }
        if let Some(statement) = table.after_import {
            let space = db.space().id.0;
            on!(db, |c| sqlx::query(statement).bind(space).execute(c).await.map(drop)).map_err(Error::from)?;
        }
        if rows.len() >= MANY_ROWS {
            analyze(db, table).await?;
        }
    }
    space::set_clock(db, state.clock).await?;
    space::continue_after(db, state.writes).await?;
    Ok(())
}

async fn analyze(db: &mut Session<ReadWrite>, table: &Table) -> Result<(), Error> {
    if db.dialect() == Dialect::Postgres {
        let sql = sqlx::AssertSqlSafe(format!("ANALYZE {}", table.name));
        on!(db, |c| sqlx::query(sql).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// The name of another space that one of these credentials opens already.
async fn find_space_in_use(db: &mut Session<ReadWrite>, table: &Table, rows: &[Row]) -> Result<Option<String>, Error> {
    const SQL: &str = "SELECT s.name FROM credential c JOIN organization o ON o.id = c.organization_id \
                       JOIN space s ON s.id = o.space_id WHERE c.fingerprint IN (SELECT ";
    let fingerprint = |row: &Row| {
        table.exported_columns().zip(row).find(|(c, _)| c.name == "fingerprint").map(|(_, cell)| [cell.clone()])
    };
    let fingerprints: Vec<[Cell; 1]> = rows.iter().filter_map(fingerprint).collect();
    let mut sql = Sql::new(SQL);
    db.dialect().push_json_value(&mut sql, 0, JsonType::Text);
    db.dialect().push_from_json(&mut sql, serde_json::to_string(&fingerprints).map_err(Error::internal)?);
    sql.push(") ORDER BY s.name LIMIT 1");
    let (sql, binds) = sql.into_parts();
    Ok(on!(db, |c| bound!(sqlx::query_scalar(sql), binds).fetch_optional(c).await)?)
}

/// New keys for rows of the table. PostgreSQL's come from its sequence, which other writers draw from too.
async fn allocate_keys(db: &mut Session<ReadWrite>, table: &Table, count: usize) -> Result<Vec<i64>, Error> {
    let count = i64::try_from(count).map_err(Error::internal)?;
    if db.dialect() == Dialect::Sqlite {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COALESCE(MAX(id), 0) FROM {}", table.name));
        let last: i64 = on!(db, |c| sqlx::query_scalar(sql).fetch_one(c).await)?;
        return Ok((last + 1..=last + count).collect());
    }
    let sql = format!("SELECT nextval(pg_get_serial_sequence('{}', 'id')) FROM generate_series(1, $1)", table.name);
    let sql = sqlx::AssertSqlSafe(sql);
    Ok(on!(db, |c| sqlx::query_scalar(sql).bind(count).fetch_all(c).await)?)
}

/// Inserts rows, see [`Dialect::push_from_json`].
async fn insert(
    db: &mut Session<ReadWrite>,
    table: &Table,
    rows: &[Row],
    keys: &[(&'static str, Vec<i64>)],
) -> Result<(), Error> {
    let lost = || Error::internal(format!("{} refers to a row that is not there", table.name));
    let key = |name: &str, number: i64| {
        let of_table = keys.iter().find(|(table, _)| *table == name).map(|(_, keys)| keys)?;
        of_table.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    };
    let mut new = Vec::with_capacity(rows.len());
    for row in rows {
        let mut cells = Vec::with_capacity(row.len());
        for (column, cell) in table.exported_columns().zip(row) {
            cells.push(match (&column.holds, cell) {
                (ColumnType::Key, Cell::Number(number)) => Cell::Number(key(table.name, *number).ok_or_else(lost)?),
                (ColumnType::KeyOf(other), Cell::Number(number)) => Cell::Number(key(other, *number).ok_or_else(lost)?),
                (_, cell) => cell.clone(),
            });
        }
        new.push(cells);
    }
    let text = serde_json::to_string(&new).map_err(Error::internal)?;
    let (sql, binds) = insert_statement(table, db.space().id, text, db.dialect()).into_parts();
    let done = on!(db, |c| bound!(sqlx::query(sql), binds).execute(c).await.map(drop));
    done.map_err(|error| explain_refusal(table, error))
}

fn insert_statement(table: &Table, space: SpaceId, rows: String, dialect: Dialect) -> Sql {
    let mut sql = Sql::new("INSERT INTO ");
    sql.push(table.name).push(" (");
    for (at, column) in table.columns.iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" }).push(column.name);
    }
    sql.push(") SELECT ");
    let mut place = 0;
    for (at, column) in table.columns.iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" });
        if matches!(column.holds, ColumnType::Space) {
            sql.push("CAST(").bind(space.0).push(" AS BIGINT)");
            continue;
        }
        let kind = match column.holds {
            ColumnType::Text | ColumnType::Checked(_) => JsonType::Text,
            ColumnType::Flag => JsonType::Bool,
            ColumnType::Key | ColumnType::KeyOf(_) | ColumnType::Space | ColumnType::Number(_) => JsonType::Int,
        };
        dialect.push_json_value(&mut sql, place, kind);
        place += 1;
    }
    dialect.push_from_json(&mut sql, rows);
    sql
}

/// An error of the document, where the database refuses a row because of what is in it; else one of the database.
fn explain_refusal(table: &Table, error: sqlx::Error) -> Error {
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
