//! The names that somebody gave to `locum tail`, and those that there are.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{
    cli::{
        client::{ControlClient, Trouble},
        tell,
    },
    core::suggest::suggest,
};

#[derive(Deserialize)]
struct Space {
    name: String,
}

#[derive(Deserialize)]
struct Credential {
    label: String,
}

/// Looks for a space. Inside, the error says that there is none, and which there are.
pub(super) async fn find_space(client: &ControlClient, name: &str) -> Result<Result<(), String>, Trouble> {
    let spaces: Vec<Space> = client.get("/spaces", &[]).await?;
    if spaces.iter().any(|space| space.name == name) {
        return Ok(Ok(()));
    }
    let all: BTreeSet<&str> = spaces.iter().map(|space| space.name.as_str()).collect();
    Ok(Err(format!("there is no space `{name}`{}", suggest(name, all))))
}

/// Warns where no credential has this label. That is no error, because one may get it later.
pub(super) async fn warn_of_credential(client: &ControlClient, space: &str, label: &str) -> Result<(), Trouble> {
    let credentials: Vec<Credential> = client.get("/credentials", &[("space", space)]).await?;
    let labels: BTreeSet<&str> = credentials.iter().map(|credential| credential.label.as_str()).collect();
    if !labels.contains(label) {
        tell(&format!("--credential: no credential is called `{label}` now{}", suggest(label, labels)));
    }
    Ok(())
}
