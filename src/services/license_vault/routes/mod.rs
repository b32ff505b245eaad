//! One file per resource.

pub mod denials;
pub mod licenses;
pub mod products;
pub mod server;
pub mod usage;
