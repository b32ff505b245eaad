//! `locum backup`: copies a database file, also of a running server.

use std::path::Path;

use crate::{
    cli::Failure,
    config::Config,
    store::backup::{BackupError, back_up},
};

pub(super) async fn backup(config: &Config, to: &Path) -> Result<(), Failure> {
    back_up(&config.location, to).await.map_err(|error| match error {
        BackupError::NoFile(_) => Failure::Usage(error.to_string()),
        BackupError::Database { .. } | BackupError::Write { .. } => Failure::Failed(error.to_string()),
    })
}
