//! Every operation of the services, and how far it is emulated, as their documents say.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::service::Service;
use crate::http::operations::of_path;

/// One operation of a vendor.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Operation {
    #[schema(example = "jetbrains_account")]
    pub(crate) service: &'static str,
    /// The vendor's operation id, where one is known.
    #[schema(example = "assignLicense")]
    #[serde(rename = "operation")]
    pub(crate) id: Option<String>,
    #[schema(example = "POST")]
    pub(crate) method: String,
    #[schema(example = "/api/v1/customer/licenses/assign")]
    pub(crate) path: String,
    status: Status,
    /// Why it is not simply served.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// How far an operation is emulated.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As the vendor does it.
    Served,
    /// As we guess the vendor does it.
    Unverified,
    /// Not at all.
    Missing,
}

/// Every operation of a service, by path: lists of them are read by people, and of two paths that a wrong one is as
/// near to, the first is suggested.
pub(super) fn list(service: &Service) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in (service.document)().paths.paths.into_iter().collect::<BTreeMap<_, _>>() {
        // A path may stand elsewhere than the rest.
        let server = item.servers.as_ref().and_then(|servers| servers.first());
        let base = server.map_or(service.document_base, |server| server.url.trim_end_matches('/'));
        for (method, operation) in of_path(&item) {
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
                service: service.name,
                id: operation.operation_id.clone(),
                method: method.to_string(),
                path: format!("{base}{path}"),
                status,
                note,
            });
        }
    }
    operations
}
