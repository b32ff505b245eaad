//! `locum exec --coverage --har --report`: what the command left out, and what it asked.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::ExitStatus,
};

use crate::{
    app::run_journal::RunJournal,
    cli::{Failure, draft::name_draft, serve::Running},
    config::Settings,
    control::{Archive, coverage::CoverageAnswer, variables},
    core::clock::Clock,
    ui::report,
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
    /// Write the requests of all spaces, why they were refused, and the coverage as one page, FILE.html, that loads
    /// nothing: for what a CI run keeps. `$GITHUB_STEP_SUMMARY` mentions it
    #[arg(long, env = "LOCUM_REPORT", value_name = "FILE")]
    report: Option<PathBuf>,
}

fn read_percent(text: &str) -> Result<f64, String> {
    let percent = text.trim_end_matches('%').trim_end().parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "it is a number from 0 to 100".to_owned())
}

impl Wanted {
    /// Checks before the command runs that there will be reports.
    pub(super) fn check(&self, settings: &Settings) -> Result<(), Failure> {
        for (option, file) in [("--har", &self.har), ("--report", &self.report)] {
            if file.is_some() && settings.journal.0.is_none() {
                return Err(Failure::Usage(format!("{option}: no journal is kept with --journal off")));
            }
        }
        if let Some(file) = self.report.as_ref().filter(|file| !has_ending(file, "html") && !has_ending(file, "htm")) {
            return Err(Failure::Usage(format!("--report: {} does not end in .html", file.display())));
        }
        if let Some(file) = self.coverage.as_ref().filter(|file| !is_markdown(file) && !has_ending(file, "json")) {
            return Err(Failure::Usage(format!("--coverage: {} ends neither in .json nor in .md", file.display())));
        }
        for (option, file) in [("--coverage", &self.coverage), ("--har", &self.har), ("--report", &self.report)] {
            let folder = file.as_ref().and_then(|file| file.parent()).filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                return Err(Failure::Usage(format!("{option}: there is no folder {}", folder.display())));
            }
        }
        Ok(())
    }

    /// Writes the reports, and fails where one cannot be written, or too little was met.
    pub(super) async fn write(&self, running: &Running, program: &str, ended: ExitStatus) -> Result<(), Failure> {
        let archived = match &self.har {
            Some(file) => write_archive(running, file),
            None => Ok(()),
        };
        let reported = match &self.report {
            Some(file) => write_report(running, file, program, ended).await,
            None => Ok(()),
        };
        self.write_coverage(running).and(archived).and(reported)
    }

    fn write_coverage(&self, running: &Running) -> Result<(), Failure> {
        if self.coverage.is_none() && self.coverage_min.is_none() {
            return Ok(());
        }
        let coverage = CoverageAnswer::of(&running.services, &running.app.coverage);
        if let Some(file) = &self.coverage {
            let text = if is_markdown(file) { Ok(coverage.to_markdown()) } else { variables::json(&coverage) };
            let text = text.map_err(Failure::Failed)?;
            write_whole(file, &text).map_err(|error| describe(file, &error))?;
            append_to_summary(&coverage.to_markdown());
        }
        match self.coverage_min {
            Some(least) if coverage.percent < least => Err(Failure::Failed(format!(
                "{} % of the services' answers were met, and --coverage-min wants {least} %",
                coverage.percent
            ))),
            _ => Ok(()),
        }
    }
}

fn write_archive(running: &Running, file: &Path) -> Result<(), Failure> {
    let all = running.app.run.get().map(RunJournal::all).unwrap_or_default();
    let archive = Archive::of(&running.base, all.iter().map(|(space, happened)| (*space, happened)));
    let text = variables::json(&archive).map_err(Failure::Failed)?;
    write_whole(file, &text).map_err(|error| describe(file, &error))
}

async fn write_report(running: &Running, file: &Path, program: &str, ended: ExitStatus) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("cannot make the report: {error}"));
    let program = Path::new(program).file_name().map_or_else(|| program.into(), |name| name.to_string_lossy());
    let about = report::Run {
        program: &program,
        ended: ended.to_string(),
        has_failed: !ended.success(),
        // Those who keep it ask when that was, whatever the spaces' clocks say.
        at: Clock::Real.now(),
    };
    let spaces = report::read(&running.app).await.map_err(failed)?;
    let (page, line) = report::write(&running.app, &running.services, &about, &spaces).map_err(failed)?;
    write_whole(file, &page).map_err(|error| describe(file, &error))?;
    append_to_summary(&format!("# {program}: {ended}\n\n{line}: see `{}` of this run.\n\n", file.display()));
    Ok(())
}

/// Writes a file as a whole or not at all: of a disk that is full, nothing is left that looks like a report.
fn write_whole(file: &Path, text: &str) -> io::Result<()> {
    // What a link points to is replaced, and not the link.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let before = fs::metadata(&file).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return fs::write(file, text);
    }
    let draft = name_draft(&file);
    let written = match OpenOptions::new().write(true).create_new(true).open(&draft) {
        // The file is written in place, because making others beside it may be forbidden where writing it is not.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return fs::write(file, text),
        opened => opened.and_then(|mut opened| {
            opened.write_all(text.as_bytes())?;
            before.map_or(Ok(()), |before| opened.set_permissions(before.permissions()))?;
            fs::rename(&draft, &file)
        }),
    };
    if written.is_err() {
        // It may not be there.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Appends to the text that CI shows beside a run, where it does. It is beside what was asked for, so it fails no run.
fn append_to_summary(text: &str) {
    let Some(summary) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty()).map(PathBuf::from) else { return };
    let opened = OpenOptions::new().append(true).create(true).open(&summary);
    if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        tracing::warn!("{SUMMARY}: {}", describe(&summary, &error));
    }
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
