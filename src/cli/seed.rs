//! `locum seed …`

use crate::{
    cli::{Failure, SeedCommand, print},
    core::ids::IdSeed,
    seed,
    services::seeding,
};

pub(super) fn run(command: &SeedCommand) -> Result<(), Failure> {
    match command {
        SeedCommand::Init => print(seed::DEMO),
        SeedCommand::Schema => print(&format!("{:#}\n", seeding::schema())),
        SeedCommand::Validate { sources } => validate(sources),
    }
}

fn validate(sources: &[String]) -> Result<(), Failure> {
    let report = |diagnostics: seed::Diagnostics| Failure::Usage(diagnostics.to_string());
    let mut files = Vec::new();
    for source in sources {
        files.extend(seed::load(source).map_err(report)?);
    }
    let seeds = seeding::read_all(&files).map_err(report)?;
    let plan = seeding::check(&seeds, &mut IdSeed(0).of_requests()).map_err(report)?;
    println!("ok: {} organizations, {} licenses", plan.organizations.len(), plan.count_licenses());
    Ok(())
}
