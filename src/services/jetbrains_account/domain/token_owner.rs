//! Whom a JetBrains Account token speaks for, and what that lets it do.

use crate::{
    domain::organization::{Organization, Person},
    services::jetbrains_account::domain::{
        error::JetBrainsError,
        role::{Grants, Profile, Standing},
        team::Team,
    },
};

/// The person and the profile behind a token, with everything its requests are decided by.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenOwner {
    pub organization: Organization,
    /// The organization has the API switched on.
    pub api_enabled: bool,
    /// What a successful assign answers here: 200, or the 204 that one source saw.
    pub assign_success_status: u16,
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

    /// Only an admin changes anything; `team` is the licence's, for the refusal (jetbrains-account §5.5).
    ///
    /// # Errors
    /// [`JetBrainsError::EditForbidden`].
    pub fn check_edit(&self, team: Option<i32>) -> Result<(), JetBrainsError> {
        if self.standing() == Standing::Admin {
            Ok(())
        } else {
            Err(JetBrainsError::EditForbidden { customer_code: self.organization.customer_code, team })
        }
    }
}
