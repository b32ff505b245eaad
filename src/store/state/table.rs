//! What a state is made of: tables, and what their columns hold.

use std::{ops::RangeInclusive, sync::Arc};

use crate::store::{
    dialect::Dialect,
    sql::Bind,
    state::check::{Contradiction, StateRows},
};

/// A table with rows of a space.
pub struct Table {
    pub(super) name: &'static str,
    /// In what order its rows are exported, so that equal data is an equal document.
    pub(super) order: &'static str,
    pub(super) columns: Vec<Column>,
    /// Columns that no two rows have alike.
    pub(super) unique: Vec<&'static [&'static str]>,
    /// Statements to run when rows were loaded, in which `$1` is the space; some on one of the databases only.
    pub(super) after_import: Vec<(Option<Dialect>, String)>,
}

pub struct Column {
    pub(super) name: &'static str,
    pub(super) holds: ColumnType,
    pub(super) may_be_null: bool,
}

/// What a column holds.
pub(super) enum ColumnType {
    /// The key that the database gave the row. A document numbers rows from 1, and loading gives new keys.
    Key,
    /// The key of a row of this table, which comes before.
    KeyOf(&'static str),
    /// The space's key. No part of a document.
    Space,
    Number(RangeInclusive<i64>),
    Flag,
    Text,
    /// A text that must be one of something; the function says what is wrong with it.
    Checked(fn(&str) -> Result<(), String>),
}

/// The cells of a row, one for each exported column.
pub(super) type Row = Vec<Cell>;

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cell {
    Null,
    Number(i64),
    Flag(bool),
    Text(String),
}

macro_rules! cell_from {
    ($($from:ty => $variant:ident),*) => {
        $(impl From<$from> for Cell { fn from(value: $from) -> Self { Self::$variant(value.into()) } })*
    };
}
cell_from!(i64 => Number, i32 => Number, bool => Flag, String => Text, &String => Text, &str => Text);

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Cell> for Bind {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::OptText(None),
            Cell::Number(number) => Self::Int(number),
            Cell::Flag(flag) => Self::Bool(flag),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

impl Table {
    pub fn new(name: &'static str, order: &'static str, columns: Vec<Column>) -> Self {
        Self { name, order, columns, unique: Vec::new(), after_import: Vec::new() }
    }

    /// Says which columns, together, are another in every row.
    pub(crate) fn unique_by(mut self, columns: &'static [&'static str]) -> Self {
        self.unique.push(columns);
        self
    }

    pub(crate) fn after_import(mut self, statement: &str) -> Self {
        self.after_import.push((None, statement.to_owned()));
        self
    }

    pub(crate) fn after_import_into_sqlite(mut self, statement: String) -> Self {
        self.after_import.push((Some(Dialect::Sqlite), statement));
        self
    }

    /// The columns that a document has.
    pub(super) fn exported_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !matches!(column.holds, ColumnType::Space))
    }
}

/// What is not in the tables of a document, and why: a table, or a column as `table.column`.
pub type Exclusion = (&'static str, &'static str);

/// The tables of a state: the platform's and the services', in an order in which rows come after those that they refer
/// to.
#[derive(Clone)]
pub struct Tables(Arc<Content>);

struct Content {
    tables: Vec<Table>,
    exclusions: Vec<Exclusion>,
    checks: Vec<RowsCheck>,
}

/// Checks what a service's rows say together.
pub(crate) type RowsCheck = fn(&StateRows<'_>) -> Result<(), Contradiction>;

impl Tables {
    pub(super) fn new(tables: Vec<Table>, exclusions: Vec<Exclusion>, checks: Vec<RowsCheck>) -> Self {
        Self(Arc::new(Content { tables, exclusions, checks }))
    }

    /// Checks what the rows say together.
    pub(super) fn check(&self, rows: &StateRows<'_>) -> Result<(), Contradiction> {
        rows.check_unique()?;
        self.0.checks.iter().try_for_each(|check| check(rows))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Table> {
        self.0.tables.iter()
    }

    pub(super) fn find(&self, name: &str) -> Option<&Table> {
        self.iter().find(|table| table.name == name)
    }

    /// Which rows of the table are the space's, `$1`: those that say so, or those that belong to a row that is.
    pub(super) fn condition(&self, table: &Table) -> String {
        let parent = table.columns.iter().find_map(|column| match column.holds {
            ColumnType::Space => Some(format!("{} = $1", column.name)),
            ColumnType::KeyOf(parent) => {
                let above = self.find(parent).map(|parent| self.condition(parent)).unwrap_or_default();
                Some(format!("{} IN (SELECT id FROM {parent} WHERE {above})", column.name))
            }
            _ => None,
        });
        parent.unwrap_or_default()
    }

    /// Every column that is in a state, as `table.column`.
    pub fn exported_columns(&self) -> Vec<String> {
        let names =
            |table: &Table| table.columns.iter().map(|c| format!("{}.{}", table.name, c.name)).collect::<Vec<_>>();
        self.iter().flat_map(names).collect()
    }

    /// What is in no state, and why.
    ///
    /// If you are here because a test failed: a new table or column of a space belongs among the tables of its service,
    /// or of the platform, so that exports, snapshots and imports have it. Only what is no part of a space's data is
    /// excluded.
    pub fn exclusions(&self) -> &[Exclusion] {
        &self.0.exclusions
    }
}
