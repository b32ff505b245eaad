//! HTTP machinery that every route shares. Names no vendor.

pub mod accepts;
pub mod answer;
pub mod authenticate;
pub mod body_limit;
pub mod caller;
pub mod common_parts;
pub mod connection;
pub mod control_guard;
pub mod control_input;
pub mod credential_places;
pub mod decide;
pub mod describe_credential;
pub mod document;
mod explain;
pub mod extract;
pub mod fault_rule;
pub mod ignored;
pub mod journal;
pub mod last_use;
pub mod left_body;
pub mod metrics;
pub mod mount;
pub mod nearest_operation;
pub mod observe;
pub mod one_generation;
pub mod operations;
pub(crate) mod plain_words;
pub mod problem;
pub mod rate_limit;
pub mod remembered_answer;
pub mod replayable_request;
pub mod request_context;
pub mod routes;
pub(crate) mod stored_credential;
pub mod swagger_ui;
pub mod time_limit;
pub mod vendor_service;
pub mod visitor;

/// Where the control API is mounted.
pub const CONTROL_BASE: &str = "/_emulator";
