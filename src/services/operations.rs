//! Every operation of the services, and how far it is emulated, as their documents say.

use serde::Serialize;
use utoipa::ToSchema;

use super::service::Service;
use crate::http::document;

/// One operation of a vendor.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Operation {
    #[schema(example = "jetbrains_account")]
    pub(crate) service: &'static str,
    /// The vendor's operation id, where one is known.
    #[schema(example = "assignLicense")]
    #[serde(rename = "operation")]
    pub(crate) id: Option<&'static str>,
    #[schema(example = "POST")]
    pub(crate) method: &'static str,
    #[schema(example = "/api/v1/customer/licenses/assign")]
    pub(crate) path: String,
    /// Its document says that requests have a body.
    #[serde(skip)]
    pub(crate) takes_body: bool,
    status: Status,
    /// The statuses of the refusals that its document names.
    #[serde(skip)]
    pub(crate) refusals: &'static [u16],
    /// Why it is not simply served.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

impl Operation {
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.status, Status::Missing)
    }
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
    let mut documented: Vec<_> = service.document.operations.iter().collect();
    documented.sort_by_key(|operation| operation.path);
    let list_one = |operation: &'static document::Operation| {
        // A path may stand elsewhere than the rest.
        let base = operation.server.map_or(service.document_base, |server| server.trim_end_matches('/'));
        let (status, note) = match (operation.missing, operation.unverified) {
            (Some(why), _) => (Status::Missing, Some(why)),
            (None, Some(why)) => (Status::Unverified, Some(why)),
            (None, None) => (Status::Served, None),
        };
        Operation {
            service: service.name,
            id: operation.id,
            method: operation.method.as_str(),
            path: format!("{base}{}", operation.path),
            takes_body: operation.takes_body,
            status,
            refusals: operation.refusals,
            note,
        }
    };
    documented.into_iter().map(list_one).collect()
}
