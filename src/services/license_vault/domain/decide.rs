//! Who gets the next licence (license-vault §4.4). Without the store, so that it can be tested by itself.

use crate::{
    domain::organization::email_key,
    services::license_vault::domain::{
        allocation::{Allocation, LicenseRequest, VaultUser},
        catalogue::{Catalogue, is_pack},
        vault::{AllocationRule, LicenseKind, Pool, Vault},
    },
};

/// What is to be done about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllocationDecision {
    /// The product runs on a licence that the user holds already.
    Reuse {
        allocation: String,
    },
    /// The user gets a licence.
    Give {
        /// The licence's code.
        product: String,
        kind: LicenseKind,
        /// Allocations of the user that the licence covers too. They end, and what runs on them moves to the new one.
        merges: Vec<String>,
        /// The allocation of another user that ends, so that there is a licence to give.
        releases: Option<String>,
    },
    Deny,
}

/// Machines that one licence serves at once (license-vault §4.4).
pub(crate) const MACHINES_PER_LICENSE: usize = 2;

/// Decides about a request of a user with these allocations. First comes a licence that the user holds, then a free
/// one: regular before virtual before true-up, and of each kind the product's own before packs (license-vault §4.4).
/// `find_least_recent` names the allocation of a product and kind that was not seen for the longest time.
///
/// unverified: the place of virtual licences; a third machine needs another licence; a priority rule takes the licence
/// that was not seen for the longest time, of users without such a rule.
pub(crate) fn decide(
    vault: &Vault,
    rules: &[AllocationRule],
    pools: &[Pool],
    allocations: &[Allocation],
    request: &LicenseRequest,
    find_least_recent: impl Fn(&str, LicenseKind) -> Option<String>,
) -> AllocationDecision {
    let own_rules = list_rules_of(rules, &request.user);
    let licenses = vault.catalogue.list_licenses_for(&request.product);
    let codes: Vec<&str> = licenses.into_iter().filter(|code| may_have(vault.strict, &own_rules, code)).collect();
    let can_serve = |allocation: &&Allocation| {
        let hosts = list_hosts(allocation.running.iter().map(|running| &running.host));
        codes.contains(&allocation.product.as_str()) && serves_host(&hosts, &request.host)
    };
    if let Some(allocation) = allocations.iter().find(can_serve) {
        return AllocationDecision::Reuse { allocation: allocation.id.clone() };
    }
    let give = |code: &str, kind: LicenseKind, releases: Option<String>| AllocationDecision::Give {
        product: code.to_owned(),
        kind,
        merges: find_covered(&vault.catalogue, allocations, code),
        releases,
    };
    for (code, kind) in list_pools_in_order(&codes) {
        let pool = pools.iter().find(|pool| pool.product == code && pool.kind == kind);
        if pool.is_some_and(|pool| pool.in_use < pool.total) {
            return give(code, kind, None);
        }
    }
    if own_rules.iter().any(|rule| rule.priority) {
        for (code, kind) in list_pools_in_order(&codes) {
            if let Some(victim) = find_least_recent(code, kind) {
                return give(code, kind, Some(victim));
            }
        }
    }
    AllocationDecision::Deny
}

/// Lists the rules that name a user.
pub(crate) fn list_rules_of<'a>(rules: &'a [AllocationRule], user: &VaultUser) -> Vec<&'a AllocationRule> {
    let key = email_key(&user.email);
    rules.iter().filter(|rule| rule.users.iter().any(|named| email_key(named) == key)).collect()
}

/// Whether a user may have a licence: by the rules that name the user, else by the vault's policy (license-vault §4.4).
pub(crate) fn may_have(is_strict: bool, own_rules: &[&AllocationRule], code: &str) -> bool {
    if own_rules.is_empty() {
        return !is_strict;
    }
    own_rules.iter().any(|rule| rule.products.iter().any(|product| product == code))
}

/// Lists the different hosts that products run on, because a licence serves machines, however much runs on each.
pub(crate) fn list_hosts<'a>(hosts: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut hosts: Vec<&str> = hosts.map(String::as_str).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// Whether a licence that products run on at these different hosts serves one more product at a host.
pub(crate) fn serves_host(hosts: &[&str], host: &str) -> bool {
    hosts.contains(&host) || hosts.len() < MACHINES_PER_LICENSE
}

/// Whether a pack takes the place of a licence that a user holds, with what runs on it (license-vault §4.4).
pub(crate) fn is_covered<'a>(
    catalogue: &Catalogue,
    pack: &str,
    license: &str,
    mut running: impl Iterator<Item = &'a str>,
) -> bool {
    let runs_on_pack = |product: &str| catalogue.list_licenses_for(product).contains(&pack);
    is_pack(pack) && license != pack && runs_on_pack(license) && running.all(runs_on_pack)
}

/// Lists the pools of these licences in the order in which they are asked for a free one: by kind, and within a kind
/// in the order of the codes.
pub(crate) fn list_pools_in_order<'a>(codes: &'a [&'a str]) -> impl Iterator<Item = (&'a str, LicenseKind)> {
    LicenseKind::ALL.into_iter().flat_map(move |kind| codes.iter().map(move |code| (*code, kind)))
}

/// Finds the allocations that a pack covers, because they are released when the pack is given (license-vault §4.4).
fn find_covered(catalogue: &Catalogue, allocations: &[Allocation], pack: &str) -> Vec<String> {
    let is_covered = |allocation: &&Allocation| {
        let running = allocation.running.iter().map(|running| running.product.as_str());
        is_covered(catalogue, pack, &allocation.product, running)
    };
    allocations.iter().filter(is_covered).map(|allocation| allocation.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::clock::parse,
        domain::organization::{Organization, OrganizationId},
        services::license_vault::domain::{
            allocation::Connection,
            vault::{Plan, VaultId},
        },
    };

    fn vault(strict: bool) -> Vault {
        let organization =
            Organization { id: OrganizationId(1), name: String::new(), customer_code: 1, org_id: String::new() };
        let (plan, name) = (Plan::OrganizationTrueUp, "example".to_owned());
        Vault { id: VaultId(1), organization, name, plan, floating: false, strict, catalogue: Catalogue::default() }
    }

    fn pool(product: &str, kind: LicenseKind, total: i64, in_use: i64) -> Pool {
        Pool { product: product.to_owned(), kind, total, in_use }
    }

    fn request(product: &str, host: &str) -> LicenseRequest {
        LicenseRequest {
            user: VaultUser::from_email("bob@example.test"),
            product: product.to_owned(),
            version: String::new(),
            host: host.to_owned(),
            ip: String::new(),
        }
    }

    fn allocation(id: &str, product: &str, running: &[(&str, &str)]) -> Allocation {
        let now = parse("2026-01-15").unwrap();
        let connection = |(product, host): &(&str, &str)| Connection {
            id: format!("{product}@{host}"),
            product: (*product).to_owned(),
            version: String::new(),
            host: (*host).to_owned(),
            ip: String::new(),
            connected_at: now,
            last_seen_at: now,
        };
        Allocation {
            id: id.to_owned(),
            user: VaultUser::from_email("bob@example.test"),
            product: product.to_owned(),
            kind: LicenseKind::Regular,
            allocated_at: now,
            last_seen_at: now,
            running: running.iter().map(connection).collect(),
        }
    }

    fn find_free(pools: &[Pool], product: &str) -> Option<(String, LicenseKind)> {
        match decide(&vault(false), &[], pools, &[], &request(product, "a"), |_, _| None) {
            AllocationDecision::Give { product, kind, .. } => Some((product, kind)),
            AllocationDecision::Reuse { .. } | AllocationDecision::Deny => None,
        }
    }

    #[test]
    fn free_licences_are_searched_by_kind_then_own_before_packs() {
        use LicenseKind::{Regular, TrueUp, Virtual};
        let mut pools = vec![
            pool("ALL", TrueUp, 1, 0),
            pool("II", TrueUp, 1, 0),
            pool("ALL", Virtual, 1, 0),
            pool("II", Virtual, 1, 0),
            pool("ALL", Regular, 1, 0),
            pool("II", Regular, 1, 0),
        ];
        for expected in
            [("II", Regular), ("ALL", Regular), ("II", Virtual), ("ALL", Virtual), ("II", TrueUp), ("ALL", TrueUp)]
        {
            assert_eq!(find_free(&pools, "II"), Some((expected.0.to_owned(), expected.1)));
            pools.pop();
        }
        assert_eq!(find_free(&pools, "II"), None);
        assert_eq!(find_free(&[pool("ALL", Regular, 1, 0)], "Some plug-in"), None);
        assert_eq!(
            find_free(&[pool("ALL", Regular, 9, 0), pool("DUL", Regular, 1, 0)], "DM"),
            Some(("DUL".to_owned(), Regular))
        );
    }

    #[test]
    fn one_licence_serves_two_machines() {
        let one = [allocation("a1", "II", &[("II", "a")])];
        let two = [allocation("a1", "II", &[("II", "a"), ("II", "b")])];
        let decision = |allocations: &[Allocation], host| {
            let pools = [pool("II", LicenseKind::Regular, 9, 1)];
            decide(&vault(false), &[], &pools, allocations, &request("II", host), |_, _| None)
        };
        let reuse = AllocationDecision::Reuse { allocation: "a1".to_owned() };
        assert_eq!(decision(&one, "b"), reuse);
        assert_eq!(decision(&two, "b"), reuse);
        assert!(matches!(decision(&two, "c"), AllocationDecision::Give { .. }));
    }

    #[test]
    fn a_pack_takes_over_what_it_covers() {
        let allocations = [allocation("a1", "II", &[("II", "a")]), allocation("a2", "GO", &[])];
        let pools = [pool("ALL", LicenseKind::Regular, 1, 0)];
        let decision = decide(&vault(false), &[], &pools, &allocations, &request("WS", "a"), |_, _| None);
        let AllocationDecision::Give { product, merges, .. } = decision else { panic!("{decision:?}") };
        assert_eq!((product.as_str(), merges), ("ALL", vec!["a1".to_owned(), "a2".to_owned()]));
    }

    #[test]
    fn rules_limit_what_users_get_and_let_some_take_from_others() {
        let rule = |users: &[&str], products: &[&str], priority| AllocationRule {
            users: users.iter().map(ToString::to_string).collect(),
            products: products.iter().map(ToString::to_string).collect(),
            priority,
        };
        let pools = [pool("II", LicenseKind::Regular, 1, 0), pool("WS", LicenseKind::Regular, 1, 1)];
        let decision = |strict, rules: &[AllocationRule], product| {
            decide(&vault(strict), rules, &pools, &[], &request(product, "a"), |_, kind| {
                (kind == LicenseKind::Regular).then(|| "victim".to_owned())
            })
        };
        assert_eq!(decision(true, &[], "II"), AllocationDecision::Deny);
        assert_eq!(decision(false, &[rule(&["BOB@example.test"], &["GO"], false)], "II"), AllocationDecision::Deny);
        assert!(matches!(
            decision(true, &[rule(&["bob@example.test"], &["II"], false)], "II"),
            AllocationDecision::Give { releases: None, .. }
        ));
        assert_eq!(decision(false, &[rule(&["eve@example.test"], &["GO"], false)], "WS"), AllocationDecision::Deny);
        assert!(matches!(
            decision(false, &[rule(&["bob@example.test"], &["WS"], true)], "WS"),
            AllocationDecision::Give { releases: Some(_), .. }
        ));
    }
}
