//! `locum env` and `--endpoints-file`: what a client needs, before there is a server and while there is one.

use std::{
    borrow::Cow,
    ffi::OsString,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::{ValueEnum, builder::PossibleValue};
use serde::Serialize;

use crate::{
    cli::{Failure, draft::name_draft, print, tell, tls::TlsPlace},
    config::{Listen, Settings, Switch},
    control::variables::{Endpoints, Format, json},
    core::{ids::IdSeed, progress::Progress},
    domain::organization::DEFAULT_SPACE,
    seed::{Diagnostics, file::Seed},
    services::{
        self,
        seeding::{self, SeedOrganization},
    },
};

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Shell, Self::Github, Self::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Shell => PossibleValue::new("shell").help(r#"For `eval "$(locum env)"`"#),
            Self::Github => PossibleValue::new("github").help(r#"For `locum env --format github >> "$GITHUB_ENV"`"#),
            Self::Json => PossibleValue::new("json").help("One object"),
        })
    }
}

/// The URL that a server on `port` of this address is reached by, without a slash at its end.
pub(super) fn base_url(public_url: Option<&str>, listen: &Listen, port: u16) -> String {
    if let Some(url) = public_url {
        return url.to_owned();
    }
    let host = match listen.host.as_str() {
        "0.0.0.0" | "::" => "localhost".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    format!("http://{host}:{port}")
}

/// What a server that starts with these seeds has, without asking it. Beside it the names of what cannot be
/// known: without an id seed, whatever the seeds do not spell out is new at each start.
fn offline(
    base: &str,
    seeds: &[Seed<SeedOrganization>],
    id_seed: Option<IdSeed>,
) -> Result<(Endpoints, Vec<Cow<'static, str>>), Diagnostics> {
    let by = |id_seed: IdSeed| {
        // A server seeds by the ids of its space's write 0, also after a reset.
        let plan = seeding::check(seeds, &mut id_seed.of_write(DEFAULT_SPACE, 0))?;
        Ok(Endpoints::new(base, DEFAULT_SPACE, Some(&plan), &|_| true))
    };
    if let Some(id_seed) = id_seed {
        return Ok((by(id_seed)?, Vec::new()));
    }
    // What two numbers agree on comes from neither.
    Ok(by(IdSeed(0))?.shared_with(&by(IdSeed(1))?))
}

/// `locum env`: for the server that the settings describe, which need not run yet.
pub(super) fn env(settings: &Settings, matches: &clap::ArgMatches, format: Format) -> Result<(), Failure> {
    let (listen, public_url) = (&settings.listen, settings.public_url.as_deref());
    for (setting, chosen) in [
        ("--listen", listen.port == 0 && public_url.is_none()),
        ("--tls-listen", settings.tls_listen.port == 0 && settings.has_tls()),
    ] {
        if chosen {
            return Err(Failure::Usage(format!(
                "port 0 is any free port: say which one with {setting}, or let `locum exec` choose it and tell"
            )));
        }
    }
    let base = base_url(public_url, listen, listen.port);
    let seeds = seeding::read_all(&settings.seed_sources(matches).load(), &Progress::default())
        .map_err(|e| Failure::Usage(e.to_string()))?;
    let (endpoints, unknown) = offline(&base, &seeds, settings.id_seed.map(IdSeed))
        .map_err(|diagnostics| Failure::Usage(diagnostics.to_string()))?;
    if !unknown.is_empty() {
        tell(&format!(
            "left out, because the seed does not spell them out: {}. Give the server and this command the same \
             --id-seed",
            unknown.join(", ")
        ));
    }
    let tls = settings.has_tls().then(|| {
        let authority = settings.tls_cert.is_none() && settings.control == Switch::On;
        TlsPlace::new(public_url, &base, &settings.tls_listen, settings.tls_listen.port, authority)
    });
    let endpoints = endpoints.with(tls.iter().flat_map(TlsPlace::variables));
    print(&endpoints.text(format).map_err(Failure::Failed)?)
}

/// Variables of the environment that tell of another server, and of which this one may have none of its own to say
/// otherwise: those of an outer `exec`, of `eval "$(locum env)"`, of a CI's earlier step.
pub(super) fn list_of_another_server() -> Vec<OsString> {
    let names = services::variables::list("", None, &|_| false);
    let names = names.iter().map(|(name, _)| &**name).chain(["LOCUM_SPACE", "LOCUM_TLS_URL", "LOCUM_TLS_CA_URL"]);
    let names: Vec<&str> = names.collect();
    let is_ours = |variable: &str| {
        let mut rests = names.iter().filter_map(|name| variable.strip_prefix(name));
        // A credential's own variable has its label behind the name.
        rests.any(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_str().is_some_and(is_ours)).collect()
}

/// The file of `--endpoints-file`. Dropped, it removes what it wrote.
pub(super) struct EndpointsFile {
    path: PathBuf,
    /// What is there before it is ready, so that nobody reads half a file: a name beside the path, and the open file.
    draft: Option<(PathBuf, File)>,
    /// What is there since it is ready.
    written: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    endpoints: &'a Endpoints,
    pid: u32,
}

impl EndpointsFile {
    /// Makes sure that the file can be written, before anything starts for which it is needed.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        let cannot = |why: &dyn std::fmt::Display| {
            Failure::Usage(format!("--endpoints-file: {} cannot be written: {why}", path.display()))
        };
        // A device or a pipe would be gone, a directory would be in the way.
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(cannot(&"something is there that is no file"));
        }
        if path.file_name().is_none() {
            return Err(cannot(&"it names no file"));
        }
        let draft = name_draft(path);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&draft).map_err(|e| cannot(&e))?;
        Ok(Self { path: path.to_owned(), draft: Some((draft, file)), written: None })
    }

    /// Writes the file, all of it at once: whoever sees it finds a server that is ready.
    pub(super) fn write(&mut self, endpoints: &Endpoints) -> Result<(), Failure> {
        let text = json(&Document { endpoints, pid: std::process::id() }).map_err(Failure::Failed)?;
        let Some((draft, file)) = &mut self.draft else { return Ok(()) };
        file.write_all(text.as_bytes())
            .and_then(|()| fs::rename(&*draft, &self.path))
            .map_err(|e| Failure::Failed(format!("cannot write {}: {e}", self.path.display())))?;
        self.draft = None;
        self.written = Some(text);
        Ok(())
    }
}

impl Drop for EndpointsFile {
    fn drop(&mut self) {
        // Nothing is to be done about a failure here, and whoever stops wants to stop.
        if let Some((draft, _)) = &self.draft {
            let _ = fs::remove_file(draft);
        }
        // Another Locum may have put its own in the same place since.
        if let Some(written) = &self.written
            && fs::read_to_string(&self.path).is_ok_and(|there| there == *written)
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_mean_all_are_called_localhost() {
        let url = |host: &str| base_url(None, &Listen { host: host.to_owned(), port: 1 }, 2);
        assert_eq!(url("::"), "http://localhost:2");
        assert_eq!(url("::1"), "http://[::1]:2");
        assert_eq!(url("127.0.0.1"), "http://127.0.0.1:2");
        let listen = Listen { host: "0.0.0.0".to_owned(), port: 1 };
        assert_eq!(base_url(Some("https://locum.test/x"), &listen, 2), "https://locum.test/x");
    }

    #[test]
    fn a_file_that_another_one_replaced_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.json");
        let endpoints = Endpoints::new("http://h:1", DEFAULT_SPACE, None, &|_| true);
        let mut file = EndpointsFile::prepare(&path).unwrap();
        assert!(!path.exists());
        file.write(&endpoints).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
        drop(EndpointsFile::prepare(&path).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
        assert!(EndpointsFile::prepare(dir.path()).is_err());
        assert!(EndpointsFile::prepare(Path::new("/dev/null")).is_err());
    }
}
