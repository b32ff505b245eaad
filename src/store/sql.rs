//! Statements whose text depends on what was asked: static pieces and numbered binds, never a value in the text.

use std::fmt::Write as _;

use serde::Deserializer;

/// A value to bind.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    Int(i64),
    OptInt(Option<i64>),
    Text(String),
    OptText(Option<String>),
    Bool(bool),
}

macro_rules! bind_from {
    ($($from:ty => $variant:ident),*) => {
        $(impl From<$from> for Bind { fn from(value: $from) -> Self { Self::$variant(value.into()) } })*
    };
}
bind_from!(
    i64 => Int, Option<i64> => OptInt, String => Text, &str => Text, &String => Text, Option<String> => OptText,
    bool => Bool
);

/// A statement in the making.
#[derive(Debug, Default)]
pub(crate) struct Sql {
    text: String,
    binds: Vec<Bind>,
}

impl Sql {
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), binds: Vec::new() }
    }

    /// Adds a piece of the statement.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value as the next `$n`.
    pub(crate) fn bind(&mut self, value: impl Into<Bind>) -> &mut Self {
        self.binds.push(value.into());
        let _ = write!(self.text, "${}", self.binds.len());
        self
    }

    /// Adds `($n, $n+1, …)`.
    pub(crate) fn bind_row(&mut self, values: impl IntoIterator<Item = Bind>) -> &mut Self {
        self.push("(").bind_list(values).push(")")
    }

    /// Adds `$n, $n+1, …`.
    pub(crate) fn bind_list(&mut self, values: impl IntoIterator<Item = Bind>) -> &mut Self {
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    /// Adds text that the program put together, never a value: it may hold `$n` of this statement.
    pub(crate) fn push_raw(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds ` LIMIT 0 + $n`. SQLite's planner looks at the value of a bare `LIMIT $n`, so it would plan the statement
    /// anew with every value; at a sum it does not look. Constant statements write it so too.
    pub(crate) fn push_limit(&mut self, rows: i64) -> &mut Self {
        self.push(" LIMIT 0 + ").bind(rows)
    }

    /// Adds a whole statement behind those that are there; its `$n` go on from theirs.
    pub(crate) fn push_statement(&mut self, statement: &str, binds: impl IntoIterator<Item = Bind>) {
        if !self.text.is_empty() {
            self.text.push_str("; ");
        }
        let before = self.binds.len();
        let mut rest = statement;
        while let Some((head, tail)) = rest.split_once('$') {
            let digits = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = tail.split_at(digits);
            let _ = match number.parse::<usize>() {
                Ok(number) => write!(self.text, "{head}${}", number + before),
                Err(_) => write!(self.text, "{head}${number}"),
            };
            rest = tail;
        }
        self.text.push_str(rest);
        self.binds.extend(binds);
    }

    /// The same of one that was put together.
    pub(crate) fn push_sql(&mut self, statement: Self) {
        self.push_statement(&statement.text, statement.binds);
    }

    /// The text so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn count_binds(&self) -> usize {
        self.binds.len()
    }

    pub(crate) fn into_parts(self) -> (sqlx::AssertSqlSafe<String>, Vec<Bind>) {
        (sqlx::AssertSqlSafe(self.text), self.binds)
    }
}

/// Reads a flag of a row in JSON: SQLite has no booleans, there it is 0 or 1.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Flag;
    impl serde::de::Visitor<'_> for Flag {
        type Value = bool;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("true, false, 0 or 1")
        }

        fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }

        fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
            Ok(value != 0)
        }
    }
    deserializer.deserialize_any(Flag)
}

/// Binds a list of [`Bind`]s to a query of either driver.
macro_rules! bound {
    ($query:expr, $binds:expr) => {
        $binds.into_iter().fold($query, |query, value| {
            use $crate::store::sql::Bind;
            match value {
                Bind::Int(value) => query.bind(value),
                Bind::OptInt(value) => query.bind(value),
                Bind::Text(value) => query.bind(value),
                Bind::OptText(value) => query.bind(value),
                Bind::Bool(value) => query.bind(value),
            }
        })
    };
}

pub(crate) use bound;
