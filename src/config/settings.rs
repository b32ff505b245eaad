//! The settings, as flags and variables give them.

use std::{collections::BTreeMap, io::IsTerminal as _, path::PathBuf, time::Duration};

use clap::{
    Args,
    builder::{PathBufValueParser, TypedValueParser as _},
};

use crate::{
    config::{
        parse::{check_path, parse_answers, parse_host, parse_journal, parse_listen, parse_log, parse_public_url},
        values::{Answers, Journal, Listen, LogFormat, Setting, Switch, TlsMode},
    },
    core::{
        byte_size,
        clock::{self, Clock},
        duration::parse_duration,
        rate_window::Mode,
    },
};

/// What `exec` logs where nothing else is said, because its output is the command's.
pub(crate) const LOG_UNDER_EXEC: &str = "warn";

/// Settings whose values are shown to nobody.
const SECRETS: [&str; 4] = ["database_url", "server_key", "control_token", "seed_inline"];

// What the help puts together.
const NETWORK: &str = "Network";
const DATA: &str = "Data";
const TIME: &str = "Time";
const CONTROL: &str = "Control";
const LOG: &str = "Log";

/// The settings, as clap reads them.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Where to listen: `localhost` is both loopbacks, port 0 is any free one
    #[arg(long, help_heading = NETWORK, env = "LOCUM_LISTEN", value_name = "HOST:PORT", default_value = "localhost:8080",
        value_parser = parse_listen)]
    pub listen: Listen,

    /// Serve over TLS too: `auto` by certificates of an authority that Locum makes, `off` not [default: off, or on with
    /// --tls-cert]
    #[arg(long, help_heading = NETWORK, env = "LOCUM_TLS", value_name = "AUTO|OFF")]
    pub tls: Option<TlsMode>,

    /// Where to listen for TLS, as in --listen
    #[arg(long, help_heading = NETWORK, env = "LOCUM_TLS_LISTEN", value_name = "HOST:PORT", default_value = "localhost:8443",
        value_parser = parse_listen)]
    pub tls_listen: Listen,

    /// A certificate of one's own for TLS, a file in PEM, with those that lead to its authority
    #[arg(long, help_heading = NETWORK, env = "LOCUM_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, a file in PEM
    #[arg(long, help_heading = NETWORK, env = "LOCUM_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Be a proxy too, for clients that have a vendor's host compiled in: answer as those hosts, with certificates of an
    /// authority that Locum makes, and refuse every other host
    #[arg(long, help_heading = NETWORK, env = "LOCUM_PROXY", value_parser = clap::builder::BoolishValueParser::new())]
    pub proxy: bool,

    /// What to start with: a file, a directory, `-` (standard input), `builtin:demo`, `builtin:minimal` or `none`; may
    /// be repeated
    #[arg(long, help_heading = DATA, env = "LOCUM_SEED", value_name = "SOURCE", default_value = "builtin:demo")]
    pub seed: Vec<String>,

    /// A seed as YAML or JSON text, for places that can pass only variables
    #[arg(long = "seed-inline", help_heading = DATA, env = "LOCUM_SEED_INLINE", value_name = "TEXT", hide_env_values = true)]
    pub seed_inline: Option<String>,

    /// Read the seed's files again when they change, and put every space back to them that came from them; wrong ones
    /// are refused, and everything stays as it was. SIGHUP does it at once
    #[arg(long, help_heading = DATA, env = "LOCUM_WATCH", value_parser = clap::builder::BoolishValueParser::new())]
    pub watch: bool,

    /// Where to keep the data: `sqlite::memory:`, `sqlite:///data/locum.db` or `postgres://…`;
    /// `LOCUM_DATABASE_URL_FILE` names a file that holds the URL
    #[arg(long, help_heading = DATA, env = "LOCUM_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Seed again, also a database that holds data: that data is deleted
    #[arg(long, help_heading = DATA, env = "LOCUM_RESEED", value_parser = clap::builder::BoolishValueParser::new())]
    pub reseed: bool,

    /// The key that tokens are recognised by, at least 16 characters; generated beside a SQLite file, required for
    /// PostgreSQL; `LOCUM_SERVER_KEY_FILE` names a file that holds it
    #[arg(long, help_heading = DATA, env = "LOCUM_SERVER_KEY", value_name = "KEY", hide_env_values = true)]
    pub server_key: Option<String>,

    /// How time goes: `real`, `frozen@2026-01-15T09:00:00Z` or `offset@2026-01-15T09:00:00Z`; wins over the seed's
    /// clock [default: real]
    #[arg(long, help_heading = TIME, env = "LOCUM_CLOCK", value_name = "CLOCK", value_parser = str::parse::<Clock>)]
    pub clock: Option<Clock>,

    /// A number that generated ids and tokens come from: the same number, the same ids [default: random]
    #[arg(long, help_heading = DATA, env = "LOCUM_ID_SEED", value_name = "NUMBER")]
    pub id_seed: Option<u64>,

    /// The base URL that clients use, where it is not the one Locum listens on
    #[arg(long, help_heading = NETWORK, env = "LOCUM_PUBLIC_URL", value_name = "URL", value_parser = parse_public_url)]
    pub public_url: Option<String>,

    /// How much of the journal each space keeps: entries, or entries and bytes like `10000,32MiB`, or `off`
    #[arg(long, help_heading = DATA, env = "LOCUM_JOURNAL", value_name = "SIZE", default_value = "10000,32MiB",
        value_parser = parse_journal)]
    pub journal: Journal,

    /// How many bytes of answers are remembered, to be given again while nothing has changed: a size like `16MiB`, or
    /// `off`
    #[arg(long, help_heading = DATA, env = "LOCUM_ANSWERS", value_name = "SIZE", default_value = "16MiB", value_parser = parse_answers)]
    pub answers: Answers,

    /// Serve the control API under /_emulator
    #[arg(long, help_heading = CONTROL, env = "LOCUM_CONTROL", value_name = "ON|OFF", default_value = "on")]
    pub control: Switch,

    /// Callers of the control API must send this as `Authorization: Bearer`; `LOCUM_CONTROL_TOKEN_FILE` names a file
    /// that holds it
    #[arg(long, help_heading = CONTROL, env = "LOCUM_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub control_token: Option<String>,

    /// What rate limits do: enforce, observe (count and say so), or off; an organization's own mode wins [default:
    /// enforce the limits that somebody set, else observe]
    #[arg(long, help_heading = CONTROL, env = "LOCUM_RATE_LIMIT", value_name = "MODE")]
    pub rate_limit: Option<Mode>,

    /// Host names, beside loopbacks, IP addresses and single-label names, that the control API answers to
    #[arg(long, help_heading = CONTROL, env = "LOCUM_ALLOWED_HOSTS", value_name = "HOST", value_delimiter = ',', value_parser = parse_host)]
    pub allowed_hosts: Vec<String>,

    /// How log lines look [default: text on a terminal, else json]
    #[arg(long, help_heading = LOG, env = "LOCUM_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// What is logged: off, error, warn, info, debug, trace, or filters like `info,locum=debug`; under `exec` warn
    #[arg(long, help_heading = LOG, env = "LOCUM_LOG", value_name = "FILTER", default_value = "info", value_parser = parse_log)]
    pub log: String,

    /// Where to write base URLs and credentials as JSON when ready, for its owner's eyes only; removed on exit
    #[arg(long, help_heading = CONTROL, env = "LOCUM_ENDPOINTS_FILE", value_name = "PATH",
        value_parser = PathBufValueParser::new().try_map(check_path))]
    pub endpoints_file: Option<PathBuf>,

    /// How long a start waits for PostgreSQL, asking again once a second
    #[arg(long, help_heading = TIME, env = "LOCUM_STARTUP_TIMEOUT", value_name = "TIME", default_value = "30s",
        value_parser = parse_duration)]
    pub startup_timeout: Duration,

    /// How long requests may go on after SIGTERM or SIGINT
    #[arg(long, help_heading = TIME, env = "LOCUM_SHUTDOWN_TIMEOUT", value_name = "TIME", default_value = "1s",
        value_parser = parse_duration)]
    pub shutdown_timeout: Duration,
}

impl Settings {
    /// There will be TLS.
    pub fn has_tls(&self) -> bool {
        self.tls.map_or(self.tls_cert.is_some(), |mode| mode == TlsMode::Auto)
    }

    /// What was set, for `info`.
    pub(super) fn list(&self, origins: &BTreeMap<String, &'static str>) -> Vec<Setting> {
        let clock = self.clock.map(|clock| match clock {
            Clock::Real => "real".to_owned(),
            other => format!("{other}@{}", clock::write(other.now())),
        });
        let tls = match self.tls {
            _ if !self.has_tls() => "off",
            Some(_) => "auto",
            None => "own",
        };
        let values: [(&'static str, Option<String>); 26] = [
            ("listen", Some(self.listen.to_string())),
            ("tls", Some(tls.to_owned())),
            ("tls_listen", Some(self.tls_listen.to_string())),
            ("tls_cert", self.tls_cert.as_ref().map(|path| path.display().to_string())),
            ("tls_key", self.tls_key.as_ref().map(|path| path.display().to_string())),
            ("proxy", Some(self.proxy.to_string())),
            ("seed", Some(self.seed.join(", "))),
            ("seed_inline", self.seed_inline.clone()),
            ("database_url", self.database_url.clone()),
            ("reseed", Some(self.reseed.to_string())),
            ("watch", Some(self.watch.to_string())),
            ("server_key", self.server_key.clone()),
            ("clock", clock),
            ("id_seed", self.id_seed.map(|n| n.to_string())),
            ("rate_limit", self.rate_limit.map(|mode| mode.to_string())),
            ("public_url", self.public_url.clone()),
            ("journal", Some(self.journal.0.map_or_else(|| "off".to_owned(), |bounds| bounds.to_string()))),
            ("answers", Some(self.answers.0.map_or_else(|| "off".to_owned(), byte_size::write))),
            ("control", Some(if self.control == Switch::On { "on" } else { "off" }.to_owned())),
            ("control_token", self.control_token.clone()),
            ("allowed_hosts", (!self.allowed_hosts.is_empty()).then(|| self.allowed_hosts.join(", "))),
            ("log_format", self.log_format.map(|f| format!("{f:?}").to_lowercase())),
            ("log", Some(self.log.clone())),
            ("endpoints_file", self.endpoints_file.as_ref().map(|path| path.display().to_string())),
            ("startup_timeout", Some(format!("{:?}", self.startup_timeout))),
            ("shutdown_timeout", Some(format!("{:?}", self.shutdown_timeout))),
        ];
        values
            .into_iter()
            .map(|(id, value)| Setting {
                name: id.replace('_', "-"),
                value: if SECRETS.contains(&id) { value.map(|_| "********".to_owned()) } else { value },
                origin: origins.get(id).copied().unwrap_or("default"),
            })
            .collect()
    }

    /// The form of log lines: as set, else for whoever reads them.
    pub fn log_format(&self) -> LogFormat {
        self.log_format.unwrap_or(if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json })
    }
}
