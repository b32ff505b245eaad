//! The service's tables.

pub mod allocations;
pub mod connections;
pub mod denials;
pub mod requests;
pub mod usage;
pub mod vault;
