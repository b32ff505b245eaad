//! What the two databases' SQL differs in. Everything else is one text for both.

use crate::store::sql::Sql;

/// Whose SQL a session speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// What a value in a JSON array is to become in a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum JsonType {
    Text,
    Bool,
    Int,
}

impl Dialect {
    /// Adds what makes one text of all rows, each an array of `columns`, because sqlx hands every row of SQLite from
    /// one thread to another, and a text is handed over once.
    pub(crate) fn push_json_rows(self, sql: &mut Sql, columns: &str, push_order: impl FnOnce(&mut Sql)) {
        let group = match self {
            Self::Sqlite => "json_group_array",
            Self::Postgres => "json_agg",
        };
        sql.push("COALESCE(CAST(").push(group).push("(");
        self.push_array(sql, columns);
        sql.push(" ORDER BY ");
        push_order(sql);
        sql.push(") AS TEXT), '[]')");
    }

    /// The same for the one row that there is at most: `None` then.
    pub(crate) fn push_json_row(self, sql: &mut Sql, columns: &str) {
        sql.push("CAST(");
        self.push_array(sql, columns);
        sql.push(" AS TEXT)");
    }

    fn push_array(self, sql: &mut Sql, columns: &str) {
        let array = match self {
            Self::Sqlite => "json_array(",
            Self::Postgres => "json_build_array(",
        };
        sql.push(array).push_raw(columns).push(")");
    }

    /// Adds ` FROM` a JSON array, whose elements are then `value`. Many rows are inserted as one such text, because a
    /// statement with thousands of `$n` is slow to prepare.
    pub(crate) fn push_from_json(self, sql: &mut Sql, array: String) {
        match self {
            Self::Sqlite => sql.push(" FROM json_each(").bind(array).push(")"),
            Self::Postgres => {
                sql.push(" FROM json_array_elements(CAST(").bind(array).push("::text AS json)) AS row (value)")
            }
        };
    }

    /// Adds one place of a `value` that is an array. PostgreSQL takes it out as text and has to be told its type,
    /// SQLite keeps the one that it has in JSON.
    pub(crate) fn push_json_value(self, sql: &mut Sql, place: usize, kind: JsonType) {
        let cast = match (self, kind) {
            (Self::Sqlite, _) => "",
            (Self::Postgres, JsonType::Text) => "::text",
            (Self::Postgres, JsonType::Bool) => "::boolean",
            (Self::Postgres, JsonType::Int) => "::bigint",
        };
        sql.push_raw(&format!("(value->>{place})")).push(cast);
    }

    /// Adds, behind a table, by which index SQLite is to find its rows; by none it reads all of them as they are stored.
    /// PostgreSQL chooses by itself, because it knows how many rows there are.
    pub(crate) fn push_index(self, sql: &mut Sql, index: Option<&'static str>) {
        match (self, index) {
            (Self::Sqlite, Some(index)) => sql.push(" INDEXED BY ").push(index),
            (Self::Sqlite, None) => sql.push(" NOT INDEXED"),
            (Self::Postgres, _) => sql,
        };
    }

    /// Adds the condition that a column's text contains `part`. PostgreSQL's trigram index answers LIKE only, and of less
    /// than three letters with every row that there is; SQLite's LIKE ignores case.
    pub(crate) fn push_contains(self, sql: &mut Sql, column: &'static str, part: &str) {
        match self {
            Self::Sqlite => sql.push("instr(").push(column).push(", ").bind(part.to_owned()).push(") > 0"),
            Self::Postgres if part.chars().count() < 3 => {
                sql.push("strpos(").push(column).push(", ").bind(part.to_owned()).push(") > 0")
            }
            Self::Postgres => {
                let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                sql.push(column).push(" LIKE ").bind(format!("%{escaped}%"))
            }
        };
    }
}
