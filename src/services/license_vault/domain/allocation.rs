//! Who asks a vault for licences, who holds them, and what runs on them (license-vault §4.4).

use crate::{core::clock::Time, services::license_vault::domain::vault::Kind};

/// Somebody as the vault knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultUser {
    pub username: String,
    pub email: String,
}

impl VaultUser {
    /// Somebody by address.
    ///
    /// unverified: the login name is what stands before the `@` (license-vault §8.6).
    pub fn of(email: &str) -> Self {
        let username = email.split('@').next().unwrap_or(email).to_owned();
        Self { username, email: email.to_owned() }
    }
}

/// A licence in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// Its id: stays while products and machines change.
    pub id: String,
    /// Whose.
    pub user: VaultUser,
    /// The licence's code.
    pub product: String,
    /// How it was bought.
    pub kind: Kind,
    /// Since when.
    pub allocated_at: Time,
    /// When one of its products was last heard of.
    pub last_seen_at: Time,
    /// What runs on it.
    pub running: Vec<Connection>,
}

/// A running product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub id: String,
    /// The product's code.
    pub product: String,
    pub version: String,
    /// Where it runs.
    pub host: String,
    /// From where it calls.
    pub ip: String,
    /// Since when.
    pub connected_at: Time,
    /// When it was last heard of.
    pub last_seen_at: Time,
}

/// Whose allocations are meant.
#[derive(Debug, Clone, Copy)]
pub enum AllocationFilter<'a> {
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
pub struct LicenseRequest {
    /// Who starts it.
    pub user: VaultUser,
    pub product: String,
    pub version: String,
    /// Where it runs.
    pub host: String,
    /// From where it calls.
    pub ip: String,
}

/// What became of a request, written down.
#[derive(Debug)]
pub enum RequestOutcome {
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
pub struct Denial {
    /// When.
    pub at: Time,
    /// Whose.
    pub user: VaultUser,
    /// Where it came from.
    pub host: String,
    /// From where it called.
    pub ip: String,
    /// What was asked for: a product's name, or a plug-in's.
    pub product_name: String,
    pub product_version: String,
    /// Why.
    pub reason: String,
    /// Why, in words.
    pub description: String,
}

/// The only reason seen (license-vault §2.3).
pub const DENIAL_REASON: &str = "CANCELLED";
/// The only description seen (license-vault §2.3).
pub const DENIAL_DESCRIPTION: &str = "Unable to find suitable license";

/// One occasion on which a user ran a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// The allocation it ran on.
    pub allocation: String,
    /// The licence's code.
    pub license: String,
    /// How the licence was bought.
    pub kind: Kind,
    /// Whose.
    pub user: VaultUser,
    pub connection: Connection,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Time>,
}

/// A stretch of rows, counted from the first.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// The first moment that is asked for, in microseconds since 1970.
    pub from: i64,
    pub to: i64,
    /// How many rows are left out.
    pub offset: i64,
    /// How many are asked for.
    pub limit: i64,
}
