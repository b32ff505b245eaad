//! Products that go on running after their licence was taken away, because none fitted when they asked again
//! (license-vault §4.5). They are live connections of an allocation that was released.

use crate::store::session::on;
use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
    },
    domain::organization::email_key,
    services::license_vault::domain::{
        allocation::{Connection, DeniedProduct, LicenseRequest, VaultUser},
        vault::{Vault, VaultId},
    },
    store::session::{ReadWrite, Session},
};

/// Selects, of the vault `$1`, the products that run without a licence.
const DENIED: &str = "FROM vault_connection c JOIN vault_allocation a \
                      ON a.vault_id = c.vault_id AND a.id = c.allocation_id \
                      WHERE c.vault_id = $1 AND c.ended_at = -1 AND a.released_at <> -1";

/// Lists the products that run without a licence at `now`, in the order in which they lost it.
pub(crate) async fn list<M>(db: &mut Session<M>, vault: &Vault, now: Time) -> Result<Vec<DeniedProduct>, Error> {
    type StoredProduct = (String, String, i64, String, String, String, String, String, i64, i64);
    let sql = format!(
        "SELECT a.username, a.email, a.released_at, c.id, c.product, c.version, c.host, c.ip, c.connected_at, \
         c.last_seen_at {DENIED} AND c.last_seen_at > $2 ORDER BY a.released_at, c.id"
    );
    let stored: Vec<StoredProduct> = on!(db, |c| sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(vault.id.0)
        .bind(micros(vault.alive_since(now)))
        .fetch_all(c)
        .await)?;
    let read = |row: StoredProduct| DeniedProduct {
        user: VaultUser { username: row.0, email: row.1 },
        since: from_micros(row.2),
        connection: Connection {
            id: row.3,
            product: row.4,
            version: row.5,
            host: row.6,
            ip: row.7,
            connected_at: from_micros(row.8),
            last_seen_at: from_micros(row.9),
        },
    };
    Ok(stored.into_iter().map(read).collect())
}

/// Finds what a product asks for that runs without a licence; `None` when there is no such connection.
pub(crate) async fn find_request(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    connection: &str,
) -> Result<Option<LicenseRequest>, Error> {
    type StoredRequest = (String, String, String, String, String, String);
    let sql = format!("SELECT a.username, a.email, c.product, c.version, c.host, c.ip {DENIED} AND c.id = $2");
    let stored: Option<StoredRequest> =
        on!(db, |c| sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(vault.0).bind(connection).fetch_optional(c).await)?;
    let read = |(username, email, product, version, host, ip)| {
        let user = VaultUser { username, email };
        LicenseRequest { user, product, version, host, ip }
    };
    Ok(stored.map(read))
}

/// Finds the connection of a product that runs without a licence and asks for one.
pub(crate) async fn find_connection(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    request: &LicenseRequest,
) -> Result<Option<String>, Error> {
    let sql = format!(
        "SELECT c.id {DENIED} AND a.email_key = $2 AND c.product = $3 AND c.host = $4 \
         ORDER BY c.connected_at, c.id LIMIT 1"
    );
    Ok(on!(db, |c| sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(vault.0)
        .bind(email_key(&request.user.email))
        .bind(&request.product)
        .bind(&request.host)
        .fetch_optional(c)
        .await)?)
}

/// Lets a product go on under its connection's id on another allocation. What it ran on the first one stays on record.
pub(crate) async fn move_to(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    connection: &str,
    allocation: &str,
    request: &LicenseRequest,
) -> Result<(), Error> {
    const RECORD: &str = "INSERT INTO vault_connection (vault_id, id, allocation_id, product, version, host, ip, \
                          connected_at, last_seen_at, ended_at) \
                          SELECT c.vault_id, $3, c.allocation_id, c.product, c.version, c.host, c.ip, c.connected_at, \
                          c.last_seen_at, a.released_at FROM vault_connection c JOIN vault_allocation a \
                          ON a.vault_id = c.vault_id AND a.id = c.allocation_id WHERE c.vault_id = $1 AND c.id = $2";
    const MOVE: &str = "UPDATE vault_connection SET allocation_id = $3, version = $4, ip = $5, connected_at = $6, \
                        last_seen_at = $6 WHERE vault_id = $1 AND id = $2";
    let (record, now) = (db.ids().uuid().to_string(), micros(db.now()));
    db.write_along(RECORD, [vault.0.into(), connection.into(), record.into()]).await?;
    let binds = [
        vault.0.into(),
        connection.into(),
        allocation.into(),
        (&request.version).into(),
        (&request.ip).into(),
        now.into(),
    ];
    db.write_along(MOVE, binds).await
}
