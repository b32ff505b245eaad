//! License vaults: pools of licences, who holds them, and who gets the next one (license-vault §4).

use std::{fmt, str::FromStr};

use chrono::TimeDelta;

use crate::{
    core::clock::Time,
    domain::organization::{Organization, email_key},
};

/// A vault's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VaultId(pub i64);

/// A vault.
#[derive(Debug, Clone)]
pub struct Vault {
    pub id: VaultId,
    pub organization: Organization,
    /// Its name, as in `<name>.fls.jetbrains.com`.
    pub name: String,
    pub plan: Plan,
    /// Licences are given back when an IDE closes.
    pub floating: bool,
    /// Who no rule names gets nothing.
    pub strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Two months to try.
    Trial,
    /// Prepaid licences, and more that are billed later.
    OrganizationTrueUp,
    /// Licences that float.
    EnterpriseFloating,
    /// For teaching.
    Classroom,
}

impl Plan {
    /// Licences float where nothing else is said (license-vault §4.5).
    ///
    /// unverified: those of a classroom do not.
    pub fn floats(self) -> bool {
        self == Self::EnterpriseFloating
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "trial" => Ok(Self::Trial),
            "organization_true_up" => Ok(Self::OrganizationTrueUp),
            "enterprise_floating" => Ok(Self::EnterpriseFloating),
            "classroom" => Ok(Self::Classroom),
            _ => Err(format!(
                "`{text}` is not a plan: expected trial, organization_true_up, enterprise_floating or classroom"
            )),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trial => "trial",
            Self::OrganizationTrueUp => "organization_true_up",
            Self::EnterpriseFloating => "enterprise_floating",
            Self::Classroom => "classroom",
        })
    }
}

impl Vault {
    /// How long after it was last heard of a licence is given back (license-vault §4.5).
    ///
    /// unverified: exactly 20 minutes, without the up to ten more that noticing takes; a month is 30 days.
    pub fn release_after(&self) -> TimeDelta {
        if self.floating { TimeDelta::minutes(20) } else { TimeDelta::days(30) }
    }

    /// How many licences may be revoked in a calendar month; `None` for any number (license-vault §4.5).
    ///
    /// unverified: any number in a classroom.
    pub fn revocations_per_month(&self) -> Option<i64> {
        match self.plan {
            Plan::OrganizationTrueUp => Some(5),
            Plan::Trial if !self.floating => Some(5),
            Plan::Trial | Plan::EnterpriseFloating | Plan::Classroom => None,
        }
    }
}

/// How a licence was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// In advance.
    Regular,
    /// For evaluation.
    Virtual,
    /// Billed later.
    TrueUp,
}

impl Kind {
    /// In the order in which they are given out.
    ///
    /// unverified: the place of virtual ones (license-vault §4.4).
    pub const ALL: [Self; 3] = [Self::Regular, Self::Virtual, Self::TrueUp];
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "regular" => Ok(Self::Regular),
            "virtual" => Ok(Self::Virtual),
            "true_up" => Ok(Self::TrueUp),
            _ => Err(format!("`{text}` is not a kind: expected regular, true_up or virtual")),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regular => "regular",
            Self::Virtual => "virtual",
            Self::TrueUp => "true_up",
        })
    }
}

/// What licences are counted for, by code (license-vault §4.3).
pub const CATALOGUE: [(&str, &str); 15] = [
    ("ALL", "All Products Pack"),
    ("CL", "CLion"),
    ("DB", "DataGrip"),
    ("DS", "DataSpell"),
    ("DUL", "dotUltimate"),
    ("GO", "GoLand"),
    ("II", "IntelliJ IDEA Ultimate"),
    ("PC", "PyCharm"),
    ("PS", "PhpStorm"),
    ("RC", "ReSharper C++"),
    ("RD", "Rider"),
    ("RM", "RubyMine"),
    ("RR", "RustRover"),
    ("RS0", "ReSharper"),
    ("WS", "WebStorm"),
];

/// Products of packs that have no row of their own: codes of the older server (license-vault §4.3).
const TOOLS: [(&str, &str); 3] = [("DC", "dotCover"), ("DM", "dotMemory"), ("DPN", "dotTrace")];

/// A product's name; one that nobody knows, like a plug-in's, is its own name.
pub fn product_name(code: &str) -> &str {
    CATALOGUE.iter().chain(&TOOLS).find(|(known, _)| *known == code).map_or(code, |(_, name)| name)
}

/// The licences that a product can run on, its own first, then packs, the smaller first.
///
/// unverified: what the packs hold; dotUltimate before the All Products Pack (license-vault §4.4).
pub fn licenses_for(product: &str) -> Vec<&'static str> {
    const OF_DOT_ULTIMATE: [&str; 6] = ["DC", "DM", "DPN", "RC", "RD", "RS0"];
    let mut codes = Vec::new();
    let own = CATALOGUE.iter().find(|(code, _)| *code == product);
    codes.extend(own.map(|(code, _)| *code));
    if OF_DOT_ULTIMATE.contains(&product) {
        codes.push("DUL");
    }
    let in_all_products = own.is_some() || TOOLS.iter().any(|(code, _)| *code == product);
    if in_all_products && product != "ALL" {
        codes.push("ALL");
    }
    codes
}

fn is_pack(code: &str) -> bool {
    ["ALL", "DUL"].contains(&code)
}

/// Licences of one product and kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The licence's code.
    pub product: String,
    /// How they were bought.
    pub kind: Kind,
    /// How many there are.
    pub total: i64,
    /// How many somebody holds.
    pub in_use: i64,
}

/// Who may have what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Addresses.
    pub users: Vec<String>,
    /// Codes of licences.
    pub products: Vec<String>,
    /// Obtains a licence even when none is free.
    pub priority: bool,
}

/// Somebody as the vault knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultUser {
    pub username: String,
    pub email: String,
}

impl VaultUser {
    /// Somebody by address.
    ///
    /// unverified: the login name is what stands before the `@` (license-vault §8.6).
    pub fn of(email: &str) -> Self {
        let username = email.split('@').next().unwrap_or(email).to_owned();
        Self { username, email: email.to_owned() }
    }
}

/// A licence in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// Its id: stays while products and machines change.
    pub id: String,
    /// Whose.
    pub user: VaultUser,
    /// The licence's code.
    pub product: String,
    /// How it was bought.
    pub kind: Kind,
    /// Since when.
    pub allocated_at: Time,
    /// When one of its products was last heard of.
    pub last_seen_at: Time,
    /// What runs on it.
    pub running: Vec<Connection>,
}

/// A running product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub id: String,
    /// The product's code.
    pub product: String,
    pub version: String,
    /// Where it runs.
    pub host: String,
    /// From where it calls.
    pub ip: String,
    /// Since when.
    pub connected_at: Time,
    /// When it was last heard of.
    pub last_seen_at: Time,
}

/// A product that asks for a licence.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who starts it.
    pub user: VaultUser,
    pub product: String,
    pub version: String,
    /// Where it runs.
    pub host: String,
    /// From where it calls.
    pub ip: String,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The user holds a licence that it can run on.
    Reuse { allocation: String },
    /// A free licence is given out.
    Give {
        /// The licence's code.
        product: String,
        /// How it was bought.
        kind: Kind,
        /// Allocations of the user that the licence covers as well: they end, their products run on it.
        absorbs: Vec<String>,
        /// Who loses an allocation for it.
        takes: Option<String>,
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
pub fn decide(
    vault: &Vault,
    rules: &[Rule],
    pools: &[Pool],
    held: &[Allocation],
    request: &Request,
    least_recent: impl Fn(&str, Kind) -> Option<String>,
) -> Decision {
    let names = |rule: &&Rule| rule.users.iter().any(|user| email_key(user) == email_key(&request.user.email));
    let own_rules: Vec<&Rule> = rules.iter().filter(names).collect();
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
        return Decision::Reuse { allocation: allocation.id.clone() };
    }
    let give = |code: &str, kind: Kind, takes: Option<String>| Decision::Give {
        product: code.to_owned(),
        kind,
        absorbs: if is_pack(code) { covered(held, code) } else { Vec::new() },
        takes,
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
    Decision::Deny
}

/// What a user holds separately that a pack covers: released when the pack is given (license-vault §4.4).
fn covered(held: &[Allocation], pack: &str) -> Vec<String> {
    let is_covered = |allocation: &&Allocation| {
        allocation.product != pack
            && allocation.running.iter().all(|running| licenses_for(&running.product).contains(&pack))
            && (pack == "ALL" || licenses_for(&allocation.product).contains(&pack))
    };
    held.iter().filter(is_covered).map(|allocation| allocation.id.clone()).collect()
}

/// A request that found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// When.
    pub at: Time,
    /// Whose.
    pub user: VaultUser,
    /// Where it came from.
    pub host: String,
    /// From where it called.
    pub ip: String,
    /// What was asked for: a product's name, or a plug-in's.
    pub product_name: String,
    pub product_version: String,
    /// Why.
    pub reason: String,
    /// Why, in words.
    pub description: String,
}

/// The only reason seen (license-vault §2.3).
pub const DENIAL_REASON: &str = "CANCELLED";
/// The only description seen (license-vault §2.3).
pub const DENIAL_DESCRIPTION: &str = "Unable to find suitable license";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::clock::parse, domain::organization::OrganizationId};

    fn vault(strict: bool) -> Vault {
        let organization =
            Organization { id: OrganizationId(1), name: String::new(), customer_code: 1, org_id: String::new() };
        let (plan, name) = (Plan::OrganizationTrueUp, "example".to_owned());
        Vault { id: VaultId(1), organization, name, plan, floating: false, strict }
    }

    fn pool(product: &str, kind: Kind, total: i64, in_use: i64) -> Pool {
        Pool { product: product.to_owned(), kind, total, in_use }
    }

    fn request(product: &str, host: &str) -> Request {
        Request {
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
            Decision::Give { product, kind, .. } => Some((product, kind)),
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
        let reuse = Decision::Reuse { allocation: "a1".to_owned() };
        assert_eq!(decision(&one, "b"), reuse);
        assert_eq!(decision(&two, "b"), reuse);
        assert!(matches!(decision(&two, "c"), Decision::Give { .. }));
    }

    #[test]
    fn a_pack_takes_over_what_it_covers() {
        let held = [held("a1", "II", &[("II", "a")]), held("a2", "GO", &[])];
        let pools = [pool("ALL", Kind::Regular, 1, 0)];
        let decision = decide(&vault(false), &[], &pools, &held, &request("WS", "a"), |_, _| None);
        let Decision::Give { product, absorbs, .. } = decision else { panic!("{decision:?}") };
        assert_eq!((product.as_str(), absorbs), ("ALL", vec!["a1".to_owned(), "a2".to_owned()]));
    }

    #[test]
    fn rules() {
        let rule = |users: &[&str], products: &[&str], priority| Rule {
            users: users.iter().map(ToString::to_string).collect(),
            products: products.iter().map(ToString::to_string).collect(),
            priority,
        };
        let pools = [pool("II", Kind::Regular, 1, 0), pool("WS", Kind::Regular, 1, 1)];
        let decision = |strict, rules: &[Rule], product| {
            decide(&vault(strict), rules, &pools, &[], &request(product, "a"), |_, kind| {
                (kind == Kind::Regular).then(|| "victim".to_owned())
            })
        };
        assert_eq!(decision(true, &[], "II"), Decision::Deny);
        assert_eq!(decision(false, &[rule(&["BOB@example.test"], &["GO"], false)], "II"), Decision::Deny);
        assert!(matches!(
            decision(true, &[rule(&["bob@example.test"], &["II"], false)], "II"),
            Decision::Give { takes: None, .. }
        ));
        assert_eq!(decision(false, &[rule(&["eve@example.test"], &["GO"], false)], "WS"), Decision::Deny);
        assert!(matches!(
            decision(false, &[rule(&["bob@example.test"], &["WS"], true)], "WS"),
            Decision::Give { takes: Some(_), .. }
        ));
    }

    #[test]
    fn the_catalogue_is_sorted() {
        assert!(CATALOGUE.is_sorted_by_key(|(code, _)| *code));
    }
}
