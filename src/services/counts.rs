//! What a plan makes, in numbers.

use super::seeding::{Plan, PlannedOrganization};
use crate::seed::count::Count;

impl Plan {
    /// What the plan makes, by whose it is: Locum's own first, then each service's.
    pub fn counts(&self) -> Vec<(&'static str, Vec<Count>)> {
        let mut all: Vec<(&'static str, Vec<Count>)> = vec![(
            "",
            vec![
                Count::new(self.organizations.len(), "organization", "organizations"),
                Count::new(self.organizations.iter().map(|o| o.people.len()).sum(), "person", "people"),
            ],
        )];
        for (title, counts) in self.organizations.iter().flat_map(PlannedOrganization::counts) {
            match all.iter_mut().find(|(known, _)| *known == title) {
                None => all.push((title, counts)),
                Some((_, sums)) => {
                    for (sum, count) in sums.iter_mut().zip(counts) {
                        sum.number += count.number;
                    }
                }
            }
        }
        all
    }
}

impl PlannedOrganization {
    fn counts(&self) -> Vec<(&'static str, Vec<Count>)> {
        let mut all = Vec::new();
        all.extend(self.jetbrains_account.iter().map(|section| ("JetBrains Account", section.counts())));
        all.extend(self.license_vault.iter().map(|section| ("License Vault", section.counts())));
        all.extend(self.atlassian.iter().map(|section| ("Atlassian", section.counts())));
        all
    }

    /// How many records it has.
    pub(super) fn size(&self) -> usize {
        let counts = self.counts();
        self.people.len() + counts.iter().flat_map(|(_, counts)| counts).map(|count| count.number).sum::<usize>()
    }
}
