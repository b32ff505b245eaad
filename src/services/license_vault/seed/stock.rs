//! Places a seed's allocations on the licences that the vault has, because it never holds out more than it has
//! (license-vault §9).

use std::collections::HashMap;

use crate::{
    core::error::Error,
    domain::organization::{OrganizationId, email_key},
    services::license_vault::{
        domain::{
            allocation::{Allocation, AllocationFilter, VaultUser},
            decide::list_pools_in_order,
            vault::{AllocationRule, LicenseKind, Pool},
        },
        store,
    },
    store::{ReadWrite, Session},
};

/// A pool's licence: its code and its kind.
type License = (String, LicenseKind);

/// The licences that a vault has and those that are held, while a seed is checked.
#[derive(Debug, Default, Clone)]
pub(crate) struct LicenseStock {
    totals: HashMap<License, i64>,
    in_use: HashMap<License, i64>,
    /// What users held before the seed: the kinds, by the key of the user's address and the licence's code.
    earlier: HashMap<(String, String), Vec<LicenseKind>>,
    /// The rules that the vault has before the seed.
    pub(super) rules: Vec<AllocationRule>,
}

/// Finds what the organization's vault has already.
pub(crate) async fn find_existing(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
) -> Result<LicenseStock, Error> {
    let Some(vault) = store::vault::find_of_organization(db, organization).await? else {
        return Ok(LicenseStock::default());
    };
    let now = db.now();
    // What is overdue is over for good, whatever the seed says about how long licences are held.
    store::allocations::expire_due(db, &vault).await?;
    let rules = store::vault::list_rules(db, vault.id).await?;
    let pools = store::vault::list_pools(db, &vault, now).await?;
    let allocations = store::allocations::list_live(db, &vault, now, AllocationFilter::Everybody).await?;
    Ok(LicenseStock { rules, ..LicenseStock::new(pools, allocations) })
}

impl LicenseStock {
    fn new(pools: Vec<Pool>, allocations: Vec<Allocation>) -> Self {
        let totals = pools.into_iter().map(|pool| ((pool.product, pool.kind), pool.total)).collect();
        let mut stock = Self { totals, ..Self::default() };
        for Allocation { user, product, kind, .. } in allocations {
            *stock.in_use.entry((product.clone(), kind)).or_default() += 1;
            stock.earlier.entry((email_key(&user.email), product)).or_default().push(kind);
        }
        stock
    }

    /// Sets how many licences of a product and kind there are.
    pub(super) fn set_total(&mut self, product: &str, kind: LicenseKind, total: i64) {
        self.totals.insert((product.to_owned(), kind), total);
    }

    /// Counts the licences of a product and kind that are held.
    pub(super) fn count_in_use(&self, product: &str, kind: LicenseKind) -> i64 {
        self.in_use.get(&(product.to_owned(), kind)).copied().unwrap_or_default()
    }

    fn count_total(&self, product: &str, kind: LicenseKind) -> i64 {
        self.totals.get(&(product.to_owned(), kind)).copied().unwrap_or_default()
    }

    /// Takes back what a user held of a licence before the seed, because the seed says anew what the user holds.
    pub(super) fn take_back(&mut self, user: &VaultUser, product: &str) {
        let earlier = self.earlier.remove(&(email_key(&user.email), product.to_owned()));
        for kind in earlier.into_iter().flatten() {
            *self.in_use.entry((product.to_owned(), kind)).or_default() -= 1;
        }
    }

    /// Gives a user one of these licences, which the product can run on, in the order in which a vault gives them out;
    /// one of `kind`, if that is told. The error says why there is none.
    pub(super) fn give(
        &mut self,
        user: &VaultUser,
        product: &str,
        codes: &[&str],
        kind: Option<LicenseKind>,
    ) -> Result<License, String> {
        let kinds = |pool: &(&str, LicenseKind)| kind.is_none_or(|kind| kind == pool.1);
        let pools: Vec<(&str, LicenseKind)> = list_pools_in_order(codes).filter(kinds).collect();
        let key = email_key(&user.email);
        let has_one_left = |(code, kind): &(&str, LicenseKind)| {
            let own = self.earlier.get(&(key.clone(), (*code).to_owned()));
            let own = own.map_or(0, |kinds| kinds.iter().filter(|own| *own == kind).count());
            let others = self.count_in_use(code, *kind) - i64::try_from(own).unwrap_or_default();
            others < self.count_total(code, *kind)
        };
        let Some((code, kind)) = pools.iter().copied().find(has_one_left) else {
            return Err(self.explain_lack(product, kind, &pools));
        };
        self.take_back(user, code);
        *self.in_use.entry((code.to_owned(), kind)).or_default() += 1;
        Ok((code.to_owned(), kind))
    }

    fn explain_lack(&self, product: &str, kind: Option<LicenseKind>, pools: &[(&str, LicenseKind)]) -> String {
        let wanted =
            kind.map_or_else(|| format!("licence for {product}"), |kind| format!("{kind} licence of {product}"));
        let describe = |(code, kind): &(&str, LicenseKind)| {
            let total = self.count_total(code, *kind);
            (total > 0).then(|| format!("{} of {total} {kind} {code}", self.count_in_use(code, *kind)))
        };
        let held: Vec<String> = pools.iter().filter_map(describe).collect();
        if held.is_empty() {
            return format!("the vault has no {wanted}: add some to `pools`");
        }
        format!("no {wanted} is left: {} are held", held.join(", "))
    }
}
