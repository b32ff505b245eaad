//! The nouns and their rules, as plain types and functions. Never sees the store.

pub mod contact;
pub mod credential;
pub mod license;
pub mod organization;
pub mod product;
pub mod role;
pub mod token_owner;
