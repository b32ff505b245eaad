//! Vaults, the licences that they hold, and what their plans allow (license-vault §4).

use chrono::TimeDelta;
use strum::VariantNames as _;

use crate::{
    core::{clock::Time, suggest},
    domain::organization::Organization,
    services::license_vault::domain::catalogue::Catalogue,
};

/// A vault's key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VaultId(pub(crate) i64);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vault {
    pub(crate) id: VaultId,
    pub(crate) organization: Organization,
    /// As in `<name>.fls.jetbrains.com`.
    pub(crate) name: String,
    pub(crate) plan: Plan,
    /// A licence is released when the last product that runs on it closes.
    pub(crate) floating: bool,
    /// A user whom no rule names gets nothing.
    pub(crate) strict: bool,
    /// The products that it may have licences for.
    pub(crate) catalogue: Catalogue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case", parse_err_fn = unknown_plan, parse_err_ty = String)]
pub(crate) enum Plan {
    /// For two months.
    Trial,
    /// Prepaid licences, and more that are billed later.
    OrganizationTrueUp,
    /// Licences that float.
    EnterpriseFloating,
    /// For teaching.
    Classroom,
}

impl Plan {
    /// Whether licences float unless the vault says otherwise (license-vault §4.5).
    ///
    /// unverified: those of a classroom do not.
    pub(crate) fn floats(self) -> bool {
        self == Self::EnterpriseFloating
    }
}

fn unknown_plan(text: &str) -> String {
    suggest::describe_unknown(text, "a plan", Plan::VARIANTS.iter().copied())
}

impl Vault {
    /// Whether this is the vault's name, whatever its case is, because it is a label of a host (license-vault §9).
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// How long after it was last seen a licence is released (license-vault §4.5).
    ///
    /// unverified: exactly 20 minutes, without the up to ten more that noticing takes; a month is 30 days.
    pub(crate) fn release_after(&self) -> TimeDelta {
        if self.floating { TimeDelta::minutes(20) } else { TimeDelta::days(30) }
    }

    /// What was last seen at this time or before counts as released at `now`, even where the store does not say so yet.
    pub(crate) fn alive_since(&self, now: Time) -> Time {
        now - self.release_after()
    }

    /// When a licence is released that was last seen at this time.
    pub(crate) fn release_date(&self, last_seen_at: Time) -> Time {
        last_seen_at + self.release_after()
    }

    /// How many licences may be revoked in a calendar month; `None` for any number (license-vault §4.5).
    ///
    /// unverified: any number in a classroom.
    pub(crate) fn revocations_per_month(&self) -> Option<i64> {
        match self.plan {
            Plan::OrganizationTrueUp => Some(REVOCATIONS_PER_MONTH),
            Plan::Trial if !self.floating => Some(REVOCATIONS_PER_MONTH),
            Plan::Trial | Plan::EnterpriseFloating | Plan::Classroom => None,
        }
    }

    /// Checks that `more` licences may be revoked in a calendar month after the `made` ones.
    pub(crate) fn check_revocations(&self, made: i64, more: i64) -> Result<(), RevocationLimitReached> {
        match self.revocations_per_month() {
            Some(allowed) if made + more > allowed => Err(RevocationLimitReached { allowed, made }),
            Some(_) | None => Ok(()),
        }
    }
}

/// How many licences may be revoked in a calendar month where the plan limits it (license-vault §4.5).
const REVOCATIONS_PER_MONTH: i64 = 5;

/// More revocations than the plan allows in a calendar month.
#[derive(Debug, thiserror::Error)]
#[error("the plan allows {allowed} revocations in a calendar month, {made} were made")]
pub(crate) struct RevocationLimitReached {
    allowed: i64,
    made: i64,
}

impl RevocationLimitReached {
    /// As a vault says it that made all the revocations that its plan allows; of one that may make any number, and of
    /// none, as of a plan with a limit.
    pub(crate) fn new(vault: Option<&Vault>) -> Self {
        let allowed = vault.and_then(Vault::revocations_per_month).unwrap_or(REVOCATIONS_PER_MONTH);
        Self { allowed, made: allowed }
    }
}

/// Licences that one pool may have.
pub(crate) const MOST_LICENSES: i64 = 1_000_000;
/// The longest name of a vault, in characters, because it is one label of a host name.
const LONGEST_NAME: usize = 63;

/// Checks that a text can be a vault's name, which is one label of a host name (license-vault §9).
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_allowed = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_allowed && !name.starts_with('-') && !name.ends_with('-') && (1..=LONGEST_NAME).contains(&name.len()) {
        return Ok(());
    }
    Err(format!("`{name}` is not a vault's name: at most {LONGEST_NAME} letters, digits and, between them, hyphens"))
}

/// How a licence was bought.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case", parse_err_fn = unknown_kind, parse_err_ty = String)]
pub(crate) enum LicenseKind {
    /// In advance.
    Regular,
    /// For evaluation.
    Virtual,
    /// Billed later.
    TrueUp,
}

impl LicenseKind {
    /// In the order in which they are given out.
    ///
    /// unverified: the place of virtual ones (license-vault §4.4).
    pub(crate) const ALL: [Self; 3] = [Self::Regular, Self::Virtual, Self::TrueUp];
}

fn unknown_kind(text: &str) -> String {
    suggest::describe_unknown(text, "a kind", LicenseKind::VARIANTS.iter().copied())
}

/// The licences of one product and kind that a vault has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    /// The licence's code.
    pub(crate) product: String,
    pub(crate) kind: LicenseKind,
    pub(crate) total: i64,
    pub(crate) in_use: i64,
}

/// Gives users a choice of licences. Somebody whom a rule names gets only what rules list (license-vault §4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllocationRule {
    /// Addresses.
    pub(crate) users: Vec<String>,
    /// Codes of licences.
    pub(crate) products: Vec<String>,
    /// The users get a licence even when none is free: another user's.
    pub(crate) priority: bool,
}

/// The kinds of a vault's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum TokenKind {
    /// The vault's own token: at most one.
    Vault,
    /// Any number of them, each with a name.
    Automation,
    /// The License Server's, for its reports.
    Reporting,
}

impl TokenKind {
    /// As it is called in the store and in answers.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// How clients send it (license-vault §1, §5). Not as in a URL, because there our journal would hide what follows.
    pub(crate) fn describe_place(self) -> &'static str {
        match self {
            Self::Vault => "`Authorization: Bearer`",
            Self::Automation => "`Authorization: Automation`",
            Self::Reporting => "the parameter `token`",
        }
    }
}
