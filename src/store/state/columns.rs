//! Columns of a table in a state, in few words.

use std::{ops::RangeInclusive, str::FromStr};

use serde::de::DeserializeOwned;

use super::table::{Column, ColumnType};

const fn column(name: &'static str, holds: ColumnType) -> Column {
    Column { name, holds, may_be_null: false }
}

pub(crate) const fn key(name: &'static str) -> Column {
    column(name, ColumnType::Key)
}

pub(crate) const fn of(name: &'static str, table: &'static str) -> Column {
    column(name, ColumnType::KeyOf(table))
}

pub(crate) const fn space() -> Column {
    column("space_id", ColumnType::Space)
}

pub(crate) const fn number(name: &'static str, range: RangeInclusive<i64>) -> Column {
    column(name, ColumnType::Number(range))
}

/// Something counted, or a place in an order.
pub(crate) const fn count(name: &'static str) -> Column {
    number(name, 0..=u32::MAX as i64)
}

/// Microseconds since 1970, up to the end of the year 9998; -1 is never.
pub(crate) const fn moment(name: &'static str) -> Column {
    number(name, -1..=253_370_764_799_999_999)
}

/// A moment that is one: never is none.
pub(crate) const fn past_moment(name: &'static str) -> Column {
    number(name, 0..=253_370_764_799_999_999)
}

pub(crate) const fn flag(name: &'static str) -> Column {
    column(name, ColumnType::Flag)
}

pub(crate) const fn text(name: &'static str) -> Column {
    column(name, ColumnType::Text)
}

pub(crate) const fn checked(name: &'static str, check: fn(&str) -> Result<(), String>) -> Column {
    column(name, ColumnType::Checked(check))
}

pub(crate) const fn nullable(column: Column) -> Column {
    Column { may_be_null: true, ..column }
}

/// A check for [`checked`]: the text is one of a `T`.
pub(crate) fn parsed<T: FromStr<Err: ToString>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop).map_err(|e| e.to_string())
}

/// A check for [`checked`]: the text is the JSON of a `T`.
pub(crate) fn json<T: DeserializeOwned>(text: &str) -> Result<(), String> {
    serde_json::from_str::<T>(text).map(drop).map_err(|e| e.to_string())
}
