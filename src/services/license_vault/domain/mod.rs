//! The nouns of the service and their rules.

pub(crate) mod allocation;
pub(crate) mod catalogue;
pub(crate) mod decide;
pub(crate) mod ids;
pub(crate) mod vault;
