//! The notes between the entries of a journal. They are kept where it is kept, and go with it.

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
    },
    domain::{
        journal::{KEPT_NOTES, Note, NotedAfter},
        organization::SpaceId,
    },
    store::{
        db::{Db, Pools},
        event::EventKind,
        on,
        sql::Sql,
    },
};

/// Keeps a note of what happened when the space was at `revision`, and tells whoever listens. If the journal was
/// cleared since, the note is not kept.
pub async fn note(db: &Db, space: SpaceId, revision: i64, arrived: Time, text: String) -> Result<(), Error> {
    match db.pools() {
        Pools::Postgres(_) => note_in_database(db, space, revision, arrived, text).await,
        Pools::Sqlite(_) => {
            // A space that is gone must not get a journal again.
            if db.revision(space).await?.is_some()
                && let Some(number) = db.journals().note(space, revision, |after| Note { arrived, after, text })
            {
                db.tell(space, EventKind::Note, &number.to_string());
            }
            Ok(())
        }
    }
}

/// The notes of a space, the oldest first.
pub async fn list_notes(db: &Db, space: SpaceId) -> Result<Vec<NotedAfter>, Error> {
    read(db, space, None).await
}

/// The note of this number.
pub async fn find_note(db: &Db, space: SpaceId, number: i64) -> Result<Option<NotedAfter>, Error> {
    Ok(read(db, space, Some(number)).await?.pop())
}

async fn read(db: &Db, space: SpaceId, only: Option<i64>) -> Result<Vec<NotedAfter>, Error> {
    const SQL: &str = "SELECT n.arrived, n.after_number, n.text, e.id FROM journal_note n \
                       LEFT JOIN journal_entry e ON e.number = n.after_number \
                       WHERE n.space_id = $1 AND n.number = COALESCE($2, n.number) ORDER BY n.number";
    type Row = (i64, i64, String, Option<String>);
    match db.pools() {
        Pools::Postgres(_) => {
            let mut db = db.read().await?;
            let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).bind(only).fetch_all(c).await)?;
            let read = |(arrived, after, text, id): Row| (Note { arrived: from_micros(arrived), after, text }, id);
            Ok(rows.into_iter().map(read).collect())
        }
        Pools::Sqlite(_) => Ok(db.journals().notes(space, only)),
    }
}

/// As entries are kept: with no word for the transaction, and in no other's way. What is beyond the bound goes along.
async fn note_in_database(db: &Db, space: SpaceId, revision: i64, arrived: Time, text: String) -> Result<(), Error> {
    const KEPT: &str = "WITH kept AS (INSERT INTO journal_note (space_id, arrived, after_number, text) SELECT ";
    const AFTER: &str = ", COALESCE((SELECT MAX(number) FROM journal_entry WHERE space_id = ";
    const GONE: &str = " RETURNING number), gone AS (DELETE FROM journal_note WHERE space_id = ";
    const OLDEST: &str = " AND number <= (SELECT number FROM journal_note WHERE space_id = ";
    const NEWEST_FIRST: &str = " ORDER BY number DESC LIMIT 1 OFFSET ";
    const TELL: &str = ")) SELECT COUNT(CAST(pg_notify('locum_' || current_schema(), REPLACE(";
    // The number is known to the statement alone.
    const NUMBER: &str = "NUMBER";
    const TOLD: &str = ", 'NUMBER', CAST(number AS TEXT))) AS TEXT)) FROM kept";
    let text = text.replace('\0', "");
    let mut sql = Sql::new(KEPT);
    sql.bind(space.0).push(", ").bind(micros(arrived)).push(AFTER).bind(space.0).push("), 0), ").bind(text);
    sql.push(" WHERE EXISTS (SELECT 1 FROM space WHERE id = ").bind(space.0);
    sql.push(") AND NOT EXISTS (SELECT 1 FROM journal_state WHERE space_id = ").bind(space.0);
    sql.push(" AND since_revision > ").bind(revision).push(")");
    // What this statement adds, it does not see.
    let most = i64::try_from(KEPT_NOTES).unwrap_or(i64::MAX) - 1;
    sql.push(GONE).bind(space.0).push(OLDEST).bind(space.0).push(NEWEST_FIRST).bind(most);
    sql.push(TELL).bind(EventKind::Note.payload(space, NUMBER)?).push(TOLD);
    let _: Vec<(i64,)> = db.write_alone(sql).await?;
    Ok(())
}
