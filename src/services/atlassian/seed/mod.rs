//! The Atlassian section of a seed: how it stands in the file, its plan, and how it is written.

pub(crate) mod answer;
mod bulk;
pub(crate) mod credentials;
pub(crate) mod file;
mod plan;
mod write;

pub(crate) use plan::{NewKey, NewTokens, PlannedAtlassian, Planner};
pub(crate) use write::write;
