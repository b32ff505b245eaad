//! Locum: stands in for three admin services in other people's tests, the JetBrains Account API, the License Vault API
//! and the Atlassian Admin API Access API.
//!
//! The rooms, from the ground up; each names only those before it. `docs/architecture.md` says more.
//!
//! * [`core`]: time, ids, secrets, paging, the shared error
//! * [`domain`]: the platform's nouns, and their rules
//! * [`store`]: the database, and the platform's tables
//! * [`seed`]: seed files, read and checked
//! * `tls`, [`config`], [`app`]: certificates, settings, what a running Locum consists of
//! * [`http`]: what every route shares
//! * [`web`]: what every page shares
//! * [`services`]: a folder for each vendor, with everything that is the vendor's, and the registry that lists them
//! * [`control`]: the control API, `/_emulator`
//! * `ui`: pages for people, `/_emulator/ui/`
//! * [`router`]: what is mounted where
//! * [`startup`]: from settings to a Locum that answers
//! * [`cli`]: the commands
#![warn(unreachable_pub)]

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod core;
pub mod domain;
pub mod http;
pub mod reload;
pub mod router;
pub mod seed;
pub mod services;
pub mod startup;
pub mod store;
mod tls;
mod ui;
pub mod web;
