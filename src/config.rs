//! Settings: every flag has its `LOCUM_*` twin. Checked once, before anything starts.

use std::{collections::BTreeMap, io::IsTerminal as _, path::PathBuf, time::Duration};

use clap::{ArgMatches, Args, ValueEnum, parser::ValueSource};
use secrecy::SecretString;

use crate::{
    core::{
        clock::{self, Clock},
        duration::parse_duration,
        ids::IdSeed,
        rate_window::Mode,
        suggest::nearest,
    },
    domain::journal::Bounds,
    seed::{self, file::SeedFile},
    store::Location,
    tls::{Identity, TlsError},
};

/// The settings, as clap reads them.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Where to listen: `localhost` is both loopbacks, port 0 is any free one
    #[arg(long, env = "LOCUM_LISTEN", value_name = "HOST:PORT", default_value = "localhost:8080", value_parser = parse_listen)]
    pub listen: Listen,

    /// Serve over TLS too: `auto` by certificates of an authority that Locum makes, `off` not [default: off, or on with
    /// --tls-cert]
    #[arg(long, env = "LOCUM_TLS", value_name = "AUTO|OFF")]
    pub tls: Option<TlsMode>,

    /// Where to listen for TLS, as in --listen
    #[arg(long, env = "LOCUM_TLS_LISTEN", value_name = "HOST:PORT", default_value = "localhost:8443", value_parser = parse_listen)]
    pub tls_listen: Listen,

    /// A certificate of one's own for TLS, a file in PEM, with those that lead to its authority
    #[arg(long, env = "LOCUM_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, a file in PEM
    #[arg(long, env = "LOCUM_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// What to start with: a file, a directory, `-` (standard input), `builtin:demo`, `builtin:minimal` or `none`; may be repeated
    #[arg(long, env = "LOCUM_SEED", value_name = "SOURCE", default_value = "builtin:demo")]
    pub seed: Vec<String>,

    /// A seed as YAML or JSON text, for places that can pass only variables
    #[arg(long = "seed-inline", env = "LOCUM_SEED_INLINE", value_name = "TEXT", hide = true, hide_env_values = true)]
    pub seed_inline: Option<String>,

    /// Where to keep the data: `sqlite::memory:`, `sqlite:///data/locum.db` or `postgres://…`; `LOCUM_DATABASE_URL_FILE` names a file that holds the URL
    #[arg(long, env = "LOCUM_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Seed again, also a database that holds data: that data is deleted
    #[arg(long, env = "LOCUM_RESEED", value_parser = clap::builder::BoolishValueParser::new())]
    pub reseed: bool,

    /// The key that tokens are recognised by, at least 16 characters; generated beside a SQLite file, required for PostgreSQL; `LOCUM_SERVER_KEY_FILE` names a file that holds it
    #[arg(long, env = "LOCUM_SERVER_KEY", value_name = "KEY", hide_env_values = true)]
    pub server_key: Option<String>,

    /// How time goes: `real`, `frozen@2026-01-15T09:00:00Z` or `offset@2026-01-15T09:00:00Z`; wins over the seed's clock [default: real]
    #[arg(long, env = "LOCUM_CLOCK", value_name = "CLOCK", value_parser = str::parse::<Clock>)]
    pub clock: Option<Clock>,

    /// A number that generated ids and tokens come from: the same number, the same ids [default: random]
    #[arg(long, env = "LOCUM_ID_SEED", value_name = "NUMBER")]
    pub id_seed: Option<u64>,

    /// The base URL that clients use, where it is not the one Locum listens on
    #[arg(long, env = "LOCUM_PUBLIC_URL", value_name = "URL", value_parser = parse_public_url)]
    pub public_url: Option<String>,

    /// How much of the journal each space keeps: entries, or entries and bytes like `10000,32MiB`, or `off`
    #[arg(long, env = "LOCUM_JOURNAL", value_name = "SIZE", default_value = "10000,32MiB", value_parser = parse_journal)]
    pub journal: Journal,

    /// Serve the control API under /_emulator
    #[arg(long, env = "LOCUM_CONTROL", value_name = "ON|OFF", default_value = "on")]
    pub control: Switch,

    /// Callers of the control API must send this as `Authorization: Bearer`; `LOCUM_CONTROL_TOKEN_FILE` names a file that holds it
    #[arg(long, env = "LOCUM_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub control_token: Option<String>,

    /// What rate limits do: enforce, observe (count and say so), or off; an organization's own mode wins
    #[arg(long, env = "LOCUM_RATE_LIMIT", value_name = "MODE", default_value = "enforce")]
    pub rate_limit: Mode,

    /// Host names, beside loopbacks, IP addresses and single-label names, that the control API answers to
    #[arg(long, env = "LOCUM_ALLOWED_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,

    /// How log lines look [default: text on a terminal, else json]
    #[arg(long, env = "LOCUM_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug, trace, or filters like `info,locum=debug`
    #[arg(long, env = "LOCUM_LOG", value_name = "FILTER", default_value = "info", value_parser = parse_log)]
    pub log: String,

    /// Where to write base URLs and credentials as JSON when ready, for its owner's eyes only; removed on exit
    #[arg(long, env = "LOCUM_ENDPOINTS_FILE", value_name = "PATH")]
    pub endpoints_file: Option<PathBuf>,

    /// How long a start waits for PostgreSQL, asking again once a second
    #[arg(long, env = "LOCUM_STARTUP_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub startup_timeout: Duration,

    /// How long requests may go on after SIGTERM or SIGINT
    #[arg(long, env = "LOCUM_SHUTDOWN_TIMEOUT", value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    pub shutdown_timeout: Duration,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// A host name or an IP address, without brackets.
    pub host: String,
    /// 0 for any free one.
    pub port: u16,
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How much of the journal is kept; `None` for nothing. A type of its own, because clap takes an `Option` for a flag
/// that may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journal(pub Option<Bounds>);

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// Whose certificate is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TlsMode {
    /// One of an authority that Locum makes.
    Auto,
    /// None: no TLS.
    Off,
}

/// How to serve over TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Where to listen for it.
    pub listen: Listen,
    /// As whom.
    pub identity: Identity,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// One setting, as `info` shows it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The flag's name.
    pub name: String,
    /// Its value; secrets are masked.
    pub value: Option<String>,
    /// `flag`, `environment`, `file` or `default`.
    pub origin: &'static str,
}

/// The settings, checked.
#[derive(Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// How to serve over TLS, if at all.
    pub tls: Option<Tls>,
    /// What to start with, and what a reset goes back to.
    pub seeds: Vec<SeedFile>,
    /// Where the data is.
    pub location: Location,
    /// Seed also a database that holds data.
    pub reseed: bool,
    /// The key that tokens are recognised by.
    pub server_key: Option<SecretString>,
    /// The clock, if it was set.
    pub clock: Option<Clock>,
    /// What generated ids come from.
    pub id_seed: IdSeed,
    /// What rate limits do where an organization says nothing.
    pub rate_limit: Mode,
    /// The base URL that clients use, if it was set; without a slash at its end.
    pub public_url: Option<String>,
    /// How much of the journal each space keeps, if any.
    pub journal: Option<Bounds>,
    /// The control API is served.
    pub control: bool,
    /// What its callers must send.
    pub control_token: Option<SecretString>,
    /// Further host names it answers to, in lower case.
    pub allowed_hosts: Vec<String>,
    /// Where to write base URLs and credentials when ready.
    pub endpoints_file: Option<PathBuf>,
    /// How long a start waits for PostgreSQL.
    pub startup_timeout: Duration,
    /// How long requests may go on after a signal.
    pub shutdown_timeout: Duration,
    /// Everything that was set, for `info`.
    pub settings: Vec<Setting>,
}

/// A setting is wrong: the message names it, and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Settings that may be kept in a file of their own.
const IN_FILES: [(&str, &str); 3] = [
    ("database_url", "LOCUM_DATABASE_URL_FILE"),
    ("server_key", "LOCUM_SERVER_KEY_FILE"),
    ("control_token", "LOCUM_CONTROL_TOKEN_FILE"),
];
const SECRETS: [&str; 4] = ["database_url", "server_key", "control_token", "seed_inline"];
const SHORTEST_SERVER_KEY: usize = 16;
/// Variables that Locum gives to others and reads itself nowhere: where they are set, nobody mistook a setting's name.
const GIVEN: [&str; 3] = ["LOCUM_URL", "LOCUM_TLS_URL", "LOCUM_TLS_CA_URL"];

impl Settings {
    /// Checks the settings against each other and loads what they name. `matches` tells where each came from.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(mut self, matches: &ArgMatches) -> Result<Config, ConfigError> {
        let mut origins = origins(matches);
        for (id, variable) in IN_FILES {
            let Some(text) = file_twin(variable)? else { continue };
            let field = match id {
                "database_url" => &mut self.database_url,
                "server_key" => &mut self.server_key,
                _ => &mut self.control_token,
            };
            if field.replace(text).is_some() {
                let name = variable.trim_end_matches("_FILE");
                return Err(ConfigError(format!("{variable} is set together with {name} or its flag: set only one")));
            }
            origins.insert(id.to_owned(), "file");
        }
        let location = match &self.database_url {
            None => Location::Memory,
            Some(url) => Location::parse(url).map_err(|e| ConfigError(format!("--database-url: {e}")))?,
        };
        if let Location::File(path) = &location
            && let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty() && !d.is_dir())
        {
            return Err(ConfigError(format!("--database-url: there is no directory {}", directory.display())));
        }
        if let Some(key) = &self.server_key
            && key.len() < SHORTEST_SERVER_KEY
        {
            return Err(ConfigError(format!("--server-key: at least {SHORTEST_SERVER_KEY} characters")));
        }
        if self.server_key.is_none() && matches!(location, Location::Postgres(_)) {
            return Err(ConfigError(
                "--server-key (LOCUM_SERVER_KEY) is required for PostgreSQL: every process on the database needs the same one, \
                 for example the output of `openssl rand -hex 32`"
                    .to_owned(),
            ));
        }
        if self.control_token.as_ref().is_some_and(String::is_empty) {
            return Err(ConfigError("--control-token: must not be empty".to_owned()));
        }
        let settings = self.shown(&origins);
        Ok(Config {
            seeds: self.load_seeds(matches)?,
            tls: self.tls(&location)?,
            listen: self.listen,
            location,
            reseed: self.reseed,
            server_key: self.server_key.map(Into::into),
            clock: self.clock,
            id_seed: self.id_seed.map_or_else(IdSeed::random, IdSeed),
            rate_limit: self.rate_limit,
            public_url: self.public_url,
            journal: self.journal.0,
            control: self.control == Switch::On,
            control_token: self.control_token.map(Into::into),
            allowed_hosts: self.allowed_hosts.iter().map(|host| host.trim().to_lowercase()).collect(),
            endpoints_file: self.endpoints_file,
            startup_timeout: self.startup_timeout,
            shutdown_timeout: self.shutdown_timeout,
            settings,
        })
    }

    /// There will be TLS.
    pub fn has_tls(&self) -> bool {
        self.tls.map_or(self.tls_cert.is_some(), |mode| mode == TlsMode::Auto)
    }

    /// Loads a certificate of one's own, or makes one.
    fn tls(&self, location: &Location) -> Result<Option<Tls>, ConfigError> {
        let wrong = |text: String| Err(ConfigError(text));
        let identity = match (self.tls, &self.tls_cert, &self.tls_key) {
            (Some(TlsMode::Off), ..) | (None, None, None) => return Ok(None),
            (Some(TlsMode::Auto), None, None) => {
                let public = self.public_url.as_deref().and_then(url_host);
                let names =
                    [&self.listen.host, &self.tls_listen.host].into_iter().chain(&public).chain(&self.allowed_hosts);
                let file = location.beside("ca.key");
                // Clients go by the machine's time, whatever --clock says.
                Identity::made(names.map(|name| name.trim()), file.as_deref(), Clock::Real.now())
                    .map_err(|e| ConfigError(format!("--tls: {e}")))?
            }
            (Some(TlsMode::Auto), ..) => {
                return wrong(
                    "--tls auto makes a certificate, --tls-cert and --tls-key name one: set only one".to_owned(),
                );
            }
            (None, Some(_), None) => return wrong("--tls-cert needs its --tls-key (LOCUM_TLS_KEY)".to_owned()),
            (None, None, Some(_)) => return wrong("--tls-key needs its --tls-cert (LOCUM_TLS_CERT)".to_owned()),
            (None, Some(certificate), Some(key)) => {
                let read = |setting: &str, path: &PathBuf| {
                    std::fs::read(path)
                        .map_err(|e| ConfigError(format!("{setting}: {} cannot be read: {e}", path.display())))
                };
                Identity::of(&read("--tls-cert", certificate)?, &read("--tls-key", key)?).map_err(|e| {
                    ConfigError(match e {
                        TlsError::Certificate(why) => format!("--tls-cert: {} {why}", certificate.display()),
                        TlsError::Key(why) => format!("--tls-key: {} {why}", key.display()),
                        TlsError::Pair(why) => format!("--tls-cert, --tls-key: cannot be used together: {why}"),
                    })
                })?
            }
        };
        Ok(Some(Tls { listen: self.tls_listen.clone(), identity }))
    }

    /// Loads the seeds that the settings name, and checks them. The inline seed takes the default's place, and comes
    /// after seeds that were named.
    ///
    /// # Errors
    /// Everything wrong with them.
    pub fn load_seeds(&self, matches: &ArgMatches) -> Result<Vec<SeedFile>, ConfigError> {
        let report = |e: seed::Diagnostics| ConfigError(e.to_string());
        let mut files = Vec::new();
        if self.seed_inline.is_none() || is_given(matches, "seed") {
            for source in &self.seed {
                files.extend(seed::load(source).map_err(report)?);
            }
        }
        if let Some(text) = &self.seed_inline {
            files.push(seed::read::parse("LOCUM_SEED_INLINE", text).map_err(report)?);
        }
        // What is wrong is said now, not after a database was opened.
        seed::apply::check(&files, &mut IdSeed(0).of_requests()).map_err(report)?;
        Ok(files)
    }

    fn shown(&self, origins: &BTreeMap<String, &'static str>) -> Vec<Setting> {
        let clock = self.clock.map(|clock| match clock {
            Clock::Real => "real".to_owned(),
            other => format!("{other}@{}", clock::write(other.now())),
        });
        let tls = match self.tls {
            _ if !self.has_tls() => "off",
            Some(_) => "auto",
            None => "own",
        };
        let values: [(&'static str, Option<String>); 23] = [
            ("listen", Some(self.listen.to_string())),
            ("tls", Some(tls.to_owned())),
            ("tls_listen", Some(self.tls_listen.to_string())),
            ("tls_cert", self.tls_cert.as_ref().map(|path| path.display().to_string())),
            ("tls_key", self.tls_key.as_ref().map(|path| path.display().to_string())),
            ("seed", Some(self.seed.join(", "))),
            ("seed_inline", self.seed_inline.clone()),
            ("database_url", self.database_url.clone()),
            ("reseed", Some(self.reseed.to_string())),
            ("server_key", self.server_key.clone()),
            ("clock", clock),
            ("id_seed", self.id_seed.map(|n| n.to_string())),
            ("rate_limit", Some(self.rate_limit.to_string())),
            ("public_url", self.public_url.clone()),
            ("journal", Some(self.journal.0.map_or_else(|| "off".to_owned(), |bounds| bounds.to_string()))),
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

/// A flag or a variable set it; it is not the default.
pub(crate) fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches!(matches.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

fn origins(matches: &ArgMatches) -> BTreeMap<String, &'static str> {
    let origin = |id: &str| match matches.value_source(id)? {
        ValueSource::CommandLine => Some("flag"),
        ValueSource::EnvVariable => Some("environment"),
        _ => Some("default"),
    };
    matches.ids().filter_map(|id| Some((id.to_string(), origin(id.as_str())?))).collect()
}

fn file_twin(variable: &str) -> Result<Option<String>, ConfigError> {
    let Some(path) = std::env::var_os(variable) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map_err(|e| ConfigError(format!("{variable}: {} cannot be read: {e}", path.to_string_lossy())))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Warnings about `LOCUM_*` variables that no setting reads.
pub fn unknown_variables(command: &clap::Command) -> Vec<String> {
    let mut known: Vec<String> = IN_FILES.iter().map(|(_, variable)| (*variable).to_owned()).collect();
    let arguments = command.get_arguments().chain(command.get_subcommands().flat_map(clap::Command::get_arguments));
    known.extend(arguments.filter_map(|a| a.get_env()).map(|name| name.to_string_lossy().into_owned()));
    std::env::vars_os()
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("LOCUM_") && !known.contains(name) && !GIVEN.contains(&name.as_str()))
        .map(|name| {
            let near = nearest(&name, known.iter().map(String::as_str));
            let hint = near.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
            format!("the variable {name} is none of Locum's{hint}")
        })
        .collect()
}

fn parse_listen(text: &str) -> Result<Listen, String> {
    let wrong = || format!("`{text}` is not HOST:PORT, like localhost:8080, 0.0.0.0:8080 or [::]:8080");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() || (host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err()) {
        return Err(wrong());
    }
    Ok(Listen { host: host.to_owned(), port })
}

fn parse_public_url(text: &str) -> Result<String, String> {
    let uri: axum::http::Uri = text.parse().map_err(|_| format!("`{text}` is not a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() || uri.query().is_some() {
        return Err(format!("`{text}` is not a base URL, like http://locum:8080"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn parse_journal(text: &str) -> Result<Journal, String> {
    if text == "off" { Ok(Journal(None)) } else { text.parse().map(|bounds| Journal(Some(bounds))) }
}

/// Without port and brackets.
pub(crate) fn url_host(url: &str) -> Option<String> {
    let uri: axum::http::Uri = url.parse().ok()?;
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

fn parse_log(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        let listen = |text| parse_listen(text).map(|l| (l.host, l.port));
        assert_eq!(listen("localhost:8080"), Ok(("localhost".into(), 8080)));
        assert_eq!(listen("[::]:0"), Ok(("::".into(), 0)));
        for wrong in ["", "8080", "localhost", ":8080", "a:b", "::1:8080x", "h:70000", "[zz:]:1"] {
            assert!(parse_listen(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_listen("[::1]:80").map(|l| l.to_string()), Ok("[::1]:80".to_owned()));
    }

    #[test]
    fn public_urls() {
        assert_eq!(parse_public_url("http://locum:8080/"), Ok("http://locum:8080".to_owned()));
        for wrong in ["locum", "ftp://x", "http://", "http://h?x"] {
            assert!(parse_public_url(wrong).is_err(), "{wrong}");
        }
    }
}
