//! How a seed goes into a space, and why it may not.

use super::{Diagnostic, Diagnostics};
use crate::core::{error::Error, ids::IdSeed};

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
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    /// It stays; records of the seed are added, or replace the ones with the same key.
    Merge,
    /// It goes, the clock with it.
    Replace,
    /// It goes, the clock with it; what comes has no customer code, org id or token that another space has.
    Beside(&'a Beside),
}

/// How a space is made that stands beside others.
pub struct Beside {
    /// What the seed spells out is kept where no other space has it. Else all of it is made anew, because the seed is
    /// another space's.
    pub keeps_literals: bool,
    /// What was chosen before: it comes again, if it is still nobody else's.
    pub before: Vec<String>,
    /// Its ids come from here.
    pub id_seed: IdSeed,
}
