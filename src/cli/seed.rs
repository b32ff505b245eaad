//! `locum seed …`

use crate::{
    cli::{Failure, SeedCommand, print},
    core::ids::IdSeed,
    seed::{self, apply, file},
};

pub(super) fn run(command: &SeedCommand) -> Result<(), Failure> {
    match command {
        SeedCommand::Init => print(seed::DEMO),
        SeedCommand::Schema => print(&format!("{:#}\n", file::schema())),
        SeedCommand::Validate { sources } => validate(sources),
    }
}

fn validate(sources: &[String]) -> Result<(), Failure> {
    let report = |diagnostics: seed::Diagnostics| Failure::Usage(diagnostics.to_string());
    let mut files = Vec::new();
    for source in sources {
        files.extend(seed::load(source).map_err(report)?);
    }
    let plan = apply::check(&files, &mut IdSeed(0).of_requests()).map_err(report)?;
    let licenses: usize =
        plan.organizations.iter().filter_map(|o| o.jetbrains_account.as_ref()).map(|a| a.licenses.len()).sum();
    println!("ok: {} organizations, {licenses} licenses", plan.organizations.len());
    Ok(())
}
