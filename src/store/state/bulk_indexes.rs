//! Indexes that are made when a table's many new rows are in it: made at once, an index takes a fraction of the time
//! that it takes to grow row by row.

use std::collections::HashMap;

use crate::{
    core::error::Error,
    store::{
        dialect::Dialect,
        on,
        session::{ReadWrite, Session},
        state::{
            insert::explain_refusal,
            table::{Table, Tables},
        },
    },
};

/// From this many new rows on it is worth it.
const WORTH_IT: usize = 20_000;

/// Which tables get many rows, and the statements that make their indexes again.
#[derive(Default)]
pub(super) struct BulkIndexes {
    /// By the table's place.
    expected: HashMap<usize, usize>,
    /// By the table's place; empty where the indexes stayed.
    laid_off: HashMap<usize, Vec<String>>,
}

impl BulkIndexes {
    /// Says that a table is going to get so many rows more.
    pub(super) fn expect(&mut self, place: usize, rows: usize) {
        *self.expected.entry(place).or_default() += rows;
    }

    pub(super) fn are_laid_off(&self) -> bool {
        self.laid_off.values().any(|statements| !statements.is_empty())
    }

    /// Drops the indexes of a table that gets many rows, and more than it has. PostgreSQL's stay, because other spaces'
    /// readers go by them meanwhile; SQLite's readers see the transaction whole or not at all.
    pub(super) async fn lay_off(
        &mut self,
        db: &mut Session<ReadWrite>,
        place: usize,
        table: &Table,
    ) -> Result<(), Error> {
        // What makes a key unique is no index of its own, and has no text.
        const INDEXES: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = $1 \
                               AND sql IS NOT NULL ORDER BY name";
        let expected = self.expected.get(&place).copied().unwrap_or_default();
        if expected < WORTH_IT || db.dialect() == Dialect::Postgres || self.laid_off.contains_key(&place) {
            return Ok(());
        }
        let most = i64::try_from(expected).map_err(Error::internal)?;
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT $1)", table.name));
        let there: i64 = on!(db, |c| sqlx::query_scalar(count).bind(most).fetch_one(c).await)?;
        let mut indexes: Vec<(String, String)> = Vec::new();
        if there < most {
            indexes = on!(db, |c| sqlx::query_as(INDEXES).bind(table.name).fetch_all(c).await)?;
        }
        for (name, _) in &indexes {
            let sql = sqlx::AssertSqlSafe(format!("DROP INDEX {name}"));
            on!(db, |c| sqlx::query(sql).persistent(false).execute(c).await.map(drop))?;
        }
        self.laid_off.insert(place, indexes.into_iter().map(|(_, sql)| sql).collect());
        Ok(())
    }

    /// Makes the indexes that were dropped.
    pub(super) async fn make_anew(self, db: &mut Session<ReadWrite>, tables: &Tables) -> Result<(), Error> {
        for (place, table) in tables.iter().enumerate() {
            for statement in self.laid_off.get(&place).into_iter().flatten() {
                let sql = sqlx::AssertSqlSafe(statement.clone());
                let made = on!(db, |c| sqlx::query(sql).persistent(false).execute(c).await.map(drop));
                made.map_err(|error| explain_refusal(table, error))?;
            }
        }
        Ok(())
    }
}
