//! What the rows of a state say together, which no column says by itself: a service looks at all of them before they
//! are imported, because a space must not hold what the service could never have made.

use std::collections::HashSet;

use crate::{
    core::{clock::Time, error::pointer},
    store::state::table::{Cell, Row, Table, Tables},
};

/// The rows of a state, with numbers from 1 in the place of keys.
#[derive(Clone, Copy)]
pub(crate) struct StateRows<'a> {
    pub(super) tables: &'a Tables,
    /// By table.
    pub(super) rows: &'a [Vec<Row>],
    /// What the state's clock shows.
    pub(crate) now: Time,
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct StateRow<'a> {
    table: &'a Table,
    cells: &'a Row,
    /// From 0.
    at: usize,
}

/// A cell that contradicts others.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Contradiction {
    pub pointer: String,
    detail: String,
}

impl<'a> StateRows<'a> {
    /// Lists the rows of a table. In one whose rows have keys, that of the first is 1.
    pub(crate) fn list(&self, table: &'static str) -> impl Iterator<Item = StateRow<'a>> + use<'a> {
        self.find_table(table)
            .into_iter()
            .flat_map(|(table, rows)| rows.iter().enumerate().map(move |(at, cells)| StateRow { table, cells, at }))
    }

    /// Finds the row that a key refers to.
    pub(crate) fn find(&self, table: &'static str, key: i64) -> Option<StateRow<'a>> {
        let (table, rows) = self.find_table(table)?;
        let at = usize::try_from(key).ok()?.checked_sub(1)?;
        Some(StateRow { table, cells: rows.get(at)?, at })
    }

    fn find_table(&self, name: &str) -> Option<(&'a Table, &'a Vec<Row>)> {
        self.tables.iter().zip(self.rows).find(|(table, _)| table.name == name)
    }

    /// Checks what each table says of itself.
    pub(super) fn check_unique(&self) -> Result<(), Contradiction> {
        for (table, rows) in self.tables.iter().zip(self.rows) {
            for columns in &table.unique {
                let mut seen = HashSet::new();
                for (at, cells) in rows.iter().enumerate() {
                    let row = StateRow { table, cells, at };
                    let key: Vec<Option<&Cell>> = columns.iter().map(|column| row.cell(column)).collect();
                    if !seen.insert(key) {
                        let column = columns.last().copied().unwrap_or_default();
                        return Err(row.contradict(column, "another row of the table has the same key"));
                    }
                }
            }
        }
        Ok(())
    }
}

impl<'a> StateRow<'a> {
    fn cell(&self, column: &str) -> Option<&'a Cell> {
        self.table.exported_columns().zip(self.cells).find(|(known, _)| known.name == column).map(|(_, cell)| cell)
    }

    /// A number or the number of a key; 0 where there is none.
    pub(crate) fn number(&self, column: &str) -> i64 {
        match self.cell(column) {
            Some(Cell::Number(number)) => *number,
            Some(Cell::Null | Cell::Flag(_) | Cell::Text(_)) | None => 0,
        }
    }

    /// A text; the empty one where there is none.
    pub(crate) fn text(&self, column: &str) -> &'a str {
        match self.cell(column) {
            Some(Cell::Text(text)) => text,
            Some(Cell::Null | Cell::Flag(_) | Cell::Number(_)) | None => "",
        }
    }

    pub(crate) fn flag(&self, column: &str) -> bool {
        matches!(self.cell(column), Some(Cell::Flag(true)))
    }

    /// The key of the row, in a table whose rows have keys.
    pub(crate) fn key(&self) -> i64 {
        i64::try_from(self.at).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// What is wrong with a cell of the row.
    pub(crate) fn contradict(&self, column: &str, detail: impl Into<String>) -> Contradiction {
        let (table, row) = (self.table.name, self.at);
        let detail = detail.into();
        Contradiction {
            pointer: pointer(["tables", table, &row.to_string(), column]),
            detail: format!("table {table}, row {row}, column {column}: {detail}"),
        }
    }
}
