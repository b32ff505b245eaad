//! What goes over the wire (jetbrains-account §4, §5). Key order is the vendor's; null members are left out.

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{FixedOffset, SecondsFormat};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::{clock::Time, error::Error, paging::Page},
    domain::organization::Team,
    http::answer,
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::JSON,
            jackson::{Flag, Int, Object, Text},
        },
        domain::{
            contact::Contact,
            license::{self, Assignee, License, LicenseFilter, ServerKind},
            product::Product,
            role::{Profile, Role, Standing},
            token_owner::TokenOwner,
        },
    },
};

/// A 200 with a JSON body.
pub(crate) struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        answer::json::<JetBrainsAccount>(JSON, &self.0)
    }
}

/// A success without a body; still called JSON, unless it is a 204 (jetbrains-account §5.5).
pub(crate) fn empty(status: u16) -> Response {
    if status == 204 {
        StatusCode::NO_CONTENT.into_response()
    } else {
        ([(header::CONTENT_TYPE, JSON)], Body::empty()).into_response()
    }
}

/// A date-time with milliseconds and a numeric offset.
///
/// unverified: the offset is the one in both recorded answers; milliseconds on every date (jetbrains-account §4.1).
fn date(time: Time) -> String {
    const OFFSET: FixedOffset = FixedOffset::east_opt(3 * 3600).expect("three hours are an offset");
    time.with_timezone(&OFFSET).to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LicenseResponse<'a> {
    #[schema(example = "ABCDE12345")]
    license_id: &'a str,
    product: ProductResponse,
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
pub(crate) struct ProductResponse {
    #[schema(example = "II")]
    code: &'static str,
    #[schema(example = "IntelliJ IDEA Ultimate")]
    name: &'static str,
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
    #[schema(format = DateTime, example = "2027-01-15T12:00:00.000+03:00")]
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

impl From<Product> for ProductResponse {
    fn from(product: Product) -> Self {
        Self { code: product.code, name: product.name }
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
                name: license::shown_name(given_name, account_name.as_deref()),
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
    pub(crate) fn new(license: &'a License, now: Time) -> Self {
        let was_given = license.assigned_at.is_some() || license.last_seen_at.is_some();
        Self {
            license_id: &license.id,
            product: license.product.into(),
            assignee: license.assignee.as_ref().map(Into::into),
            subscription: license.subscription.as_ref().map(|s| SubscriptionResponse {
                valid_until_date: date(s.valid_until),
                is_outdated: license.is_expired(now),
                subscription_pack_ref: s.pack.as_deref(),
                is_automatically_renewed: s.auto_renew,
            }),
            perpetual: license
                .perpetual_until
                .map(|until| PerpetualResponse { upgrade_due_date: date(until), is_outdated: until < now }),
            domain: license.domain.as_deref(),
            last_seen: was_given.then(|| LastSeenResponse {
                last_seen_date: license.last_seen_at.map(date),
                last_assignment_date: license.assigned_at.map(date),
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
pub struct AssigneeContactRequest {
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
    /// [`Error::FieldMissing`] when it names neither.
    pub(crate) fn read(self) -> Result<Revoke, Error> {
        if let Some(id) = given(self.license_id) {
            return Ok(Revoke::License(id));
        }
        // unverified: what nothing at all answers (jetbrains-account §5.7).
        let email = given(self.email).ok_or(Error::FieldMissing("Either licenseId or email must be provided"))?;
        Ok(Revoke::Person { email, product_code: given(self.product_code) })
    }
}

/// What a token manages (jetbrains-account §4.2).
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ManagedEntityResponse<'a> {
    /// An organization.
    Customer(#[serde(borrow)] ManagedCustomerResponse<'a>),
    /// A team.
    Team(#[serde(borrow)] ManagedTeamResponse<'a>),
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) enum CustomerType {
    #[serde(rename = "CUSTOMER")]
    Customer,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) enum TeamType {
    #[serde(rename = "TEAM")]
    Team,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RoleName {
    Admin,
    Viewer,
    PrimaryContact,
}

impl From<Standing> for RoleName {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Admin => Self::Admin,
            Standing::Viewer => Self::Viewer,
            Standing::PrimaryContact => Self::PrimaryContact,
        }
    }
}

/// An organization, as its token sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManagedCustomerResponse<'a> {
    r#type: CustomerType,
    /// The customer code.
    code: i64,
    name: &'a str,
    /// The role of the token's owner.
    role: RoleName,
    contact_flags: ContactFlags,
    /// All teams of the customer.
    teams: Vec<OwnedTeamResponse<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ContactFlags {
    is_primary_licensee: bool,
    is_primary_technical: bool,
    is_primary_billing: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct OwnedTeamResponse<'a> {
    id: i32,
    name: &'a str,
    /// The owner's role in the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<RoleName>,
}

/// A team, as its token sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManagedTeamResponse<'a> {
    r#type: TeamType,
    team: OwnedTeamResponse<'a>,
    customer: CustomerResponse<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CustomerResponse<'a> {
    code: i64,
    name: &'a str,
}

impl<'a> ManagedEntityResponse<'a> {
    /// The answer for a token; `teams` are the organization's.
    ///
    /// unverified: a team in which the owner has no role shows none, and a primary contact is all three kinds of
    /// contact (jetbrains-account §4.2).
    pub(crate) fn new(owner: &'a TokenOwner, teams: &'a [Team]) -> Self {
        let shown = |team: &'a Team| OwnedTeamResponse {
            id: team.id,
            name: &team.name,
            role: owner.grants.standing(Profile::Team(team.id)).map(Into::into),
        };
        let organization = &owner.organization;
        if let Some(team) = &owner.team {
            return Self::Team(ManagedTeamResponse {
                r#type: TeamType::Team,
                team: shown(team),
                customer: CustomerResponse { code: organization.customer_code, name: &organization.name },
            });
        }
        let is_contact = owner.grants.has(Role::PrimaryContact, Profile::Organization);
        Self::Customer(ManagedCustomerResponse {
            r#type: CustomerType::Customer,
            code: organization.customer_code,
            name: &organization.name,
            role: owner.standing().into(),
            contact_flags: ContactFlags {
                is_primary_licensee: is_contact,
                is_primary_technical: is_contact,
                is_primary_billing: is_contact,
            },
            teams: teams.iter().map(shown).collect(),
        })
    }
}

/// The token that takes the old one's place.
///
/// unverified: the vendor's body is not known (jetbrains-account §5.9).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotateTokenResponse<'a> {
    /// The new token. Shown once.
    pub token: &'a str,
}
