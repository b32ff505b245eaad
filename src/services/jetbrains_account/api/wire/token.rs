//! What a token manages, and the token that takes its place.

use serde::Serialize;
use utoipa::ToSchema;

use crate::services::jetbrains_account::domain::{
    role::{Profile, Role, Standing},
    team::Team,
    token_owner::TokenOwner,
};

/// What a token manages.
// jetbrains-account §4.2.
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
// unverified: the vendor's body is not known (jetbrains-account §5.9).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotateTokenResponse<'a> {
    /// The new token. Shown once.
    pub token: &'a str,
}
