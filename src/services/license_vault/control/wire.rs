//! Bodies of the control API's requests and answers about licences in use.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::clock,
    http::problem::Problem,
    services::license_vault::{
        domain::allocation::{Allocation, DEFAULT_HOST, DEFAULT_IP, DEFAULT_VERSION, Denial},
        store::allocations::RevokeError,
    },
};

/// Who does it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByActor {
    /// The e-mail address of an administrator of the vault.
    #[schema(example = "ann@example.test")]
    pub(super) actor: String,
}

/// Body of `connect`: an IDE starts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectRequest {
    /// The e-mail address of who starts it.
    #[schema(example = "bob@example.test")]
    pub(super) user: String,
    /// Its code, or a plug-in's name.
    #[schema(example = "II")]
    pub(super) product: String,
    #[serde(default = "default_version")]
    #[schema(example = "2026.1")]
    pub(super) version: String,
    /// The machine it runs on.
    #[serde(default = "default_host")]
    #[schema(example = "dev-2")]
    pub(super) host: String,
    #[serde(default = "default_ip")]
    #[schema(example = "192.0.2.12")]
    pub(super) ip: String,
}

fn default_version() -> String {
    DEFAULT_VERSION.to_owned()
}

fn default_host() -> String {
    DEFAULT_HOST.to_owned()
}

fn default_ip() -> String {
    DEFAULT_IP.to_owned()
}

/// What became of a request for a licence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connected {
    pub(super) granted: bool,
    /// The running product's id, when it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<String>,
    /// The licence that it runs on, when it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allocation: Option<AllocationAnswer>,
    /// The denial, when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) denial: Option<DenialAnswer>,
}

/// A licence in somebody's hands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AllocationAnswer {
    pub(crate) id: String,
    pub(crate) user: String,
    /// The licence's code.
    pub(crate) license: String,
    /// `regular`, `true_up` or `virtual`.
    pub(crate) kind: String,
    #[schema(format = DateTime)]
    pub(crate) since: String,
    #[schema(format = DateTime)]
    pub(crate) last_seen_at: String,
    pub(crate) running: Vec<RunningAnswer>,
}

/// A running product.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RunningAnswer {
    pub(crate) connection: String,
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) host: String,
    pub(crate) ip: String,
    #[schema(format = DateTime)]
    pub(crate) since: String,
    #[schema(format = DateTime)]
    pub(crate) last_seen_at: String,
}

/// A request that found nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DenialAnswer {
    user: String,
    product: String,
    reason: String,
    description: String,
}

impl From<Allocation> for AllocationAnswer {
    fn from(allocation: Allocation) -> Self {
        let running = allocation.running.into_iter().map(|running| RunningAnswer {
            connection: running.id,
            product: running.product,
            version: running.version,
            host: running.host,
            ip: running.ip,
            since: clock::write(running.connected_at),
            last_seen_at: clock::write(running.last_seen_at),
        });
        Self {
            running: running.collect(),
            id: allocation.id,
            user: allocation.user.email,
            license: allocation.product,
            kind: allocation.kind.to_string(),
            since: clock::write(allocation.allocated_at),
            last_seen_at: clock::write(allocation.last_seen_at),
        }
    }
}

impl From<Denial> for DenialAnswer {
    fn from(denial: Denial) -> Self {
        Self {
            user: denial.user.email,
            product: denial.product_name,
            reason: denial.reason,
            description: denial.description,
        }
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::LimitReached(error) => Self::new(StatusCode::CONFLICT, error.to_string()),
            RevokeError::Shared(error) => error.into(),
        }
    }
}
