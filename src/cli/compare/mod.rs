//! `locum compare`: asks the real service and a fresh Locum the same, and says where they differ in form.

mod answer;
mod ask;
mod difference;
mod fill;
mod form;
mod fresh;
mod header;
mod names;
mod next_page;
mod pace;
mod report;
mod shape;
mod standing;
mod upstream;
mod words;

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{
    Args, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser},
};

use self::{
    fill::{Values, has_credential},
    fresh::Fresh,
    pace::{PAUSE, Pace},
    report::Report,
    upstream::Upstream,
};
use crate::{
    cli::{Failure, block_on, print, progress::Watch},
    config::COMPARE_TOKEN,
    core::{
        duration::{format_duration, parse_duration},
        progress::Progress,
        token::PlainToken,
    },
    services::{
        self,
        comparison::{Comparison, Scheme},
    },
};

/// Parts of hosts that are nobody's.
const USUAL_LABELS: [&str; 5] = ["api", "com", "net", "org", "www"];

#[derive(Debug, Clone, Args)]
pub(super) struct Wanted {
    /// Which service it is
    #[arg(long, value_name = "SERVICE", value_parser = PossibleValuesParser::new(list_services()))]
    service: String,
    /// Where the real service is: the URL of its host
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// A file that holds the real service's token; without it, the variable `LOCUM_COMPARE_TOKEN` does
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// How the token is presented, where a service knows several ways
    #[arg(long, value_name = "WORD")]
    scheme: Option<String>,
    /// The organization's id, where a service asks for one
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// The organization's customer code, where a service asks for one
    #[arg(long, value_name = "NUMBER")]
    customer_code: Option<String>,
    /// Print what would be asked, and ask nothing
    #[arg(long)]
    dry_run: bool,
    /// Ask without a question first, as in CI
    #[arg(long)]
    yes: bool,
    /// How the report is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "markdown")]
    format: Format,
    /// Where to write the report [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Certificates of authorities to trust, a file in PEM, instead of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Ask over http also beyond this machine, where everybody on the way sees the token
    #[arg(long)]
    allow_http: bool,
    /// How long one answer may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// How long to wait between two requests; less than 500ms only on this machine
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = parse_duration)]
    pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Markdown,
    Json,
}

/// What there is something to ask of, also as people write it.
fn list_services() -> Vec<PossibleValue> {
    let services = services::registry();
    let names = services.iter().flat_map(|service| service.comparisons).map(|comparison| comparison.name);
    names.map(|name| PossibleValue::new(name).alias(name.replace('_', "-"))).collect()
}

/// Exit 0: the same; 1: something differs; 2: something could not be asked, or anything else went wrong, because 1 says
/// that there is a report.
pub(super) fn run(wanted: &Wanted) -> Result<ExitCode, Failure> {
    compare(wanted).map_err(|failure| Failure::Usage(failure.to_string()))
}

fn compare(wanted: &Wanted) -> Result<ExitCode, Failure> {
    let services = services::registry();
    let name = wanted.service.replace('-', "_");
    let mut all = services.iter().flat_map(|service| service.comparisons.iter().map(move |one| (service, one)));
    let found = all.find(|(_, comparison)| comparison.name == name);
    let (service, comparison) = found.ok_or_else(|| Failure::Usage(format!("--service: there is no {name}")))?;
    let upstream = Upstream::new(&wanted.upstream, wanted.ca_file.as_deref(), wanted.allow_http, wanted.timeout)
        .map_err(Failure::Usage)?;
    if wanted.pause < PAUSE && !upstream.is_loopback() {
        let why = "at most two requests a second are sent beyond this machine";
        return Err(Failure::Usage(format!("--pause: at least {}, because {why}", format_duration(PAUSE))));
    }
    let scheme = wanted.choose_scheme(comparison)?;
    let parameters = wanted.list_parameters(comparison)?;
    let plan = wanted.describe_plan(comparison);
    if wanted.dry_run {
        return print(&plan).map(|()| ExitCode::SUCCESS);
    }
    let token = wanted.read_token()?;
    if !wanted.yes {
        confirm(&plan)?;
    }
    // Before anybody is asked, because an answer that cannot be written down was asked for in vain.
    let file = match &wanted.output {
        Some(path) => {
            // Not emptied yet, because the comparison may be broken off, and the old report is better than none.
            let opened = File::options().write(true).create(true).truncate(false).open(path);
            Some(opened.map_err(|e| Failure::Usage(format!("--output: {}: {e}", path.display())))?)
        }
        None => None,
    };

    let fixed = |token: &str| [("token", token.to_owned()), ("scheme", scheme.word.to_owned())];
    let mut theirs = Values::new(fixed(token.expose()).into_iter().chain(parameters));
    let demo = comparison.parameters.iter().map(|parameter| (parameter.name, parameter.demo.to_owned()));
    let mut ours = Values::new(fixed(scheme.demo_token).into_iter().chain(demo));
    let progress = Progress::default();
    let watch = Watch::start(&progress, |line| {
        // An error is of no interest, because it means that nobody reads standard error.
        let _ = writeln!(io::stderr(), "locum: {line}");
    });
    let (asked, stranger) = block_on(async {
        let fresh = Fresh::start(comparison.more_data).await.map_err(Failure::Failed)?;
        let mut pace = Pace::new(wanted.pause);
        let asking = ask::ask_all(comparison, &upstream, &fresh, &mut pace, &mut theirs, &mut ours, &progress);
        asking.await.map_err(Failure::Failed)
    })?;
    drop(watch);

    let private: Vec<&str> = theirs.all().chain([upstream.host()]).collect();
    let mut names = ask::learn_names(&service.document.text(), &asked, &private);
    let of_vendor: Vec<&str> = service.hosts.iter().flat_map(|host| host.split('.')).collect();
    let is_tenants = |part: &&str| !of_vendor.contains(part) && !USUAL_LABELS.contains(part);
    upstream.address_parts().filter(is_tenants).for_each(|part| names.hide_address(part));
    let report = Report::new(comparison, &asked, stranger, &names);
    let text = match wanted.format {
        Format::Markdown => report.to_markdown(),
        Format::Json => report.to_json(),
    };
    match file {
        Some(mut file) => {
            let is_file = file.metadata().is_ok_and(|found| found.is_file());
            let emptied = if is_file { file.set_len(0) } else { Ok(()) };
            let written = emptied.and_then(|()| file.write_all(text.as_bytes()));
            written.map_err(|e| Failure::Failed(format!("cannot write the report: {e}")))?;
        }
        None => print(&text)?,
    }
    let _ = writeln!(io::stderr(), "locum: {}", report.summary());
    if let Some(why) = stranger {
        let _ = writeln!(io::stderr(), "locum: nothing was compared: {}", why.explain());
    }
    Ok(ExitCode::from(if report.differs() { 1 } else { u8::from(report.failed()) * 2 }))
}

impl Wanted {
    fn choose_scheme(&self, comparison: &'static Comparison) -> Result<&'static Scheme, Failure> {
        let mut all = comparison.schemes.iter();
        let found = match &self.scheme {
            Some(word) => all.find(|scheme| scheme.word.eq_ignore_ascii_case(word)),
            None => all.next(),
        };
        found.ok_or_else(|| {
            let words: Vec<&str> = comparison.schemes.iter().map(|scheme| scheme.word).collect();
            Failure::Usage(format!("--scheme: this service knows {}", words.join(", ")))
        })
    }

    /// What requests name of the real service.
    fn list_parameters(&self, comparison: &'static Comparison) -> Result<Vec<(&'static str, String)>, Failure> {
        let given = [("org", &self.org), ("customer_code", &self.customer_code)];
        let is_known = |name: &str| comparison.parameters.iter().any(|parameter| parameter.name == name);
        let flag = |name: &str| format!("--{}", name.replace('_', "-"));
        if let Some((name, _)) = given.iter().find(|(name, value)| value.is_some() && !is_known(name)) {
            return Err(Failure::Usage(format!("{}: {} is asked without", flag(name), comparison.title)));
        }
        let leads_away = |value: &str| value.split('/').any(|part| part == "." || part == "..");
        if let Some((name, _)) = given.iter().find(|(_, value)| value.as_deref().is_some_and(leads_away)) {
            return Err(Failure::Usage(format!("{}: dots would lead to a request that is not planned", flag(name))));
        }
        let find = |name: &'static str| {
            let value = given.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_ref());
            let value = value.filter(|value| !value.is_empty());
            let missing =
                || Failure::Usage(format!("{} is missing: {} is asked with one", flag(name), comparison.title));
            value.map(|value| (name, value.clone())).ok_or_else(missing)
        };
        comparison.parameters.iter().map(|parameter| find(parameter.name)).collect()
    }

    fn read_token(&self) -> Result<PlainToken, Failure> {
        let (token, place) = match &self.token_file {
            Some(path) => {
                let wrong = |e| Failure::Usage(format!("--token-file: {}: {e}", path.display()));
                (std::fs::read_to_string(path).map_err(wrong)?, format!("--token-file: {}", path.display()))
            }
            None => (std::env::var(COMPARE_TOKEN).unwrap_or_default(), COMPARE_TOKEN.to_owned()),
        };
        let token = token.trim();
        if token.is_empty() {
            let way_out =
                format!("put the real service's token into a file, for --token-file, or into {COMPARE_TOKEN}");
            return Err(Failure::Usage(format!("{place}: there is no token: {way_out}")));
        }
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Failure::Usage(format!("{place}: this is no token: it has blanks, or letters beyond ASCII")));
        }
        Ok(PlainToken::new(token))
    }

    fn describe_plan(&self, comparison: &Comparison) -> String {
        let (count, pause) = (comparison.questions.len(), format_duration(self.pause));
        let mut text = format!(
            "{count} requests to {} at {}, one each {pause}, all GET; nothing is changed, and nobody else is asked:\n",
            comparison.title, self.upstream,
        );
        for question in comparison.questions {
            let without = if has_credential(comparison, question) { "" } else { "  (without the token)" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  GET {}{without}", question.path);
        }
        text
    }
}

/// Shows the plan to whoever is there, and asks.
fn confirm(plan: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let why = "nobody is there to be asked whether to send requests to the real service: say --yes, or look at the \
                   plan with --dry-run";
        return Err(Failure::Usage(why.to_owned()));
    }
    let mut stderr = io::stderr();
    let mut line = String::new();
    let asked = write!(stderr, "{plan}Send them? [y/N] ").and_then(|()| io::stdin().read_line(&mut line));
    asked.map_err(|e| Failure::Usage(format!("cannot ask: {e}")))?;
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Usage("nothing was sent".to_owned())),
    }
}
