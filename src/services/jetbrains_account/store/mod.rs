//! The service's tables.

pub mod license;
pub mod person;
pub mod role;
pub(crate) mod state;
pub mod token;
