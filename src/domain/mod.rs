//! The nouns and their rules, as plain types and functions. Never sees the store.

pub mod credential;
pub mod fault_rule;
pub mod journal;
pub mod organization;
pub mod path_pattern;
pub mod product_catalogue;
pub mod request_matcher;
