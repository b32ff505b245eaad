//! The service's tables.

pub mod allocation;
pub mod vault;
