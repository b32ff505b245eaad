//! The nouns of the service and their rules.

pub(crate) mod contact;
pub(crate) mod error;
pub mod license;
pub(crate) mod product;
pub(crate) mod role;
pub(crate) mod team;
pub(crate) mod token_owner;
