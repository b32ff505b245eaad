//! The seeds that spaces go back to.

use std::sync::Arc;

use parking_lot::RwLock;

use super::seeding::SeedOrganization;
use crate::seed::file::Seed;

/// The seeds that spaces go back to: those that Locum was started with, or that took their place since. Cloning shares
/// them.
#[derive(Clone)]
pub struct Seeds(Arc<RwLock<Current>>);

struct Current {
    seeds: Arc<[Seed<SeedOrganization>]>,
    problem: Option<Arc<str>>,
}

impl Seeds {
    pub fn new(seeds: Vec<Seed<SeedOrganization>>) -> Self {
        Self(Arc::new(RwLock::new(Current { seeds: seeds.into(), problem: None })))
    }

    /// As of now.
    pub fn current(&self) -> Arc<[Seed<SeedOrganization>]> {
        Arc::clone(&self.0.read().seeds)
    }

    /// What is wrong with those that were to take their place.
    pub fn problem(&self) -> Option<Arc<str>> {
        self.0.read().problem.clone()
    }

    /// Others take their place.
    pub(crate) fn replace(&self, seeds: impl Into<Arc<[Seed<SeedOrganization>]>>) {
        *self.0.write() = Current { seeds: seeds.into(), problem: None };
    }

    /// They stay, because those that were to take their place cannot.
    pub(crate) fn keep(&self, problem: &str) {
        self.0.write().problem = Some(problem.into());
    }
}
