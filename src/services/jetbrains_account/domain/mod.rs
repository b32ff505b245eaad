//! The nouns of the service and their rules.

pub mod contact;
pub mod error;
pub mod license;
pub mod product;
pub mod role;
pub mod token_owner;
