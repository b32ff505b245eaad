//! The License Vault section of a seed: as it stands in the file, checked and completed, written.

pub(crate) mod answer;
pub(crate) mod credentials;
pub(crate) mod file;
mod place;
mod plan;
pub(crate) mod rows;
mod stock;
mod write;

pub(crate) use plan::{PlannedVault, Planner};
pub(crate) use stock::{LicenseStock, find_existing};
pub(crate) use write::write;
