//! The service's tables, and what is read from and written to them.

pub(crate) mod allocations;
pub(crate) mod connections;
pub(crate) mod denials;
pub(crate) mod denied_products;
pub(crate) mod requests;
pub(crate) mod revocations;
pub(crate) mod state;
mod state_check;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod vault;

/// Stored as the end of an allocation or a connection that has not ended.
pub(crate) const NOT_ENDED: i64 = -1;
