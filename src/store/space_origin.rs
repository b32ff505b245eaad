//! How spaces were made, and when they were used last.

use std::time::Duration;

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
    },
    domain::organization::SpaceId,
    store::{
        db::Db,
        on,
        session::{ReadWrite, Session},
    },
};

/// Keeps how the session's space was made. When it is new, also after how long without a request it is to be deleted.
pub async fn keep(
    db: &mut Session<ReadWrite>,
    sealed: &str,
    idle_ttl: Option<Duration>,
    now: Time,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO space_origin (space_id, sealed, idle_millis, used_at) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (space_id) DO UPDATE SET sealed = excluded.sealed";
    let idle_millis = idle_ttl.map(|ttl| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
    let space = db.space().id.0;
    on!(db, |c| sqlx::query(SQL)
        .bind(space)
        .bind(sealed)
        .bind(idle_millis)
        .bind(micros(now))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// How a space was made; `None` where that was not kept.
pub async fn find<M>(db: &mut Session<M>, space: SpaceId) -> Result<Option<String>, Error> {
    const SQL: &str = "SELECT sealed FROM space_origin WHERE space_id = $1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(space.0).fetch_optional(c).await)?)
}

/// After how long without a request a space is deleted, if it is.
pub async fn find_idle_ttl<M>(db: &mut Session<M>, space: SpaceId) -> Result<Option<Duration>, Error> {
    const SQL: &str = "SELECT idle_millis FROM space_origin WHERE space_id = $1";
    let millis: Option<Option<i64>> = on!(db, |c| sqlx::query_scalar(SQL).bind(space.0).fetch_optional(c).await)?;
    Ok(millis.flatten().and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis))
}

/// A space that is deleted when nobody asks it.
pub struct IdleSpace {
    pub space: SpaceId,
    pub name: String,
    /// After how long.
    pub idle_ttl: Duration,
    /// When it was asked last, by the machine's clock, as far as that was written down.
    pub used_at: Time,
}

/// Every space that is deleted when nobody asks it.
pub async fn list_idle<M>(db: &mut Session<M>) -> Result<Vec<IdleSpace>, Error> {
    const SQL: &str = "SELECT s.id, s.name, o.idle_millis, o.used_at FROM space_origin o \
                       JOIN space s ON s.id = o.space_id WHERE o.idle_millis IS NOT NULL ORDER BY s.id";
    let rows: Vec<(i64, String, i64, i64)> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    let idle = |(id, name, millis, used_at): (i64, String, i64, i64)| IdleSpace {
        space: SpaceId(id),
        name,
        idle_ttl: Duration::from_millis(u64::try_from(millis).unwrap_or_default()),
        used_at: from_micros(used_at),
    };
    Ok(rows.into_iter().map(idle).collect())
}

/// Writes down when spaces were used last, if no other process knows of a later use. In their order, so that two
/// processes do not wait for each other.
pub async fn note_uses(db: &Db, used: Vec<(SpaceId, Time)>) -> Result<(), Error> {
    const SQL: &str = "UPDATE space_origin SET used_at = $2 WHERE space_id = $1 AND used_at < $2";
    if used.is_empty() {
        return Ok(());
    }
    let mut db = db.begin().await?;
    for (space, at) in used {
        on!(db, |c| sqlx::query(SQL).bind(space.0).bind(micros(at)).execute(c).await.map(drop))?;
    }
    db.commit().await
}

/// Whether the session's space is to be deleted when nobody asks it, and was last asked `before` that time.
pub(crate) async fn is_idle(db: &mut Session<ReadWrite>, before: Time) -> Result<bool, Error> {
    const SQL: &str = "SELECT used_at FROM space_origin WHERE space_id = $1 AND idle_millis IS NOT NULL";
    let space = db.space().id.0;
    let used_at: Option<i64> = on!(db, |c| sqlx::query_scalar(SQL).bind(space).fetch_optional(c).await)?;
    Ok(used_at.is_some_and(|at| at <= micros(before)))
}
