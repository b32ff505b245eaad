//! When credentials ended in this process, because whoever still sends one asks why it is refused.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::{
    core::{clock::Time, token::Fingerprint},
    domain::organization::SpaceId,
};

/// More are forgotten, all at once.
const MOST: usize = 10_000;

/// A credential that ended before its time.
#[derive(Debug, Clone)]
pub struct EndedCredential {
    pub space: SpaceId,
    pub service: String,
    pub label: String,
    /// By the space's clock.
    pub at: Time,
}

/// By the fingerprints of their tokens.
#[derive(Default)]
pub(crate) struct Ended(Mutex<HashMap<Fingerprint, EndedCredential>>);

impl Ended {
    pub(super) fn note(&self, ended: Vec<(Fingerprint, EndedCredential)>) {
        if ended.is_empty() {
            return;
        }
        let mut all = self.0.lock();
        if all.len() + ended.len() > MOST {
            all.clear();
        }
        all.extend(ended.into_iter().take(MOST));
    }

    pub(super) fn find(&self, fingerprint: Fingerprint) -> Option<EndedCredential> {
        self.0.lock().get(&fingerprint).cloned()
    }
}
