//! The Atlassian service, by resource.

mod api_keys;
mod api_tokens;
mod auth;
mod habits;
mod injected_errors;
mod lists_bad_input;
mod oauth_clients;
mod quirks;
mod rate_limits;
mod seeds;
mod service_account_credentials;
mod service_accounts;
mod user_api_tokens;
mod vendor_document;

use serde_json::Value;

/// Lists the names of an object's members, sorted.
fn list_members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
