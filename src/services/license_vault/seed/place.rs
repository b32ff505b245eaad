//! Places a seed's allocations on the licences that a vault has, as if its users had asked for them one after the
//! other: so a seed says nothing that a vault would not do (license-vault §4.4, §9).

use serde_saphyr::Location;

use crate::{
    core::clock::Time,
    domain::organization::email_key,
    seed::{keys::Keys, keys::describe_other, read::Reader},
    services::license_vault::{
        domain::{
            allocation::{LicenseRequest, VaultUser},
            catalogue::Catalogue,
            decide::{MACHINES_PER_LICENSE, is_covered, list_hosts, list_rules_of, may_have, serves_host},
            vault::{AllocationRule, LicenseKind},
        },
        seed::{
            plan::NewPool,
            stock::{HeldLicense, LicenseStock},
        },
    },
};

/// An allocation as it is to be written.
#[derive(Debug)]
pub(crate) struct NewAllocation {
    pub(crate) user: VaultUser,
    /// The licence that is held: of the product, or of a pack.
    pub(crate) product: String,
    pub(crate) kind: LicenseKind,
    /// Since when, where the seed says it.
    pub(crate) since: Option<Time>,
    /// The id of the allocation, where the user has it already.
    pub(crate) held: Option<String>,
    /// The ids of allocations that it takes the place of.
    pub(crate) merges: Vec<String>,
    /// What begins to run on it, and since when.
    pub(crate) running: Vec<(LicenseRequest, Time)>,
}

/// An allocation as a seed asks for it.
pub(super) struct AskedAllocation {
    pub(super) user: VaultUser,
    pub(super) user_at: Location,
    pub(super) product: String,
    pub(super) kind: Option<LicenseKind>,
    /// Of the kind, else of the product.
    pub(super) at: Location,
    pub(super) since: Option<Time>,
    pub(super) running: Vec<AskedProduct>,
}

/// A running product as a seed tells of it.
pub(super) struct AskedProduct {
    pub(super) request: LicenseRequest,
    pub(super) since: Time,
    pub(super) at: Location,
    /// Of the host, else of the product.
    pub(super) host_at: Location,
}

/// What allocations are placed by.
pub(super) struct Placing<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) catalogue: &'a Catalogue,
    /// The rules and the policy of the vault, as the seed leaves them.
    pub(super) rules: Vec<AllocationRule>,
    pub(super) is_strict: bool,
    pub(super) stock: LicenseStock,
}

/// Where in a seed something is wrong, and what.
type Problem = (Location, String);

impl HeldLicense {
    fn list_products(&self) -> impl Iterator<Item = &str> {
        self.running.iter().map(|(product, _)| product.as_str())
    }

    fn list_hosts(&self) -> Vec<&str> {
        list_hosts(self.running.iter().map(|(_, host)| host))
    }
}

impl AskedAllocation {
    fn list_hosts(&self) -> Vec<&str> {
        list_hosts(self.running.iter().map(|running| &running.request.host))
    }
}

impl Placing<'_> {
    /// Places the allocations on the licences that there are with these pools, beside those that are held, and reports
    /// those that a vault would not give.
    pub(super) fn place_all(mut self, pools: &[NewPool], asked: Vec<AskedAllocation>) -> Vec<NewAllocation> {
        for pool in pools {
            self.stock.set_total(&pool.product, pool.kind, pool.total);
            let held = self.stock.count_in_use(&pool.product, pool.kind);
            if held > pool.total {
                let detail = format!("{held} {} licences of {} are held already", pool.kind, pool.product);
                self.reader.report(pool.at, detail);
            }
        }
        asked.into_iter().filter_map(|allocation| self.place(allocation)).collect()
    }

    fn place(&mut self, asked: AskedAllocation) -> Option<NewAllocation> {
        let key = email_key(&asked.user.email);
        let mut licenses = self.stock.held.remove(&key).unwrap_or_default();
        let found = match self.find_held(&licenses, &asked) {
            Some(index) => Ok((index, Vec::new())),
            None => self.give(&mut licenses, &asked),
        };
        if let Err((at, message)) = &found {
            self.reader.report(*at, message);
        }
        let found = found.ok();
        let license = found.as_ref().map(|(index, _)| licenses[*index].product.as_str());
        self.check_running(&asked, license);
        let allocation = found.map(|(index, merges)| {
            let license = &mut licenses[index];
            license.asked_at = Some(asked.at);
            let mut running = Vec::new();
            for AskedProduct { request, since, .. } in asked.running {
                let place = (request.product.clone(), request.host.clone());
                if !license.running.contains(&place) {
                    license.running.push(place);
                    running.push((request, since));
                }
            }
            let HeldLicense { allocation: held, product, kind, .. } = license.clone();
            NewAllocation { user: asked.user, product, kind, since: asked.since, held, merges, running }
        });
        self.stock.held.insert(key, licenses);
        allocation
    }

    /// Finds the licence that the user had before the seed and that the seed means, because a vault gives nobody
    /// another one for what runs on it: rather the one with these machines, and rather the product's own than a pack.
    fn find_held(&self, licenses: &[HeldLicense], asked: &AskedAllocation) -> Option<usize> {
        let codes = self.catalogue.list_licenses_for(&asked.product);
        let hosts = asked.list_hosts();
        let is_meant = |license: &HeldLicense| {
            let is_own = license.product == asked.product;
            let is_of_kind = asked.kind.is_none_or(|kind| is_own && kind == license.kind);
            let all_hosts = license.running.iter().map(|(_, host)| host);
            let all_hosts = list_hosts(all_hosts.chain(asked.running.iter().map(|running| &running.request.host)));
            // What names more machines than any licence serves is refused for these, not given another licence.
            let names_too_many = hosts.len() > MACHINES_PER_LICENSE;
            let has_room = hosts.is_empty() || all_hosts.len() <= MACHINES_PER_LICENSE || names_too_many;
            license.asked_at.is_none() && codes.contains(&license.product.as_str()) && is_of_kind && has_room
        };
        let rank = |license: &HeldLicense| {
            let own_hosts = license.list_hosts();
            (hosts.iter().filter(|host| !own_hosts.contains(host)).count(), license.product != asked.product)
        };
        let meant = licenses.iter().enumerate().filter(|(_, license)| is_meant(license));
        meant.min_by_key(|(_, license)| rank(license)).map(|(index, _)| index)
    }

    /// Gives the user a licence. Returns its place among those of the user, and the ids of the allocations that it
    /// takes the place of.
    ///
    /// unverified: rules hold for all allocations that a seed makes, because nothing says which of the two is older. To
    /// have a licence from before a rule, send the rule with a second seed (license-vault §4.5).
    fn give(
        &mut self,
        licenses: &mut Vec<HeldLicense>,
        asked: &AskedAllocation,
    ) -> Result<(usize, Vec<String>), Problem> {
        let AskedAllocation { user, product, kind, at, user_at, .. } = asked;
        let codes = self.catalogue.list_licenses_for(product);
        if let Some(other) = licenses.iter().find(|license| serves(license, &codes, asked)) {
            let place = self.describe(other.asked_at);
            let detail = format!(
                "{} has a licence of {} already, {place}, and {product} runs on it: one licence serves two machines",
                user.email, other.product
            );
            return Err((*user_at, detail));
        }
        let own_rules = list_rules_of(&self.rules, user);
        let own_code = |code: &&str| kind.is_none() || *code == product;
        let codes: Vec<&str> = codes.into_iter().filter(own_code).collect();
        let allowed: Vec<&str> = codes.into_iter().filter(|code| may_have(self.is_strict, &own_rules, code)).collect();
        if allowed.is_empty() {
            let detail = if own_rules.is_empty() {
                format!("the policy is strict, and no rule names {}", user.email)
            } else {
                format!("the rules that name {} list no licence for {product}", user.email)
            };
            return Err((*at, detail));
        }
        let (code, kind) = self.stock.give(product, &allowed, *kind).map_err(|detail| (*at, detail))?;
        let (replaced, mut kept): (Vec<HeldLicense>, Vec<HeldLicense>) = std::mem::take(licenses)
            .into_iter()
            .partition(|one| is_covered(self.catalogue, &code, &one.product, one.list_products()));
        let contradicted = replaced.iter().find(|one| one.asked_at.is_some()).map(|other| {
            let place = self.describe(other.asked_at);
            let detail = format!(
                "with a licence of {code} the user gives that of {} back, {place}: leave one of them out",
                other.product
            );
            (*user_at, detail)
        });
        let mut running = Vec::new();
        for one in &replaced {
            self.stock.take_back(&one.product, one.kind);
            running.extend(one.running.iter().cloned());
        }
        let merges = replaced.into_iter().filter_map(|one| one.allocation).collect();
        kept.push(HeldLicense { allocation: None, product: code, kind, running, asked_at: Some(*at) });
        *licenses = kept;
        contradicted.map_or(Ok((licenses.len() - 1, merges)), Err)
    }

    /// Checks that what runs on a licence can do so: each product once on a machine, on two machines at most.
    fn check_running(&self, asked: &AskedAllocation, license: Option<&str>) {
        let mut named = Keys::default();
        let mut hosts: Vec<&str> = Vec::new();
        for AskedProduct { request, at, host_at, .. } in &asked.running {
            let LicenseRequest { product, host, .. } = request;
            let licenses = self.catalogue.list_licenses_for(product);
            if license.is_some_and(|license| !licenses.contains(&license)) {
                let detail = match licenses.as_slice() {
                    [] => format!("`{product}` is no product that runs on a licence of the vault"),
                    _ => format!(
                        "{product} does not run on a licence of {}, but on one of {}",
                        license.unwrap_or_default(),
                        licenses.join(" or ")
                    ),
                };
                self.reader.report(*at, detail);
            }
            named.insert(self.reader, (product, host), *at, format!("{product} runs on {host} already"));
            if !serves_host(&hosts, host) {
                self.reader.report(*host_at, "one licence serves two machines, and this is another one");
            } else if !hosts.contains(&host.as_str()) {
                hosts.push(host);
            }
        }
    }

    /// Describes where the seed asks for a licence.
    fn describe(&self, at: Option<Location>) -> String {
        let Some(at) = at else { return "from before the seed".to_owned() };
        let place = self.reader.place(at);
        describe_other(&place, &place.file)
    }
}

/// Whether what is asked for runs on a licence that the user holds, on a machine at least that it has room for.
fn serves(license: &HeldLicense, codes: &[&str], asked: &AskedAllocation) -> bool {
    let (taken, hosts) = (license.list_hosts(), asked.list_hosts());
    let is_on_its_machines = hosts.is_empty() && serves_host(&taken, "");
    codes.contains(&license.product.as_str())
        && (is_on_its_machines || hosts.iter().any(|host| serves_host(&taken, host)))
}
