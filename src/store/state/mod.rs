//! The state of a space as one document: exported, kept as a snapshot, imported into either database.

mod document;
mod rows;
mod spec;

use std::collections::HashMap;

use crate::{
    core::{clock::Clock, error::Error},
    store::state::spec::{ColumnType, TABLES, Table},
};

pub use crate::store::state::{
    document::FORMAT,
    rows::{export, import},
    spec::{EXCLUDED_TABLES, exported_columns},
};

/// Everything in a space: its generation, without what the database and this process make of it.
///
/// Rows that others refer to are numbered from 1, in the order of their table; so the same world is the same state,
/// whichever database it is in.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    /// What the space was called.
    space: String,
    /// Recognises the server key that its credentials are under.
    key_check: String,
    clock: Clock,
    /// Writes since the seed: what the next ids are drawn from.
    writes: i64,
    /// By table, as in [`TABLES`].
    rows: Vec<Vec<Row>>,
}

/// The cells of a row, one for each column that is told.
type Row = Vec<Cell>;

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    Null,
    Number(i64),
    Flag(bool),
    Text(String),
}

/// Why a state is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It says things that this version does not know.
    #[error("the state has format {0}, and this version reads up to {FORMAT}: import it with a newer Locum")]
    Newer(u64),
    /// Its credentials could not be recognised.
    #[error(
        "the state was made under another server key, so its tokens could not be recognised: start Locum with the same --server-key"
    )]
    OtherKey,
    /// A token opens one space only.
    #[error("tokens of the state open the space `{0}`: delete that space, or give it other tokens")]
    Taken(String),
    /// It is not readable, or the store failed.
    #[error(transparent)]
    Error(#[from] Error),
}

/// Keys of rows, by table, and the numbers that they have in a state.
#[derive(Default)]
struct Numbers(HashMap<&'static str, HashMap<i64, i64>>);

impl Numbers {
    /// Numbers the rows of a table, and puts numbers for the keys of others that they hold.
    ///
    /// # Errors
    /// The row and the column of a key that is there twice, or that nobody has.
    fn put(&mut self, table: &'static Table, rows: &mut [Row]) -> Result<(), (usize, &'static str)> {
        for (at, row) in rows.iter_mut().enumerate() {
            for (column, cell) in table.exported_columns().zip(row) {
                let Cell::Number(key) = cell else { continue };
                let wrong = (at, column.name);
                match column.holds {
                    ColumnType::Key => {
                        let number = i64::try_from(at + 1).map_err(|_| wrong)?;
                        if self.0.entry(table.name).or_default().insert(*key, number).is_some() {
                            return Err(wrong);
                        }
                        *key = number;
                    }
                    ColumnType::KeyOf(other) => {
                        *key = *self.0.get(other).and_then(|numbers| numbers.get(key)).ok_or(wrong)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
