//! `locum openapi`: the documents that this program serves, and whether copies of them are still true.

use std::path::Path;

use crate::{
    cli::{Failure, print},
    control,
    http::document,
    services,
};

/// What has a document.
pub(super) fn names() -> Vec<&'static str> {
    let services = services::registry();
    services.iter().map(|service| service.document_name).chain([control::DOCUMENT]).collect()
}

pub(super) fn run(check: bool, write: bool, dir: &Path, name: Option<&str>) -> Result<(), Failure> {
    if !check && !write {
        let Some(name) = name else {
            let names = names().join(", ");
            return Err(Failure::Usage(format!("name a service ({names}), or use --check or --write")));
        };
        return print(&document::find(name).text());
    }
    let mut stale = Vec::new();
    let chosen = names().into_iter().filter(|one| name.is_none_or(|name| name == *one));
    for name in chosen {
        let (path, text) = (dir.join(format!("{name}.json")), document::find(name).text());
        if write {
            std::fs::write(&path, text)
                .map_err(|e| Failure::Failed(format!("cannot write {}: {e}", path.display())))?;
            print(&format!("wrote {}\n", path.display()))?;
        } else if std::fs::read_to_string(&path).is_ok_and(|committed| committed == text) {
            print(&format!("ok: {}\n", path.display()))?;
        } else {
            stale.push(path.display().to_string());
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "not what this program serves: {}. `locum openapi --write` writes them",
        stale.join(", ")
    )))
}
