//! Where settings come from: flags, variables, files.

use std::collections::BTreeMap;

use clap::{ArgMatches, builder::Resettable, parser::ValueSource};

use crate::{config::ConfigError, core::suggest::nearest};

/// Settings that a file may hold, and the variables that name the file.
pub(super) const IN_FILES: [(&str, &str); 3] = [
    ("database_url", "LOCUM_DATABASE_URL_FILE"),
    ("server_key", "LOCUM_SERVER_KEY_FILE"),
    ("control_token", CONTROL_TOKEN_FILE),
];
const CONTROL_TOKEN_FILE: &str = "LOCUM_CONTROL_TOKEN_FILE";
/// Variables that Locum sets for other programs, or its packages for themselves, and that no setting reads: they are no
/// misspelt settings.
const EXPORTED_VARIABLES: [&str; 5] = ["LOCUM_URL", "LOCUM_SPACE", "LOCUM_TLS_URL", "LOCUM_TLS_CA_URL", "LOCUM_BIN"];

/// Whether a flag or a variable sets it, so that it is not the default.
pub(crate) fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches!(matches.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

/// By setting, where its value comes from.
pub(super) fn find_origins(matches: &ArgMatches) -> BTreeMap<String, &'static str> {
    let origin = |id: &str| match matches.value_source(id)? {
        ValueSource::CommandLine => Some("flag"),
        ValueSource::EnvVariable => Some("environment"),
        _ => Some("default"),
    };
    matches.ids().filter_map(|id| Some((id.to_string(), origin(id.as_str())?))).collect()
}

/// Puts the content of the file that `variable` names into a setting, and tells whether there is one.
pub(super) fn read_file_into(setting: &mut Option<String>, variable: &str) -> Result<bool, ConfigError> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) else { return Ok(false) };
    let text = std::fs::read_to_string(&path)
        .map_err(|e| ConfigError(format!("{variable}: {} cannot be read: {e}", path.to_string_lossy())))?;
    if setting.replace(text.trim_end_matches(['\r', '\n']).to_owned()).is_some() {
        let name = variable.trim_end_matches("_FILE");
        return Err(ConfigError(format!("{variable} is set together with {name} or its flag: set only one")));
    }
    Ok(true)
}

/// What callers of the control API must send: what is given, or what the file holds that its variable names.
pub(crate) fn read_control_token(mut given: Option<String>) -> Result<Option<String>, ConfigError> {
    read_file_into(&mut given, CONTROL_TOKEN_FILE)?;
    Ok(given)
}

/// The command line, for which empty variables are not set: `LOCUM_X=${X}`, as it stands in compose files, says nothing
/// where X is not set.
pub fn ignore_empty_variables(command: clap::Command) -> clap::Command {
    let ignore = |argument: clap::Arg| match argument.get_env().and_then(std::env::var_os) {
        Some(value) if value.is_empty() => argument.env(Resettable::Reset),
        Some(_) | None => argument,
    };
    command.mut_args(ignore).mut_subcommands(ignore_empty_variables)
}

/// Warnings about `LOCUM_*` variables that no setting reads.
pub fn unknown_variables(command: &clap::Command) -> Vec<String> {
    let mut known: Vec<String> = IN_FILES.iter().map(|(_, variable)| (*variable).to_owned()).collect();
    let arguments = command.get_arguments().chain(command.get_subcommands().flat_map(clap::Command::get_arguments));
    known.extend(arguments.filter_map(|a| a.get_env()).map(|name| name.to_string_lossy().into_owned()));
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, value)| {
            name.starts_with("LOCUM_")
                && !known.contains(name)
                && !EXPORTED_VARIABLES.contains(&name.as_str())
                && !is_of_kubernetes(name, value)
        })
        .map(|(name, _)| {
            let near = nearest(&name, known.iter().map(String::as_str));
            let hint = near.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
            format!("the variable {name} is none of Locum's{hint}")
        })
        .collect()
}

/// Whether Kubernetes sets it: for a service called `locum`, or `locum-…`, every pod near it gets variables in the form
/// of Docker's links. `LOCUM_PORT=8080` is none of these, but what somebody expects to be a setting.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    if let Some((_, port)) = name.rsplit_once("_PORT_") {
        let mut words = port.split('_');
        let (number, protocol, last) = (words.next().unwrap_or_default(), words.next(), words.next());
        let is_port = number.parse::<u16>().is_ok() && matches!(protocol, Some("TCP" | "UDP" | "SCTP"));
        if is_port && words.next().is_none() && matches!(last, None | Some("PROTO" | "PORT" | "ADDR")) {
            return true;
        }
    }
    let is_of_service = name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_") && value.parse::<u16>().is_ok();
    is_of_service || (name.ends_with("_PORT") && is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_sets_is_known() {
        for (name, value) in [
            ("LOCUM_PORT", "tcp://10.0.0.1:8080"),
            ("LOCUM_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("LOCUM_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("LOCUM_PORT_8080_TCP_PORT", "8080"),
            ("LOCUM_PORT_8080_TCP_PROTO", "tcp"),
            ("LOCUM_PORT_53_UDP", "udp://10.0.0.1:53"),
            ("LOCUM_SERVICE_HOST", "10.0.0.1"),
            ("LOCUM_SERVICE_PORT", "8080"),
            ("LOCUM_SERVICE_PORT_HTTP", "8080"),
            ("LOCUM_TEST_SERVICE_HOST", "10.0.0.1"),
            ("LOCUM_TEST_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ] {
            assert!(is_of_kubernetes(name, value), "{name}={value}");
        }
        for (name, value) in [("LOCUM_PORT", "8080"), ("LOCUM_PORTS", "tcp://x"), ("LOCUM_PORT_X_TCP", "1")] {
            assert!(!is_of_kubernetes(name, value), "{name}={value}");
        }
    }
}
