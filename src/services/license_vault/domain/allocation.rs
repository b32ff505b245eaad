//! Who asks a vault for licences, who holds them, and what runs on them (license-vault §4.4).

use crate::{core::clock::Time, services::license_vault::domain::vault::Kind};

/// Somebody as the vault knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultUser {
    pub(crate) username: String,
    pub(crate) email: String,
}

impl VaultUser {
    /// Somebody by address.
    ///
    /// unverified: the login name is what stands before the `@` (license-vault §8.6).
    pub(crate) fn of(email: &str) -> Self {
        let username = email.split('@').next().unwrap_or(email).to_owned();
        Self { username, email: email.to_owned() }
    }
}

/// A licence in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allocation {
    /// Its id: stays while products and machines change.
    pub(crate) id: String,
    /// Whose.
    pub(crate) user: VaultUser,
    /// The licence's code.
    pub(crate) product: String,
    /// How it was bought.
    pub(crate) kind: Kind,
    /// Since when.
    pub(crate) allocated_at: Time,
    /// When one of its products was last heard of.
    pub(crate) last_seen_at: Time,
    /// What runs on it.
    pub(crate) running: Vec<Connection>,
}

/// A running product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) id: String,
    /// The product's code.
    pub(crate) product: String,
    pub(crate) version: String,
    /// Where it runs.
    pub(crate) host: String,
    /// From where it calls.
    pub(crate) ip: String,
    /// Since when.
    pub(crate) connected_at: Time,
    /// When it was last heard of.
    pub(crate) last_seen_at: Time,
}

/// Whose allocations are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AllocationFilter<'a> {
    /// Everybody's.
    Everybody,
    /// Of the user with this address.
    Email(&'a str),
    /// Of the user with this login name.
    Username(&'a str),
    /// The one with this id.
    Id(&'a str),
}

/// A product that asks for a licence.
#[derive(Debug, Clone)]
pub(crate) struct LicenseRequest {
    /// Who starts it.
    pub(crate) user: VaultUser,
    pub(crate) product: String,
    pub(crate) version: String,
    /// Where it runs.
    pub(crate) host: String,
    /// From where it calls.
    pub(crate) ip: String,
}

/// What became of a request, written down.
#[derive(Debug)]
pub(crate) enum RequestOutcome {
    /// It runs.
    Granted {
        /// On this allocation.
        allocation: Box<Allocation>,
        /// As this.
        connection: String,
    },
    /// It does not.
    Denied(Denial),
}

/// A request that found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    /// When.
    pub(crate) at: Time,
    /// Whose.
    pub(crate) user: VaultUser,
    /// Where it came from.
    pub(crate) host: String,
    /// From where it called.
    pub(crate) ip: String,
    /// What was asked for: a product's name, or a plug-in's.
    pub(crate) product_name: String,
    pub(crate) product_version: String,
    /// Why.
    pub(crate) reason: String,
    /// Why, in words.
    pub(crate) description: String,
}

/// The only reason seen (license-vault §2.3).
pub(crate) const DENIAL_REASON: &str = "CANCELLED";
/// The only description seen (license-vault §2.3).
pub(crate) const DENIAL_DESCRIPTION: &str = "Unable to find suitable license";

/// One occasion on which a user ran a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageRecord {
    /// The allocation it ran on.
    pub(crate) allocation: String,
    /// The licence's code.
    pub(crate) license: String,
    /// How the licence was bought.
    pub(crate) kind: Kind,
    /// Whose.
    pub(crate) user: VaultUser,
    pub(crate) connection: Connection,
    /// When it ended; `None` while it runs.
    pub(crate) ended_at: Option<Time>,
}

/// A stretch of rows, counted from the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest {
    /// The first moment that is asked for, in microseconds since 1970.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// How many rows are left out.
    pub(crate) offset: i64,
    /// How many are asked for.
    pub(crate) limit: i64,
}
