//! The command line. Exit codes: 0 ok, 1 failure, 2 wrong usage, settings or seed, 128 and the signal's number when a
//! second signal cut a stop short. Under `exec`, as shells have it: the command's own, 126 when it cannot be run, 127
//! when there is none of its name.

mod as_vendors;
mod backup;
mod client;
mod compare;
mod connections;
mod draft;
mod endpoints;
mod exec;
mod exec_reports;
mod health;
mod http2;
mod line;
mod log;
mod man;
mod openapi;
mod orphans;
mod output;
mod progress;
mod proxy;
mod seed;
mod seed_import;
mod serve;
mod signals;
mod stop;
mod tail;
mod tail_names;
mod tls;

use std::{ffi::OsString, future::Future, net::Ipv4Addr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, parser::ValueSource};
use clap_complete::Shell;

use crate::{
    config::{Config, ConfigError, LOG_UNDER_EXEC, Listen, Settings, is_given},
    control::variables::Format,
    core::duration::parse_duration,
    services,
};

/// What stands at the end of the help.
const EXAMPLES: &str = "Examples:
  locum --clock frozen@2026-01-15T09:00:00Z --id-seed 42     the demo, the same each time
  locum --seed seed.yaml --watch                             one's own data, read again when it changes
  locum exec --report report.html -- pytest -q               a test run beside a server of its own";

#[derive(Debug, Parser)]
#[command(name = "locum", about = services::ABOUT, version)]
#[command(args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; also what plain `locum` does
    Serve(Box<Settings>),
    /// Ask the server that these settings describe whether it is ready
    Health {
        #[command(flatten)]
        settings: Box<Settings>,
        /// Ask again until it is ready, or the time is up
        #[arg(long)]
        wait: bool,
        /// How long to wait
        #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
        timeout: Duration,
    },
    /// Print base URLs and the seed's credentials as variables, for the server that these settings describe
    Env {
        #[command(flatten)]
        settings: Box<Settings>,
        /// How to write them
        #[arg(long, value_name = "FORMAT", default_value = "shell")]
        format: Format,
    },
    /// Run a command beside a server of its own, with base URLs and credentials as variables, and exit as it does;
    /// without --listen on a free port of 127.0.0.1
    Exec {
        #[command(flatten)]
        settings: Box<Settings>,
        #[command(flatten)]
        reports: exec_reports::Wanted,
        /// Let the command's clients reach Locum under the vendors' own hosts: proxy variables lead there, and others
        /// name its certificate
        #[arg(long)]
        as_vendors: bool,
        /// The command and its arguments
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
    /// Print the requests to a running server as they come, with the reasons of those that were refused
    #[command(after_help = tail::EXAMPLES)]
    Tail(tail::Options),
    /// Copy the SQLite file that these settings name, and its keys, also while a server uses it
    Backup {
        #[command(flatten)]
        settings: Box<Settings>,
        /// The copy, which must not be there yet; its keys get the same name with `.key` and `.ca.key` at its end
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Ask a real service and a fresh Locum the same harmless requests, and report where their answers differ in form;
    /// exit 1 when they do, 2 when something could not be asked
    Compare(Box<compare::Wanted>),
    /// Write, check and describe seeds
    #[command(subcommand)]
    Seed(SeedCommand),
    /// Print the OpenAPI document of a service, or check or write copies of all
    Openapi {
        /// Compare openapi/*.json with what this program serves; exit 1 when they differ
        #[arg(long, conflicts_with = "write")]
        check: bool,
        /// Write openapi/*.json
        #[arg(long)]
        write: bool,
        /// The directory of the copies
        #[arg(long, value_name = "DIR", default_value = "openapi")]
        dir: PathBuf,
        /// One document only; without it, --check and --write take all
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(openapi::names()))]
        service: Option<String>,
    },
    /// Print a shell's completion script
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    Man {
        /// Where to write locum.1, locum-serve.1 and the others
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum SeedCommand {
    /// Print a commented starter
    Init,
    /// Check seeds without starting anything: `file:line:column: message`, exit 2
    Validate {
        /// Files, directories, or `-`
        #[arg(required = true, value_name = "FILE")]
        sources: Vec<String>,
    },
    /// Print the JSON Schema of the format
    Schema,
    /// Print a seed made of what services list: of your own data, with --anonymize without names
    Import(seed_import::ImportArguments),
}

/// How a command ends when it does not end well.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Exit 1.
    #[error("{0}")]
    Failed(String),
    /// Exit 2.
    #[error("{0}")]
    Usage(String),
    /// The command of `exec` did not run: exit 127 when it is not there, else 126.
    #[error("cannot run {name}: {cause}")]
    NotRun { name: String, cause: std::io::Error },
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::NotRun { cause, .. } if cause.kind() == std::io::ErrorKind::NotFound => 127,
            Self::NotRun { .. } => 126,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let command = Cli::command();
    let matches = match crate::config::ignore_empty_variables(command.clone()).try_get_matches() {
        Ok(matches) => matches,
        // Help and the version are printed this way too, and whether they could be is told as of all that is printed.
        Err(error) if !error.use_stderr() => {
            let code = check_written(error.print()).map_or_else(|failure| report(&failure), |()| ExitCode::SUCCESS);
            output::flush();
            return code;
        }
        Err(error) => error.exit(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let of_command = matches.subcommand().map_or(&matches, |(_, matches)| matches);
    let code = run(cli, command, of_command).unwrap_or_else(|failure| report(&failure));
    output::flush();
    code
}

/// Writes why a command failed, and gives its exit code.
fn report(failure: &Failure) -> ExitCode {
    use std::io::Write as _;
    let usage = matches!(failure, Failure::Usage(_));
    let mut stderr = output::stderr();
    for line in failure.to_string().lines() {
        // A seed's complaints start with the file's name, as compilers' do.
        if usage && line.split(':').nth(2).is_some_and(|column| column.parse::<u64>().is_ok()) {
            let _ = writeln!(stderr, "{line}");
        } else {
            let _ = writeln!(stderr, "locum: {line}");
        }
    }
    ExitCode::from(failure.exit_code())
}

fn run(cli: Cli, command: clap::Command, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    match cli.command {
        None => return block_on(serve::serve(prepared(command, cli.settings, matches))),
        Some(Command::Serve(settings)) => return block_on(serve::serve(prepared(command, *settings, matches))),
        Some(Command::Health { settings, wait, timeout }) => {
            block_on(health::health(&settings.listen, wait.then_some(timeout)))?;
        }
        Some(Command::Env { settings, format }) => endpoints::env(&settings, matches, format)?,
        Some(Command::Exec { mut settings, reports, as_vendors, command: words }) => {
            reports.check(&settings)?;
            settings.proxy |= as_vendors;
            if !is_given(matches, "log") {
                LOG_UNDER_EXEC.clone_into(&mut settings.log);
            }
            let settings_of = &mut *settings;
            for (id, listen) in [("listen", &mut settings_of.listen), ("tls_listen", &mut settings_of.tls_listen)] {
                if !is_given(matches, id) {
                    *listen = Listen { host: Ipv4Addr::LOCALHOST.to_string(), port: 0 };
                }
            }
            return block_on(exec::exec(prepared(command, *settings, matches), &reports, as_vendors, &words));
        }
        Some(Command::Tail(options)) => block_on(tail::tail(&options, matches))?,
        Some(Command::Backup { settings, file }) => {
            let location = settings.find_location()?;
            return block_on(backup::backup(&location, &file));
        }
        Some(Command::Compare(wanted)) => return compare::run(&wanted),
        Some(Command::Seed(command)) => seed::run(&command)?,
        Some(Command::Openapi { check, write, dir, service }) => openapi::run(check, write, &dir, service.as_deref())?,
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "locum", &mut script);
            print(&String::from_utf8_lossy(&script))?;
        }
        Some(Command::Man { dir }) => man::run(Cli::command(), dir.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What a server starts from, once it is asked for, which may take long: seeds are read, also from standard input.
/// Logs from then on, and first of all about variables that mean nothing.
fn prepared(
    command: clap::Command,
    settings: Settings,
    matches: &ArgMatches,
) -> impl FnOnce() -> Result<Config, Failure> + Send + use<> {
    let matches = matches.clone();
    move || {
        log::start(settings.log_format(), &settings.log);
        for warning in crate::config::unknown_variables(&command) {
            tracing::warn!("{warning}");
        }
        if matches.value_source("control_token") == Some(ValueSource::CommandLine) {
            tracing::warn!("--control-token is shown to everybody on this machine; LOCUM_CONTROL_TOKEN_FILE is not");
        }
        Ok(settings.check(&matches, &services::registry().hosts())?)
    }
}

/// The exit code of who was ended by a signal, as shells say it.
fn killed_by(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

/// Prints what was asked for. A reader that has had enough, like `head`, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout();
    // A last line without an end would be written at the exit, which tells nobody that it could not be.
    check_written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

fn check_written(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says something beside what was asked for. An error is of no interest, because it means that nobody reads it.
fn tell(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "locum: {text}");
}

fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::Failed(format!("cannot start: {e}")))?;
    let _entered = runtime.enter();
    signals::outlive_file_limit();
    let done = runtime.block_on(future);
    // Requests had their time; a blocking task that still runs must not hold the exit up.
    runtime.shutdown_background();
    done
}
