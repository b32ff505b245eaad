//! `locum openapi`: the committed documents, and whether they are still true.

use std::path::Path;

use clap::ValueEnum;
use utoipa::openapi::OpenApi;

use crate::{
    cli::{Failure, print},
    control,
    services::{atlassian, jetbrains_account, license_vault},
};

/// What has a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Service {
    JetbrainsAccount,
    LicenseVault,
    AtlassianApiAccess,
    Control,
}

impl Service {
    fn file(self) -> &'static str {
        match self {
            Self::JetbrainsAccount => "jetbrains-account.json",
            Self::LicenseVault => "license-vault.json",
            Self::AtlassianApiAccess => "atlassian-api-access.json",
            Self::Control => "control.json",
        }
    }

    fn document(self) -> OpenApi {
        match self {
            Self::JetbrainsAccount => jetbrains_account::openapi(),
            Self::LicenseVault => license_vault::openapi(),
            Self::AtlassianApiAccess => atlassian::openapi(),
            Self::Control => control::openapi(),
        }
    }

    fn text(self) -> Result<String, Failure> {
        let json = self.document().to_pretty_json();
        json.map(|json| json + "\n").map_err(|e| Failure::Failed(format!("cannot write {}: {e}", self.file())))
    }
}

pub(super) fn run(check: bool, write: bool, dir: &Path, service: Option<Service>) -> Result<(), Failure> {
    let chosen = service.map_or_else(|| Service::value_variants().to_vec(), |service| vec![service]);
    if !check && !write {
        let Some(service) = service else {
            let names: Vec<_> = chosen.iter().filter_map(ValueEnum::to_possible_value).collect();
            let names: Vec<&str> = names.iter().map(clap::builder::PossibleValue::get_name).collect();
            return Err(Failure::Usage(format!("name a service ({}), or use --check or --write", names.join(", "))));
        };
        return print(&service.text()?);
    }
    let mut stale = Vec::new();
    for service in chosen {
        let (path, text) = (dir.join(service.file()), service.text()?);
        if write {
            std::fs::write(&path, text)
                .map_err(|e| Failure::Failed(format!("cannot write {}: {e}", path.display())))?;
            println!("wrote {}", path.display());
        } else if std::fs::read_to_string(&path).is_ok_and(|committed| committed == text) {
            println!("ok: {}", path.display());
        } else {
            stale.push(path.display().to_string());
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "not what this program serves: {}. Run `locum openapi --write` and commit the result",
        stale.join(", ")
    )))
}
