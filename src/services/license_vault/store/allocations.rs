//! Allocations: which user holds which licence of a vault.

use std::collections::HashMap;

use crate::store::session::on;
use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
    },
    domain::organization::email_key,
    services::license_vault::domain::{
        allocation::{Allocation, AllocationFilter, Connection, VaultUser},
        vault::{LicenseKind, RevocationLimitReached, Vault, VaultId},
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
        on!(db, |c| sqlx::query(sql).bind(vault.id.0).bind(since).bind(delay).execute(c).await.map(drop))?;
    }
    Ok(())
}

impl AllocationFilter<'_> {
    fn can_be_stored(self) -> bool {
        match self {
            Self::Everybody => true,
            Self::Email(text) | Self::Username(text) | Self::Id(text) => can_be_stored(text),
        }
    }

    /// Writes the condition on an allocation `a`, which compares with `$3`, and the value of that.
    fn write_condition(self) -> (&'static str, String) {
        match self {
            Self::Everybody => ("$3 = ''", String::new()),
            Self::Email(email) => ("a.email_key = $3", email_key(email)),
            Self::Username(name) => ("a.username = $3", name.to_owned()),
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
    now: Time,
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
    let since = micros(vault.alive_since(now));
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

/// Whether the vault knows a user: one of the organization's people, or somebody who ever held one of its licences.
pub(crate) async fn is_known<M>(
    db: &mut Session<M>,
    vault: &Vault,
    filter: AllocationFilter<'_>,
) -> Result<bool, Error> {
    if !filter.can_be_stored() {
        return Ok(false);
    }
    let (condition, value) = filter.write_condition();
    let person_condition = match filter {
        AllocationFilter::Email(_) => "p.email_key = $3",
        // The login name is what stands before the `@`, as `VaultUser::from_email` has it.
        AllocationFilter::Username(_) => "p.email_key LIKE '%@%' AND substr(p.email, 1, length($3) + 1) = $3 || '@'",
        AllocationFilter::Everybody | AllocationFilter::Id(_) => "FALSE",
    };
    let sql = format!(
        "SELECT (SELECT count(*) FROM vault_allocation a WHERE a.vault_id = $1 AND {condition}) \
         + (SELECT count(*) FROM person p WHERE p.organization_id = $2 AND {person_condition})"
    );
    let found: i64 = on!(db, |c| sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(vault.id.0)
        .bind(vault.organization.id.0)
        .bind(&value)
        .fetch_one(c)
        .await)?;
    Ok(found > 0)
}

/// Stores an allocation that was last seen at the session's time.
pub(crate) async fn insert(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    id: &str,
    user: &VaultUser,
    product: &str,
    kind: LicenseKind,
    since: Time,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_allocation (vault_id, id, username, email, email_key, product, kind, \
                       allocated_at, last_seen_at, released_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, -1)";
    let now = micros(db.now());
    on!(db, |c| sqlx::query(SQL)
        .bind(vault.0)
        .bind(id)
        .bind(&user.username)
        .bind(&user.email)
        .bind(email_key(&user.email))
        .bind(product)
        .bind(kind.to_string())
        .bind(micros(since))
        .bind(now)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Notes that a product was seen that runs on the allocation.
pub(crate) async fn mark_seen(db: &mut Session<ReadWrite>, vault: VaultId, allocation: &str) -> Result<(), Error> {
    const SQL: &str = "UPDATE vault_allocation SET last_seen_at = $3 WHERE vault_id = $1 AND id = $2";
    let now = micros(db.now());
    on!(db, |c| sqlx::query(SQL).bind(vault.0).bind(allocation).bind(now).execute(c).await.map(drop))?;
    Ok(())
}

/// Moves what runs on one allocation to another, and releases the first.
pub(crate) async fn merge_into(db: &mut Session<ReadWrite>, vault: VaultId, from: &str, to: &str) -> Result<(), Error> {
    const MOVE: &str =
        "UPDATE vault_connection SET allocation_id = $3 WHERE vault_id = $1 AND allocation_id = $2 AND ended_at = -1";
    on!(db, |c| sqlx::query(MOVE).bind(vault.0).bind(from).bind(to).execute(c).await.map(drop))?;
    release(db, vault, from).await
}

/// Ends an allocation and what runs on it, so that its licence is free at once.
pub(crate) async fn release(db: &mut Session<ReadWrite>, vault: VaultId, id: &str) -> Result<(), Error> {
    const CONNECTIONS: &str =
        "UPDATE vault_connection SET ended_at = $3 WHERE vault_id = $1 AND allocation_id = $2 AND ended_at = -1";
    const ALLOCATION: &str =
        "UPDATE vault_allocation SET released_at = $3 WHERE vault_id = $1 AND id = $2 AND released_at = -1";
    let now = micros(db.now());
    for sql in [CONNECTIONS, ALLOCATION] {
        on!(db, |c| sqlx::query(sql).bind(vault.0).bind(id).bind(now).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Why licences cannot be revoked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevokeError {
    #[error(transparent)]
    LimitReached(#[from] RevocationLimitReached),
    #[error(transparent)]
    Shared(#[from] Error),
}

/// Revokes licences, which are free at once. Revocations by the API and by an administrator count together
/// (license-vault §4.5).
///
/// unverified: each licence counts as one towards the month's limit.
pub(crate) async fn revoke(db: &mut Session<ReadWrite>, vault: &Vault, ids: &[String]) -> Result<(), RevokeError> {
    let count = i64::try_from(ids.len()).map_err(Error::internal)?;
    let before = add_revocations(db, vault.id, count).await?;
    vault.check_revocations(before, count)?;
    expire_due(db, vault).await?;
    for id in ids {
        release(db, vault.id, id).await?;
    }
    Ok(())
}

/// Adds to the revocations in the calendar month of the session's time. Returns how many there were before.
async fn add_revocations(db: &mut Session<ReadWrite>, vault: VaultId, count: i64) -> Result<i64, Error> {
    const SQL: &str = "INSERT INTO vault_revocation (vault_id, month, revoked) VALUES ($1, $2, $3) \
                       ON CONFLICT (vault_id, month) DO UPDATE SET \
                       revoked = vault_revocation.revoked + excluded.revoked RETURNING revoked";
    let month = db.now().format("%Y-%m").to_string();
    let total: i64 = on!(db, |c| sqlx::query_scalar(SQL).bind(vault.0).bind(&month).bind(count).fetch_one(c).await)?;
    Ok(total - count)
}

/// Deletes the allocations of a product that a user holds, because a seed is about to store them anew.
pub(crate) async fn delete_for(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    email: &str,
    product: &str,
) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM vault_allocation WHERE vault_id = $1 AND email_key = $2 AND product = $3 \
                       AND released_at = -1";
    on!(db, |c| sqlx::query(SQL).bind(vault.0).bind(email_key(email)).bind(product).execute(c).await.map(drop))?;
    Ok(())
}
