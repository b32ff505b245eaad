//! The database. The only room that names sqlx; returns domain types.

#[macro_use]
mod session;
mod listing;
mod sql;
mod sqlite;
mod trouble;

pub mod allocation;
pub mod api_key;
pub mod api_token;
pub mod atlassian;
pub mod credential;
pub mod events;
pub mod injection;
pub mod jetbrains_token;
pub mod journal;
pub mod license;
pub mod migrate;
pub mod oauth_client;
pub mod organization;
pub mod rate;
pub mod role;
pub mod service_account;
pub mod snapshot;
pub mod space;
pub mod state;
pub mod vault;

pub use migrate::{Location, OpenError};
pub use session::{Db, ReadOnly, ReadWrite, Session};

/// PostgreSQL cannot even be asked for a text with a NUL in it, and nothing stored ever holds one.
fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}
