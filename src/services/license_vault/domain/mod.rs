//! The nouns of the service and their rules.

pub mod allocation;
pub mod catalogue;
pub mod decide;
pub mod vault;
