//! Licences: what they are, and when they can be given and taken back.

use chrono::TimeDelta;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::{
    core::{clock::Time, now::Now},
    services::jetbrains_account::domain::{contact, day::Day, product::Product, team::Team},
};

/// How long after an assignment the API refuses to take a licence back (jetbrains-account §5.7).
pub const REVOKE_AFTER: TimeDelta = TimeDelta::days(30);

/// One licence, as it stands.
#[derive(Debug, Clone)]
pub struct License {
    /// The vendor's id: 10 upper-case letters and digits.
    pub id: String,
    pub product: Product,
    /// The team that holds it.
    pub team: Team,
    /// Absent on a purely perpetual licence.
    pub subscription: Option<Subscription>,
    /// Until when upgrades of its perpetual part are due, if it has one.
    pub perpetual_until: Option<Day>,
    /// Who holds it.
    pub assignee: Option<Assignee>,
    /// When it was last given to somebody, also if it was taken back since. Of some assigned licences it is not known.
    pub assigned_at: Option<Time>,
    /// When it was last in use.
    pub last_seen_at: Option<Time>,
    /// An offline activation code was made for the present holder.
    pub offline_code: bool,
    /// It is one that is given to people.
    pub per_user: bool,
    /// It may move to another team.
    pub transferable: bool,
    /// It is a trial.
    pub trial: bool,
    /// It is suspended.
    pub suspended: bool,
    /// The domain it is bound to.
    pub domain: Option<String>,
}

/// The paid time of a licence.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub valid_until: Day,
    /// The vendor's reference of the purchase, which licences that were bought together share.
    pub pack: Option<String>,
    /// It renews itself.
    pub auto_renew: bool,
}

/// Who holds a licence (jetbrains-account §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignee {
    /// A person.
    User {
        /// As it was sent.
        email: String,
        /// The name it was assigned with.
        given_name: String,
        /// The name in the person's JetBrains Account, if there is one.
        account_name: Option<String>,
    },
    /// A licence server or vault.
    Server {
        /// The server's id.
        uid: String,
        /// What kind of server.
        kind: ServerKind,
    },
    /// A licence key.
    LicenseKey {
        /// Whose name is in the key.
        registration_name: String,
        key: String,
    },
}

/// The servers that can hold a licence; by these names in seeds and in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ServerKind {
    /// The on-premises License Server.
    LicenseServer,
    /// License Vault.
    LicenseVault,
}

/// Why a licence cannot be assigned, in the vendor's words (jetbrains-account §5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Unavailable {
    /// Somebody holds it.
    Allocated,
    /// Its subscription is over, and it has no perpetual fallback.
    ExpiredWithoutFallback,
    /// It is not one that is given to people.
    NonPerUser,
}

/// A licence was assigned too short a time ago to be taken back.
#[derive(Debug, thiserror::Error)]
#[error("licence {0} was assigned recently")]
pub struct RecentlyAssigned(pub String);

/// The name shown for a person: the account's, or the given one, masked (jetbrains-account §9).
pub fn display_name(given_name: &str, account_name: Option<&str>) -> String {
    account_name.map_or_else(|| contact::mask(given_name), ToOwned::to_owned)
}

impl License {
    /// The subscription is over.
    pub fn is_expired(&self, now: &Now) -> bool {
        self.subscription.as_ref().is_some_and(|s| s.valid_until.is_over(now))
    }

    /// Why it cannot be assigned at `now`, if it cannot (jetbrains-account §4.1, §6).
    ///
    /// unverified: that suspended and trial licences can be assigned like others; that a perpetual part beside a
    /// subscription is its fallback, and that a licence with only a perpetual part is not per user. Verified: a holder
    /// comes before the end of the subscription.
    pub fn unavailable(&self, now: &Now) -> Option<Unavailable> {
        if self.assignee.is_some() {
            Some(Unavailable::Allocated)
        } else if self.is_expired(now) && self.perpetual_until.is_none() {
            Some(Unavailable::ExpiredWithoutFallback)
        } else if !self.per_user || self.subscription.is_none() {
            Some(Unavailable::NonPerUser)
        } else {
            None
        }
    }

    /// Refuses to take back what was given less than 30 days ago.
    ///
    /// unverified: that a licence of which nobody knows since when it is held can be taken back.
    pub(crate) fn check_revocable(&self, now: Time) -> Result<(), RecentlyAssigned> {
        let is_recent = self.assigned_at.is_some_and(|at| now - at < REVOKE_AFTER);
        if is_recent { Err(RecentlyAssigned(self.id.clone())) } else { Ok(()) }
    }
}

/// Which licences a list asks for. `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LicenseFilter {
    /// Licences of this team.
    pub team: Option<i32>,
    /// Licences of the product with exactly this code.
    pub product_code: Option<String>,
    /// With (`true`) or without an assignee.
    pub assigned: Option<bool>,
    /// Held by the person with this address.
    pub assignee_email: Option<String>,
}

impl LicenseFilter {
    /// What it asks for in one team: nothing, if it asks for another.
    pub(crate) fn within_team(self, team: i32) -> Option<Self> {
        self.team.is_none_or(|asked| asked == team).then_some(Self { team: Some(team), ..self })
    }
}
