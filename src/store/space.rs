//! Spaces: their revision and their clock.

use chrono::TimeDelta;

use crate::{
    core::{
        clock::{Clock, from_micros, micros},
        error::Error,
        ids::random_bytes,
    },
    domain::organization::{DEFAULT_SPACE, Space, SpaceId},
    store::{
        can_be_stored,
        db::{Db, Position},
        dialect::Dialect,
        events::{self, EventKind},
        journal, on,
        session::{Changes, ReadWrite, Session, Transaction},
        sql::bound,
    },
};

impl Db {
    /// The revision `space` is at now; `None` when there is no such space.
    pub async fn revision(&self, space: SpaceId) -> Result<Option<i64>, Error> {
        Ok(self.position(space).await?.map(|at| at.revision))
    }

    /// How far the writes to a space have come, if none of them changed since what requests are decided by.
    pub(crate) async fn position_under_same_rules(&self, space: &Space) -> Result<Option<Position>, Error> {
        let at = self.position(space.id).await?;
        Ok(at.filter(|at| at.rules_revision == space.rules_revision && at.revision >= space.revision))
    }

    /// How far the writes to `space` have come; `None` when there is no such space. A reader that finds the same
    /// generation before and after has seen no other in between, however many sessions it used.
    pub(crate) async fn position(&self, space: SpaceId) -> Result<Option<Position>, Error> {
        if let Some(at) = self.cached_position(space) {
            return Ok(Some(at));
        }
        let found = Box::pin(async { find_position(&mut self.read().await?, space).await }).await?;
        if let Some(at) = found {
            self.cache_position(space, at);
        }
        Ok(found)
    }
}

/// `id, name, revision, writes, clock_mode, clock_micros, rules_revision`
pub(crate) type Row = (i64, String, i64, i64, String, i64, i64);

pub(crate) fn space((id, name, revision, writes, mode, micros, rules_revision): Row) -> Space {
    let clock = match mode.as_str() {
        "frozen" => Clock::Frozen(from_micros(micros)),
        "offset" => Clock::Offset(TimeDelta::microseconds(micros)),
        _ => Clock::Real,
    };
    Space { id: SpaceId(id), name, revision, rules_revision, writes, clock }
}

fn clock_micros(clock: Clock) -> i64 {
    match clock {
        Clock::Real => 0,
        Clock::Frozen(at) => micros(at),
        Clock::Offset(by) => by.num_microseconds().unwrap_or_default(),
    }
}

/// Makes the default space if it is not there.
pub(crate) async fn ensure_default(db: &mut Session<Transaction>) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO space (name, revision, writes, clock_mode, clock_micros) \
                       VALUES ($1, 1, 0, 'real', 0) ON CONFLICT (name) DO NOTHING";
    on!(db, |c| sqlx::query(SQL).bind(DEFAULT_SPACE).execute(c).await.map(drop))?;
    Ok(())
}

/// Makes a space; `None` when there is one with the name. Its key is never given out again, because processes
/// remember things by it.
pub(crate) async fn create(db: &mut Session<Transaction>, name: &str) -> Result<Option<Space>, Error> {
    const SQL: &str = "INSERT INTO space (id, name, revision, writes, clock_mode, clock_micros) \
                       VALUES ($1, $2, 1, 0, 'real', 0) ON CONFLICT (name) DO NOTHING \
                       RETURNING id, name, revision, writes, clock_mode, clock_micros, rules_revision";
    let id = i64::from_le_bytes(random_bytes()) & i64::MAX;
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(id).bind(name).fetch_optional(c).await)?;
    Ok(row.map(space))
}

/// Every space, by name.
pub async fn list<M>(db: &mut Session<M>) -> Result<Vec<Space>, Error> {
    const SQL: &str =
        "SELECT id, name, revision, writes, clock_mode, clock_micros, rules_revision FROM space ORDER BY name";
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    Ok(rows.into_iter().map(space).collect())
}

/// Deletes the session's space, once everything in it is gone.
pub(crate) async fn delete(db: &mut Session<ReadWrite>) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM space WHERE id = $1";
    wipe(db).await?;
    let id = db.space().id.0;
    on!(db, |c| sqlx::query(SQL).bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// A space by its name.
pub async fn find_by_name<M>(db: &mut Session<M>, name: &str) -> Result<Option<Space>, Error> {
    const SQL: &str =
        "SELECT id, name, revision, writes, clock_mode, clock_micros, rules_revision FROM space WHERE name = $1";
    if !can_be_stored(name) {
        return Ok(None);
    }
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(name).fetch_optional(c).await)?;
    Ok(row.map(space))
}

/// A space by its key.
pub async fn find<M>(db: &mut Session<M>, id: SpaceId) -> Result<Option<Space>, Error> {
    const SQL: &str =
        "SELECT id, name, revision, writes, clock_mode, clock_micros, rules_revision FROM space WHERE id = $1";
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(space))
}

/// How far the writes to a space have come.
async fn find_position<M>(db: &mut Session<M>, id: SpaceId) -> Result<Option<Position>, Error> {
    const SQL: &str = "SELECT revision, rules_revision, revision - writes FROM space WHERE id = $1";
    let row: Option<(i64, i64, i64)> = on!(db, |c| sqlx::query_as(SQL).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(|(revision, rules_revision, generation)| Position { revision, rules_revision, generation }))
}

/// The first statement of every write. On SQLite it begins the transaction in the same trip.
pub(crate) async fn raise_revision(
    db: &mut Session<Transaction>,
    id: SpaceId,
    changes: Changes,
) -> Result<Option<Space>, Error> {
    const RULES: &str = "UPDATE space SET revision = revision + 1, writes = writes + 1, rules_revision = revision + 1 \
                         WHERE id = $1 \
                         RETURNING id, name, revision, writes, clock_mode, clock_micros, rules_revision";
    const DATA: &str = "UPDATE space SET revision = revision + 1, writes = writes + 1 WHERE id = $1 \
                        RETURNING id, name, revision, writes, clock_mode, clock_micros, rules_revision";
    let sql = match changes {
        Changes::Rules => RULES,
        Changes::Data => DATA,
    };
    let sql = db.join_waiting(sql, [id.0.into()]);
    let (sql, binds) = sql.into_parts();
    let row: Option<Row> = on!(db, |c| bound!(sqlx::query_as(sql), binds).fetch_optional(c).await)?;
    Ok(row.map(space))
}

/// Sets the clock of the session's space, and of the session.
pub async fn set_clock(db: &mut Session<ReadWrite>, clock: Clock) -> Result<(), Error> {
    const SQL: &str = "UPDATE space SET clock_mode = $2, clock_micros = $3 WHERE id = $1";
    let id = db.space().id.0;
    on!(db, |c| sqlx::query(SQL)
        .bind(id)
        .bind(clock.to_string())
        .bind(clock_micros(clock))
        .execute(c)
        .await
        .map(drop))?;
    let space = Space { clock, ..db.space().clone() };
    db.use_space(space);
    events::tell(db, EventKind::Clock, "").await
}

/// Lets the next ids of the session's space, once it is wiped and filled again, be those that come after `writes`
/// writes. The revision rises by as much, because a generation is their difference and none may come back.
pub(crate) async fn continue_after(db: &mut Session<ReadWrite>, writes: i64) -> Result<(), Error> {
    const SQL: &str = "UPDATE space SET revision = $2, writes = $3 WHERE id = $1";
    let revision = db.space().revision.max(db.generation() + 1 + writes);
    let space = Space { revision, writes, ..db.space().clone() };
    on!(db, |c| sqlx::query(SQL).bind(space.id.0).bind(revision).bind(writes).execute(c).await.map(drop))?;
    db.use_space(space);
    Ok(())
}

/// Waits for others who choose names that no two spaces may have, and lets them wait until the end of the write. On
/// SQLite nobody else writes.
pub(crate) async fn lock_names(db: &mut Session<ReadWrite>) -> Result<(), Error> {
    const SQL: &str = "SELECT pg_advisory_xact_lock(hashtext('names of locum_' || current_schema()))";
    if db.dialect() == Dialect::Postgres {
        on!(db, |c| sqlx::query(SQL).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Deletes everything in the session's space and starts its ids over, as if nothing was ever written.
pub async fn wipe(db: &mut Session<ReadWrite>) -> Result<(), Error> {
    // Licences hold on to their teams; the rest goes with the organization.
    const LICENSES: &str =
        "DELETE FROM license WHERE organization_id IN (SELECT id FROM organization WHERE space_id = $1)";
    const FAULTS: &str = "DELETE FROM injected_fault WHERE space_id = $1";
    const ORGANIZATIONS: &str = "DELETE FROM organization WHERE space_id = $1";
    const ENDED: &str = "DELETE FROM ended_credential WHERE space_id = $1";
    const WRITES: &str = "UPDATE space SET writes = 0, clock_mode = 'real', clock_micros = 0 WHERE id = $1";
    let id = db.space().id.0;
    let statements = [LICENSES, FAULTS, ORGANIZATIONS, ENDED, WRITES];
    // SQLite takes all of them at once, which is one trip to its thread.
    let statements = match db.dialect() {
        Dialect::Sqlite => vec![statements.join("; ")],
        Dialect::Postgres => statements.map(str::to_owned).to_vec(),
    };
    for sql in statements {
        let sql = sqlx::AssertSqlSafe(sql);
        on!(db, |c| sqlx::query(sql).bind(id).execute(c).await.map(drop))?;
    }
    // Its credentials are gone, and their keys may be given out again.
    db.forget_counters();
    journal::clear(db);
    let space = Space { writes: 0, clock: Clock::Real, ..db.space().clone() };
    db.use_space(space);
    events::tell(db, EventKind::Clock, "").await?;
    events::tell(db, EventKind::Fault, "").await
}
