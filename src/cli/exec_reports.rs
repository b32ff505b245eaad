//! `locum exec --coverage --har`: what the command left out, and what it asked.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::{
    cli::{Failure, serve::Running},
    config::Settings,
    control::{Archive, coverage::CoverageAnswer, variables},
};

/// Where GitHub Actions shows a text beside a run.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// The options of `locum exec` about what is written at its end.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Write which operations and refusals the command met, as FILE.json or FILE.md, and to `$GITHUB_STEP_SUMMARY`
    /// where that is set
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// End with 1 when fewer percent of them were met
    #[arg(long, value_name = "PERCENT", value_parser = read_percent)]
    coverage_min: Option<f64>,
    /// Write the requests of all spaces and their answers as an HTTP Archive, which browsers' tools read
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
}

fn read_percent(text: &str) -> Result<f64, String> {
    let percent = text.trim_end_matches('%').trim_end().parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "it is a number from 0 to 100".to_owned())
}

impl Wanted {
    /// Checks before the command runs that there will be reports.
    pub(super) fn check(&self, settings: &Settings) -> Result<(), Failure> {
        if self.har.is_some() && settings.journal.0.is_none() {
            return Err(Failure::Usage("--har: no journal is kept with --journal off".to_owned()));
        }
        if let Some(file) = self.coverage.as_ref().filter(|file| !is_markdown(file) && !has_ending(file, "json")) {
            return Err(Failure::Usage(format!("--coverage: {} ends neither in .json nor in .md", file.display())));
        }
        for (option, file) in [("--coverage", &self.coverage), ("--har", &self.har)] {
            let folder = file.as_ref().and_then(|file| file.parent()).filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                return Err(Failure::Usage(format!("{option}: there is no folder {}", folder.display())));
            }
        }
        Ok(())
    }

    /// Writes the reports, and fails where too little was met.
    pub(super) fn write(&self, running: &Running) -> Result<(), Failure> {
        let archived = match &self.har {
            Some(file) => write_archive(running, file),
            None => Ok(()),
        };
        self.write_coverage(running).and(archived)
    }

    fn write_coverage(&self, running: &Running) -> Result<(), Failure> {
        if self.coverage.is_none() && self.coverage_min.is_none() {
            return Ok(());
        }
        let coverage = CoverageAnswer::of(&running.services, &running.app.coverage);
        if let Some(file) = &self.coverage {
            let text = if is_markdown(file) { Ok(coverage.to_markdown()) } else { variables::json(&coverage) };
            let text = text.map_err(Failure::Failed)?;
            fs::write(file, text).map_err(|error| describe(file, &error))?;
            if let Some(summary) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty()).map(PathBuf::from) {
                let opened = OpenOptions::new().append(true).create(true).open(&summary);
                // Beside what was asked for: no reason to fail a run.
                if let Err(error) = opened.and_then(|mut file| file.write_all(coverage.to_markdown().as_bytes())) {
                    tracing::warn!("{SUMMARY}: {}", describe(&summary, &error));
                }
            }
        }
        match self.coverage_min {
            Some(least) if coverage.percent() < least => Err(Failure::Failed(format!(
                "{} % of the services' answers were met, and --coverage-min wants {least} %",
                coverage.percent()
            ))),
            _ => Ok(()),
        }
    }
}

fn write_archive(running: &Running, file: &Path) -> Result<(), Failure> {
    let all = running.app.run.get().map(|run| run.last(usize::MAX, |_| true)).unwrap_or_default();
    let archive = Archive::of(&running.base, all.iter().map(|entry| &**entry));
    let text = variables::json(&archive).map_err(Failure::Failed)?;
    fs::write(file, text).map_err(|error| describe(file, &error))
}

fn describe(file: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("cannot write {}: {error}", file.display()))
}

fn is_markdown(file: &Path) -> bool {
    has_ending(file, "md")
}

fn has_ending(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}
