//! Connections: the products that run on a vault's licences.

use sqlx::{FromRow, postgres::PgRow, sqlite::SqliteRow};

use crate::store::session::on;
use crate::{
    core::{
        clock::{Time, micros},
        error::Error,
    },
    domain::journal::Change,
    services::license_vault::{
        domain::{
            allocation::LicenseRequest,
            vault::{Vault, VaultId},
        },
        store::{
            allocations::{expire_due, mark_seen, release},
            denied_products,
        },
    },
    store::{
        can_be_stored,
        session::{ReadWrite, Session},
    },
};

/// Notes that a product runs on an allocation. Returns the id of its connection: of the one that the product has on
/// this machine already, with or without a licence, else of a new one.
pub(crate) async fn connect(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    allocation: &str,
    request: &LicenseRequest,
) -> Result<String, Error> {
    const SAME: &str = "UPDATE vault_connection SET last_seen_at = $5, version = $6, ip = $7 WHERE vault_id = $1 \
                        AND allocation_id = $2 AND product = $3 AND host = $4 AND ended_at = -1 RETURNING id";
    let now = micros(db.now());
    let same: Option<String> = on!(db, |c| sqlx::query_scalar(SAME)
        .bind(vault.id.0)
        .bind(allocation)
        .bind(&request.product)
        .bind(&request.host)
        .bind(now)
        .bind(&request.version)
        .bind(&request.ip)
        .fetch_optional(c)
        .await)?;
    let id = if let Some(id) = same {
        id
    } else if let Some(id) = denied_products::find_connection(db, vault.id, request).await? {
        denied_products::move_to(db, vault.id, &id, allocation, request).await?;
        id
    } else {
        let (id, at) = (db.ids().uuid().to_string(), db.now());
        insert(db, vault.id, allocation, &id, request, at).await?;
        id
    };
    db.note_change(|| {
        let name = vault.catalogue.find_product_name(&request.product);
        change(&id, format!("let {name} of {} run on {}", request.user.email, request.host))
    });
    mark_seen(db, vault.id, allocation).await?;
    Ok(id)
}

/// Stores a connection that was last seen at the session's time.
pub(crate) async fn insert(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    allocation: &str,
    id: &str,
    request: &LicenseRequest,
    since: Time,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_connection (vault_id, id, allocation_id, product, version, host, ip, \
                       connected_at, last_seen_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, -1)";
    let now = micros(db.now());
    let binds = [
        vault.0.into(),
        id.into(),
        allocation.into(),
        (&request.product).into(),
        (&request.version).into(),
        (&request.host).into(),
        (&request.ip).into(),
        micros(since).into(),
        now.into(),
    ];
    db.write_along(SQL, binds).await
}

/// A change of a running product.
fn change(id: &str, what: String) -> Change {
    Change::new("running product", id, what)
}

/// Sets a time of a live connection to the session's time, by a statement that returns a row. `None` when there is no
/// such connection.
async fn set_time<Row>(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    connection: &str,
    sql: &'static str,
) -> Result<Option<Row>, Error>
where
    Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    expire_due(db, vault).await?;
    if !can_be_stored(connection) {
        return Ok(None);
    }
    let now = micros(db.now());
    Ok(on!(db, |c| sqlx::query_as(sql).bind(vault.id.0).bind(connection).bind(now).fetch_optional(c).await)?)
}

/// Notes that a running product was seen; `false` when it does not run.
pub(super) async fn mark_product_seen(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    connection: &str,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE vault_connection SET last_seen_at = $3 WHERE vault_id = $1 AND id = $2 AND ended_at = -1 \
                       RETURNING allocation_id, product, host, (SELECT a.email FROM vault_allocation a \
                       WHERE a.vault_id = $1 AND a.id = allocation_id)";
    let found: Option<(String, String, String, String)> = set_time(db, vault, connection, SQL).await?;
    let Some((allocation, product, host, user)) = found else { return Ok(false) };
    db.note_change(|| {
        let name = vault.catalogue.find_product_name(&product);
        change(connection, format!("heard of {name} of {user} on {host}"))
    });
    mark_seen(db, vault.id, &allocation).await?;
    Ok(true)
}

/// Ends a running product; `false` when it does not run. With the last product on it, a licence is released if it
/// floats or if `always_release` is set.
pub(crate) async fn close(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    connection: &str,
    always_release: bool,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE vault_connection SET ended_at = $3 WHERE vault_id = $1 AND id = $2 AND ended_at = -1 \
                       RETURNING allocation_id, product, host, (SELECT a.email FROM vault_allocation a \
                       WHERE a.vault_id = $1 AND a.id = allocation_id)";
    // Nothing where the licence was taken away before.
    const LEFT: &str = "SELECT (SELECT count(*) FROM vault_connection c WHERE c.vault_id = $1 AND c.allocation_id = $2 \
                        AND c.ended_at = -1) FROM vault_allocation a WHERE a.vault_id = $1 AND a.id = $2 \
                        AND a.released_at = -1";
    let found: Option<(String, String, String, String)> = set_time(db, vault, connection, SQL).await?;
    let Some((allocation, product, host, user)) = found else { return Ok(false) };
    db.note_change(|| {
        let name = vault.catalogue.find_product_name(&product);
        change(connection, format!("disconnected {name} of {user} on {host}"))
    });
    let left: Option<i64> =
        on!(db, |c| sqlx::query_scalar(LEFT).bind(vault.id.0).bind(&allocation).fetch_optional(c).await)?;
    if left == Some(0) && (always_release || vault.floating) {
        release(db, vault.id, &allocation, || format!("gave back the licence of {user}, which nothing runs on"))
            .await?;
    }
    Ok(true)
}
