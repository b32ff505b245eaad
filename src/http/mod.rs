//! HTTP machinery that every service uses. Names no vendor.

pub mod answer;
pub mod caller;
pub mod emulated;
pub mod extract;
pub mod identify;
pub mod inject;
pub mod journal;
pub mod metrics;
pub mod observe;
pub mod operations;
pub mod page;
pub mod rate_limit;
pub mod repeat;
