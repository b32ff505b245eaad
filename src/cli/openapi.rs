//! `locum openapi`: the committed documents, and whether they are still true.

use std::path::Path;

use crate::{
    cli::{Failure, print},
    control,
    services::{self, Registry},
};

/// The document of the control API, beside those of the services.
const CONTROL: &str = "control";

/// What has a document.
pub(super) fn names() -> Vec<&'static str> {
    let services = services::registry();
    services.iter().map(super::super::services::service::Service::document_name).chain([CONTROL]).collect()
}

fn text(services: &Registry, name: &str) -> Result<String, Failure> {
    let document = match services.iter().find(|service| service.document_name() == name) {
        Some(service) => (service.document)(),
        None => control::openapi(services),
    };
    let json = document.to_pretty_json();
    json.map(|json| json + "\n").map_err(|e| Failure::Failed(format!("cannot write {name}.json: {e}")))
}

pub(super) fn run(check: bool, write: bool, dir: &Path, name: Option<&str>) -> Result<(), Failure> {
    let services = services::registry();
    if !check && !write {
        let Some(name) = name else {
            let names = names().join(", ");
            return Err(Failure::Usage(format!("name a service ({names}), or use --check or --write")));
        };
        return print(&text(&services, name)?);
    }
    let mut stale = Vec::new();
    let chosen = names().into_iter().filter(|one| name.is_none_or(|name| name == *one));
    for name in chosen {
        let (path, text) = (dir.join(format!("{name}.json")), text(&services, name)?);
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
