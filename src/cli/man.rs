//! `locum man`.

use std::path::Path;

use clap_mangen::Man;

use super::{Failure, print};

/// Prints the page of the program, or writes one for each command into a directory that is there.
pub(super) fn run(command: clap::Command, dir: Option<&Path>) -> Result<(), Failure> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(|error| Failure::Failed(format!("cannot write: {error}")))?;
        return print(&String::from_utf8_lossy(&page));
    };
    let written = clap_mangen::generate_to(command.disable_help_subcommand(true), dir);
    written.map_err(|error| Failure::Failed(format!("cannot write to {}: {error}", dir.display())))
}
