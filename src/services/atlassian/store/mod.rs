//! The service's tables.

pub mod api_key;
pub mod api_token;
pub mod listing;
pub mod oauth_client;
pub mod person;
pub mod service_account;
pub mod settings;
