//! The License Vault section of a seed: as it stands in the file, checked and completed, written.

pub(crate) mod answer;
pub(crate) mod credentials;
pub(crate) mod file;
mod plan;
mod write;

pub(crate) use plan::{PlannedVault, Planner};
pub(crate) use write::write;
