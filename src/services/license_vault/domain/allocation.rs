//! Users who ask a vault for licences, the licences that they hold, and the products that run on them
//! (license-vault §4.4).

use crate::{core::clock::Time, services::license_vault::domain::vault::LicenseKind};

/// A user, as the vault knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultUser {
    pub(crate) username: String,
    pub(crate) email: String,
}

impl VaultUser {
    /// unverified: the login name is what stands before the `@` (license-vault §8.6).
    pub(crate) fn from_email(email: &str) -> Self {
        let username = email.split('@').next().unwrap_or(email).to_owned();
        Self { username, email: email.to_owned() }
    }
}

/// A licence that a user holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allocation {
    /// Stays the same while the user changes products and machines.
    pub(crate) id: String,
    pub(crate) user: VaultUser,
    /// The licence's code.
    pub(crate) product: String,
    pub(crate) kind: LicenseKind,
    pub(crate) allocated_at: Time,
    /// When one of its products was last seen.
    pub(crate) last_seen_at: Time,
    pub(crate) running: Vec<Connection>,
}

/// A running product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) id: String,
    /// The product's code.
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) host: String,
    pub(crate) ip: String,
    pub(crate) connected_at: Time,
    pub(crate) last_seen_at: Time,
}

/// Selects allocations.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AllocationFilter<'a> {
    Everybody,
    /// Those of the user with this address.
    Email(&'a str),
    /// Those of the user with this login name.
    Username(&'a str),
    /// The one with this id.
    Id(&'a str),
}

/// A request for a licence by a product that a user starts.
#[derive(Debug, Clone)]
pub(crate) struct LicenseRequest {
    pub(crate) user: VaultUser,
    /// The product's code, or a plug-in's name.
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) host: String,
    pub(crate) ip: String,
}

/// What became of a request, as it is stored.
#[derive(Debug)]
pub(crate) enum RequestOutcome {
    Granted {
        allocation: Box<Allocation>,
        /// The id of the product's connection, which is one of the allocation's.
        connection: String,
    },
    Denied(Denial),
}

/// A request that no licence fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) at: Time,
    pub(crate) user: VaultUser,
    pub(crate) host: String,
    pub(crate) ip: String,
    /// The name of a product, or of a plug-in.
    pub(crate) product_name: String,
    pub(crate) product_version: String,
    /// A word in upper case.
    pub(crate) reason: String,
    /// A sentence.
    pub(crate) description: String,
}

/// The only reason that was ever seen (license-vault §2.3).
pub(crate) const DENIAL_REASON: &str = "CANCELLED";
/// The only description that was ever seen (license-vault §2.3).
pub(crate) const DENIAL_DESCRIPTION: &str = "Unable to find suitable license";

/// The version, host and IP address of a product where a tester leaves them out.
pub(crate) const DEFAULT_VERSION: &str = "2026.1";
pub(crate) const DEFAULT_HOST: &str = "localhost";
pub(crate) const DEFAULT_IP: &str = "127.0.0.1";

/// One occasion on which a user ran a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageRecord {
    /// The id of the allocation that it ran on.
    pub(crate) allocation: String,
    /// The licence's code.
    pub(crate) license: String,
    pub(crate) kind: LicenseKind,
    pub(crate) user: VaultUser,
    pub(crate) connection: Connection,
    /// `None` while it runs.
    pub(crate) ended_at: Option<Time>,
}

/// The rows that are asked for: of those in a range of time, `limit` behind the first `offset`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest {
    /// The first and the last moment of the range, in microseconds since 1970.
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) offset: i64,
    pub(crate) limit: i64,
}
