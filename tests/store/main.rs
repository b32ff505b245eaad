//! The store, on both databases.
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::tests_outside_test_module, reason = "these are tests")]

#[expect(dead_code, unused_imports, reason = "what one binary leaves unused, the other needs")]
#[path = "../support/mod.rs"]
mod support;

mod changes;
mod consistent_reads;
mod contention;
mod license;
mod listing;
mod parity;
mod reset;
mod revision;
mod rules;
mod state;
