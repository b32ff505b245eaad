//! Entries that the database did not take, while processes share it: they count as dropped, because who verifies how
//! often something was asked must not be told that nothing is missing.

use std::time::Duration;

use crate::{
    core::error::Error,
    domain::organization::SpaceId,
    store::{db::Db, journal::pending::Lost, postgres::pause, sql::Sql},
};

/// How long a database that did not take an entry is left alone before it is told of that.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts an entry that could not be kept, and tells the database once that answers again.
pub(super) fn add(db: &Db, space: SpaceId, revision: i64) {
    if !db.losses().add(space, Lost { entries: 1, revision }) {
        return;
    }
    let db = db.clone();
    tokio::spawn(async move {
        loop {
            let spaces = db.losses().spaces();
            if spaces.is_empty() {
                return;
            }
            for space in spaces {
                if tell(&db, space).await.is_err() {
                    pause(PAUSE).await;
                }
            }
        }
    });
}

async fn tell(db: &Db, space: SpaceId) -> Result<(), Error> {
    const STATE: &str = "INSERT INTO journal_state (space_id, since_revision, evicted) SELECT id, 0, ";
    const CONFLICT: &str = " ON CONFLICT (space_id) DO UPDATE SET evicted = journal_state.evicted + excluded.evicted \
                            WHERE journal_state.since_revision <= ";
    let Some(lost) = db.losses().take(space) else { return Ok(()) };
    let mut sql = Sql::new(STATE);
    sql.bind(lost.entries).push("::bigint FROM space WHERE id = ").bind(space.0);
    sql.push(CONFLICT).bind(lost.revision);
    let told: Result<Vec<(i64,)>, Error> = db.write_alone(sql).await;
    if told.is_err() {
        db.losses().add(space, lost);
    }
    told.map(drop)
}
