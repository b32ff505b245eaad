//! Who is what in JetBrains Account.

use crate::{
    core::error::Error,
    domain::organization::{OrganizationId, PersonId},
    services::jetbrains_account::domain::role::{Grant, Grants, Profile},
    store::{
        on,
        session::{ReadWrite, Session},
    },
};

/// Everything a person is in the organization.
pub(crate) async fn grants_of<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Grants, Error> {
    const SQL: &str = "SELECT role, team_id FROM role_grant WHERE person_id = $1 AND organization_id = $2 \
                       ORDER BY COALESCE(team_id, 0), role";
    let rows: Vec<(String, Option<i64>)> =
        on!(db, |c| sqlx::query_as(SQL).bind(person.0).bind(organization.0).fetch_all(c).await)?;
    rows.into_iter().map(|(role, team)| read_grant(&role, team)).collect::<Result<_, _>>().map(Grants)
}

/// Everybody's roles, by address.
pub(crate) async fn list<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<Vec<(String, Grant)>, Error> {
    const SQL: &str = "SELECT p.email, g.role, g.team_id FROM role_grant g JOIN person p ON p.id = g.person_id \
                       WHERE p.organization_id = $1 ORDER BY p.email_key, COALESCE(g.team_id, 0), g.role";
    let rows: Vec<(String, String, Option<i64>)> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).fetch_all(c).await)?;
    rows.into_iter().map(|(email, role, team)| Ok((email, read_grant(&role, team)?))).collect()
}

fn read_grant(role: &str, team: Option<i64>) -> Result<Grant, Error> {
    let role = role.parse().map_err(Error::internal)?;
    let team = team.map(i32::try_from).transpose().map_err(Error::internal)?;
    Ok(Grant { role, profile: Profile::of(team) })
}

/// Gives a role; `false` when the person holds it already.
pub(crate) async fn give(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    person: PersonId,
    grant: Grant,
) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO role_grant (organization_id, person_id, team_id, role) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (person_id, COALESCE(team_id, 0), role) DO NOTHING";
    let rows = on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(person.0)
        .bind(grant.profile.team().map(i64::from))
        .bind(grant.role.name())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

/// Takes a role; `false` when the person does not hold it.
pub(crate) async fn take(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    person: PersonId,
    grant: Grant,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM role_grant WHERE organization_id = $1 AND person_id = $2 \
                       AND COALESCE(team_id, 0) = COALESCE($3, 0) AND role = $4";
    let rows = on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(person.0)
        .bind(grant.profile.team().map(i64::from))
        .bind(grant.role.name())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}
