//! The nouns and their rules, as plain types and functions. Never sees the store.

pub mod api_access;
pub mod api_key;
pub mod api_token;
pub mod contact;
pub mod credential;
pub mod date_filter;
pub mod injection;
pub mod journal;
pub mod license;
pub mod listing;
pub mod organization;
pub mod product;
pub mod role;
pub mod selector;
pub mod service_account;
pub mod token_owner;
pub mod vault;
