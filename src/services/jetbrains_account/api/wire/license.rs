//! Licences and products, as answers show them.

use chrono::{DateTime, FixedOffset, SecondsFormat, SubsecRound as _};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    core::{clock::Time, now::Now},
    services::jetbrains_account::domain::{
        day::{Day, OFFSET},
        license::{self, Assignee, License, ServerKind},
        product::Product,
        team::Team,
    },
};

/// A date-time with milliseconds and a numeric offset.
///
/// unverified: milliseconds on every date (jetbrains-account §4.1).
fn format_date(time: DateTime<FixedOffset>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, false)
}

fn format_day(day: Day) -> String {
    format_date(day.midnight())
}

fn format_moment(time: Time) -> String {
    format_date(time.with_timezone(&OFFSET))
}

/// The vendor notes whole seconds of an assignment (jetbrains-account §4.1).
fn format_second(time: Time) -> String {
    format_moment(time.trunc_subsecs(0))
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LicenseResponse<'a> {
    #[schema(example = "ABCDE12345")]
    license_id: &'a str,
    product: ProductResponse<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<AssigneeResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<SubscriptionResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perpetual: Option<PerpetualResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<LastSeenResponse>,
    team: TeamResponse<'a>,
    is_transferable_between_teams: bool,
    is_trial: bool,
    is_suspended: bool,
    is_available_to_assign: bool,
}

/// A product or a plug-in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductResponse<'a> {
    #[schema(example = "II")]
    code: &'a str,
    #[schema(example = "IntelliJ IDEA Ultimate")]
    name: &'a str,
}

/// Who holds a licence; `type` tells which.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AssigneeResponse<'a> {
    /// A person.
    User {
        /// The account's name, or a masked one.
        name: String,
        #[schema(example = "ann@example.test")]
        email: &'a str,
        r#type: UserType,
    },
    /// A server.
    #[serde(rename_all = "camelCase")]
    Server { r#type: ServerType, uid: &'a str, server_type: ServerTypeName },
    /// A key.
    #[serde(rename_all = "camelCase")]
    LicenseKey { r#type: LicenseKeyType, registration_name: &'a str, key: &'a str },
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) enum UserType {
    #[serde(rename = "USER")]
    User,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) enum ServerType {
    #[serde(rename = "SERVER")]
    Server,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) enum LicenseKeyType {
    #[serde(rename = "LICENSE_KEY")]
    LicenseKey,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ServerTypeName {
    LicenseServer,
    LicenseVault,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriptionResponse<'a> {
    #[schema(format = DateTime, example = "2027-01-15T00:00:00.000+03:00")]
    valid_until_date: String,
    is_outdated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1222/MMM56MR")]
    subscription_pack_ref: Option<&'a str>,
    is_automatically_renewed: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PerpetualResponse {
    #[schema(format = DateTime)]
    upgrade_due_date: String,
    is_outdated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LastSeenResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_seen_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_assignment_date: Option<String>,
    is_offline_code_generated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct TeamResponse<'a> {
    #[schema(example = 2001)]
    id: i32,
    #[schema(example = "Platform")]
    name: &'a str,
}

impl<'a> From<&'a Product> for ProductResponse<'a> {
    fn from(product: &'a Product) -> Self {
        Self { code: &product.code, name: &product.name }
    }
}

impl<'a> From<&'a Team> for TeamResponse<'a> {
    fn from(team: &'a Team) -> Self {
        Self { id: team.id, name: &team.name }
    }
}

impl<'a> From<&'a Assignee> for AssigneeResponse<'a> {
    fn from(assignee: &'a Assignee) -> Self {
        match assignee {
            Assignee::User { email, given_name, account_name } => Self::User {
                name: license::display_name(given_name, account_name.as_deref()),
                email,
                r#type: UserType::User,
            },
            Assignee::Server { uid, kind } => Self::Server {
                r#type: ServerType::Server,
                uid,
                server_type: match kind {
                    ServerKind::LicenseServer => ServerTypeName::LicenseServer,
                    ServerKind::LicenseVault => ServerTypeName::LicenseVault,
                },
            },
            Assignee::LicenseKey { registration_name, key } => {
                Self::LicenseKey { r#type: LicenseKeyType::LicenseKey, registration_name, key }
            }
        }
    }
}

impl<'a> LicenseResponse<'a> {
    /// The licence as it looks at `now`.
    pub(crate) fn new(license: &'a License, now: &Now) -> Self {
        let was_given = license.assigned_at.is_some() || license.last_seen_at.is_some();
        Self {
            license_id: &license.id,
            product: (&license.product).into(),
            assignee: license.assignee.as_ref().map(Into::into),
            subscription: license.subscription.as_ref().map(|s| SubscriptionResponse {
                valid_until_date: format_day(s.valid_until),
                is_outdated: license.is_expired(now),
                subscription_pack_ref: s.pack.as_deref(),
                is_automatically_renewed: s.auto_renew,
            }),
            perpetual: license
                .perpetual_until
                .map(|due| PerpetualResponse { upgrade_due_date: format_day(due), is_outdated: due.is_over(now) }),
            domain: license.domain.as_deref(),
            last_seen: was_given.then(|| LastSeenResponse {
                last_seen_date: license.last_seen_at.map(format_moment),
                last_assignment_date: license.assigned_at.map(format_second),
                is_offline_code_generated: license.offline_code,
            }),
            team: (&license.team).into(),
            is_transferable_between_teams: license.transferable,
            is_trial: license.trial,
            is_suspended: license.suspended,
            is_available_to_assign: license.unavailable(now).is_none(),
        }
    }
}

/// The licences that moved, each once, in ascending order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeTeamResponse<I: Serialize> {
    /// Their ids.
    #[schema(value_type = Vec<String>)]
    pub license_ids: I,
}

/// The licences that were taken back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevokedLicensesResponse {
    /// Their ids.
    pub license_ids: Vec<String>,
}
