//! Who holds a vault's licences, what runs on them, and what was denied.

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
    },
    domain::organization::email_key,
    services::{
        atlassian::domain::listing::NO_DATE,
        license_vault::{
            domain::vault::{
                Allocation, Connection, DENIAL_DESCRIPTION, DENIAL_REASON, Decision, Denial, Kind, Request, Vault,
                VaultId, VaultUser, decide, product_name,
            },
            store::vault,
        },
    },
    store::{
        can_be_stored, on,
        session::{ReadWrite, Session},
    },
};

/// What was not heard of since then is given back, even if nobody has written that down yet.
pub(crate) fn alive_since(vault: &Vault, now: Time) -> i64 {
    micros(now - vault.release_after())
}

/// Writes down what time has released.
pub async fn expire_due(db: &mut Session<ReadWrite>, vault: &Vault) -> Result<(), Error> {
    const CONNECTIONS: &str = "UPDATE vault_connection SET ended_at = last_seen_at + $3 \
                               WHERE vault_id = $1 AND ended_at = -1 AND last_seen_at <= $2";
    const ALLOCATIONS: &str = "UPDATE vault_allocation SET released_at = last_seen_at + $3 \
                               WHERE vault_id = $1 AND released_at = -1 AND last_seen_at <= $2";
    let since = alive_since(vault, db.now());
    let delay = vault.release_after().num_microseconds().unwrap_or_default();
    for sql in [CONNECTIONS, ALLOCATIONS] {
        on!(db, |c| sqlx::query(sql).bind(vault.id.0).bind(since).bind(delay).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Whose allocations are meant.
#[derive(Debug, Clone, Copy)]
pub enum AllocationFilter<'a> {
    /// Everybody's.
    Everybody,
    /// Of the user with this address.
    Email(&'a str),
    /// Of the user with this login name.
    Username(&'a str),
    /// The one with this id.
    Id(&'a str),
}

impl AllocationFilter<'_> {
    fn can_be_stored(self) -> bool {
        match self {
            Self::Everybody => true,
            Self::Email(text) | Self::Username(text) | Self::Id(text) => can_be_stored(text),
        }
    }

    fn condition(self) -> (&'static str, String) {
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

/// The allocations that are live at `now`, oldest first, with what runs on them.
pub async fn live<M>(
    db: &mut Session<M>,
    vault: &Vault,
    now: Time,
    whose: AllocationFilter<'_>,
) -> Result<Vec<Allocation>, Error> {
    if !whose.can_be_stored() {
        return Ok(Vec::new());
    }
    let (condition, value) = whose.condition();
    let allocations = format!(
        "SELECT a.id, a.username, a.email, a.product, a.kind, a.allocated_at, a.last_seen_at FROM vault_allocation a \
         WHERE a.vault_id = $1 AND a.released_at = -1 AND a.last_seen_at > $2 AND {condition} \
         ORDER BY a.allocated_at, a.id"
    );
    let connections = format!(
        "SELECT c.allocation_id, c.id, c.product, c.version, c.host, c.ip, c.connected_at, c.last_seen_at \
         FROM vault_connection c JOIN vault_allocation a ON a.vault_id = c.vault_id AND a.id = c.allocation_id \
         WHERE c.vault_id = $1 AND c.ended_at = -1 AND c.last_seen_at > $2 AND a.released_at = -1 AND {condition} \
         ORDER BY c.connected_at, c.id"
    );
    let since = alive_since(vault, now);
    let rows: Vec<AllocationRow> = on!(db, |c| sqlx::query_as(sqlx::AssertSqlSafe(allocations))
        .bind(vault.id.0)
        .bind(since)
        .bind(&value)
        .fetch_all(c)
        .await)?;
    let running: Vec<ConnectionRow> = on!(db, |c| sqlx::query_as(sqlx::AssertSqlSafe(connections))
        .bind(vault.id.0)
        .bind(since)
        .bind(&value)
        .fetch_all(c)
        .await)?;
    let mut found = rows
        .into_iter()
        .map(|(id, username, email, product, kind, allocated_at, last_seen_at)| {
            Ok(Allocation {
                id,
                user: VaultUser { username, email },
                product,
                kind: kind.parse().map_err(|e: String| Error::internal(e))?,
                allocated_at: from_micros(allocated_at),
                last_seen_at: from_micros(last_seen_at),
                running: Vec::new(),
            })
        })
        .collect::<Result<Vec<Allocation>, Error>>()?;
    let places: std::collections::HashMap<String, usize> =
        found.iter().enumerate().map(|(at, allocation)| (allocation.id.clone(), at)).collect();
    for (allocation, id, product, version, host, ip, connected_at, last_seen_at) in running {
        let Some(at) = places.get(&allocation) else { continue };
        let (connected_at, last_seen_at) = (from_micros(connected_at), from_micros(last_seen_at));
        found[*at].running.push(Connection { id, product, version, host, ip, connected_at, last_seen_at });
    }
    Ok(found)
}

/// Whether the vault has ever heard of a user: somebody of the organization, or of an allocation.
pub async fn is_known<M>(db: &mut Session<M>, vault: &Vault, whose: AllocationFilter<'_>) -> Result<bool, Error> {
    if !whose.can_be_stored() {
        return Ok(false);
    }
    let (condition, value) = whose.condition();
    let person = match whose {
        AllocationFilter::Email(_) => "p.email_key = $3",
        // The login name is what stands before the `@`, as `VaultUser::of` has it.
        AllocationFilter::Username(_) => "p.email_key LIKE '%@%' AND substr(p.email, 1, length($3) + 1) = $3 || '@'",
        AllocationFilter::Everybody | AllocationFilter::Id(_) => "FALSE",
    };
    let sql = format!(
        "SELECT (SELECT count(*) FROM vault_allocation a WHERE a.vault_id = $1 AND {condition}) \
         + (SELECT count(*) FROM person p WHERE p.organization_id = $2 AND {person})"
    );
    let found: i64 = on!(db, |c| sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(vault.id.0)
        .bind(vault.organization.id.0)
        .bind(&value)
        .fetch_one(c)
        .await)?;
    Ok(found > 0)
}

/// What became of a request, written down.
#[derive(Debug)]
pub enum Outcome {
    /// It runs.
    Granted {
        /// On this allocation.
        allocation: Box<Allocation>,
        /// As this.
        connection: String,
    },
    /// It does not.
    Denied(Denial),
}

/// A product asks for a licence, at the session's time.
pub async fn request(db: &mut Session<ReadWrite>, vault: &Vault, request: &Request) -> Result<Outcome, Error> {
    expire_due(db, vault).await?;
    let now = db.now();
    let rules = vault::rules(db, vault.id).await?;
    let pools = vault::pools(db, vault, now).await?;
    let held = live(db, vault, now, AllocationFilter::Email(&request.user.email)).await?;
    let others = if rules.iter().any(|rule| rule.priority) {
        live(db, vault, now, AllocationFilter::Everybody).await?
    } else {
        Vec::new()
    };
    let has_priority = |user: &VaultUser| {
        let names = |address: &String| email_key(address) == email_key(&user.email);
        rules.iter().any(|rule| rule.priority && rule.users.iter().any(names))
    };
    let least_recent = |product: &str, kind: Kind| {
        let there = others.iter().filter(|a| a.product == product && a.kind == kind && !has_priority(&a.user));
        there.min_by_key(|a| a.last_seen_at).map(|a| a.id.clone())
    };
    let allocation = match decide(vault, &rules, &pools, &held, request, least_recent) {
        Decision::Deny => return Ok(Outcome::Denied(deny(db, vault.id, request).await?)),
        Decision::Reuse { allocation } => allocation,
        Decision::Give { product, kind, absorbs, takes } => {
            if let Some(victim) = takes {
                release(db, vault.id, &victim).await?;
            }
            let id = db.ids().uuid().to_string();
            insert(db, vault.id, &id, &request.user, &product, kind, now).await?;
            for absorbed in absorbs {
                absorb(db, vault.id, &absorbed, &id).await?;
            }
            id
        }
    };
    let connection = connect(db, vault.id, &allocation, request).await?;
    let found = live(db, vault, now, AllocationFilter::Id(&allocation)).await?.pop();
    let allocation = found.ok_or_else(|| Error::internal("the allocation that was just made is gone"))?;
    Ok(Outcome::Granted { allocation: Box::new(allocation), connection })
}

/// Writes an allocation down.
pub async fn insert(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    id: &str,
    user: &VaultUser,
    product: &str,
    kind: Kind,
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

/// The product runs on the allocation: as what it was on this machine already, or anew.
async fn connect(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    allocation: &str,
    request: &Request,
) -> Result<String, Error> {
    const SAME: &str = "UPDATE vault_connection SET last_seen_at = $5, version = $6, ip = $7 WHERE vault_id = $1 \
                        AND allocation_id = $2 AND product = $3 AND host = $4 AND ended_at = -1 RETURNING id";
    let now = micros(db.now());
    let same: Option<String> = on!(db, |c| sqlx::query_scalar(SAME)
        .bind(vault.0)
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
    } else {
        let (id, at) = (db.ids().uuid().to_string(), db.now());
        add_connection(db, vault, allocation, &id, request, at).await?;
        id
    };
    touch(db, vault, allocation).await?;
    Ok(id)
}

/// Writes a running product down.
pub async fn add_connection(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    allocation: &str,
    id: &str,
    request: &Request,
    since: Time,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_connection (vault_id, id, allocation_id, product, version, host, ip, \
                       connected_at, last_seen_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, -1)";
    let now = micros(db.now());
    on!(db, |c| sqlx::query(SQL)
        .bind(vault.0)
        .bind(id)
        .bind(allocation)
        .bind(&request.product)
        .bind(&request.version)
        .bind(&request.host)
        .bind(&request.ip)
        .bind(micros(since))
        .bind(now)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

async fn touch(db: &mut Session<ReadWrite>, vault: VaultId, allocation: &str) -> Result<(), Error> {
    const SQL: &str = "UPDATE vault_allocation SET last_seen_at = $3 WHERE vault_id = $1 AND id = $2";
    let now = micros(db.now());
    on!(db, |c| sqlx::query(SQL).bind(vault.0).bind(allocation).bind(now).execute(c).await.map(drop))?;
    Ok(())
}

/// What runs on one allocation runs on another from now on, and the first ends.
async fn absorb(db: &mut Session<ReadWrite>, vault: VaultId, from: &str, to: &str) -> Result<(), Error> {
    const MOVE: &str =
        "UPDATE vault_connection SET allocation_id = $3 WHERE vault_id = $1 AND allocation_id = $2 AND ended_at = -1";
    on!(db, |c| sqlx::query(MOVE).bind(vault.0).bind(from).bind(to).execute(c).await.map(drop))?;
    release(db, vault, from).await
}

/// Takes a licence back: it is free at once, and what runs on it ends.
pub async fn release(db: &mut Session<ReadWrite>, vault: VaultId, id: &str) -> Result<(), Error> {
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

/// A running product is heard of; `false` when it does not run.
pub async fn refresh(db: &mut Session<ReadWrite>, vault: &Vault, connection: &str) -> Result<bool, Error> {
    const SQL: &str = "UPDATE vault_connection SET last_seen_at = $3 WHERE vault_id = $1 AND id = $2 AND ended_at = -1 \
                       RETURNING allocation_id";
    expire_due(db, vault).await?;
    if !can_be_stored(connection) {
        return Ok(false);
    }
    let now = micros(db.now());
    let allocation: Option<String> =
        on!(db, |c| sqlx::query_scalar(SQL).bind(vault.id.0).bind(connection).bind(now).fetch_optional(c).await)?;
    let Some(allocation) = allocation else { return Ok(false) };
    touch(db, vault.id, &allocation).await?;
    Ok(true)
}

/// A running product ends; with the last one of a floating licence, or where `frees` says so, the licence is given
/// back. `false` when it does not run.
pub async fn close(db: &mut Session<ReadWrite>, vault: &Vault, connection: &str, frees: bool) -> Result<bool, Error> {
    const SQL: &str = "UPDATE vault_connection SET ended_at = $3 WHERE vault_id = $1 AND id = $2 AND ended_at = -1 \
                       RETURNING allocation_id";
    const LEFT: &str =
        "SELECT count(*) FROM vault_connection WHERE vault_id = $1 AND allocation_id = $2 AND ended_at = -1";
    expire_due(db, vault).await?;
    if !can_be_stored(connection) {
        return Ok(false);
    }
    let now = micros(db.now());
    let allocation: Option<String> =
        on!(db, |c| sqlx::query_scalar(SQL).bind(vault.id.0).bind(connection).bind(now).fetch_optional(c).await)?;
    let Some(allocation) = allocation else { return Ok(false) };
    let left: i64 = on!(db, |c| sqlx::query_scalar(LEFT).bind(vault.id.0).bind(&allocation).fetch_one(c).await)?;
    if left == 0 && (frees || vault.floating) {
        release(db, vault.id, &allocation).await?;
    }
    Ok(true)
}

async fn deny(db: &mut Session<ReadWrite>, vault: VaultId, request: &Request) -> Result<Denial, Error> {
    let denial = Denial {
        at: db.now(),
        user: request.user.clone(),
        host: request.host.clone(),
        ip: request.ip.clone(),
        product_name: product_name(&request.product).to_owned(),
        product_version: request.version.clone(),
        reason: DENIAL_REASON.to_owned(),
        description: DENIAL_DESCRIPTION.to_owned(),
    };
    add_denial(db, vault, &denial).await?;
    Ok(denial)
}

/// Writes a denial down.
pub async fn add_denial(db: &mut Session<ReadWrite>, vault: VaultId, denial: &Denial) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_denial (vault_id, id, at, username, email, host, ip, product_name, \
                       product_version, reason, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let id = db.ids().uuid().to_string();
    on!(db, |c| sqlx::query(SQL)
        .bind(vault.0)
        .bind(&id)
        .bind(micros(denial.at))
        .bind(&denial.user.username)
        .bind(&denial.user.email)
        .bind(&denial.host)
        .bind(&denial.ip)
        .bind(&denial.product_name)
        .bind(&denial.product_version)
        .bind(&denial.reason)
        .bind(&denial.description)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// A stretch of rows, counted from the first.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    /// The first moment that is asked for, in microseconds since 1970.
    pub from: i64,
    pub to: i64,
    /// How many rows are left out.
    pub offset: i64,
    /// How many are asked for.
    pub limit: i64,
}

/// Denials, oldest first. By row, as the vendor's clients page.
pub async fn denials<M>(db: &mut Session<M>, vault: VaultId, rows: Rows) -> Result<Vec<Denial>, Error> {
    const SQL: &str = "SELECT at, username, email, host, ip, product_name, product_version, reason, description \
                       FROM vault_denial WHERE vault_id = $1 AND at >= $2 AND at <= $3 ORDER BY at, id \
                       LIMIT 0 + $4 OFFSET $5";
    type Row = (i64, String, String, String, String, String, String, String, String);
    let found: Vec<Row> = on!(db, |c| sqlx::query_as(SQL)
        .bind(vault.0)
        .bind(rows.from)
        .bind(rows.to)
        .bind(rows.limit)
        .bind(rows.offset)
        .fetch_all(c)
        .await)?;
    let denial = |(at, username, email, host, ip, product_name, product_version, reason, description)| Denial {
        at: from_micros(at),
        user: VaultUser { username, email },
        host,
        ip,
        product_name,
        product_version,
        reason,
        description,
    };
    Ok(found.into_iter().map(denial).collect())
}

/// One occasion on which a user ran a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The allocation it ran on.
    pub allocation: String,
    /// The licence's code.
    pub license: String,
    /// How the licence was bought.
    pub kind: Kind,
    /// Whose.
    pub user: VaultUser,
    pub connection: Connection,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Time>,
}

/// Occasions on which products ran at some time of the stretch, oldest first.
pub async fn usages<M>(db: &mut Session<M>, vault: &Vault, now: Time, rows: Rows) -> Result<Vec<Usage>, Error> {
    // What time has ended since the last write ends with the delay after it was last heard of.
    const SQL: &str = "SELECT a.id, a.product, a.kind, a.username, a.email, c.id, c.product, c.version, c.host, c.ip, \
                       c.connected_at, c.last_seen_at, \
                       CASE WHEN c.ended_at = -1 AND c.last_seen_at <= $6 THEN c.last_seen_at + $7 ELSE c.ended_at END \
                       FROM vault_connection c JOIN vault_allocation a \
                       ON a.vault_id = c.vault_id AND a.id = c.allocation_id \
                       WHERE c.vault_id = $1 AND c.connected_at <= $3 AND (c.ended_at = -1 OR c.ended_at >= $2) \
                       ORDER BY c.connected_at, c.id LIMIT 0 + $4 OFFSET $5";
    #[derive(sqlx::FromRow)]
    struct Row(String, String, String, String, String, String, String, String, String, String, i64, i64, i64);
    let delay = vault.release_after().num_microseconds().unwrap_or_default();
    let found: Vec<Row> = on!(db, |c| sqlx::query_as(SQL)
        .bind(vault.id.0)
        .bind(rows.from)
        .bind(rows.to)
        .bind(rows.limit)
        .bind(rows.offset)
        .bind(alive_since(vault, now))
        .bind(delay)
        .fetch_all(c)
        .await)?;
    found
        .into_iter()
        .map(|row| {
            Ok(Usage {
                allocation: row.0,
                license: row.1,
                kind: row.2.parse().map_err(|e: String| Error::internal(e))?,
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
                ended_at: (row.12 != NO_DATE).then(|| from_micros(row.12)),
            })
        })
        .collect()
}

/// Licences that were in somebody's hands at some time of a stretch: their code, since when, until when.
pub async fn held_between<M>(
    db: &mut Session<M>,
    vault: &Vault,
    now: Time,
    from: i64,
    to: i64,
) -> Result<Vec<(String, i64, i64)>, Error> {
    const SQL: &str = "SELECT product, allocated_at, CASE WHEN released_at >= 0 THEN released_at \
                       WHEN last_seen_at <= $4 THEN last_seen_at + $5 ELSE $6 END FROM vault_allocation \
                       WHERE vault_id = $1 AND allocated_at <= $3 AND (released_at = -1 OR released_at >= $2)";
    let delay = vault.release_after().num_microseconds().unwrap_or_default();
    Ok(on!(db, |c| sqlx::query_as(SQL)
        .bind(vault.id.0)
        .bind(from)
        .bind(to)
        .bind(alive_since(vault, now))
        .bind(delay)
        .bind(i64::MAX)
        .fetch_all(c)
        .await)?)
}

/// Deletes what a user holds of a licence, for a seed that brings it anew.
pub async fn forget(db: &mut Session<ReadWrite>, vault: VaultId, email: &str, product: &str) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM vault_allocation WHERE vault_id = $1 AND email_key = $2 AND product = $3 \
                       AND released_at = -1";
    on!(db, |c| sqlx::query(SQL).bind(vault.0).bind(email_key(email)).bind(product).execute(c).await.map(drop))?;
    Ok(())
}
