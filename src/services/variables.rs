//! The registry's part of variables: what a client needs to know of each service.

use std::borrow::Cow;

use super::{
    atlassian, jetbrains_account, license_vault,
    seeding::{Plan, PlannedOrganization},
};
use crate::{
    core::token::PlainToken,
    domain::{credential::CredentialSummary, organization::Organization},
    seed::credential::{SeededCredential, name_variables},
};

/// A variable's name, and its value if there is one.
pub type Variable = (Cow<'static, str>, Option<String>);

/// Credentials that have a variable each. The environment of a process is bounded, so that a seed with tens of
/// thousands would keep `exec` from starting any.
const MOST_CREDENTIALS: usize = 1_000;

impl Plan {
    /// Every credential of the plan, and how to use it, service by service within an organization.
    pub fn credentials(&self) -> Vec<SeededCredential> {
        let of = |o: &PlannedOrganization| {
            let mut all = Vec::new();
            all.extend(o.jetbrains_account.iter().flat_map(|s| jetbrains_account::seed::credentials::list(&o.head, s)));
            all.extend(o.license_vault.iter().flat_map(|s| license_vault::seed::credentials::list(&o.head, s)));
            all.extend(o.atlassian.iter().flat_map(|s| atlassian::seed::credentials::list(&o.head, s)));
            all
        };
        self.organizations.iter().flat_map(of).collect()
    }

    /// The same, each with the name of its variable if it has one.
    pub fn named_credentials(&self) -> Vec<(SeededCredential, Option<String>)> {
        let credentials = self.credentials();
        let other = best("", Some(self), &|_| true);
        let some = &credentials[..credentials.len().min(MOST_CREDENTIALS)];
        let names = name_variables(some, other.iter().map(|(name, _)| *name));
        let names = names.into_iter().map(Some).chain(std::iter::repeat(None));
        credentials.into_iter().zip(names).collect()
    }

    /// Of credentials of the plan, for each service and kind the one that has the variable of the best, else the first.
    pub fn choose_of_each_kind(&self, credentials: Vec<SeededCredential>) -> Vec<SeededCredential> {
        let works = |token: &PlainToken| credentials.iter().any(|one| one.token.expose() == token.expose());
        let best: Vec<_> = best("", Some(self), &works).into_iter().filter_map(|(_, value)| value).collect();
        let is_best = |one: &SeededCredential| best.iter().any(|best| best == one.token.expose());
        let (mut chosen, others): (Vec<_>, Vec<_>) = credentials.into_iter().partition(is_best);
        for one in others {
            if !chosen.iter().any(|known: &SeededCredential| (known.service, known.kind) == (one.service, one.kind)) {
                chosen.push(one);
            }
        }
        chosen
    }
}

/// The variables of a client of the server at `base`: the URLs, of the plan's credentials the first ones that work and
/// open most, and then each one that works. What the plan lacks has no value.
pub fn list(base: &str, plan: Option<&Plan>, works: &dyn Fn(&PlainToken) -> bool) -> Vec<Variable> {
    let best = best(base, plan, works).into_iter().map(|(name, value)| (Cow::Borrowed(name), value));
    let each = plan.map(Plan::named_credentials).unwrap_or_default().into_iter().filter_map(|(credential, name)| {
        let name = name?;
        let token = works(&credential.token).then(|| credential.token.expose().to_owned());
        Some((Cow::Owned(name), token))
    });
    best.chain(each).collect()
}

fn best(base: &str, plan: Option<&Plan>, works: &dyn Fn(&PlainToken) -> bool) -> Vec<(&'static str, Option<String>)> {
    let all = || plan.into_iter().flat_map(|plan| &plan.organizations);
    let accounts: Vec<_> = all().filter_map(|o| Some((&o.head, o.jetbrains_account.as_ref()?))).collect();
    let vaults: Vec<_> = all().filter_map(|o| o.license_vault.as_ref()).collect();
    let administrations: Vec<_> = all().filter_map(|o| Some((&o.head, o.atlassian.as_ref()?))).collect();
    let mut found = jetbrains_account::seed::credentials::variables(base, &accounts, works);
    found.extend(license_vault::seed::credentials::variables(base, &vaults, works));
    found.extend(atlassian::seed::credentials::variables(base, &administrations, works));
    found
}

/// Those of them that are no secrets, of what is in a space: organizations and credentials, oldest first.
pub fn list_known(base: &str, organizations: &[Organization], credentials: &[CredentialSummary]) -> Vec<Variable> {
    let mut found = jetbrains_account::seed::credentials::known_variables(base, organizations, credentials);
    found.extend(license_vault::seed::credentials::known_variables(base));
    found.extend(atlassian::seed::credentials::known_variables(base, organizations, credentials));
    found.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect()
}
