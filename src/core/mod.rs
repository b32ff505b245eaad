//! What every room stands on: time, ids, secrets, paging, suggestions and the list of everything that can go wrong.
//! Knows no HTTP and no SQL.

mod base64_run;
pub mod byte_size;
pub mod clock;
pub mod duration;
pub(crate) mod each_once;
pub mod error;
pub mod ids;
pub mod now;
pub mod paging;
pub mod progress;
pub mod rate_window;
pub mod redact;
mod seal;
pub mod secret_file;
pub mod suggest;
pub mod text;
pub mod token;
mod token_hashes;
