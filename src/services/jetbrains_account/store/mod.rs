//! The service's tables.

pub mod license;
pub mod person;
pub mod role;
pub mod token;
