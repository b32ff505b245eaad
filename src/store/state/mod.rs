//! The state of a space as one document: exported, kept as a snapshot, imported into either database.

mod check;
pub(crate) mod columns;
mod document;
mod model;
mod platform;
mod rows;
mod table;

pub(crate) use self::check::{StateRow, StateRows};
pub use self::{
    check::Contradiction,
    model::{ExportedState, StateError},
    platform::ServiceTables,
    rows::{export, import},
    table::{Column, Exclusion, Table, Tables},
};
