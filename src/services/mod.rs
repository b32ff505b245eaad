//! The vendors' services. None knows another.

pub mod jetbrains_account;
