//! What the service is about, and the rules that hold there, without HTTP and store.

pub mod account_token;
pub mod api_access;
pub mod api_key;
pub mod api_token;
pub mod date_filter;
pub(crate) mod ids;
pub mod listing;
pub mod service_account;
