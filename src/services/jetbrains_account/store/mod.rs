//! The service's tables.

pub mod license;
pub mod role;
pub mod token;
