//! `match`: which requests a fault hits, or a question is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    control::info::{check_operation, check_service},
    core::{error::Error, suggest::suggest},
    domain::selector::Selector,
    http::{control_input::check_text, problem::Problem},
    services::Registry,
};

/// What requests can be made with.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Which requests. Everything that is said must fit.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Match {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "atlassian")]
    service: Option<String>,
    /// A vendor's operation id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "getApiTokens")]
    operation: Option<String>,
    /// What the credential is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "full")]
    credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "GET")]
    method: Option<String>,
    /// The whole path; a `*` at its end stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/api/v1/*")]
    path: Option<String>,
}

impl Match {
    pub(super) fn read(self, services: &Registry) -> Result<Selector, Problem> {
        let Self { service, operation, credential, method, path } = self;
        let selector = Selector { service, operation, credential, method, path };
        check(services, &selector)?;
        Ok(selector)
    }
}

impl From<Selector> for Match {
    fn from(selector: Selector) -> Self {
        let Selector { service, operation, credential, method, path } = selector;
        Self { service, operation, credential, method, path }
    }
}

/// Refuses what no request can be.
pub(super) fn check(services: &Registry, selector: &Selector) -> Result<(), Problem> {
    if let Some(service) = &selector.service {
        check_service(services, "/match/service", service)?;
    }
    if let Some(operation) = &selector.operation {
        check_operation(services, "/match/operation", operation)?;
    }
    if let Some(method) = &selector.method
        && !METHODS.contains(&method.to_uppercase().as_str())
    {
        let near = suggest(method, METHODS);
        return Err(Problem::unknown("/match/method", format!("there is no method `{method}`{near}")));
    }
    if selector.path.as_ref().is_some_and(|path| path != "*" && !path.starts_with('/')) {
        return Err(Error::invalid("/match/path", "expected a path from its `/` on").into());
    }
    for (pointer, text) in [("/match/path", &selector.path), ("/match/credential", &selector.credential)] {
        text.as_deref().map_or(Ok(()), |text| check_text(pointer, text))?;
    }
    Ok(())
}
