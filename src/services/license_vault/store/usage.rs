//! What ran on a vault's licences, and which licences were held, in a range of time.

use crate::store::session::on;
use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
        now::Now,
    },
    services::license_vault::{
        domain::{
            allocation::{Connection, PageRequest, UsageRecord, VaultUser},
            vault::Vault,
        },
        store::NOT_ENDED,
    },
    store::session::Session,
};

/// Lists the occasions on which products ran at some time of the range, oldest first. A range that ends before it
/// begins has no time: what ran across it is not listed.
pub(crate) async fn list<M>(
    db: &mut Session<M>,
    vault: &Vault,
    now: &Now,
    page: PageRequest,
) -> Result<Vec<UsageRecord>, Error> {
    // What became overdue since the last write is not ended in the table yet: it ended `$7` after it was last seen. A
    // product that goes on without a licence ran on it until that was released.
    // On `LIMIT 0 +`, see `Sql::push_limit`.
    const SQL: &str = "SELECT a.id, a.product, a.kind, a.username, a.email, c.id, c.product, c.version, c.host, c.ip, \
                       c.connected_at, c.last_seen_at, \
                       CASE WHEN a.released_at <> -1 AND (c.ended_at = -1 OR c.ended_at > a.released_at) \
                       THEN a.released_at \
                       WHEN c.ended_at = -1 AND c.last_seen_at <= $6 THEN c.last_seen_at + $7 ELSE c.ended_at END \
                       FROM vault_connection c JOIN vault_allocation a \
                       ON a.vault_id = c.vault_id AND a.id = c.allocation_id \
                       WHERE c.vault_id = $1 AND c.connected_at <= $3 AND (c.ended_at = -1 OR c.ended_at >= $2) \
                       AND (a.released_at = -1 OR a.released_at >= $2) AND $2 <= $3 \
                       ORDER BY c.connected_at, c.id LIMIT 0 + $4 OFFSET $5";
    type StoredUsage = (String, String, String, String, String, String, String, String, String, String, i64, i64, i64);
    let delay = vault.release_after().num_microseconds().unwrap_or_default();
    let time = now.filter();
    let stored: Vec<StoredUsage> = on!(db, |c| sqlx::query_as(SQL)
        .bind(vault.id.0)
        .bind(page.from)
        .bind(page.to)
        .bind(page.limit)
        .bind(page.offset)
        .bind(micros(vault.alive_since(time.instant())))
        .bind(delay)
        .fetch_all(c)
        .await)?;
    // What still runs counts as ended some time after it was last seen.
    let running = stored.iter().filter(|row| row.12 == NOT_ENDED);
    time.changes_at(running.map(|row| vault.release_date(from_micros(row.11))));
    stored
        .into_iter()
        .map(|row| {
            Ok(UsageRecord {
                allocation: row.0,
                license: row.1,
                kind: row.2.parse().map_err(Error::internal)?,
                user: VaultUser { username: row.3, email: row.4 },
                connection: Connection {
                    id: row.5,
                    product: row.6,
                    version: row.7,
                    host: row.8,
                    ip: row.9,
                    connected_at: from_micros(row.10),
                    last_seen_at: from_micros(row.11),
                },
                ended_at: (row.12 != NOT_ENDED).then(|| from_micros(row.12)),
            })
        })
        .collect()
}

/// Lists the licences that somebody held at some time of the range: the code, and the first and last moment.
pub(crate) async fn list_held_licenses<M>(
    db: &mut Session<M>,
    vault: &Vault,
    now: &Now,
    from: i64,
    to: i64,
) -> Result<Vec<(String, i64, i64)>, Error> {
    const SQL: &str = "SELECT product, allocated_at, CASE WHEN released_at >= 0 THEN released_at \
                       WHEN last_seen_at <= $4 THEN last_seen_at + $5 ELSE $6 END FROM vault_allocation \
                       WHERE vault_id = $1 AND allocated_at <= $3 AND (released_at = -1 OR released_at >= $2) \
                       AND $2 <= $3";
    let delay = vault.release_after().num_microseconds().unwrap_or_default();
    Ok(on!(db, |c| sqlx::query_as(SQL)
        .bind(vault.id.0)
        .bind(from)
        .bind(to)
        .bind(micros(vault.alive_since(now.exact())))
        .bind(delay)
        .bind(i64::MAX)
        .fetch_all(c)
        .await)?)
}
