//! `/info` and `/operations`: what this Locum is, and what it can do.

use std::sync::LazyLock;

use axum::extract::State;
use serde::Serialize;
use utoipa::{ToSchema, openapi::OpenApi};

use crate::{
    app::App,
    core::suggest::suggest,
    http::{
        control_input::{Answer, InSpace, SpaceQuery},
        operations::of_path,
        problem::{Problem, Refused},
        vendor_service::VendorService,
    },
    services::{
        atlassian::{self, Atlassian},
        jetbrains_account::{self, JetBrainsAccount},
        license_vault::{self, LicenseVault},
    },
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

const CAPABILITIES: [&str; 19] = [
    "clock",
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
pub(super) async fn get_info(State(app): State<App>, InSpace(space): InSpace) -> Answer<Info> {
    let settings = app.config.settings.iter();
    Answer(Info {
        name: "locum",
        version: env!("CARGO_PKG_VERSION"),
        database: app.config.location.describe(),
        settings: settings
            .map(|s| SettingAnswer { name: s.name.clone(), value: s.value.clone(), origin: s.origin })
            .collect(),
        services: vec![
            ServiceAnswer { service: JetBrainsAccount::NAME, base_path: JetBrainsAccount::BASE },
            ServiceAnswer { service: LicenseVault::NAME, base_path: license_vault::BASE },
            ServiceAnswer { service: Atlassian::NAME, base_path: Atlassian::BASE },
        ],
        capabilities: CAPABILITIES.to_vec(),
        space: SpaceAnswer { name: space.name, revision: space.revision },
    })
}

/// One operation of a vendor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Operation {
    #[schema(example = "jetbrains_account")]
    service: &'static str,
    /// The vendor's operation id, where one is known.
    #[schema(example = "assignLicense")]
    #[serde(rename = "operation")]
    id: Option<String>,
    #[schema(example = "POST")]
    method: String,
    #[schema(example = "/api/v1/customer/licenses/assign")]
    path: String,
    status: Status,
    /// Why it is not simply served.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// How far an operation is emulated.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// As the vendor does it.
    Served,
    /// As we guess the vendor does it.
    Unverified,
    /// Not at all.
    Missing,
}

/// Every operation of the three services, and how far it is emulated.
#[utoipa::path(get, path = "/operations", operation_id = "getOperations", tag = "Info", security((), ("controlToken" = [])),
    responses((status = 200, description = "Every operation", body = Vec<Operation>), Refused))]
pub(super) async fn get_operations() -> Answer<&'static [Operation]> {
    Answer(every_operation())
}

/// Refuses a service that there is not, with the nearest name.
pub(super) fn check_service(pointer: &str, service: &str) -> Result<(), Problem> {
    const SERVICES: [&str; 3] = [JetBrainsAccount::NAME, LicenseVault::NAME, Atlassian::NAME];
    if SERVICES.contains(&service) {
        return Ok(());
    }
    let near = suggest(service, SERVICES);
    Err(Problem::unknown(pointer, format!("there is no service `{service}`{near}")))
}

/// Every operation of the three services.
fn every_operation() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let mut operations = documented::<JetBrainsAccount>(&jetbrains_account::openapi());
        operations.extend(documented::<LicenseVault>(&license_vault::openapi()));
        operations.extend(documented::<Atlassian>(&atlassian::openapi()));
        operations
    });
    &OPERATIONS
}

/// Refuses an operation that there is not, with the nearest name.
pub(super) fn check_operation(pointer: &str, operation: &str) -> Result<(), Problem> {
    let ids = every_operation().iter().filter_map(|operation| operation.id.as_deref());
    if ids.clone().any(|id| id == operation) {
        return Ok(());
    }
    let near = suggest(operation, ids);
    Err(Problem::unknown(pointer, format!("there is no operation `{operation}`{near}")))
}

fn documented<S: VendorService>(document: &OpenApi) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in of_path(item) {
            let note = |key: &str| {
                let value = operation.extensions.as_ref()?.get(key)?;
                Some(value.as_str().unwrap_or_default().to_owned())
            };
            let (status, note) = match (note("x-locum-missing"), note("x-locum-unverified")) {
                (Some(why), _) => (Status::Missing, Some(why)),
                (None, Some(why)) => (Status::Unverified, Some(why)),
                (None, None) => (Status::Served, None),
            };
            operations.push(Operation {
                service: S::NAME,
                id: operation.operation_id.clone(),
                method: method.to_string(),
                path: format!("{}{path}", S::BASE),
                status,
                note,
            });
        }
    }
    operations
}
