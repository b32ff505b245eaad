//! One file per resource.

pub(crate) mod api_keys;
pub(crate) mod api_tokens;
pub(crate) mod oauth_clients;
pub(crate) mod service_account_credentials;
pub(crate) mod service_accounts;
