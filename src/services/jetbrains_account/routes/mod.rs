//! One file per resource.

pub mod assign;
pub mod change_team;
pub mod dictionaries;
pub mod document;
pub mod licenses;
pub mod revoke;
pub mod token;
pub mod user_accounts;
