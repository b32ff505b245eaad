//! One file per resource.

pub(crate) mod assign;
pub(crate) mod change_team;
pub(crate) mod dictionaries;
pub(crate) mod document;
pub(crate) mod licenses;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod user_accounts;
