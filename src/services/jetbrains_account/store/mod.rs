//! The service's tables.

pub(crate) mod account;
pub mod license;
pub(crate) mod person;
pub(crate) mod role;
pub(crate) mod state;
pub(crate) mod team;
pub(crate) mod token;
