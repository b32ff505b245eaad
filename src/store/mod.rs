//! The database: sessions, and the platform's own tables. With the services' stores the only rooms that name sqlx;
//! returns domain types.

pub(crate) mod db;
pub(crate) mod dialect;
pub mod ended;
mod error;
mod event;
mod file;
mod location;
mod open_error;
mod postgres;
mod postgres_options;
pub(crate) mod session;
pub(crate) mod sql;
mod sqlite;
mod transaction;
mod turns;
mod written;

pub mod backup;
pub mod credential;
pub(crate) mod declared_product;
pub mod events;
pub mod fault_rule;
pub mod journal;
pub mod migrations;
pub mod open;
pub mod organization;
pub mod rate_window;
pub mod snapshot;
pub mod space;
pub mod space_origin;
pub mod state;

pub use db::Db;
pub use location::Location;
pub use open_error::OpenError;
pub(crate) use session::on;
pub use session::{Changes, ReadOnly, ReadWrite, Session};
pub use written::Written;

/// PostgreSQL cannot even be asked for a text with a NUL in it, and nothing stored ever holds one.
pub(crate) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}
