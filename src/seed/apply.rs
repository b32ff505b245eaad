//! How a seed goes into a space, and why it may not.

use super::{Diagnostic, Diagnostics};
use crate::core::error::Error;

/// Why a seed was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The seed is wrong.
    #[error("{0}")]
    Seed(Diagnostics),
    /// The store failed.
    #[error(transparent)]
    Error(#[from] Error),
}

impl ApplyError {
    /// Something at a place of the seed cannot be had.
    pub fn at(place: &Diagnostic, message: String) -> Self {
        Self::Seed(Diagnostics(vec![Diagnostic { message, ..place.clone() }]))
    }
}

/// What happens to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It stays; records of the seed are added, or replace the ones with the same key.
    Merge,
    /// It goes, the clock with it.
    Replace,
    /// It goes, the clock with it; what comes gets customer codes, org ids and tokens of its own, whatever the seed
    /// spells out, so that it can stand beside what was made from the same seed.
    Fresh,
}
