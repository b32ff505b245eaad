//! Named states of a space, kept until they are deleted or the space is.

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
    },
    domain::organization::{Space, SpaceId},
    store::{
        can_be_stored,
        db::Db,
        on,
        session::{ReadWrite, Session},
        state::ExportedState,
    },
};

/// A snapshot, without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub name: String,
    /// What the space was at.
    pub revision: i64,
    /// When, by the space's clock.
    pub taken_at: Time,
    /// How long its document is.
    pub bytes: i64,
}

type Row = (String, i64, i64, i64);

fn snapshot((name, revision, taken_at, bytes): Row) -> Snapshot {
    Snapshot { name, revision, taken_at: from_micros(taken_at), bytes }
}

/// The snapshots of a space, by name.
pub async fn list<M>(db: &mut Session<M>, space: SpaceId) -> Result<Vec<Snapshot>, Error> {
    const SQL: &str = "SELECT name, revision, taken_at, CAST(octet_length(state) AS BIGINT) FROM snapshot \
                       WHERE space_id = $1 ORDER BY name";
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(snapshot).collect())
}

/// Keeps a state under a name, and replaces what was kept under it. Not a write of the space, so that its generation
/// and its next ids stay as they are.
pub async fn keep(db: &Db, space: &Space, name: &str, state: &ExportedState) -> Result<Snapshot, Error> {
    const SQL: &str = "INSERT INTO snapshot (space_id, name, revision, taken_at, state) \
                       SELECT id, $2, $3, $4, $5 FROM space WHERE id = $1 \
                       ON CONFLICT (space_id, name) DO UPDATE SET revision = excluded.revision, \
                       taken_at = excluded.taken_at, state = excluded.state \
                       RETURNING name, revision, taken_at, CAST(octet_length(state) AS BIGINT)";
    let text = serde_json::to_string(state).map_err(Error::internal)?;
    let mut db = db.begin().await?;
    db.be_patient().await?;
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL)
        .bind(space.id.0)
        .bind(name)
        .bind(space.revision)
        .bind(micros(space.now()))
        .bind(&text)
        .fetch_optional(c)
        .await)?;
    db.commit().await?;
    row.map(snapshot).ok_or_else(|| Error::NotFound("the space is gone".to_owned()))
}

/// The document of a snapshot of the session's space.
pub async fn document(db: &mut Session<ReadWrite>, name: &str) -> Result<Option<String>, Error> {
    const SQL: &str = "SELECT state FROM snapshot WHERE space_id = $1 AND name = $2";
    if !can_be_stored(name) {
        return Ok(None);
    }
    let space = db.space().id.0;
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(space).bind(name).fetch_optional(c).await)?)
}

/// Deletes a snapshot: what it was; `None` when there is none.
pub async fn delete(db: &Db, space: SpaceId, name: &str) -> Result<Option<Snapshot>, Error> {
    const SQL: &str = "DELETE FROM snapshot WHERE space_id = $1 AND name = $2 \
                       RETURNING name, revision, taken_at, CAST(octet_length(state) AS BIGINT)";
    if !can_be_stored(name) {
        return Ok(None);
    }
    let mut db = db.begin().await?;
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).bind(name).fetch_optional(c).await)?;
    db.commit().await?;
    Ok(row.map(snapshot))
}
