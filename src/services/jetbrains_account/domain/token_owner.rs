//! Whom a JetBrains Account token speaks for, and what that lets it do.

use crate::{
    domain::organization::{Organization, Person},
    services::jetbrains_account::domain::{
        error::JetBrainsError,
        role::{Grants, Profile, Role, Standing},
        team::Team,
    },
};

/// Characters of a wrong customer code that the journal is told, because a client may send anything.
const LONGEST_CODE_TOLD: usize = 40;

/// The person and the profile behind a token, with everything its requests are decided by.
#[derive(Debug, Clone)]
pub struct TokenOwner {
    pub organization: Organization,
    /// The organization has the API switched on.
    pub api_enabled: bool,
    /// What a successful assign answers here: 200, or the 204 that one source saw.
    pub assign_success_status: u16,
    /// An assign without its two flags cannot be read here, as one source may have seen it.
    pub flags_required: bool,
    /// Whose token it is.
    pub person: Person,
    /// The team the token was made for; `None` for one of the organization.
    pub team: Option<Team>,
    /// What the person is, everywhere in the organization.
    pub grants: Grants,
}

impl TokenOwner {
    /// What the token was made for.
    pub fn profile(&self) -> Profile {
        Profile::of(self.team.as_ref().map(|team| team.id))
    }

    /// What the person counts as in the token's profile.
    ///
    /// A token dies with its owner's last role, so there is always one; a viewer is the harmless answer.
    pub fn standing(&self) -> Standing {
        self.grants.standing(self.profile()).unwrap_or(Standing::Viewer)
    }

    /// The request has to name the token's organization, by exactly its number.
    ///
    /// # Errors
    /// [`JetBrainsError::TenantWrong`].
    pub fn check_customer_code(&self, sent: &[u8]) -> Result<(), JetBrainsError> {
        let expected = self.organization.customer_code;
        if sent == expected.to_string().as_bytes() {
            return Ok(());
        }
        let sent = String::from_utf8_lossy(sent).chars().take(LONGEST_CODE_TOLD).collect();
        let whose = format!("{} ({}) in {}", self.person.email, self.profile(), self.organization.name);
        Err(JetBrainsError::TenantWrong { sent, whose, expected })
    }

    /// A team's token sees and touches that team only (jetbrains-account §6, assign-7).
    ///
    /// # Errors
    /// [`JetBrainsError::ForeignTeam`].
    pub fn check_team(&self, team: i32) -> Result<(), JetBrainsError> {
        match self.profile() {
            Profile::Team(token_team) if token_team != team => Err(JetBrainsError::ForeignTeam { token_team }),
            _ => Ok(()),
        }
    }

    /// Licences may not be moved with a team's token (jetbrains-account §6, change-5).
    ///
    /// # Errors
    /// [`JetBrainsError::TeamToken`].
    pub fn check_organization_token(&self) -> Result<(), JetBrainsError> {
        if self.team.is_some() { Err(JetBrainsError::TeamToken) } else { Ok(()) }
    }

    /// Only an admin changes a team's licences (jetbrains-account §5.5, §14).
    ///
    /// # Errors
    /// [`JetBrainsError::EditForbidden`], naming the team.
    pub fn check_edit(&self, team: i32) -> Result<(), JetBrainsError> {
        if self.grants.may_edit(team) { Ok(()) } else { Err(self.refuse_edit(Some(team))) }
    }

    /// Whoever may change nothing anywhere is refused before a team is in question.
    ///
    /// # Errors
    /// [`JetBrainsError::EditForbidden`], naming no team.
    pub fn check_edit_some_team(&self) -> Result<(), JetBrainsError> {
        if self.grants.may_edit_some_team() { Ok(()) } else { Err(self.refuse_edit(None)) }
    }

    fn refuse_edit(&self, team: Option<i32>) -> JetBrainsError {
        JetBrainsError::EditForbidden { customer_code: self.organization.customer_code, team }
    }

    /// What the person is where the token was made for, then where else they are an admin, because that counts too.
    pub fn describe(&self) -> String {
        let own = self.profile();
        let mut parts = vec![format!("{} of the {own}", self.standing())];
        let elsewhere =
            self.grants.0.iter().filter(|grant| {
                grant.profile != own && matches!(grant.role, Role::OrganizationAdmin | Role::TeamAdmin)
            });
        parts.extend(elsewhere.map(|grant| format!("admin of the {}", grant.profile)));
        parts.join(", ")
    }
}
