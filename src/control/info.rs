//! `/info` and `/operations`: what this Locum is, and what it can do.

use axum::extract::State;
use serde::Serialize;
use utoipa::{ToSchema, openapi::OpenApi};

use super::{
    error::Refused,
    extract::{Answer, InSpace, SpaceQuery},
};
use crate::{app::App, http::operations::of_path, services::jetbrains_account};

/// What this Locum is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Info {
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
pub struct SettingAnswer {
    name: String,
    value: Option<String>,
    /// `flag`, `environment`, `file` or `default`.
    origin: &'static str,
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceAnswer {
    service: &'static str,
    base_path: &'static str,
}

/// A space.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpaceAnswer {
    name: String,
    /// Raised by every write.
    revision: i64,
}

const CAPABILITIES: [&str; 6] = ["clock", "organizations", "reset", "roles", "seed", "tokens"];

/// What this Locum is.
#[utoipa::path(get, path = "/info", operation_id = "getInfo", tag = "Info", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "About this Locum", body = Info), Refused))]
pub async fn get_info(State(app): State<App>, InSpace(space): InSpace) -> Answer<Info> {
    let settings = app.config.settings.iter();
    Answer(Info {
        name: "locum",
        version: env!("CARGO_PKG_VERSION"),
        database: app.config.location.describe(),
        settings: settings
            .map(|s| SettingAnswer { name: s.name.clone(), value: s.value.clone(), origin: s.origin })
            .collect(),
        services: vec![ServiceAnswer { service: "jetbrains_account", base_path: jetbrains_account::BASE }],
        capabilities: CAPABILITIES.to_vec(),
        space: SpaceAnswer { name: space.name, revision: space.revision },
    })
}

/// One operation of a vendor.
#[derive(Debug, Serialize, ToSchema)]
pub struct Operation {
    #[schema(example = "jetbrains_account")]
    service: &'static str,
    /// The vendor's operation id, where one is known.
    #[schema(example = "assignLicense")]
    #[expect(clippy::struct_field_names, reason = "the vendors' word, and the journal's")]
    operation: Option<String>,
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

/// Method and path.
type Route = (&'static str, &'static str);

/// Services that are not served yet: the vendor's methods and paths.
const MISSING: [(&str, &str, &[Route]); 2] = [
    ("license_vault", "/public-api", &[("GET", "/licenses/usage"), ("GET", "/denials/report")]),
    (
        "atlassian",
        "/admin/api-access/v1/orgs/{orgId}",
        &[
            ("GET", "/api-tokens"),
            ("DELETE", "/api-tokens"),
            ("GET", "/api-tokens/count"),
            ("POST", "/service-accounts/count"),
            ("GET", "/service-accounts/{serviceAccountId}/api-tokens"),
            ("DELETE", "/service-accounts/{serviceAccountId}/api-tokens"),
            ("GET", "/service-accounts/api-tokens"),
            ("GET", "/api-keys"),
            ("GET", "/api-keys/count"),
            ("PATCH", "/api-keys/revoke/{apiKeyId}"),
            ("GET", "/oauth-clients"),
            ("POST", "/oauth-clients"),
            ("POST", "/oauth-clients/count"),
            ("GET", "/oauth-clients/{clientId}"),
            ("DELETE", "/oauth-clients/{clientId}"),
            ("GET", "/service-accounts/oauth-clients"),
            ("GET", "/service-accounts/{serviceAccountId}/oauth-clients"),
            ("GET", "/service-accounts"),
            ("POST", "/service-accounts"),
            ("PATCH", "/service-accounts"),
            ("DELETE", "/service-accounts/{serviceAccountId}"),
        ],
    ),
];

/// Every operation of the three services, and how far it is emulated.
#[utoipa::path(get, path = "/operations", operation_id = "getOperations", tag = "Info", security((), ("controlToken" = [])),
    responses((status = 200, description = "Every operation", body = Vec<Operation>), Refused))]
pub async fn get_operations() -> Answer<Vec<Operation>> {
    let mut operations = documented("jetbrains_account", jetbrains_account::BASE, &jetbrains_account::openapi());
    for (service, base, routes) in MISSING {
        operations.extend(routes.iter().map(|(method, path)| Operation {
            service,
            operation: None,
            method: (*method).to_owned(),
            path: format!("{base}{path}"),
            status: Status::Missing,
            note: Some("the service is not emulated yet".to_owned()),
        }));
    }
    Answer(operations)
}

fn documented(service: &'static str, base: &str, document: &OpenApi) -> Vec<Operation> {
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
                service,
                operation: operation.operation_id.clone(),
                method: method.to_string(),
                path: format!("{base}{path}"),
                status,
                note,
            });
        }
    }
    operations
}
