//! What every room stands on: time, ids, secrets, paging and the list of everything that can go wrong.
//! Knows no HTTP and no SQL.

pub mod clock;
pub mod fault;
pub mod ids;
pub mod kept;
pub mod page;
pub mod redact;
pub mod span;
pub mod token;
pub mod window;
