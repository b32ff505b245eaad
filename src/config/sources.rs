//! Where settings come from: flags, variables, files.

use std::collections::BTreeMap;

use clap::{ArgMatches, parser::ValueSource};

use crate::{config::ConfigError, core::suggest::nearest};

/// Settings that a file may hold, and the variables that name the file.
pub(super) const IN_FILES: [(&str, &str); 3] = [
    ("database_url", "LOCUM_DATABASE_URL_FILE"),
    ("server_key", "LOCUM_SERVER_KEY_FILE"),
    ("control_token", "LOCUM_CONTROL_TOKEN_FILE"),
];
/// Variables that Locum sets for other programs and does not read: they are no misspelt settings.
const EXPORTED_VARIABLES: [&str; 3] = ["LOCUM_URL", "LOCUM_TLS_URL", "LOCUM_TLS_CA_URL"];

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

/// The content of the file that `variable` names, if it is set.
pub(super) fn read_file_named_by(variable: &str) -> Result<Option<String>, ConfigError> {
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
        .filter(|name| {
            name.starts_with("LOCUM_") && !known.contains(name) && !EXPORTED_VARIABLES.contains(&name.as_str())
        })
        .map(|name| {
            let near = nearest(&name, known.iter().map(String::as_str));
            let hint = near.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
            format!("the variable {name} is none of Locum's{hint}")
        })
        .collect()
}
