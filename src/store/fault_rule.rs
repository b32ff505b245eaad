//! Faults that a tester injects.

use crate::{
    core::error::Error,
    domain::{fault_rule::Rule, organization::SpaceId},
    store::{
        can_be_stored,
        db::Db,
        events::{self, EventKind},
        on,
        session::{ReadWrite, Session},
        sql::Sql,
    },
};

/// A rule, by its id, and how many requests have matched it.
#[derive(Debug, Clone)]
pub struct StoredRule {
    pub id: String,
    pub rule: Rule,
    /// Requests that matched.
    pub seen: i64,
}

/// The rules of a space, in the order in which they were made.
pub async fn list<M>(db: &mut Session<M>, space: SpaceId) -> Result<Vec<StoredRule>, Error> {
    const SQL: &str = "SELECT id, rule, seen FROM injected_fault WHERE space_id = $1 ORDER BY position";
    let rows: Vec<(String, String, i64)> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(id, rule, seen)| {
            Ok(StoredRule { id, rule: serde_json::from_str(&rule).map_err(Error::internal)?, seen })
        })
        .collect()
}

/// Adds a rule behind those that are there.
pub async fn add(db: &mut Session<ReadWrite>, rule: Rule) -> Result<StoredRule, Error> {
    const SQL: &str = "INSERT INTO injected_fault (space_id, id, position, rule, seen) VALUES ($1, $2, \
                       (SELECT COALESCE(MAX(position), 0) + 1 FROM injected_fault WHERE space_id = $1), $3, 0)";
    let (space, id) = (db.space().id.0, db.ids().uuid().to_string());
    let text = serde_json::to_string(&rule).map_err(Error::internal)?;
    on!(db, |c| sqlx::query(SQL).bind(space).bind(&id).bind(&text).execute(c).await.map(drop))?;
    events::tell(db, EventKind::Fault, &id).await?;
    Ok(StoredRule { id, rule, seen: 0 })
}

/// Removes one rule, or all; how many there were.
pub async fn remove(db: &mut Session<ReadWrite>, id: Option<&str>) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM injected_fault WHERE space_id = $1 AND id = COALESCE($2, id)";
    if id.is_some_and(|id| !can_be_stored(id)) {
        return Ok(0);
    }
    let space = db.space().id.0;
    let removed = on!(db, |c| sqlx::query(SQL).bind(space).bind(id).execute(c).await.map(|done| done.rows_affected()))?;
    if removed > 0 {
        events::tell(db, EventKind::Fault, id.unwrap_or_default()).await?;
    }
    Ok(removed)
}

/// Counts a request that matched a rule: its number, from 1; `None` when the rule is gone, or another generation of the
/// space has one by this id. Not a write of the space: what was remembered of it stays true.
pub async fn count(db: &Db, space: SpaceId, generation: i64, id: &str) -> Result<Option<i64>, Error> {
    const NOTIFY: &str = ") SELECT seen FROM counted, LATERAL (SELECT pg_notify('locum_' || current_schema(), ";
    // PostgreSQL tells whoever listens in any process.
    let tells = db.is_shared();
    let mut sql = Sql::new(if tells { "WITH counted AS (" } else { "" });
    sql.push("UPDATE injected_fault SET seen = seen + 1 WHERE space_id = ").bind(space.0);
    sql.push(" AND id = ").bind(id.to_owned()).push(" AND EXISTS (SELECT 1 FROM space WHERE id = ").bind(space.0);
    sql.push(" AND revision - writes = ").bind(generation).push(") RETURNING seen");
    if tells {
        sql.push(NOTIFY).bind(EventKind::Fault.payload(space, id)?).push(")) AS notified");
    }
    let seen: Vec<(i64,)> = db.write_alone(sql).await?;
    let Some((seen,)) = seen.first() else { return Ok(None) };
    db.tell(space, EventKind::Fault, id);
    Ok(Some(*seen))
}
