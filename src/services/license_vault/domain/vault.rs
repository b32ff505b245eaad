//! License vaults: what they are, what they hold, and what their plans allow (license-vault §4).

use chrono::TimeDelta;

use crate::{core::clock::Time, domain::organization::Organization};

/// A vault's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VaultId(pub(crate) i64);

/// A vault.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vault {
    pub(crate) id: VaultId,
    pub(crate) organization: Organization,
    /// Its name, as in `<name>.fls.jetbrains.com`.
    pub(crate) name: String,
    pub(crate) plan: Plan,
    /// Licences are given back when an IDE closes.
    pub(crate) floating: bool,
    /// Who no rule names gets nothing.
    pub(crate) strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case", parse_err_fn = unknown_plan, parse_err_ty = String)]
pub(crate) enum Plan {
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
    pub(crate) fn floats(self) -> bool {
        self == Self::EnterpriseFloating
    }
}

fn unknown_plan(text: &str) -> String {
    format!("`{text}` is not a plan: expected trial, organization_true_up, enterprise_floating or classroom")
}

impl Vault {
    /// How long after it was last heard of a licence is given back (license-vault §4.5).
    ///
    /// unverified: exactly 20 minutes, without the up to ten more that noticing takes; a month is 30 days.
    pub(crate) fn release_after(&self) -> TimeDelta {
        if self.floating { TimeDelta::minutes(20) } else { TimeDelta::days(30) }
    }

    /// What was last heard of at this time or before is given back at `now`, even if nobody has written that down yet.
    pub(crate) fn alive_since(&self, now: Time) -> Time {
        now - self.release_after()
    }

    /// How many licences may be revoked in a calendar month; `None` for any number (license-vault §4.5).
    ///
    /// unverified: any number in a classroom.
    pub(crate) fn revocations_per_month(&self) -> Option<i64> {
        match self.plan {
            Plan::OrganizationTrueUp => Some(5),
            Plan::Trial if !self.floating => Some(5),
            Plan::Trial | Plan::EnterpriseFloating | Plan::Classroom => None,
        }
    }

    /// Checks that after those `made` in a calendar month `more` licences may be revoked.
    pub(crate) fn check_revocations(&self, made: i64, more: i64) -> Result<(), RevocationLimitReached> {
        match self.revocations_per_month() {
            Some(allowed) if made + more > allowed => Err(RevocationLimitReached { allowed, made }),
            _ => Ok(()),
        }
    }
}

/// More revocations than the plan allows in a calendar month.
#[derive(Debug, thiserror::Error)]
#[error("the plan allows {allowed} revocations in a calendar month, {made} were made")]
pub(crate) struct RevocationLimitReached {
    /// How many the plan allows.
    allowed: i64,
    /// How many were made before.
    made: i64,
}

/// How a licence was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case", parse_err_fn = unknown_kind, parse_err_ty = String)]
pub(crate) enum Kind {
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
    pub(crate) const ALL: [Self; 3] = [Self::Regular, Self::Virtual, Self::TrueUp];
}

fn unknown_kind(text: &str) -> String {
    format!("`{text}` is not a kind: expected regular, true_up or virtual")
}

/// Licences of one product and kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    /// The licence's code.
    pub(crate) product: String,
    /// How they were bought.
    pub(crate) kind: Kind,
    /// How many there are.
    pub(crate) total: i64,
    /// How many somebody holds.
    pub(crate) in_use: i64,
}

/// Who may have what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllocationRule {
    /// Addresses.
    pub(crate) users: Vec<String>,
    /// Codes of licences.
    pub(crate) products: Vec<String>,
    /// Obtains a licence even when none is free.
    pub(crate) priority: bool,
}

/// What a credential of a vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum TokenKind {
    /// The vault's own token: at most one.
    Vault,
    /// One of any number of named ones.
    Automation,
    /// The License Server's, for its reports.
    Reporting,
}

impl TokenKind {
    /// Its name in the store, and in answers.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}
