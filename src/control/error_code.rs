//! Which code an injected error may have. Refused is what no service answers, because a client that is tested with it
//! would be tested for nothing.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use crate::{
    control::request_matcher::find_services,
    core::suggest::suggest,
    domain::request_matcher::RequestMatcher,
    http::{problem::Problem, vendor_service::ErrorCode},
    services::{Registry, Service},
};

/// Checks code and status of a rule that hits what the matcher says, and narrows that to the service that has the code,
/// if only one does. What the matcher names is checked before. `at` is where the code stands.
pub(super) fn check(
    services: &Registry,
    which: &mut RequestMatcher,
    at: &str,
    code: Option<&str>,
    status: Option<u16>,
) -> Result<(), Problem> {
    let Some(code) = code else { return Ok(()) };
    let names = find_services(services, which);
    let hit: Vec<&Service> = services.iter().filter(|service| names.contains(service.name)).collect();
    let known: BTreeMap<&str, Vec<ErrorCode>> =
        hit.iter().map(|service| (service.name, (service.error_codes)())).collect();
    let own: Vec<(&str, ErrorCode)> = known
        .iter()
        .flat_map(|(service, codes)| codes.iter().map(|known| (*service, *known)))
        .filter(|(_, known)| known.name == code)
        .collect();
    if own.is_empty() {
        // A service that lists none takes every code.
        if known.values().any(Vec::is_empty) {
            return Ok(());
        }
        return Err(refuse_code(services, at, code, &known));
    }
    let has_status =
        |known: &ErrorCode| status.is_none_or(|status| known.statuses.iter().any(|known| known.as_u16() == status));
    let fitting: Vec<&str> = own.iter().filter(|(_, known)| has_status(known)).map(|(service, _)| *service).collect();
    match fitting.as_slice() {
        [] => Err(refuse_status(at, code, &own)),
        [only] => {
            which.service = Some((*only).to_owned());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn refuse_code(services: &Registry, at: &str, code: &str, known: &BTreeMap<&str, Vec<ErrorCode>>) -> Problem {
    let whose = known.keys().copied().collect::<Vec<_>>().join(", ");
    let has_code = |service: &&Service| (service.error_codes)().iter().any(|known| known.name == code);
    let hint = match services.iter().find(has_code) {
        Some(other) => format!(": it is a code of {}", other.name),
        None => suggest(code, known.values().flatten().map(|known| known.name).collect::<Vec<_>>()),
    };
    Problem::unknown(&format!("{at}/code"), format!("no error of {whose} has the code `{code}`{hint}"))
}

fn refuse_status(at: &str, code: &str, own: &[(&str, ErrorCode)]) -> Problem {
    let statuses = |statuses: &[StatusCode]| {
        statuses.iter().map(|status| status.as_u16().to_string()).collect::<Vec<_>>().join(" or ")
    };
    let whats: Vec<String> = own
        .iter()
        .map(|(service, known)| format!("`{code}` of {service} comes with the status {}", statuses(known.statuses)))
        .collect();
    let whats = whats.join(", ");
    let detail = format!("{whats}: leave the status out, or give any answer at all by `body` without `code`");
    Problem::unknown(&format!("{at}/status"), detail)
}
