//! Which code an injected error may have. Refused is what no service answers, because a client that is tested with it
//! would be tested for nothing.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use crate::{
    core::suggest::suggest,
    domain::request_matcher::RequestMatcher,
    http::{problem::Problem, vendor_service::ErrorCode},
    services::{Registry, Service},
};

/// Checks code and status of a rule that hits what the matcher says, and narrows that to the service that has the code,
/// if only one does. What the matcher names is checked before.
pub(super) fn check(
    services: &Registry,
    which: &mut RequestMatcher,
    code: Option<&str>,
    status: Option<u16>,
) -> Result<(), Problem> {
    let Some(code) = code else { return Ok(()) };
    let hit: Vec<&Service> = services.iter().filter(|service| is_hit(services, which, service)).collect();
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
        return Err(refuse_code(services, code, &known));
    }
    let has_status =
        |known: &ErrorCode| status.is_none_or(|status| known.statuses.iter().any(|known| known.as_u16() == status));
    let fitting: Vec<&str> = own.iter().filter(|(_, known)| has_status(known)).map(|(service, _)| *service).collect();
    match fitting.as_slice() {
        [] => Err(refuse_status(code, &own)),
        [only] => {
            which.service = Some((*only).to_owned());
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether a matcher can be about requests to a service.
fn is_hit(services: &Registry, which: &RequestMatcher, service: &Service) -> bool {
    let has_operation = || {
        let mut own = services.operations().iter().filter(|operation| operation.service == service.name);
        which.operation.is_none() || own.any(|operation| operation.id == which.operation)
    };
    which.service.as_deref().is_none_or(|name| name == service.name) && has_operation()
}

fn refuse_code(services: &Registry, code: &str, known: &BTreeMap<&str, Vec<ErrorCode>>) -> Problem {
    let whose = known.keys().copied().collect::<Vec<_>>().join(", ");
    let has_code = |service: &&Service| (service.error_codes)().iter().any(|known| known.name == code);
    let hint = match services.iter().find(has_code) {
        Some(other) => format!(": it is a code of {}", other.name),
        None => suggest(code, known.values().flatten().map(|known| known.name).collect::<Vec<_>>()),
    };
    Problem::unknown("/then/code", format!("no error of {whose} has the code `{code}`{hint}"))
}

fn refuse_status(code: &str, own: &[(&str, ErrorCode)]) -> Problem {
    let statuses = |statuses: &[StatusCode]| {
        statuses.iter().map(|status| status.as_u16().to_string()).collect::<Vec<_>>().join(" or ")
    };
    let whats: Vec<String> = own
        .iter()
        .map(|(service, known)| format!("`{code}` of {service} comes with the status {}", statuses(known.statuses)))
        .collect();
    let whats = whats.join(", ");
    let detail = format!("{whats}: leave the status out, or give any answer at all by `body` without `code`");
    Problem::unknown("/then/status", detail)
}
