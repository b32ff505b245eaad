//! Rate limits: an organization's policy, and how many requests each window has seen.

use std::time::Duration;

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
        rate_window::{RateLimit, Window},
    },
    domain::{
        credential::CredentialId,
        organization::{OrganizationId, SpaceId},
    },
    store::{
        db::Db,
        on,
        session::{ReadWrite, Session},
        sql::Sql,
    },
};

/// Counts one request to a generation of the space, and says how many there were in the window, this one included.
///
/// Where several processes share the database, they count there, so that their count is one; else in memory.
pub async fn count(
    db: &Db,
    space: SpaceId,
    generation: i64,
    credential: CredentialId,
    operation: &'static str,
    window: Window,
) -> Result<i64, Error> {
    let start = micros(window.start);
    let Some(counters) = db.counters() else {
        return Box::pin(count_in_database(db, space, credential, operation, start)).await;
    };
    let mut counters = counters.lock();
    // Another generation has other credentials, by the same keys, and counts from 0.
    if db.cached_position(space).is_some_and(|at| at.generation != generation) {
        return Ok(1);
    }
    let (started, requests) = counters.entry((space, credential, operation)).or_insert((start, 0));
    if *started != start {
        (*started, *requests) = (start, 0);
    }
    *requests += 1;
    Ok(*requests)
}

/// A credential that is being revoked, or is gone with its space, is in nobody's way: its request is the first one.
async fn count_in_database(
    db: &Db,
    space: SpaceId,
    credential: CredentialId,
    operation: &'static str,
    start: i64,
) -> Result<i64, Error> {
    const EXISTS: &str = " FROM credential WHERE id = ";
    const CONFLICT: &str = " ON CONFLICT (space_id, credential_id, operation) DO UPDATE SET \
                            started_at = excluded.started_at, \
                            requests = CASE WHEN rate_window.started_at = excluded.started_at \
                            THEN rate_window.requests + 1 ELSE 1 END RETURNING requests";
    let mut sql =
        Sql::new("INSERT INTO rate_window (space_id, credential_id, operation, started_at, requests) SELECT ");
    sql.bind(space.0).push(", ").bind(credential.0).push(", ").bind(operation.to_owned()).push(", ").bind(start);
    sql.push(", 1").push(EXISTS).bind(credential.0).push(CONFLICT);
    let counted: Vec<(i64,)> = db.write_alone(sql).await?;
    Ok(counted.first().map_or(1, |(requests,)| *requests))
}

/// One window that was counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Whose.
    pub organization: OrganizationId,
    /// What people call the credential.
    pub credential: String,
    /// The operation's id.
    pub operation: String,
    /// When it began.
    pub started_at: Time,
    /// Requests so far.
    pub requests: i64,
}

/// The windows of a space, by credential and operation: the last one of each.
pub async fn windows(db: &Db, space: SpaceId) -> Result<Vec<Usage>, Error> {
    const SHARED: &str = "SELECT c.id, c.organization_id, c.label, w.operation, w.started_at, w.requests \
                          FROM credential c JOIN organization o ON o.id = c.organization_id \
                          JOIN rate_window w ON w.space_id = o.space_id AND w.credential_id = c.id \
                          WHERE o.space_id = $1 ORDER BY c.id, w.operation";
    const LABEL: &str = "SELECT c.organization_id, c.label FROM credential c \
                         JOIN organization o ON o.id = c.organization_id WHERE c.id = $1 AND o.space_id = $2";
    let mut session = db.read().await?;
    let Some(counters) = db.counters() else {
        let rows: Vec<(i64, i64, String, String, i64, i64)> =
            on!(session, |c| sqlx::query_as(SHARED).bind(space.0).fetch_all(c).await)?;
        let counted = |(_, organization, credential, operation, started_at, requests)| Usage {
            organization: OrganizationId(organization),
            credential,
            operation,
            started_at: from_micros(started_at),
            requests,
        };
        return Ok(rows.into_iter().map(counted).collect());
    };
    let mut live: Vec<_> = {
        let counters = counters.lock();
        let here = counters.iter().filter(|((of, ..), _)| *of == space);
        here.map(|((_, credential, operation), (start, requests))| (credential.0, *operation, *start, *requests))
            .collect()
    };
    live.sort_unstable();
    let mut windows = Vec::new();
    for (credential, operation, start, requests) in live {
        let label: Option<(i64, String)> =
            on!(session, |c| sqlx::query_as(LABEL).bind(credential).bind(space.0).fetch_optional(c).await)?;
        // A credential that is gone counts no more.
        let Some((organization, label)) = label else { continue };
        windows.push(Usage {
            organization: OrganizationId(organization),
            credential: label,
            operation: operation.to_owned(),
            started_at: from_micros(start),
            requests,
        });
    }
    Ok(windows)
}

/// With the session's commit, every count of its space starts over.
pub fn reset(db: &mut Session<ReadWrite>) {
    db.forget_counters();
}

/// Deletes what was counted in the database. After the commit, because the rows would keep the requests that count in
/// them waiting for it.
pub(crate) async fn delete_counts(db: &Db, space: SpaceId) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM rate_window WHERE space_id = ");
    sql.bind(space.0);
    let _: Vec<(i64,)> = db.write_alone(sql).await?;
    Ok(())
}

/// An organization's rate limit, if it has one of its own.
pub async fn policy<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<Option<RateLimit>, Error> {
    const SQL: &str = "SELECT most, window_micros, mode FROM rate_policy WHERE organization_id = $1";
    let row: Option<PolicyRow> = on!(db, |c| sqlx::query_as(SQL).bind(organization.0).fetch_optional(c).await)?;
    row.map(read_policy).transpose()
}

/// `most, window_micros, mode`
pub(crate) type PolicyRow = (i64, i64, Option<String>);

pub(crate) fn read_policy((limit, window, mode): PolicyRow) -> Result<RateLimit, Error> {
    Ok(RateLimit {
        limit,
        window: Duration::from_micros(u64::try_from(window).map_err(Error::internal)?),
        mode: mode.map(|mode| mode.parse()).transpose().map_err(|e: String| Error::internal(e))?,
    })
}

/// Sets an organization's rate limit.
pub async fn set_policy(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    policy: RateLimit,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO rate_policy (organization_id, most, window_micros, mode) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (organization_id) DO UPDATE SET most = excluded.most, \
                       window_micros = excluded.window_micros, mode = excluded.mode";
    let window = i64::try_from(policy.window.as_micros()).map_err(Error::internal)?;
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(policy.limit)
        .bind(window)
        .bind(policy.mode.map(|mode| mode.to_string()))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
