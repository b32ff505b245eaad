//! The state of a space as one document: exported, kept as a snapshot, imported into either database.

pub(crate) mod columns;
mod document;
mod model;
mod platform;
mod rows;
mod table;

pub use self::{
    model::{ExportedState, StateError},
    platform::ServiceTables,
    rows::{export, import},
    table::{Column, Exclusion, Table, Tables},
};
