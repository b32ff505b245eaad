//! The nouns of the service and their rules.

pub mod contact;
pub mod day;
pub(crate) mod error;
pub(crate) mod ids;
pub mod license;
pub(crate) mod product;
pub(crate) mod role;
pub(crate) mod switches;
pub(crate) mod team;
pub(crate) mod token_owner;
