//! Credentials that ended before their time, because whoever still sends one asks why it is refused. They go with the
//! data that they were of.

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
        token::Fingerprint,
    },
    domain::organization::SpaceId,
    store::{
        on,
        session::{ReadWrite, Session},
    },
};

/// How many are kept of each space. The oldest are forgotten first.
const MOST: i64 = 1000;

/// A credential that ended before its time.
#[derive(Debug, Clone)]
pub struct EndedCredential {
    pub space: SpaceId,
    pub service: String,
    pub label: String,
    /// By the space's clock.
    pub at: Time,
}

/// What statements that delete credentials return: fingerprint, service and label.
pub(crate) type EndedRow = (String, String, String);

/// Notes that credentials of the session's space have ended.
pub(crate) async fn note_ended(db: &mut Session<ReadWrite>, rows: Vec<EndedRow>) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO ended_credential (space_id, fingerprint, service, label, ended_at) \
                       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (fingerprint) DO UPDATE SET \
                       space_id = excluded.space_id, service = excluded.service, label = excluded.label, \
                       ended_at = excluded.ended_at";
    const FORGOTTEN: &str = "DELETE FROM ended_credential WHERE space_id = $1 AND number <= \
                             (SELECT number FROM ended_credential WHERE space_id = $1 \
                             ORDER BY number DESC LIMIT 1 OFFSET $2)";
    let (space, at) = (db.space().id.0, micros(db.now()));
    if rows.is_empty() {
        return Ok(());
    }
    for (fingerprint, service, label) in rows {
        let binds = [space.into(), fingerprint.into(), service.into(), label.into(), at.into()];
        db.write_along(SQL, binds).await?;
    }
    db.write_along(FORGOTTEN, [space.into(), MOST.into()]).await
}

/// The credential whose token had this fingerprint. The space needs not be known, because the fingerprint is the proof.
pub async fn find<M>(db: &mut Session<M>, fingerprint: Fingerprint) -> Result<Option<EndedCredential>, Error> {
    const SQL: &str = "SELECT space_id, service, label, ended_at FROM ended_credential WHERE fingerprint = $1";
    type Row = (i64, String, String, i64);
    let row: Option<Row> = on!(db, |c| sqlx::query_as(SQL).bind(fingerprint.to_hex()).fetch_optional(c).await)?;
    Ok(row.map(|(space, service, label, at)| EndedCredential {
        space: SpaceId(space),
        service,
        label,
        at: from_micros(at),
    }))
}
