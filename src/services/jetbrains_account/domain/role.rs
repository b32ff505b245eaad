//! Who may do what in JetBrains Account (jetbrains-account §10, §14), as pure functions.

use std::fmt;

use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::core::suggest;

/// What a person is in a profile; by these names in seeds, in the control API and in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case", parse_err_fn = describe_unknown_role, parse_err_ty = String)]
pub enum Role {
    /// Administrates the organization. Only there.
    OrganizationAdmin,
    /// Administrates a team. Only there.
    TeamAdmin,
    /// Looks on, in the organization or in a team.
    Viewer,
    /// The organization's contact. Only there.
    PrimaryContact,
}

fn describe_unknown_role(text: &str) -> String {
    suggest::describe_unknown(text, "a role", Role::VARIANTS.iter().copied())
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Whether the role exists in that kind of profile.
    ///
    /// # Errors
    /// A sentence that says in which it does.
    pub fn check_fits(self, profile: Profile) -> Result<(), String> {
        match (self, profile) {
            (Self::OrganizationAdmin | Self::PrimaryContact, Profile::Team(_)) => {
                Err(format!("{} is of the organization: leave `team` out", self.name()))
            }
            (Self::TeamAdmin, Profile::Organization) => Err(format!("{} takes a `team`", self.name())),
            _ => Ok(()),
        }
    }
}

/// What a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    Organization,
    /// One team.
    Team(i32),
}

impl Profile {
    /// The team, if it is one.
    pub fn team(self) -> Option<i32> {
        match self {
            Self::Organization => None,
            Self::Team(id) => Some(id),
        }
    }

    /// The inverse of [`Profile::team`].
    pub fn of(team: Option<i32>) -> Self {
        team.map_or(Self::Organization, Self::Team)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization => f.write_str("organization"),
            Self::Team(id) => write!(f, "team {id}"),
        }
    }
}

/// One role in one profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// What the person is.
    pub role: Role,
    /// Where.
    pub profile: Profile,
}

/// What somebody counts as in one profile: the strongest of the roles held there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[strum(serialize_all = "lowercase")]
pub enum Standing {
    /// May change things.
    Admin,
    /// Reads; is the organization's contact.
    #[strum(to_string = "primary contact")]
    PrimaryContact,
    /// Reads.
    Viewer,
}

/// Everything one person is in one organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(pub Vec<Grant>);

impl Grants {
    /// Holds exactly this.
    pub fn has(&self, role: Role, profile: Profile) -> bool {
        self.0.contains(&Grant { role, profile })
    }

    /// What the person counts as in `profile`; `None` without a role there.
    ///
    /// unverified: that a primary contact who is a viewer too shows as the former.
    pub fn standing(&self, profile: Profile) -> Option<Standing> {
        self.0
            .iter()
            .filter(|grant| grant.profile == profile)
            .map(|grant| grant.role)
            .min_by_key(|role| match role {
                Role::OrganizationAdmin | Role::TeamAdmin => 0,
                Role::PrimaryContact => 1,
                Role::Viewer => 2,
            })
            .map(|role| match role {
                Role::OrganizationAdmin | Role::TeamAdmin => Standing::Admin,
                Role::PrimaryContact => Standing::PrimaryContact,
                Role::Viewer => Standing::Viewer,
            })
    }

    /// May change the licences of `team`: an admin of the organization, or of that team.
    ///
    /// unverified: that either grant is enough, whatever the token was made for (jetbrains-account §14).
    pub fn may_edit(&self, team: i32) -> bool {
        self.is_organization_admin() || self.administrates(Profile::Team(team))
    }

    /// May change the licences of some team.
    pub fn may_edit_some_team(&self) -> bool {
        self.is_organization_admin() || self.0.iter().any(|grant| grant.role == Role::TeamAdmin)
    }

    fn is_organization_admin(&self) -> bool {
        self.has(Role::OrganizationAdmin, Profile::Organization)
    }

    fn administrates(&self, profile: Profile) -> bool {
        profile != Profile::Organization && self.has(Role::TeamAdmin, profile)
    }
}

/// What somebody may not do in the vendor's pages.
#[derive(Debug, thiserror::Error)]
#[error("{email} may not {what}")]
pub(crate) struct ActorRefused {
    email: String,
    what: String,
}

/// An actor of the vendor's pages, and what they are.
#[derive(Debug)]
pub(crate) struct Actor<'a> {
    /// Who acts.
    pub email: &'a str,
    pub grants: &'a Grants,
    /// They act on themselves.
    pub is_self: bool,
}

impl Actor<'_> {
    fn allow(&self, allowed: bool, what: &str) -> Result<(), ActorRefused> {
        let refusal = || ActorRefused { email: self.email.to_owned(), what: what.to_owned() };
        if allowed { Ok(()) } else { Err(refusal()) }
    }

    /// Look at the page of `profile`: whoever is something there; an organization admin at every team's.
    ///
    /// unverified: that others do not see it at all.
    pub(crate) fn check_look(&self, profile: Profile) -> Result<(), ActorRefused> {
        self.allow(
            self.grants.is_organization_admin() || self.grants.standing(profile).is_some(),
            &format!("look at the {profile}: that takes a role there"),
        )
    }

    /// Enable or disable the API: organization admins.
    pub(crate) fn check_switch_api(&self) -> Result<(), ActorRefused> {
        self.allow(self.grants.is_organization_admin(), "enable or disable the API: that takes an organization admin")
    }

    /// Generate or regenerate the token of somebody who is `holder` in `profile`: the own one; a team's
    /// admin everybody's in the team.
    ///
    /// unverified: that nobody does while the API is disabled; the vendor says that enabling makes it available.
    pub(crate) fn check_generate_token(
        &self,
        holder: &Grants,
        profile: Profile,
        is_api_enabled: bool,
    ) -> Result<(), ActorRefused> {
        self.allow(
            holder.standing(profile).is_some(),
            &format!("generate a token in the {profile} for somebody without a role there"),
        )?;
        self.allow(
            self.is_self || self.grants.administrates(profile),
            &format!("generate somebody else's token in the {profile}: that takes an admin of the team"),
        )?;
        self.allow(is_api_enabled, "generate a token while the API is disabled: an organization admin enables it")
    }

    /// Remove a token in `profile`: the own one; an organization admin anybody's; a team's admin everybody's
    /// in the team.
    pub(crate) fn check_remove_token(&self, profile: Profile) -> Result<(), ActorRefused> {
        self.allow(
            self.is_self || self.grants.is_organization_admin() || self.grants.administrates(profile),
            &format!(
                "remove somebody else's token in the {profile}: \
                 that takes an organization admin or an admin of the team"
            ),
        )
    }

    /// Give or take a role in `profile`: an organization admin any, a team's admin the team's.
    ///
    /// unverified: the vendor's article does not say who gives roles.
    pub(crate) fn check_change_role(&self, profile: Profile) -> Result<(), ActorRefused> {
        self.allow(
            self.grants.is_organization_admin() || self.grants.administrates(profile),
            &format!("give or take roles in the {profile}: that takes an organization admin or an admin of the team"),
        )
    }

    /// Create, rename and delete teams: organization admins.
    ///
    /// unverified: the contract says it of merging teams only.
    pub(crate) fn check_change_teams(&self) -> Result<(), ActorRefused> {
        self.allow(self.grants.is_organization_admin(), "change teams: that takes an organization admin")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEAM: Profile = Profile::Team(1);

    fn grants(list: &[(Role, Profile)]) -> Grants {
        Grants(list.iter().map(|&(role, profile)| Grant { role, profile }).collect())
    }

    #[test]
    fn the_strongest_role_counts_per_profile() {
        let both = grants(&[
            (Role::Viewer, Profile::Organization),
            (Role::PrimaryContact, Profile::Organization),
            (Role::TeamAdmin, TEAM),
        ]);
        assert_eq!(both.standing(Profile::Organization), Some(Standing::PrimaryContact));
        assert_eq!(both.standing(TEAM), Some(Standing::Admin));
        assert_eq!(both.standing(Profile::Team(2)), None);
    }

    #[test]
    fn either_grant_lets_edit_a_team() {
        let organization = grants(&[(Role::OrganizationAdmin, Profile::Organization), (Role::Viewer, TEAM)]);
        assert!(organization.may_edit(1) && organization.may_edit(2) && organization.may_edit_some_team());
        let team = grants(&[(Role::Viewer, Profile::Organization), (Role::TeamAdmin, TEAM)]);
        assert!(team.may_edit(1) && !team.may_edit(2) && team.may_edit_some_team());
        let neither = grants(&[(Role::PrimaryContact, Profile::Organization), (Role::Viewer, TEAM)]);
        assert!(!neither.may_edit(1) && !neither.may_edit_some_team());
    }

    /// jetbrains-account §14, row by row.
    #[test]
    fn who_may_do_what() {
        let org_admin = grants(&[(Role::OrganizationAdmin, Profile::Organization)]);
        let team_admin = grants(&[(Role::TeamAdmin, TEAM)]);
        let viewer = grants(&[(Role::Viewer, TEAM), (Role::Viewer, Profile::Organization)]);
        let contact = grants(&[(Role::PrimaryContact, Profile::Organization)]);
        let nobody = grants(&[]);
        let acting = |grants: &Grants, is_self: bool, check: &dyn Fn(&Actor<'_>) -> Result<(), ActorRefused>| {
            check(&Actor { email: "a@example.test", grants, is_self }).is_ok()
        };

        for (who, may) in
            [(&org_admin, true), (&team_admin, false), (&viewer, false), (&contact, false), (&nobody, false)]
        {
            assert_eq!(acting(who, false, &|actor| actor.check_switch_api()), may);
        }
        let generate =
            |who, is_self, holder: &Grants, at| acting(who, is_self, &|a| a.check_generate_token(holder, at, true));
        assert!(generate(&org_admin, true, &org_admin, Profile::Organization));
        assert!(
            !generate(&org_admin, false, &viewer, Profile::Organization),
            "an org admin removes, but does not generate for others"
        );
        assert!(generate(&team_admin, false, &viewer, TEAM));
        assert!(!generate(&team_admin, false, &contact, TEAM), "not in the team");
        assert!(!generate(&team_admin, false, &viewer, Profile::Organization));
        assert!(generate(&viewer, true, &viewer, TEAM) && generate(&contact, true, &contact, Profile::Organization));
        assert!(!generate(&viewer, false, &team_admin, TEAM));
        assert!(!generate(&nobody, true, &nobody, TEAM));

        let look = |who, profile| acting(who, true, &|a| a.check_look(profile));
        assert!(look(&org_admin, TEAM) && look(&viewer, TEAM) && look(&contact, Profile::Organization));
        assert!(!look(&contact, TEAM) && !look(&team_admin, Profile::Organization) && !look(&nobody, TEAM));

        let remove = |who, is_self, profile| acting(who, is_self, &|a| a.check_remove_token(profile));
        assert!(remove(&org_admin, false, Profile::Organization) && remove(&org_admin, false, TEAM));
        assert!(remove(&team_admin, false, TEAM) && !remove(&team_admin, false, Profile::Organization));
        assert!(!remove(&team_admin, false, Profile::Team(2)));
        assert!(remove(&viewer, true, TEAM) && !remove(&viewer, false, TEAM));
    }

    #[test]
    fn a_role_is_of_one_kind_of_profile_or_of_both() {
        assert_eq!(
            "admin".parse::<Role>().unwrap_err(),
            "`admin` is not a role: expected `organization_admin`, `team_admin`, `viewer`, `primary_contact`"
        );
        assert_eq!("team_admin".parse(), Ok(Role::TeamAdmin));
        assert!(
            Role::TeamAdmin.check_fits(Profile::Organization).is_err()
                && Role::OrganizationAdmin.check_fits(TEAM).is_err()
        );
    }
}
