//! The state of a space as one document: exported, kept as a snapshot, imported into either database.

mod document;
mod model;
mod rows;
mod spec;

pub use crate::store::state::{
    model::{ExportedState, StateError},
    rows::{export, import},
    spec::{EXCLUDED_TABLES, exported_columns},
};
