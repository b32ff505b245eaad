//! The vendors' services. None knows another.

pub mod atlassian;
pub mod jetbrains_account;
pub mod license_vault;
pub mod seeding;
