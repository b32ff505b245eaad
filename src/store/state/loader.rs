//! Pours rows into the tables of a space: those of a seed, of an import, of a restored snapshot. Few statements put
//! many rows in, and what is the same for all of them is done once, at the end.

use crate::{
    core::{error::Error, progress::Progress},
    store::{
        dialect::Dialect,
        on,
        session::{ReadWrite, Session},
        state::{
            bulk_indexes::BulkIndexes,
            insert::{allocate_keys, insert},
            table::{Cell, ColumnType, Row, Table, Tables},
        },
    },
};

/// How many rows wait before they are poured: all of a large seed may not fit into memory.
const MOST_WAITING: usize = 10_000;
/// From this many rows on, PostgreSQL has to be told how many there are, so that its next plans fit them.
const MANY_ROWS: usize = 100_000;

/// Rows on their way into the tables of a session's space. They refer to each other by numbers, as in a state.
pub struct Loader {
    tables: Tables,
    /// By table: rows that are not poured yet.
    waiting: Vec<Vec<Row>>,
    /// By table, the database's keys of those that were: that of row 1 comes first.
    keys: Vec<Vec<i64>>,
    /// By table, how many rows there were in all.
    added: Vec<usize>,
    indexes: BulkIndexes,
}

impl Loader {
    pub fn new(tables: &Tables) -> Self {
        Self::with_rows(tables, tables.iter().map(|_| Vec::new()).collect())
    }

    /// A loader of rows that are numbered already.
    pub(super) fn with_rows(tables: &Tables, rows: Vec<Vec<Row>>) -> Self {
        let mut indexes = BulkIndexes::default();
        for (place, rows) in rows.iter().enumerate() {
            indexes.expect(place, rows.len());
        }
        Self {
            tables: tables.clone(),
            keys: rows.iter().map(|_| Vec::new()).collect(),
            added: rows.iter().map(Vec::len).collect(),
            waiting: rows,
            indexes,
        }
    }

    fn find(&self, table: &'static str) -> Result<usize, Error> {
        let place = self.tables.iter().position(|known| known.name == table);
        place.ok_or_else(|| Error::internal(format!("{table} is no table of a state")))
    }

    /// Says how many rows a table is going to get, if they are many: its indexes may then be made when they are there.
    pub(crate) fn expect(&mut self, table: &'static str, rows: usize) -> Result<(), Error> {
        let place = self.find(table)?;
        self.indexes.expect(place, rows);
        Ok(())
    }

    /// Gives a number to a row that is in a table already: others refer to it by that.
    pub fn refer(&mut self, table: &'static str, key: i64) -> Result<i64, Error> {
        let place = self.find(table)?;
        self.keys[place].push(key);
        self.next_number(place)
    }

    /// Counts a row of a table.
    fn next_number(&mut self, place: usize) -> Result<i64, Error> {
        self.added[place] += 1;
        i64::try_from(self.added[place]).map_err(Error::internal)
    }

    /// Adds a row, whose cells stand in the order of the table's columns; one that is left out is null. Returns the
    /// row's number, by which other rows refer to it if the table has keys.
    pub fn add<const N: usize>(&mut self, table: &'static str, cells: [(&'static str, Cell); N]) -> Result<i64, Error> {
        let place = self.find(table)?;
        let number = self.next_number(place)?;
        let mut cells = cells.into_iter().peekable();
        let mut row = Row::with_capacity(N + 1);
        for column in self.tables.iter().nth(place).into_iter().flat_map(Table::exported_columns) {
            let cell = match (&column.holds, cells.next_if(|(name, _)| *name == column.name)) {
                (ColumnType::Key, _) => Cell::Number(number),
                (_, Some((_, cell))) => cell,
                (_, None) if column.may_be_null => Cell::Null,
                (_, None) => return Err(Error::internal(format!("a row of {table} has no {}", column.name))),
            };
            row.push(cell);
        }
        if let Some((name, _)) = cells.next() {
            return Err(Error::internal(format!("{table} has no {name}, or not there")));
        }
        self.waiting[place].push(row);
        Ok(number)
    }

    /// Pours the rows that wait, if they are many.
    pub(crate) async fn pour_many(&mut self, db: &mut Session<ReadWrite>) -> Result<(), Error> {
        if self.waiting.iter().map(Vec::len).sum::<usize>() < MOST_WAITING { Ok(()) } else { self.pour(db).await }
    }

    /// Pours the rows that wait, table by table, because rows come after those that they refer to.
    async fn pour(&mut self, db: &mut Session<ReadWrite>) -> Result<(), Error> {
        let counts: Vec<usize> = self.waiting.iter().map(Vec::len).collect();
        allocate_keys(db, &self.tables, &counts, &mut self.keys).await?;
        let tables = self.tables.clone();
        for (place, table) in tables.iter().enumerate() {
            let rows = std::mem::take(&mut self.waiting[place]);
            if !rows.is_empty() {
                self.indexes.lay_off(db, place, table).await?;
                insert(db, &tables, table, rows, &self.keys).await?;
            }
        }
        Ok(())
    }

    /// Pours what waits, and does what is left to do for all rows.
    pub async fn finish(mut self, db: &mut Session<ReadWrite>, progress: &Progress) -> Result<(), Error> {
        self.pour(db).await?;
        if self.indexes.are_laid_off() {
            progress.begin("making indexes", 0);
        }
        let laid_off = std::mem::take(&mut self.indexes);
        laid_off.make_anew(db, &self.tables).await?;
        let (dialect, space) = (db.dialect(), db.space().id.0);
        for (table, added) in self.tables.iter().zip(&self.added).filter(|(_, added)| **added > 0) {
            for (only, statement) in &table.after_import {
                if only.is_none_or(|only| only == dialect) {
                    let sql = sqlx::AssertSqlSafe(statement.clone());
                    on!(db, |c| sqlx::query(sql).bind(space).execute(c).await.map(drop))?;
                }
            }
            if *added >= MANY_ROWS && dialect == Dialect::Postgres {
                let sql = sqlx::AssertSqlSafe(format!("ANALYZE {}", table.name));
                on!(db, |c| sqlx::query(sql).execute(c).await.map(drop))?;
            }
        }
        Ok(())
    }
}
