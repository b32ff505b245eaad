//! The service's tables, and what is read from and written to them.

pub(crate) mod allocations;
pub(crate) mod connections;
pub(crate) mod denials;
pub(crate) mod requests;
pub(crate) mod state;
pub(crate) mod usage;
pub(crate) mod vault;
