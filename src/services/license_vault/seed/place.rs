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
            decide::{is_covered, list_rules_of, may_have, serves_host},
            vault::{AllocationRule, LicenseKind},
        },
        seed::{plan::NewPool, stock::LicenseStock},
    },
};

/// An allocation as it is to be written.
#[derive(Debug)]
pub(crate) struct NewAllocation {
    pub(crate) user: VaultUser,
    /// What the seed asks for.
    pub(crate) asked_product: String,
    /// The licence that is held: of the product, or of a pack.
    pub(crate) product: String,
    pub(crate) kind: LicenseKind,
    pub(crate) since: Time,
    /// What runs on it, and since when.
    pub(crate) running: Vec<(LicenseRequest, Time)>,
    /// Where the seed asks for it.
    at: Location,
}

/// An allocation as a seed asks for it.
pub(super) struct AskedAllocation {
    pub(super) user: VaultUser,
    pub(super) user_at: Location,
    pub(super) product: String,
    pub(super) kind: Option<LicenseKind>,
    /// Of the kind, else of the product.
    pub(super) at: Location,
    pub(super) since: Time,
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

/// Lists the different hosts that products run on.
fn list_hosts<'a>(running: impl Iterator<Item = &'a LicenseRequest>) -> Vec<&'a str> {
    let mut hosts: Vec<&str> = running.map(|request| request.host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

impl Placing<'_> {
    /// Places the allocations on the licences that there are with these pools, and reports those that a vault would not
    /// give. What the users held of the same licences before goes, because the seed says it anew.
    pub(super) fn place_all(mut self, pools: &[NewPool], asked: Vec<AskedAllocation>) -> Vec<NewAllocation> {
        for pool in pools {
            self.stock.set_total(&pool.product, pool.kind, pool.total);
        }
        for allocation in &asked {
            self.stock.take_back(&allocation.user, &allocation.product);
        }
        for pool in pools {
            let held = self.stock.count_in_use(&pool.product, pool.kind);
            if held > pool.total {
                let detail = format!("{held} {} licences of {} are held already", pool.kind, pool.product);
                self.reader.report(pool.at, detail);
            }
        }
        let mut placed = Vec::new();
        for allocation in asked {
            placed.extend(self.place(&placed, allocation));
        }
        placed
    }

    fn place(&mut self, placed: &[NewAllocation], asked: AskedAllocation) -> Option<NewAllocation> {
        let earlier: Vec<&NewAllocation> =
            placed.iter().filter(|one| email_key(&one.user.email) == email_key(&asked.user.email)).collect();
        let placed = self.find_license(&earlier, &asked);
        if let Err((at, message)) = &placed {
            self.reader.report(*at, message);
        }
        let license = placed.as_ref().ok().map(|(code, _)| code.as_str());
        self.check_running(&asked, license);
        let (product, kind) = placed.ok()?;
        Some(NewAllocation {
            user: asked.user,
            asked_product: asked.product,
            product,
            kind,
            since: asked.since,
            running: asked.running.into_iter().map(|running| (running.request, running.since)).collect(),
            at: asked.at,
        })
    }

    /// Finds the licence that the user gets. The error says where the seed is wrong.
    ///
    /// unverified: rules hold for all allocations of a seed, because nothing says which of the two is older. To have a
    /// licence from before a rule, send the rule with a second seed (license-vault §4.5).
    fn find_license(
        &mut self,
        earlier: &[&NewAllocation],
        asked: &AskedAllocation,
    ) -> Result<(String, LicenseKind), (Location, String)> {
        let AskedAllocation { user, product, kind, at, user_at, .. } = asked;
        let licenses = self.catalogue.list_licenses_for(product);
        let hosts = list_hosts(asked.running.iter().map(|running| &running.request));
        let serves = |one: &&&NewAllocation| {
            let taken = list_hosts(one.running.iter().map(|(request, _)| request));
            let is_on_its_machines = hosts.is_empty() && serves_host(&taken, "");
            licenses.contains(&one.product.as_str())
                && (is_on_its_machines || hosts.iter().any(|host| serves_host(&taken, host)))
        };
        if let Some(other) = earlier.iter().find(serves) {
            let place = self.describe(other.at);
            let detail = format!(
                "{} has a licence of {} already, {place}, and {product} runs on it: one licence serves two machines",
                user.email, other.product
            );
            return Err((*user_at, detail));
        }
        let own_rules = list_rules_of(&self.rules, user);
        let own_code = |code: &&str| kind.is_none() || *code == product;
        let codes: Vec<&str> = licenses.into_iter().filter(own_code).collect();
        let allowed: Vec<&str> = codes.into_iter().filter(|code| may_have(self.is_strict, &own_rules, code)).collect();
        if allowed.is_empty() {
            let detail = if own_rules.is_empty() {
                format!("the policy is strict, and no rule names {}", user.email)
            } else {
                format!("the rules that name {} list no licence for {product}", user.email)
            };
            return Err((*at, detail));
        }
        let (code, kind) = self.stock.give(user, product, &allowed, *kind).map_err(|detail| (*at, detail))?;
        let is_replaced = |one: &&&NewAllocation| {
            let running = one.running.iter().map(|(request, _)| request.product.as_str());
            is_covered(self.catalogue, &code, &one.product, running)
        };
        if let Some(other) = earlier.iter().find(is_replaced) {
            let place = self.describe(other.at);
            let detail = format!(
                "with a licence of {code} the user gives that of {} back, {place}: leave one of them out",
                other.product
            );
            return Err((*user_at, detail));
        }
        Ok((code, kind))
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

    fn describe(&self, at: Location) -> String {
        let place = self.reader.place(at);
        describe_other(&place, &place.file)
    }
}
