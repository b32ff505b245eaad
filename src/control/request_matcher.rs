//! What a request matcher may say.

use crate::{
    control::info::{check_operation, check_service},
    core::{error::Error, suggest::suggest},
    domain::request_matcher::RequestMatcher,
    http::{control_input::check_text, problem::Problem},
    services::Registry,
};

/// What requests can be made with.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Refuses what no request can be, because a tester who misspells a name would wait for it in vain.
pub(super) fn check(services: &Registry, matcher: &RequestMatcher) -> Result<(), Problem> {
    let RequestMatcher { service, operation, credential, method, path } = matcher;
    if let Some(service) = service {
        check_service(services, "/match/service", service)?;
    }
    if let Some(operation) = operation {
        check_operation(services, "/match/operation", operation)?;
    }
    if let Some(method) = method
        && !METHODS.contains(&method.to_uppercase().as_str())
    {
        let near = suggest(method, METHODS);
        return Err(Problem::unknown("/match/method", format!("there is no method `{method}`{near}")));
    }
    if path.as_ref().is_some_and(|path| path != "*" && !path.starts_with('/')) {
        return Err(Error::invalid("/match/path", "expected a path from its `/` on").into());
    }
    for (pointer, text) in [("/match/path", path), ("/match/credential", credential)] {
        text.as_deref().map_or(Ok(()), |text| check_text(pointer, text))?;
    }
    Ok(())
}
