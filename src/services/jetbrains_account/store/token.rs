//! JetBrains Account tokens: one per person and profile.

use crate::services::jetbrains_account::domain::ids::JetBrainsIds as _;
use crate::{
    core::{
        clock::{Time, from_micros},
        error::Error,
        ids::Ids,
        token::{Keyring, PlainToken},
    },
    domain::{
        credential::{Credential, CredentialId},
        journal::Change,
        organization::{OrganizationId, Person, PersonId},
    },
    services::jetbrains_account::{
        domain::{role::Profile, team::Team, token_owner::TokenOwner},
        store::role,
    },
    store::{
        credential::{self, Barrier, CredentialKind, NewCredential},
        on, organization,
        session::{ReadWrite, Session},
    },
};

/// Whom a token speaks for.
pub(crate) async fn find_owner<M>(db: &mut Session<M>, credential: &Credential) -> Result<Option<TokenOwner>, Error> {
    const SQL: &str = "SELECT o.id, o.name, o.customer_code, o.org_id, j.api_enabled, j.assign_success_status, \
                       j.flags_required, p.id, p.email, t.id, t.name \
                       FROM jetbrains_token k \
                       JOIN organization o ON o.id = k.organization_id JOIN person p ON p.id = k.person_id \
                       JOIN jetbrains_account j ON j.organization_id = k.organization_id \
                       LEFT JOIN team t ON t.organization_id = k.organization_id AND t.id = k.team_id \
                       WHERE k.credential_id = $1 AND k.organization_id = $2";
    type Row = (i64, String, i64, String, bool, i64, bool, i64, String, Option<i64>, Option<String>);
    let row: Option<Row> =
        on!(db, |c| sqlx::query_as(SQL).bind(credential.id.0).bind(credential.organization.0).fetch_optional(c).await)?;
    let Some((id, name, code, org_id, api_enabled, status, flags_required, person, email, team_id, team_name)) = row
    else {
        return Ok(None);
    };
    let organization = organization::organization((id, name, code, org_id));
    let person = Person { id: PersonId(person), email };
    let team = match (team_id, team_name) {
        (Some(id), Some(name)) => Some(Team { id: i32::try_from(id).map_err(Error::internal)?, name }),
        _ => None,
    };
    Ok(Some(TokenOwner {
        grants: role::grants_of(db, organization.id, person.id).await?,
        organization,
        api_enabled,
        assign_success_status: u16::try_from(status).map_err(Error::internal)?,
        flags_required,
        person,
        team,
    }))
}

/// What people call somebody's token in a profile.
pub(crate) fn describe(email: &str, profile: Profile) -> String {
    format!("{email} ({profile})")
}

/// A token as administrators see it: never the token itself.
#[derive(Debug)]
pub(crate) struct TokenSummary {
    pub email: String,
    /// What it was made for.
    pub profile: Profile,
    /// When it was last generated.
    pub created_at: Time,
}

/// Every token of the organization, by address.
pub(crate) async fn list<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<Vec<TokenSummary>, Error> {
    const SQL: &str = "SELECT p.email, k.team_id, c.created_at FROM jetbrains_token k \
                       JOIN person p ON p.id = k.person_id JOIN credential c ON c.id = k.credential_id \
                       WHERE c.organization_id = $1 ORDER BY p.email_key, COALESCE(k.team_id, 0)";
    let rows: Vec<(String, Option<i64>, i64)> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(email, team, created_at)| {
            let team = team.map(i32::try_from).transpose().map_err(Error::internal)?;
            Ok(TokenSummary { email, profile: Profile::of(team), created_at: from_micros(created_at) })
        })
        .collect()
}

/// The service that takes these tokens.
pub(crate) const SERVICE: &str = "jetbrains_account";

/// The token of a person, in the organization or in one of its teams.
pub(crate) const KIND: CredentialKind = CredentialKind {
    barrier: Some(Barrier {
        is_standing: "SELECT NOT api_enabled FROM jetbrains_account WHERE organization_id = $1",
        why: "nobody generates a token while the API is disabled: an organization admin enables it",
    }),
    ..CredentialKind::new("jetbrains_token", Ids::jetbrains_token)
};

/// Keeps a token that was just made as a person's in a profile. An earlier one dies.
pub(crate) async fn keep_new(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    organization: OrganizationId,
    person: &Person,
    profile: Profile,
    token: &PlainToken,
) -> Result<(), Error> {
    if issue(db, keyring, organization, person, profile, token).await? {
        Ok(())
    } else {
        Err(Error::internal("a generated token was in use"))
    }
}

/// Keeps `token` as a person's token in a profile. An earlier one dies. `false` when it is somebody's already.
pub(crate) async fn issue(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    organization: OrganizationId,
    person: &Person,
    profile: Profile,
    token: &PlainToken,
) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO jetbrains_token (credential_id, organization_id, person_id, team_id) \
                       VALUES ($1, $2, $3, $4)";
    let label = describe(&person.email, profile);
    let new = NewCredential {
        organization,
        service: SERVICE,
        kind: KIND.name,
        created_at: None,
        label: &label,
        expires_at: None,
    };
    let is_rotated = remove(db, organization, person.id, profile).await?;
    let Some(credential) = credential::issue(db, keyring, &new, token).await? else { return Ok(false) };
    on!(db, |c| sqlx::query(SQL)
        .bind(credential.0)
        .bind(organization.0)
        .bind(person.id.0)
        .bind(profile.team().map(i64::from))
        .execute(c)
        .await
        .map(drop))?;
    let done = if is_rotated { "rotated" } else { "made" };
    db.note_change(|| Change::new("token", &label, format!("{done} the token of {label}")));
    Ok(true)
}

/// Takes a person's token in a profile away; `false` when there is none.
pub(crate) async fn remove(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    person: PersonId,
    profile: Profile,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT credential_id FROM jetbrains_token WHERE organization_id = $1 AND person_id = $2 \
                       AND COALESCE(team_id, 0) = COALESCE($3, 0)";
    let id: Option<i64> = on!(db, |c| sqlx::query_scalar(SQL)
        .bind(organization.0)
        .bind(person.0)
        .bind(profile.team().map(i64::from))
        .fetch_optional(c)
        .await)?;
    let Some(id) = id else { return Ok(false) };
    credential::delete(db, organization, CredentialId(id)).await?;
    Ok(true)
}
