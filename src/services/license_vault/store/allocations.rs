//! Allocations: which user holds which licence of a vault.

use std::collections::HashMap;

use crate::store::session::on;
use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
        now::Now,
    },
    domain::{journal::Change, organization::email_key},
    services::license_vault::domain::{
        allocation::{Allocation, AllocationFilter, Connection, VaultUser},
        vault::{LicenseKind, Vault, VaultId},
    },
    store::{
        can_be_stored,
        session::{ReadWrite, Session},
    },
};

/// Ends the connections and allocations that were last seen too long ago. Only writes do it: reads leave out what is
/// overdue by themselves.
pub(crate) async fn expire_due(db: &mut Session<ReadWrite>, vault: &Vault) -> Result<(), Error> {
    const CONNECTIONS: &str = "UPDATE vault_connection SET ended_at = last_seen_at + $3 \
                               WHERE vault_id = $1 AND ended_at = -1 AND last_seen_at <= $2";
    const ALLOCATIONS: &str = "UPDATE vault_allocation SET released_at = last_seen_at + $3 \
                               WHERE vault_id = $1 AND released_at = -1 AND last_seen_at <= $2";
    let since = micros(vault.alive_since(db.now()));
    let delay = vault.release_after().num_microseconds().unwrap_or_default();
    for sql in [CONNECTIONS, ALLOCATIONS] {
        db.write_along(sql, [vault.id.0.into(), since.into(), delay.into()]).await?;
    }
    Ok(())
}

impl AllocationFilter<'_> {
    fn can_be_stored(self) -> bool {
        match self {
            Self::Everybody => true,
            Self::Email(text) | Self::Id(text) => can_be_stored(text),
        }
    }

    /// Writes the condition on an allocation `a`, which compares with `$3`, and the value of that.
    fn write_condition(self) -> (&'static str, String) {
        match self {
            Self::Everybody => ("$3 = ''", String::new()),
            Self::Email(email) => ("a.email_key = $3", email_key(email)),
            Self::Id(id) => ("a.id = $3", id.to_owned()),
        }
    }
}

type AllocationRow = (String, String, String, String, String, i64, i64);
type ConnectionRow = (String, String, String, String, String, String, i64, i64);

/// Lists the allocations that are live at `now`, oldest first, with what runs on them.
pub(crate) async fn list_live<M>(
    db: &mut Session<M>,
    vault: &Vault,
    now: &Now,
    filter: AllocationFilter<'_>,
) -> Result<Vec<Allocation>, Error> {
    if !filter.can_be_stored() {
        return Ok(Vec::new());
    }
    let (condition, value) = filter.write_condition();
    let allocations_sql = format!(
        "SELECT a.id, a.username, a.email, a.product, a.kind, a.allocated_at, a.last_seen_at FROM vault_allocation a \
         WHERE a.vault_id = $1 AND a.released_at = -1 AND a.last_seen_at > $2 AND {condition} \
         ORDER BY a.allocated_at, a.id"
    );
    let connections_sql = format!(
        "SELECT c.allocation_id, c.id, c.product, c.version, c.host, c.ip, c.connected_at, c.last_seen_at \
         FROM vault_connection c JOIN vault_allocation a ON a.vault_id = c.vault_id AND a.id = c.allocation_id \
         WHERE c.vault_id = $1 AND c.ended_at = -1 AND c.last_seen_at > $2 AND a.released_at = -1 AND {condition} \
         ORDER BY c.connected_at, c.id"
    );
    let time = now.filter();
    let since = micros(vault.alive_since(time.instant()));
    let rows: Vec<AllocationRow> = on!(db, |c| sqlx::query_as(sqlx::AssertSqlSafe(allocations_sql))
        .bind(vault.id.0)
        .bind(since)
        .bind(&value)
        .fetch_all(c)
        .await)?;
    let running: Vec<ConnectionRow> = on!(db, |c| sqlx::query_as(sqlx::AssertSqlSafe(connections_sql))
        .bind(vault.id.0)
        .bind(since)
        .bind(&value)
        .fetch_all(c)
        .await)?;
    // What is listed leaves the list by and by, and nothing comes to it.
    let last_seen = rows.iter().map(|row| row.6).chain(running.iter().map(|row| row.7));
    time.changes_at(last_seen.map(|seen| vault.release_date(from_micros(seen))));
    let mut allocations = rows
        .into_iter()
        .map(|(id, username, email, product, kind, allocated_at, last_seen_at)| {
            Ok(Allocation {
                id,
                user: VaultUser { username, email },
                product,
                kind: kind.parse().map_err(Error::internal)?,
                allocated_at: from_micros(allocated_at),
                last_seen_at: from_micros(last_seen_at),
                running: Vec::new(),
            })
        })
        .collect::<Result<Vec<Allocation>, Error>>()?;
    let indexes: HashMap<String, usize> =
        allocations.iter().enumerate().map(|(index, allocation)| (allocation.id.clone(), index)).collect();
    for (allocation, id, product, version, host, ip, connected_at, last_seen_at) in running {
        let Some(index) = indexes.get(&allocation) else { continue };
        let (connected_at, last_seen_at) = (from_micros(connected_at), from_micros(last_seen_at));
        allocations[*index].running.push(Connection { id, product, version, host, ip, connected_at, last_seen_at });
    }
    Ok(allocations)
}

/// Whether the vault knows the user with this address: one of the organization's people, or somebody who ever held one
/// of its licences.
pub(crate) async fn is_known<M>(db: &mut Session<M>, vault: &Vault, email: &str) -> Result<bool, Error> {
    const SQL: &str = "SELECT (SELECT count(*) FROM vault_allocation WHERE vault_id = $1 AND email_key = $3) \
                       + (SELECT count(*) FROM person WHERE organization_id = $2 AND email_key = $3)";
    if !can_be_stored(email) {
        return Ok(false);
    }
    let found: i64 = on!(db, |c| sqlx::query_scalar(SQL)
        .bind(vault.id.0)
        .bind(vault.organization.id.0)
        .bind(email_key(email))
        .fetch_one(c)
        .await)?;
    Ok(found > 0)
}

/// Stores an allocation that was last seen at the session's time.
pub(crate) async fn insert(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    id: &str,
    user: &VaultUser,
    product: &str,
    kind: LicenseKind,
    since: Time,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_allocation (vault_id, id, username, email, email_key, product, kind, \
                       allocated_at, last_seen_at, released_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, -1)";
    let now = micros(db.now());
    let binds = [
        vault.id.0.into(),
        id.into(),
        (&user.username).into(),
        (&user.email).into(),
        email_key(&user.email).into(),
        product.into(),
        kind.to_string().into(),
        micros(since).into(),
        now.into(),
    ];
    let name = || vault.catalogue.find_product_name(product);
    db.note_change(|| change(id, format!("gave {} a licence of {}", user.email, name())));
    db.write_along(SQL, binds).await
}

/// A change of an allocation.
fn change(id: &str, what: String) -> Change {
    Change::new("licence", id, what)
}

/// Notes that a product was seen that runs on the allocation.
pub(crate) async fn mark_seen(db: &mut Session<ReadWrite>, vault: VaultId, allocation: &str) -> Result<(), Error> {
    const SQL: &str = "UPDATE vault_allocation SET last_seen_at = $3 WHERE vault_id = $1 AND id = $2";
    let now = micros(db.now());
    db.write_along(SQL, [vault.0.into(), allocation.into(), now.into()]).await
}

/// Moves what runs on one allocation to another, and releases the first.
pub(crate) async fn merge_into(db: &mut Session<ReadWrite>, vault: VaultId, from: &str, to: &str) -> Result<(), Error> {
    const MOVE: &str =
        "UPDATE vault_connection SET allocation_id = $3 WHERE vault_id = $1 AND allocation_id = $2 AND ended_at = -1";
    db.write_along(MOVE, [vault.0.into(), from.into(), to.into()]).await?;
    release(db, vault, from, || "put what ran on a licence onto a wider one, and ended the first".to_owned()).await
}

/// Ends an allocation, so that its licence is free at once. What still runs on it has no licence then. `what` was done
/// is said to who asks what was changed.
pub(crate) async fn release(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    id: &str,
    what: impl FnOnce() -> String,
) -> Result<(), Error> {
    const SQL: &str =
        "UPDATE vault_allocation SET released_at = $3 WHERE vault_id = $1 AND id = $2 AND released_at = -1";
    let now = micros(db.now());
    db.note_change(|| change(id, what()));
    db.write_along(SQL, [vault.0.into(), id.into(), now.into()]).await
}

/// Sets since when an allocation is held.
pub(crate) async fn set_since(db: &mut Session<ReadWrite>, vault: VaultId, id: &str, since: Time) -> Result<(), Error> {
    const SQL: &str = "UPDATE vault_allocation SET allocated_at = $3 WHERE vault_id = $1 AND id = $2";
    db.write_along(SQL, [vault.0.into(), id.into(), micros(since).into()]).await
}
