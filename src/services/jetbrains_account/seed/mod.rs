//! The JetBrains Account section of a seed: as it stands in the file, checked and completed, written.

pub(crate) mod answer;
pub(crate) mod credentials;
pub(crate) mod file;
pub(crate) mod plan;
pub(crate) mod rows;
pub(crate) mod write;
