//! Reads a state from the tables, and writes one into them.

use crate::{
    core::{error::Error, progress::Progress, token::Keyring},
    domain::organization::{Space, SpaceId},
    store::{
        credential,
        dialect::Dialect,
        on,
        session::{ReadWrite, Session},
        space,
        sql::Sql,
        state::{
            loader::Loader,
            model::{ExportedState, RowNumbers, StateError},
            table::{Cell, ColumnType, Row, Table, Tables},
        },
    },
};

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
    const SPACE: &str = "id, name, revision, writes, clock_mode, clock_micros, rules_revision";
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
pub async fn import(db: &mut Session<ReadWrite>, keyring: &Keyring, state: ExportedState) -> Result<(), StateError> {
    if state.key_check != keyring.check_value() {
        return Err(StateError::OtherKey);
    }
    space::wipe(db).await?;
    if let Some((_, space)) = credential::find_in_use(db, &list_fingerprints(&state)).await?.into_iter().next() {
        return Err(StateError::Taken(space));
    }
    let ExportedState { tables, rows, clock, writes, .. } = state;
    Loader::with_rows(&tables, rows).finish(db, &Progress::default()).await?;
    space::set_clock(db, clock).await?;
    space::continue_after(db, writes).await?;
    Ok(())
}

fn list_fingerprints(state: &ExportedState) -> Vec<String> {
    let of_row = |table: &Table, row: &Row| {
        let cell = table.exported_columns().zip(row).find(|(column, _)| column.name == "fingerprint");
        match cell {
            Some((_, Cell::Text(fingerprint))) => Some(fingerprint.clone()),
            Some((_, Cell::Null | Cell::Number(_) | Cell::Flag(_))) | None => None,
        }
    };
    let credentials = state.tables.iter().zip(&state.rows).filter(|(table, _)| table.name == "credential");
    credentials.flat_map(|(table, rows)| rows.iter().filter_map(move |row| of_row(table, row))).collect()
}
