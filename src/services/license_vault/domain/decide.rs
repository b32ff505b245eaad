//! Who gets the next licence: the rule alone, without the store (license-vault §4.4).

use crate::{
    domain::organization::email_key,
    services::license_vault::domain::{
        allocation::{Allocation, LicenseRequest},
        catalogue::{is_pack, licenses_for},
        vault::{AllocationRule, Kind, Pool, Vault},
    },
};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllocationDecision {
    /// The user holds a licence that it can run on.
    Reuse { allocation: String },
    /// A free licence is given out.
    Give {
        /// The licence's code.
        product: String,
        /// How it was bought.
        kind: Kind,
        /// Allocations of the user that the licence covers as well: they end, and what ran on them runs on it.
        merges: Vec<String>,
        /// The allocation of somebody else that ends for it.
        releases: Option<String>,
    },
    /// There is none for it.
    Deny,
}

/// Machines that one licence serves at once (license-vault §4.4).
const MACHINES: usize = 2;

/// Decides about a request (license-vault §4.4): what the user holds, then regular, virtual and true-up licences, of
/// the product before packs.
///
/// unverified: a third machine needs another licence; a priority rule takes a licence from whoever without one was
/// last heard of longest ago.
pub(crate) fn decide(
    vault: &Vault,
    rules: &[AllocationRule],
    pools: &[Pool],
    held: &[Allocation],
    request: &LicenseRequest,
    least_recent: impl Fn(&str, Kind) -> Option<String>,
) -> AllocationDecision {
    let names =
        |rule: &&AllocationRule| rule.users.iter().any(|user| email_key(user) == email_key(&request.user.email));
    let own_rules: Vec<&AllocationRule> = rules.iter().filter(names).collect();
    let allowed = |code: &str| {
        if own_rules.is_empty() {
            !vault.strict
        } else {
            own_rules.iter().any(|rule| rule.products.iter().any(|p| p == code))
        }
    };
    let codes: Vec<&str> = licenses_for(&request.product).into_iter().filter(|code| allowed(code)).collect();
    let serves = |allocation: &&Allocation| {
        let mut hosts: Vec<&str> = allocation.running.iter().map(|running| running.host.as_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        codes.contains(&allocation.product.as_str())
            && (hosts.contains(&request.host.as_str()) || hosts.len() < MACHINES)
    };
    if let Some(allocation) = held.iter().find(serves) {
        return AllocationDecision::Reuse { allocation: allocation.id.clone() };
    }
    let give = |code: &str, kind: Kind, releases: Option<String>| AllocationDecision::Give {
        product: code.to_owned(),
        kind,
        merges: if is_pack(code) { find_covered(held, code) } else { Vec::new() },
        releases,
    };
    for kind in Kind::ALL {
        for code in &codes {
            let pool = pools.iter().find(|pool| pool.product == *code && pool.kind == kind);
            if pool.is_some_and(|pool| pool.in_use < pool.total) {
                return give(code, kind, None);
            }
        }
    }
    if own_rules.iter().any(|rule| rule.priority) {
        for kind in Kind::ALL {
            for code in &codes {
                if let Some(victim) = least_recent(code, kind) {
                    return give(code, kind, Some(victim));
                }
            }
        }
    }
    AllocationDecision::Deny
}

/// What a user holds separately that a pack covers: released when the pack is given (license-vault §4.4).
fn find_covered(held: &[Allocation], pack: &str) -> Vec<String> {
    let is_covered = |allocation: &&Allocation| {
        allocation.product != pack
            && allocation.running.iter().all(|running| licenses_for(&running.product).contains(&pack))
            && (pack == "ALL" || licenses_for(&allocation.product).contains(&pack))
    };
    held.iter().filter(is_covered).map(|allocation| allocation.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::clock::parse,
        domain::organization::{Organization, OrganizationId},
        services::license_vault::domain::{
            allocation::{Connection, VaultUser},
            vault::{Plan, VaultId},
        },
    };

    fn vault(strict: bool) -> Vault {
        let organization =
            Organization { id: OrganizationId(1), name: String::new(), customer_code: 1, org_id: String::new() };
        let (plan, name) = (Plan::OrganizationTrueUp, "example".to_owned());
        Vault { id: VaultId(1), organization, name, plan, floating: false, strict }
    }

    fn pool(product: &str, kind: Kind, total: i64, in_use: i64) -> Pool {
        Pool { product: product.to_owned(), kind, total, in_use }
    }

    fn request(product: &str, host: &str) -> LicenseRequest {
        LicenseRequest {
            user: VaultUser::of("bob@example.test"),
            product: product.to_owned(),
            version: String::new(),
            host: host.to_owned(),
            ip: String::new(),
        }
    }

    fn held(id: &str, product: &str, running: &[(&str, &str)]) -> Allocation {
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
            user: VaultUser::of("bob@example.test"),
            product: product.to_owned(),
            kind: Kind::Regular,
            allocated_at: now,
            last_seen_at: now,
            running: running.iter().map(connection).collect(),
        }
    }

    fn given(pools: &[Pool], product: &str) -> Option<(String, Kind)> {
        match decide(&vault(false), &[], pools, &[], &request(product, "a"), |_, _| None) {
            AllocationDecision::Give { product, kind, .. } => Some((product, kind)),
            _ => None,
        }
    }

    #[test]
    fn the_order_of_the_search() {
        use Kind::{Regular, TrueUp, Virtual};
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
            assert_eq!(given(&pools, "II"), Some((expected.0.to_owned(), expected.1)));
            pools.pop();
        }
        assert_eq!(given(&pools, "II"), None);
        assert_eq!(given(&[pool("ALL", Regular, 1, 0)], "Some plug-in"), None);
        assert_eq!(
            given(&[pool("ALL", Regular, 9, 0), pool("DUL", Regular, 1, 0)], "DM"),
            Some(("DUL".to_owned(), Regular))
        );
    }

    #[test]
    fn one_licence_two_machines() {
        let one = [held("a1", "II", &[("II", "a")])];
        let two = [held("a1", "II", &[("II", "a"), ("II", "b")])];
        let decision = |held: &[Allocation], host| {
            decide(&vault(false), &[], &[pool("II", Kind::Regular, 9, 1)], held, &request("II", host), |_, _| None)
        };
        let reuse = AllocationDecision::Reuse { allocation: "a1".to_owned() };
        assert_eq!(decision(&one, "b"), reuse);
        assert_eq!(decision(&two, "b"), reuse);
        assert!(matches!(decision(&two, "c"), AllocationDecision::Give { .. }));
    }

    #[test]
    fn a_pack_takes_over_what_it_covers() {
        let held = [held("a1", "II", &[("II", "a")]), held("a2", "GO", &[])];
        let pools = [pool("ALL", Kind::Regular, 1, 0)];
        let decision = decide(&vault(false), &[], &pools, &held, &request("WS", "a"), |_, _| None);
        let AllocationDecision::Give { product, merges, .. } = decision else { panic!("{decision:?}") };
        assert_eq!((product.as_str(), merges), ("ALL", vec!["a1".to_owned(), "a2".to_owned()]));
    }

    #[test]
    fn rules() {
        let rule = |users: &[&str], products: &[&str], priority| AllocationRule {
            users: users.iter().map(ToString::to_string).collect(),
            products: products.iter().map(ToString::to_string).collect(),
            priority,
        };
        let pools = [pool("II", Kind::Regular, 1, 0), pool("WS", Kind::Regular, 1, 1)];
        let decision = |strict, rules: &[AllocationRule], product| {
            decide(&vault(strict), rules, &pools, &[], &request(product, "a"), |_, kind| {
                (kind == Kind::Regular).then(|| "victim".to_owned())
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
