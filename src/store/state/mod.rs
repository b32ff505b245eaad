//! The state of a space as rows of tables: loaded into either database; and as one document, exported, kept as a
//! snapshot, imported.

mod bulk_indexes;
mod check;
pub(crate) mod columns;
mod document;
mod insert;
mod loader;
mod model;
mod platform;
mod rows;
mod table;

pub use self::{
    check::Contradiction,
    loader::Loader,
    model::{ExportedState, StateError},
    platform::ServiceTables,
    rows::{export, import},
    table::{Cell, Column, Exclusion, Table, Tables},
};
pub(crate) use self::{
    check::{StateRow, StateRows},
    document::ClockJson,
};
