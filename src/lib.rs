//! Locum: stands in for three admin services in other people's tests.
pub mod app;
pub mod config;
pub mod core;
pub mod domain;
pub mod http;
pub mod seed;
pub mod store;
