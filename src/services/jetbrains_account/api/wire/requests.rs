//! Queries and bodies of requests, and how the vendor reads them.

use serde::{Deserialize, Deserializer, de::Error as _};
use strum::EnumString;
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::{error::Error, paging::Page},
    services::jetbrains_account::{
        api::jackson::{Flag, Int, Object, Text},
        domain::{contact::Contact, error::JetBrainsError, license::LicenseFilter},
    },
};

/// What a body of `assignLicense` lacks.
pub(crate) const NOTHING_TO_ASSIGN: &str = "Either licenseId or license must be provided";
/// What a query of `revokeAsset` lacks. unverified: the whole answer (jetbrains-account §5.7).
pub(crate) const NOTHING_TO_REVOKE: &str = "Either licenseId or email must be provided";

/// Reads a value of a query, of whatever type: blanks around it do not count, and nothing, or the text `null`, is a
/// parameter that was left out.
///
/// unverified: all of it (jetbrains-account §0.15, §5.2).
pub(crate) fn read_query_value(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !value.is_empty() && *value != "null")
}

/// Reads what is no text.
fn read_parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).ok_or_else(|| D::Error::custom(format!("expected {expected}, found `{text}`")))
}

fn read_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    read_parsed(deserializer, "a 32-bit number", |text| text.parse().ok())
}

fn read_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    read_parsed(deserializer, "true or false", |text| text.to_ascii_lowercase().parse().ok())
}

/// unverified: an unknown one is unreadable (jetbrains-account §5.2).
fn read_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AssignmentStatus>, D::Error> {
    read_parsed(deserializer, "ASSIGNED or UNASSIGNED", |text| text.parse().ok())
}

/// The team in the path.
///
/// unverified: what is no number is unreadable (jetbrains-account §5.3).
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub(crate) struct TeamPath {
    /// The team
    #[param(example = 2001)]
    pub team_id: i32,
}

/// The licence in the path.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub(crate) struct LicensePath {
    /// The licence
    #[param(example = "ABCDE12345")]
    pub license_id: String,
}

/// Which licences a list asks for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct LicenseQuery {
    /// Licences of the product with exactly this code. Default: all.
    product_code: Option<String>,
    /// The page, from 1. Default 1.
    #[serde(default, deserialize_with = "read_number")]
    #[param(minimum = 1)]
    page: Option<i32>,
    /// Licences on a page, 1 to 200. Default 100.
    #[serde(default, deserialize_with = "read_number")]
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<i32>,
    /// With or without an assignee. Default: all.
    #[serde(default, deserialize_with = "read_flag")]
    assigned: Option<bool>,
    /// Licences of the person with this address. Default: all.
    assignee_email: Option<String>,
    /// `ASSIGNED` or `UNASSIGNED`. Default: all.
    #[serde(default, deserialize_with = "read_status")]
    assignment_status: Option<AssignmentStatus>,
    /// Licences of this team. Default: all.
    #[serde(default, deserialize_with = "read_number")]
    team_id: Option<i32>,
}

/// With or without an assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AssignmentStatus {
    /// With one.
    Assigned,
    /// Without.
    Unassigned,
}

const DEFAULT_PER_PAGE: i32 = 100;
const LARGEST_PER_PAGE: i32 = 200;

impl LicenseQuery {
    /// Which page of which licences it asks for; of none, where `assigned` and `assignmentStatus`, which both hold,
    /// contradict each other.
    ///
    /// unverified: that this is no error; and that a page below 1 and more than 200 on one are refused as unreadable,
    /// not clamped (jetbrains-account §5.2).
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub(crate) fn read(self) -> Result<(Option<LicenseFilter>, Page), Error> {
        let within = |value: Option<i32>, name: &str, default, most| match value.unwrap_or(default) {
            value if (1..=most).contains(&value) => Ok(i64::from(value)),
            value => Err(Error::Unreadable(format!("{name} is out of range: {value}"))),
        };
        let page = Page {
            number: within(self.page, "page", 1, i32::MAX)?,
            size: within(self.per_page, "perPage", DEFAULT_PER_PAGE, LARGEST_PER_PAGE)?,
        };
        let of_status = self.assignment_status.map(|status| status == AssignmentStatus::Assigned);
        let is_contradictory = self.assigned.zip(of_status).is_some_and(|(assigned, status)| assigned != status);
        let filter = LicenseFilter {
            team: self.team_id,
            product_code: self.product_code,
            assigned: self.assigned.or(of_status),
            assignee_email: self.assignee_email,
        };
        Ok(((!is_contradictory).then_some(filter), page))
    }
}

/// Body of `assignLicense`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "licenseId": "FREE000003",
    "contact": { "firstName": "Eve", "lastName": "Stone", "email": "eve@example.test" },
}))]
pub(crate) struct AssignLicenseRequest {
    /// The licence to assign. Wins over `license`.
    #[schema(value_type = Option<String>)]
    pub license_id: Option<Text>,
    /// Any free licence of a product in a team.
    #[schema(value_type = Option<AssignFromTeamRequest>)]
    pub license: Option<Object<AssignFromTeamRequest>>,
    /// Who gets it.
    #[schema(value_type = AssigneeContactRequest)]
    pub contact: Object<AssigneeContactRequest>,
    /// Send the person an e-mail. We send none; what cannot be a boolean is refused all the same.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    send_email: Option<Flag>,
    /// Make an offline activation code, for a person without an account.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    pub include_offline_activation_code: Option<Flag>,
}

impl AssignLicenseRequest {
    /// Refuses a request without one of the flags: the vendor's document requires them, and its service was seen not to
    /// (jetbrains-account §12).
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub(crate) fn check_flags(&self) -> Result<(), Error> {
        let flags =
            [("sendEmail", self.send_email), ("includeOfflineActivationCode", self.include_offline_activation_code)];
        match flags.iter().find(|(_, flag)| flag.is_none()) {
            Some((name, _)) => Err(Error::Unreadable(format!("{name} is missing, and the quirk flags_required is on"))),
            None => Ok(()),
        }
    }
}

/// A team and a product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignFromTeamRequest {
    /// The team's id.
    #[serde(default)]
    #[schema(value_type = i32)]
    pub team: Int,
    /// The product's code.
    #[schema(value_type = String)]
    pub product_code: Text,
}

/// Somebody to assign a licence to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssigneeContactRequest {
    #[schema(value_type = String)]
    first_name: Text,
    #[schema(value_type = String)]
    last_name: Text,
    #[schema(value_type = String)]
    email: Text,
}

impl From<Object<AssigneeContactRequest>> for Contact {
    fn from(Object(contact): Object<AssigneeContactRequest>) -> Self {
        Self { email: contact.email.0, first_name: contact.first_name.0, last_name: contact.last_name.0 }
    }
}

/// Body of `changeTeam`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "targetTeamId": 2002, "licenseIds": ["FREE000001"] }))]
pub(crate) struct ChangeTeamRequest {
    /// The team to move to.
    #[serde(default)]
    #[schema(value_type = i32)]
    pub target_team_id: Int,
    /// The licences to move.
    #[schema(value_type = Vec<String>)]
    pub license_ids: Vec<Text>,
}

/// What `revokeAsset` takes back: one licence, or a person's.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct RevokeQuery {
    /// Exactly this licence; then the others are ignored.
    #[param(example = "ABCDE12345")]
    license_id: Option<String>,
    /// Every licence of the person with this address.
    email: Option<String>,
    /// Only licences of this product.
    product_code: Option<String>,
}

/// What to take back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Revoke {
    /// One licence.
    License(String),
    /// A person's licences, of one product or all.
    Person {
        /// The address.
        email: String,
        /// The product's code.
        product_code: Option<String>,
    },
}

impl RevokeQuery {
    /// What it asks for.
    ///
    /// # Errors
    /// [`JetBrainsError::FieldMissing`] when it names neither.
    pub(crate) fn read(self) -> Result<Revoke, JetBrainsError> {
        if let Some(id) = self.license_id {
            return Ok(Revoke::License(id));
        }
        let email = self.email.ok_or(JetBrainsError::FieldMissing(NOTHING_TO_REVOKE))?;
        Ok(Revoke::Person { email, product_code: self.product_code })
    }
}
