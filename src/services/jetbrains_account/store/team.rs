//! Teams of an organization.

use crate::{
    core::error::Error,
    domain::organization::OrganizationId,
    services::jetbrains_account::domain::team::Team,
    store::{ReadWrite, Session, credential, session::on},
};

/// Adds a team, or renames it.
pub(crate) async fn upsert(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    team: &Team,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO team (organization_id, id, name) VALUES ($1, $2, $3) \
                       ON CONFLICT (organization_id, id) DO UPDATE SET name = excluded.name";
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(i64::from(team.id))
        .bind(&team.name)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Every team, by id.
pub(crate) async fn list<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<Vec<Team>, Error> {
    const SQL: &str = "SELECT id, name FROM team WHERE organization_id = $1 ORDER BY id";
    let rows: Vec<(i64, String)> = on!(db, |c| sqlx::query_as(SQL).bind(organization.0).fetch_all(c).await)?;
    rows.into_iter().map(read_team).collect()
}

/// One team.
pub(crate) async fn find<M>(db: &mut Session<M>, organization: OrganizationId, id: i32) -> Result<Option<Team>, Error> {
    const SQL: &str = "SELECT id, name FROM team WHERE organization_id = $1 AND id = $2";
    let row: Option<(i64, String)> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).bind(i64::from(id)).fetch_optional(c).await)?;
    row.map(read_team).transpose()
}

/// How many licences a team has.
pub(crate) async fn count_licenses<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    id: i32,
) -> Result<i64, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM license WHERE organization_id = $1 AND team_id = $2";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).bind(i64::from(id)).fetch_one(c).await)?)
}

/// Deletes a team that has no licences, with its roles and its tokens.
pub(crate) async fn delete(db: &mut Session<ReadWrite>, organization: OrganizationId, id: i32) -> Result<(), Error> {
    const TOKENS: &str = "DELETE FROM credential WHERE organization_id = $1 AND id IN \
                          (SELECT credential_id FROM jetbrains_token WHERE organization_id = $1 AND team_id = $2) \
                          RETURNING fingerprint, service, label";
    // Roles go with it by their foreign key.
    const TEAM: &str = "DELETE FROM team WHERE organization_id = $1 AND id = $2";
    let id = i64::from(id);
    let ended = on!(db, |c| sqlx::query_as(TOKENS).bind(organization.0).bind(id).fetch_all(c).await)?;
    credential::note_ended(db, ended).await?;
    on!(db, |c| sqlx::query(TEAM).bind(organization.0).bind(id).execute(c).await.map(drop))?;
    Ok(())
}

fn read_team((id, name): (i64, String)) -> Result<Team, Error> {
    Ok(Team { id: i32::try_from(id).map_err(Error::internal)?, name })
}
