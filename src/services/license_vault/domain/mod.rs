//! The nouns of the service and their rules.

pub mod vault;
