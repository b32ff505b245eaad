//! Settings: every flag has its `LOCUM_*` twin. Checked once, before anything starts.

mod parse;
mod settings;
mod sources;
mod values;

use std::{path::PathBuf, time::Duration};

use clap::ArgMatches;
use parse::check_control_token;
use secrecy::SecretString;
use sources::{IN_FILES, find_origins, read_file_into};

use crate::{
    core::{clock::Clock, ids::IdSeed, rate_window::Mode},
    domain::journal::Bounds,
    seed::{
        file::SeedFile,
        sources::{Look, SeedSources},
    },
    store::Location,
    tls::{Identity, TlsError},
};

pub(crate) use parse::{is_near_host, parse_listen, parse_public_url, url_host};
pub(crate) use settings::LOG_UNDER_EXEC;
pub use settings::Settings;
pub use sources::{ignore_empty_variables, unknown_variables};
pub(crate) use sources::{is_given, read_control_token};
pub use values::{Answers, Journal, Listen, LogFormat, Setting, Switch, TlsMode};

/// How to serve over TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Where to listen for it.
    pub listen: Listen,
    /// As whom.
    pub identity: Identity,
}

/// The settings, checked.
#[derive(Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// How to serve over TLS, if at all.
    pub tls: Option<Tls>,
    /// As whom to answer in the place of the services' hosts, if at all.
    pub proxy: Option<Identity>,
    /// What to start with, and what a reset goes back to.
    pub seeds: Vec<SeedFile>,
    /// What to read again when it changes, and how it looked just before it was read.
    pub watched: Option<(SeedSources, Look)>,
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
    /// What rate limits do where an organization says nothing, if that was set.
    pub rate_limit: Option<Mode>,
    /// The base URL that clients use, if it was set; without a slash at its end.
    pub public_url: Option<String>,
    /// How much of the journal each space keeps, if any.
    pub journal: Option<Bounds>,
    /// How many bytes of answers are remembered, if any.
    pub answers: Option<usize>,
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

impl Config {
    /// The certificate of the authority that Locum made, PEM, if it made one.
    pub fn authority(&self) -> Option<&str> {
        self.tls.iter().map(|tls| &tls.identity).chain(&self.proxy).find_map(Identity::authority)
    }

    /// Names that were set to be Locum's own, in lower case.
    pub fn own_hosts(&self) -> impl Iterator<Item = String> {
        let public = self.public_url.as_deref().and_then(url_host);
        self.allowed_hosts.iter().cloned().chain(public.map(|host| host.to_lowercase()))
    }
}

/// A setting is wrong: the message names it, and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

const SHORTEST_SERVER_KEY: usize = 16;

impl Settings {
    /// Checks the settings against each other and loads what they name. `matches` tells where each came from;
    /// `service_hosts` are host names that a made certificate is good for, because clients may have them compiled in.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(mut self, matches: &ArgMatches, service_hosts: &[&str]) -> Result<Config, ConfigError> {
        let mut origins = find_origins(matches);
        for id in self.read_files()? {
            origins.insert(id.to_owned(), "file");
        }
        let location = self.location()?;
        if let Some(key) = &self.server_key
            && key.len() < SHORTEST_SERVER_KEY
        {
            return Err(ConfigError(format!("--server-key: at least {SHORTEST_SERVER_KEY} characters")));
        }
        if self.server_key.is_none() && matches!(location, Location::Postgres(_)) {
            return Err(ConfigError(
                "--server-key (LOCUM_SERVER_KEY) is required for PostgreSQL: every process on the database needs the \
                 same one, for example the output of `openssl rand -hex 32`"
                    .to_owned(),
            ));
        }
        if let Some(token) = &self.control_token {
            check_control_token(token).map_err(|why| ConfigError(format!("--control-token: {why}")))?;
        }
        let settings = self.list(&origins);
        let sources = self.seed_sources(matches);
        let watched = self.watched(&sources)?;
        let tls = self.tls(&location, service_hosts)?;
        let proxy = self.proxy(tls.as_ref(), service_hosts)?;
        Ok(Config {
            seeds: sources.load(),
            watched,
            tls,
            proxy,
            listen: self.listen,
            location,
            reseed: self.reseed,
            server_key: self.server_key.map(Into::into),
            clock: self.clock,
            id_seed: self.id_seed.map_or_else(IdSeed::random, IdSeed),
            rate_limit: self.rate_limit,
            public_url: self.public_url,
            journal: self.journal.0,
            answers: self.answers.0,
            control: self.control == Switch::On,
            control_token: self.control_token.map(Into::into),
            allowed_hosts: self.allowed_hosts,
            endpoints_file: self.endpoints_file,
            startup_timeout: self.startup_timeout,
            shutdown_timeout: self.shutdown_timeout,
            settings,
        })
    }

    /// Where the data is, if nothing else matters.
    ///
    /// # Errors
    /// It is said twice, or wrong.
    pub fn find_location(mut self) -> Result<Location, ConfigError> {
        self.read_files()?;
        self.location()
    }

    /// Reads the settings that variables name files for, and tells which.
    fn read_files(&mut self) -> Result<Vec<&'static str>, ConfigError> {
        let mut read = Vec::new();
        for (id, variable) in IN_FILES {
            let field = match id {
                "database_url" => &mut self.database_url,
                "server_key" => &mut self.server_key,
                _ => &mut self.control_token,
            };
            if read_file_into(field, variable)? {
                read.push(id);
            }
        }
        Ok(read)
    }

    fn location(&self) -> Result<Location, ConfigError> {
        let location = match &self.database_url {
            None => Location::Memory,
            Some(url) => Location::parse(url).map_err(|e| ConfigError(format!("--database-url: {e}")))?,
        };
        if let Location::File(path) = &location
            && let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty() && !d.is_dir())
        {
            return Err(ConfigError(format!("--database-url: there is no directory {}", directory.display())));
        }
        Ok(location)
    }

    /// Loads the user's certificate, or makes one.
    fn tls(&self, location: &Location, service_hosts: &[&str]) -> Result<Option<Tls>, ConfigError> {
        let wrong = |text: String| Err(ConfigError(text));
        let identity = match (self.tls, &self.tls_cert, &self.tls_key) {
            (Some(TlsMode::Off), ..) | (None, None, None) => return Ok(None),
            (Some(TlsMode::Auto), None, None) => {
                let public = self.public_url.as_deref().and_then(url_host);
                let own =
                    [&self.listen.host, &self.tls_listen.host].into_iter().chain(&public).chain(&self.allowed_hosts);
                let names = service_hosts.iter().copied().chain(own.map(String::as_str));
                let file = location.beside("ca.key");
                // Clients go by the machine's time, whatever --clock says.
                Identity::made(names, file.as_deref(), Clock::Real.now())
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

    /// The identity of the services' hosts: that of TLS where Locum made it. Else its authority ends with the process,
    /// because whoever trusts it trusts it for hosts of others.
    fn proxy(&self, tls: Option<&Tls>, service_hosts: &[&str]) -> Result<Option<Identity>, ConfigError> {
        if !self.proxy {
            return Ok(None);
        }
        if let Some(made) = tls.map(|tls| &tls.identity).filter(|identity| identity.authority().is_some()) {
            return Ok(Some(made.clone()));
        }
        let made = Identity::made(service_hosts.iter().copied(), None, Clock::Real.now());
        made.map(Some).map_err(|e| ConfigError(format!("--proxy: {e}")))
    }

    /// What the settings name as seeds. The inline seed takes the default's place, and comes after seeds that were
    /// named.
    pub fn seed_sources(&self, matches: &ArgMatches) -> SeedSources {
        let is_replaced = self.seed_inline.is_some() && !is_given(matches, "seed");
        let named = if is_replaced { Vec::new() } else { self.seed.clone() };
        SeedSources { named, inline: self.seed_inline.clone() }
    }

    fn watched(&self, sources: &SeedSources) -> Result<Option<(SeedSources, Look)>, ConfigError> {
        if !self.watch {
            return Ok(None);
        }
        if sources.has_standard_input() {
            return Err(ConfigError(
                "--watch: standard input cannot be read again; name a file with --seed".to_owned(),
            ));
        }
        if !sources.has_files() {
            let why = "--watch: there is no file to watch; name one, or a directory, with --seed";
            return Err(ConfigError(why.to_owned()));
        }
        Ok(Some((sources.clone(), sources.look())))
    }
}
