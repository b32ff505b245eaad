//! Queries and bodies of requests, and how the vendor reads them.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::{error::Error, paging::Page},
    services::jetbrains_account::{
        api::jackson::{Flag, Int, Object, Text},
        domain::{contact::Contact, error::JetBrainsError, license::LicenseFilter},
    },
};

/// Which licences a list asks for. The text `null` counts as absent, for generated clients that send the
/// document's defaults (jetbrains-account §0.15).
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct LicenseQuery {
    /// Licences of the product with exactly this code. Default: all.
    product_code: Option<String>,
    /// The page, from 1. Default 1.
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
    /// Licences on a page, 1 to 200. Default 100.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
    per_page: Option<String>,
    /// With or without an assignee. Default: all.
    #[param(value_type = Option<bool>)]
    assigned: Option<String>,
    /// Licences of the person with this address. Default: all.
    assignee_email: Option<String>,
    /// `ASSIGNED` or `UNASSIGNED`. Default: all.
    #[param(value_type = Option<AssignmentStatus>)]
    assignment_status: Option<String>,
    /// Licences of this team. Default: all.
    #[param(value_type = Option<i32>)]
    team_id: Option<String>,
}

/// With or without an assignee.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum AssignmentStatus {
    /// With one.
    Assigned,
    /// Without.
    Unassigned,
}

const DEFAULT_PER_PAGE: i32 = 100;
const LARGEST_PER_PAGE: i32 = 200;

/// unverified: that the text `null` is absent (jetbrains-account §0.15).
fn given(parameter: Option<String>) -> Option<String> {
    parameter.filter(|value| value != "null")
}

fn number(parameter: Option<String>, name: &str) -> Result<Option<i32>, Error> {
    let Some(text) = given(parameter).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| Error::Unreadable(format!("{name} is no 32-bit number: {text}")))
}

impl LicenseQuery {
    /// What it asks for. `assigned` and `assignmentStatus` both hold.
    ///
    /// unverified: an empty number or flag is absent, an empty text is a value; what contradicts itself lists
    /// nothing; a page below 1, more than 200 on one, and what is no number are refused as unreadable, not
    /// clamped (jetbrains-account §5.2); so is an unknown `assignmentStatus`.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub(crate) fn read(self) -> Result<(LicenseFilter, Page, bool), Error> {
        let within = |value: Option<i32>, name: &str, default, most| match value.unwrap_or(default) {
            value if (1..=most).contains(&value) => Ok(i64::from(value)),
            value => Err(Error::Unreadable(format!("{name} is out of range: {value}"))),
        };
        let page = Page {
            number: within(number(self.page, "page")?, "page", 1, i32::MAX)?,
            size: within(number(self.per_page, "perPage")?, "perPage", DEFAULT_PER_PAGE, LARGEST_PER_PAGE)?,
        };
        let assigned = match given(self.assigned).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Some(text) => return Err(Error::Unreadable(format!("assigned is neither true nor false: {text}"))),
        };
        let status = match given(self.assignment_status).filter(|text| !text.is_empty()).as_deref() {
            None => None,
            Some("ASSIGNED") => Some(true),
            Some("UNASSIGNED") => Some(false),
            Some(text) => return Err(Error::Unreadable(format!("assignmentStatus is neither: {text}"))),
        };
        let contradictory = matches!((assigned, status), (Some(a), Some(b)) if a != b);
        let filter = LicenseFilter {
            team: number(self.team_id, "teamId")?,
            product_code: given(self.product_code),
            assigned: assigned.or(status),
            assignee_email: given(self.assignee_email),
        };
        Ok((filter, page, contradictory))
    }
}

/// Body of `assignLicense`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
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
    #[expect(dead_code, reason = "it has to be readable, nothing more")]
    #[schema(value_type = bool)]
    pub send_email: Flag,
    /// Make an offline activation code, for a person without an account.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub include_offline_activation_code: Flag,
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
        if let Some(id) = given(self.license_id) {
            return Ok(Revoke::License(id));
        }
        // unverified: what nothing at all answers (jetbrains-account §5.7).
        let email =
            given(self.email).ok_or(JetBrainsError::FieldMissing("Either licenseId or email must be provided"))?;
        Ok(Revoke::Person { email, product_code: given(self.product_code) })
    }
}
