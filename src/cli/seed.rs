//! `locum seed …`

use std::io::Write as _;

use crate::{
    cli::{Failure, SeedCommand, print, progress::Watch, seed_import},
    core::{ids::IdSeed, progress::Progress},
    seed::{self, count::Count},
    services::seeding::{self, Plan},
};

pub(super) fn run(command: &SeedCommand) -> Result<(), Failure> {
    match command {
        SeedCommand::Init => print(seed::DEMO),
        SeedCommand::Schema => print(&format!("{:#}\n", seeding::schema())),
        SeedCommand::Validate { sources } => validate(sources),
        SeedCommand::Import(arguments) => seed_import::run(arguments),
    }
}

fn validate(sources: &[String]) -> Result<(), Failure> {
    let report = |diagnostics: seed::Diagnostics| Failure::Usage(diagnostics.to_string());
    let files: Vec<_> = sources.iter().flat_map(|source| seed::load(source)).collect();
    let progress = Progress::default();
    let watch = Watch::start(&progress, |line| {
        // An error is of no interest, because it means that nobody reads standard error.
        let _ = writeln!(std::io::stderr(), "locum: {line}");
    });
    let seeds = seeding::read_all(&files, &progress).map_err(report)?;
    progress.begin("checking seeds", 0);
    let plan = seeding::check(&seeds, &mut IdSeed(0).of_requests()).map_err(report)?;
    drop(watch);
    print(&describe(files.len(), &plan))
}

/// What was read, in numbers: a line for what all services share, and one for each that has something.
fn describe(files: usize, plan: &Plan) -> String {
    let mut text = format!("ok: {}", Count::new(files, "file", "files"));
    for (title, counts) in plan.counts() {
        let counts: Vec<String> = counts.iter().filter(|c| c.number > 0).map(ToString::to_string).collect();
        match (title, counts.is_empty()) {
            (_, true) => continue,
            ("", false) => text += ", ",
            (_, false) => text.extend(["\n  ", title, ": "]),
        }
        text += &counts.join(", ");
    }
    text + "\n"
}
