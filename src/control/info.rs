//! `/info` and `/operations`: what this Locum is, and what it can do.

use std::sync::Arc;

use axum::{Extension, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    http::{
        control_input::{Answer, InSpace, SpaceQuery},
        problem::Refused,
    },
    services::{Services, operations::Operation, seeds::Seeds},
};

/// What this Locum is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Info {
    #[schema(example = "locum")]
    name: &'static str,
    version: &'static str,
    /// Where the data is.
    #[schema(example = "SQLite in memory")]
    database: String,
    /// Every setting, with its origin; secrets are masked.
    settings: Vec<SettingAnswer>,
    /// Where each service is mounted.
    services: Vec<ServiceAnswer>,
    /// What the control API can do.
    capabilities: Vec<&'static str>,
    space: SpaceAnswer,
    /// Why seeds that have changed were not applied, a line for each mistake. Absent where they were, or have not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    seed_problem: Option<Arc<str>>,
}

/// A setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingAnswer {
    name: String,
    value: Option<String>,
    /// `flag`, `environment`, `file` or `default`.
    origin: &'static str,
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServiceAnswer {
    service: &'static str,
    base_path: &'static str,
}

/// A space.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpaceAnswer {
    name: String,
    /// Raised by every write.
    revision: i64,
}

const CAPABILITIES: [&str; 20] = [
    "clock",
    "coverage",
    "credentials",
    "events",
    "faults",
    "organizations",
    "metrics",
    "pages",
    "rate-limits",
    "requests",
    "reset",
    "roles",
    "seed",
    "sessions",
    "snapshots",
    "spaces",
    "state",
    "tls",
    "tokens",
    "vaults",
];

/// What this Locum is.
#[utoipa::path(get, path = "/info", operation_id = "getInfo", tag = "Info", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "About this Locum", body = Info), Refused))]
pub(super) async fn get_info(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    Extension(seeds): Extension<Seeds>,
    InSpace(space): InSpace,
) -> Answer<Info> {
    let settings = app.config.settings.iter();
    Answer(Info {
        name: "locum",
        version: env!("CARGO_PKG_VERSION"),
        database: app.config.location.describe(),
        settings: settings
            .map(|s| SettingAnswer { name: s.name.clone(), value: s.value.clone(), origin: s.origin })
            .collect(),
        services: services
            .iter()
            .map(|service| ServiceAnswer { service: service.name, base_path: service.base_path })
            .collect(),
        capabilities: CAPABILITIES.to_vec(),
        space: SpaceAnswer { name: space.name, revision: space.revision },
        seed_problem: seeds.problem(),
    })
}

/// Every operation of the three services, and how far it is emulated.
#[utoipa::path(get, path = "/operations", operation_id = "getOperations", tag = "Info",
    security((), ("controlToken" = [])),
    responses((status = 200, description = "Every operation", body = Vec<Operation>), Refused))]
pub(super) async fn get_operations(Extension(services): Extension<Services>) -> Answer<Vec<Operation>> {
    Answer(services.operations().to_vec())
}
