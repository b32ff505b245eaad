//! A state: rows of tables, with numbers in the place of the database's keys.

use std::collections::HashMap;

use crate::{
    core::{clock::Clock, error::Error},
    store::state::{
        check::Contradiction,
        table::{Cell, ColumnType, Row, Table, Tables},
    },
};

/// The format that this version writes, and the newest that it reads.
pub(super) const FORMAT: u64 = 1;

/// Everything in a space, without the keys that a database gives.
///
/// Rows that others refer to are numbered from 1, in the order of their table, so that equal data is an equal state in
/// whichever database it is.
pub struct ExportedState {
    /// What the space was called.
    pub(super) space: String,
    /// Tells whether a server key is the one that its credentials are under.
    pub(super) key_check: String,
    pub(super) clock: Clock,
    /// Writes since the seed, which the next ids are made from.
    pub(super) writes: i64,
    pub(super) tables: Tables,
    /// By table.
    pub(super) rows: Vec<Vec<Row>>,
}

/// Why a state is refused.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It has a format that this version does not know.
    #[error("the state has format {0}, and this version reads up to {FORMAT}: import it with a newer Locum")]
    Newer(u64),
    /// Its credentials could not be recognised.
    #[error(
        "the state was made under another server key, so its tokens could not be recognised: start Locum with the same \
         --server-key"
    )]
    OtherKey,
    /// A token opens one space only.
    #[error("tokens of the state open the space `{0}`: delete that space, or give it other tokens")]
    Taken(String),
    /// What it says cannot be.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// It is not readable, or the store failed.
    #[error(transparent)]
    Error(#[from] Error),
}

/// By table, the number in a state of every key.
#[derive(Default)]
pub(super) struct RowNumbers(HashMap<&'static str, HashMap<i64, i64>>);

impl RowNumbers {
    /// Numbers the rows of a table, and replaces the keys in them by numbers.
    ///
    /// # Errors
    /// The row and the column of a key that is there twice, or that no row has.
    pub(super) fn replace_keys(&mut self, table: &Table, rows: &mut [Row]) -> Result<(), (usize, &'static str)> {
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
                    ColumnType::Space
                    | ColumnType::Number(_)
                    | ColumnType::Flag
                    | ColumnType::Text
                    | ColumnType::Checked(_) => {}
                }
            }
        }
        Ok(())
    }
}
