//! Locum: stands in for three admin services in other people's tests.
#![warn(unreachable_pub)]

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod core;
pub mod domain;
pub mod http;
pub mod router;
pub mod seed;
pub mod services;
pub mod startup;
pub mod store;
mod tls;
mod ui;
pub mod web;
