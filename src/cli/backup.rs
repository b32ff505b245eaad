//! `locum backup`: copies a database file, also of a running server.

use std::{path::Path, process::ExitCode};

use crate::{
    cli::{Failure, killed_by, signals::Signals},
    store::{
        Location,
        backup::{BackupError, back_up},
    },
};

pub(super) async fn backup(location: &Location, to: &Path) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new()?;
    let copied = tokio::select! {
        copied = back_up(location, to) => copied,
        // What was begun is removed.
        signal = signals.next() => return Ok(killed_by(signal.as_raw())),
    };
    copied.map(|()| ExitCode::SUCCESS).map_err(|error| match error {
        BackupError::NoFile(_) => Failure::Usage(error.to_string()),
        BackupError::Database { .. } | BackupError::Write { .. } => Failure::Failed(error.to_string()),
    })
}
