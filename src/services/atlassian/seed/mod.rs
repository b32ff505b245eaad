//! The Atlassian section of a seed: as it stands in the file, checked and completed, written.

pub(crate) mod answer;
mod bulk;
pub(crate) mod credentials;
pub(crate) mod file;
mod plan;
pub(crate) mod rows;
mod write;

pub(crate) use plan::{NewKey, NewTokens, PlannedAtlassian, Planner};
pub(crate) use write::write;
