//! One file per resource.

pub mod api_keys;
pub mod api_tokens;
pub mod oauth_clients;
pub mod service_account_credentials;
pub mod service_accounts;
