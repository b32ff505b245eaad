//! The `locum` binary: start-up only.

use std::process::ExitCode;

fn main() -> ExitCode {
    locum::cli::main()
}
