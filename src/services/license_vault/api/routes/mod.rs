//! One file per resource.

pub(crate) mod denials;
pub(crate) mod licenses;
pub(crate) mod products;
pub(crate) mod server;
pub(crate) mod usage;
