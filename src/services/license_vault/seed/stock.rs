//! The licences that a vault has and those that are held, because a seed never holds out more than the vault has
//! (license-vault §9).

use std::collections::HashMap;

use serde_saphyr::Location;

use crate::{
    core::{error::Error, now::Now},
    domain::organization::{OrganizationId, email_key},
    services::license_vault::{
        domain::{
            allocation::{Allocation, AllocationFilter},
            decide::list_pools_in_order,
            vault::{AllocationRule, LicenseKind, Pool},
        },
        store,
    },
    store::{ReadWrite, Session},
};

/// A pool's licence: its code and its kind.
type License = (String, LicenseKind);

/// A licence that a user holds while a seed is checked.
#[derive(Debug, Clone)]
pub(super) struct HeldLicense {
    /// Of the allocation that there was before the seed; `None` for one that the seed makes.
    pub(super) allocation: Option<String>,
    pub(super) product: String,
    pub(super) kind: LicenseKind,
    /// What runs on it: the product's code and the host.
    pub(super) running: Vec<(String, String)>,
    /// Where the seed asks for it; `None` while it does not.
    pub(super) asked_at: Option<Location>,
}

/// The licences that a vault has and those that are held, while a seed is checked.
#[derive(Debug, Default, Clone)]
pub(crate) struct LicenseStock {
    totals: HashMap<License, i64>,
    in_use: HashMap<License, i64>,
    /// What each user holds, by the key of the user's address; first what was there before the seed.
    pub(super) held: HashMap<String, Vec<HeldLicense>>,
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
    let pools = store::vault::list_pools(db, &vault, &Now::at(now)).await?;
    let allocations = store::allocations::list_live(db, &vault, &Now::at(now), AllocationFilter::Everybody).await?;
    Ok(LicenseStock { rules, ..LicenseStock::new(pools, allocations) })
}

impl LicenseStock {
    fn new(pools: Vec<Pool>, allocations: Vec<Allocation>) -> Self {
        let totals = pools.into_iter().map(|pool| ((pool.product, pool.kind), pool.total)).collect();
        let mut stock = Self { totals, ..Self::default() };
        for Allocation { id, user, product, kind, running, .. } in allocations {
            *stock.in_use.entry((product.clone(), kind)).or_default() += 1;
            let running = running.into_iter().map(|running| (running.product, running.host)).collect();
            let held = HeldLicense { allocation: Some(id), product, kind, running, asked_at: None };
            stock.held.entry(email_key(&user.email)).or_default().push(held);
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

    /// Takes a licence of a product and kind back.
    pub(super) fn take_back(&mut self, product: &str, kind: LicenseKind) {
        *self.in_use.entry((product.to_owned(), kind)).or_default() -= 1;
    }

    /// Gives out one of these licences, which the product can run on, in the order in which a vault gives them out; one
    /// of `kind`, if that is told. The error says why there is none.
    pub(super) fn give(&mut self, product: &str, codes: &[&str], kind: Option<LicenseKind>) -> Result<License, String> {
        let kinds = |pool: &(&str, LicenseKind)| kind.is_none_or(|kind| kind == pool.1);
        let pools: Vec<(&str, LicenseKind)> = list_pools_in_order(codes).filter(kinds).collect();
        let has_one_left =
            |(code, kind): &(&str, LicenseKind)| self.count_in_use(code, *kind) < self.count_total(code, *kind);
        let Some((code, kind)) = pools.iter().copied().find(has_one_left) else {
            return Err(self.explain_lack(product, kind, &pools));
        };
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
