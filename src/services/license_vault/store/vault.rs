//! Vaults: their settings, administrators, credentials, pools of licences and rules.

use crate::{
    core::{
        clock::{Time, from_micros, micros},
        error::Error,
        now::Now,
        token::{Keyring, PlainToken},
    },
    domain::{
        credential::Credential,
        journal::Change,
        organization::{OrganizationId, PersonId, SpaceId},
        product_catalogue::DeclaredProduct,
    },
    services::license_vault::domain::{
        catalogue::Catalogue,
        vault::{AllocationRule, LicenseKind, Plan, Pool, TokenKind, Vault, VaultId},
    },
    store::{
        can_be_stored,
        credential::{self, EndedRow, NewCredential},
        declared_product, on, organization,
        session::{ReadWrite, Session},
    },
};

/// The service's name.
pub(crate) const SERVICE: &str = "license_vault";

const COLUMNS: &str = "o.id, o.name, o.customer_code, o.org_id, v.id, v.name, v.plan, v.floating, v.strict_policy \
                       FROM vault v JOIN organization o ON o.id = v.organization_id";

type VaultRow = (i64, String, i64, String, i64, String, String, bool, bool);

/// Reads a vault; `declared` are its organization's products.
fn read_vault(row: VaultRow, declared: Vec<DeclaredProduct>) -> Result<Vault, Error> {
    let (id, name, code, org_id, vault, vault_name, plan, floating, strict) = row;
    Ok(Vault {
        id: VaultId(vault),
        catalogue: Catalogue::new(declared),
        organization: organization::organization((id, name, code, org_id)),
        name: vault_name,
        plan: plan.parse().map_err(Error::internal)?,
        floating,
        strict,
    })
}

/// Reads the vault that was found, if one was.
async fn read_found<M>(db: &mut Session<M>, row: Option<VaultRow>) -> Result<Option<Vault>, Error> {
    let Some(row) = row else { return Ok(None) };
    let declared = declared_product::list(db, OrganizationId(row.0)).await?;
    read_vault(row, declared).map(Some)
}

/// Finds the vault of a credential, and the credential's kind.
pub(crate) async fn find_by_credential<M>(
    db: &mut Session<M>,
    credential: &Credential,
) -> Result<Option<(Vault, TokenKind)>, Error> {
    const KIND: &str = "SELECT kind, vault_id FROM vault_credential WHERE credential_id = $1";
    let row: Option<(String, i64)> = on!(db, |c| sqlx::query_as(KIND).bind(credential.id.0).fetch_optional(c).await)?;
    let Some((kind, id)) = row else { return Ok(None) };
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE v.id = $1 AND v.organization_id = $2"));
    let row: Option<VaultRow> =
        on!(db, |c| sqlx::query_as(sql).bind(id).bind(credential.organization.0).fetch_optional(c).await)?;
    let Some(vault) = read_found(db, row).await? else { return Ok(None) };
    Ok(Some((vault, kind.parse().map_err(Error::internal)?)))
}

/// Finds a vault by its name, whatever its case is.
pub(crate) async fn find<M>(db: &mut Session<M>, space: SpaceId, name: &str) -> Result<Option<Vault>, Error> {
    if !can_be_stored(name) {
        return Ok(None);
    }
    let sql =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE v.space_id = $1 AND lower(v.name) = $2 ORDER BY v.id"));
    let name = name.to_ascii_lowercase();
    let row: Option<VaultRow> = on!(db, |c| sqlx::query_as(sql).bind(space.0).bind(&name).fetch_optional(c).await)?;
    read_found(db, row).await
}

/// Finds an organization's vault.
pub(crate) async fn find_of_organization<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
) -> Result<Option<Vault>, Error> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE v.organization_id = $1"));
    let row: Option<VaultRow> = on!(db, |c| sqlx::query_as(sql).bind(organization.0).fetch_optional(c).await)?;
    read_found(db, row).await
}

/// Lists the vaults of a space, oldest first.
pub(crate) async fn list<M>(db: &mut Session<M>, space: SpaceId) -> Result<Vec<Vault>, Error> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE v.space_id = $1 ORDER BY v.id"));
    let rows: Vec<VaultRow> = on!(db, |c| sqlx::query_as(sql).bind(space.0).fetch_all(c).await)?;
    let mut declared = declared_product::list_of_space(db, space).await?;
    rows.into_iter()
        .map(|row| {
            // An organization has one vault at most.
            let of_organization = declared.remove(&OrganizationId(row.0)).unwrap_or_default();
            read_vault(row, of_organization)
        })
        .collect()
}

/// Stores an organization's vault, of which it has one at most; `None` when another organization's vault has the name,
/// whatever its case is.
pub(crate) async fn upsert(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    name: &str,
    plan: Plan,
    floating: bool,
    strict: bool,
) -> Result<Option<VaultId>, Error> {
    const TAKEN: &str = "SELECT count(*) FROM vault WHERE space_id = $1 AND lower(name) = $2 AND organization_id <> $3";
    const SQL: &str = "INSERT INTO vault (organization_id, space_id, name, plan, floating, strict_policy) \
                       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id) DO UPDATE SET \
                       name = excluded.name, plan = excluded.plan, floating = excluded.floating, \
                       strict_policy = excluded.strict_policy RETURNING id";
    let space = db.space().id.0;
    let key = name.to_ascii_lowercase();
    let taken: i64 =
        on!(db, |c| sqlx::query_scalar(TAKEN).bind(space).bind(&key).bind(organization.0).fetch_one(c).await)?;
    if taken > 0 {
        return Ok(None);
    }
    let id = on!(db, |c| sqlx::query_scalar(SQL)
        .bind(organization.0)
        .bind(space)
        .bind(name)
        .bind(plan.to_string())
        .bind(floating)
        .bind(strict)
        .fetch_one(c)
        .await)?;
    Ok(Some(VaultId(id)))
}

/// Makes somebody an administrator.
pub(crate) async fn add_administrator(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    person: PersonId,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_administrator (vault_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    on!(db, |c| sqlx::query(SQL).bind(vault.0).bind(person.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Whether somebody is an administrator.
pub(crate) async fn is_administrator<M>(db: &mut Session<M>, vault: VaultId, person: PersonId) -> Result<bool, Error> {
    const SQL: &str = "SELECT count(*) FROM vault_administrator WHERE vault_id = $1 AND person_id = $2";
    let found: i64 = on!(db, |c| sqlx::query_scalar(SQL).bind(vault.0).bind(person.0).fetch_one(c).await)?;
    Ok(found > 0)
}

/// Lists the administrators' addresses, in the form of `email_key`.
pub(crate) async fn list_administrators<M>(db: &mut Session<M>, vault: VaultId) -> Result<Vec<String>, Error> {
    const SQL: &str = "SELECT p.email_key FROM vault_administrator a JOIN person p ON p.id = a.person_id \
                       WHERE a.vault_id = $1 ORDER BY p.email_key";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(vault.0).fetch_all(c).await)?)
}

/// What people call a credential of the vault with this name.
pub(crate) fn describe_token(vault: &str, kind: TokenKind, name: &str) -> String {
    match kind {
        TokenKind::Vault => format!("{vault} (vault)"),
        TokenKind::Automation => format!("{vault} ({name}, automation)"),
        TokenKind::Reporting => format!("{vault} (reporting)"),
    }
}

/// Stores `token` as a credential of the vault, in the place of an earlier one of that kind and name. `false` when the
/// token is in use already.
pub(crate) async fn issue_token(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    vault: &Vault,
    kind: TokenKind,
    name: &str,
    token: &PlainToken,
    expires_at: Option<Time>,
) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO vault_credential (credential_id, vault_id, kind, name) VALUES ($1, $2, $3, $4)";
    let is_rotated = end_token(db, vault, kind, name).await?;
    let label = describe_token(&vault.name, kind, name);
    let new = NewCredential {
        organization: vault.organization.id,
        service: SERVICE,
        kind: kind.name(),
        created_at: None,
        label: &label,
        expires_at,
    };
    let Some(credential) = credential::issue(db, keyring, &new, token).await? else { return Ok(false) };
    on!(db, |c| sqlx::query(SQL)
        .bind(credential.0)
        .bind(vault.id.0)
        .bind(kind.name())
        .bind(name)
        .execute(c)
        .await
        .map(drop))?;
    let done = if is_rotated { "rotated" } else { "made" };
    db.note_change(|| change_of_token(&label, done));
    Ok(true)
}

fn change_of_token(label: &str, done: &str) -> Change {
    Change::new("token", label, format!("{done} the token of {label}"))
}

/// Deletes a credential of the vault; `false` when there is none of that kind and name.
pub(crate) async fn remove_token(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    kind: TokenKind,
    name: &str,
) -> Result<bool, Error> {
    let was_there = end_token(db, vault, kind, name).await?;
    if was_there {
        db.note_change(|| change_of_token(&describe_token(&vault.name, kind, name), "removed"));
    }
    Ok(was_there)
}

async fn end_token(db: &mut Session<ReadWrite>, vault: &Vault, kind: TokenKind, name: &str) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM credential WHERE id IN (SELECT credential_id FROM vault_credential \
                       WHERE vault_id = $1 AND kind = $2 AND name = $3) \
                       RETURNING fingerprint, service, label";
    let ended: Vec<EndedRow> =
        on!(db, |c| sqlx::query_as(SQL).bind(vault.id.0).bind(kind.name()).bind(name).fetch_all(c).await)?;
    let was_there = !ended.is_empty();
    credential::note_ended(db, ended).await?;
    Ok(was_there)
}

/// Whether the vault has a credential of that kind.
pub(crate) async fn has_token<M>(db: &mut Session<M>, vault: VaultId, kind: TokenKind) -> Result<bool, Error> {
    const SQL: &str = "SELECT count(*) FROM vault_credential WHERE vault_id = $1 AND kind = $2";
    let found: i64 = on!(db, |c| sqlx::query_scalar(SQL).bind(vault.0).bind(kind.name()).fetch_one(c).await)?;
    Ok(found > 0)
}

/// Sets how many licences of a product and kind there are.
pub(crate) async fn set_pool(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    product: &str,
    kind: LicenseKind,
    total: i64,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_pool (vault_id, product, kind, total) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (vault_id, product, kind) DO UPDATE SET total = excluded.total";
    on!(db, |c| sqlx::query(SQL)
        .bind(vault.0)
        .bind(product)
        .bind(kind.to_string())
        .bind(total)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Lists the vault's pools, and how many licences of each are in use at `now`.
pub(crate) async fn list_pools<M>(db: &mut Session<M>, vault: &Vault, now: &Now) -> Result<Vec<Pool>, Error> {
    const SQL: &str = "SELECT p.product, p.kind, p.total, (SELECT count(*) FROM vault_allocation a \
                       WHERE a.vault_id = p.vault_id AND a.product = p.product AND a.kind = p.kind \
                       AND a.released_at = -1 AND a.last_seen_at > $2), (SELECT a.last_seen_at FROM vault_allocation a \
                       WHERE a.vault_id = $1 AND a.released_at = -1 AND a.last_seen_at > $2 \
                       ORDER BY a.last_seen_at LIMIT 1) FROM vault_pool p \
                       WHERE p.vault_id = $1 ORDER BY p.product, p.kind";
    type PoolRow = (String, String, i64, i64, Option<i64>);
    let time = now.filter();
    let since = micros(vault.alive_since(time.instant()));
    let rows: Vec<PoolRow> = on!(db, |c| sqlx::query_as(SQL).bind(vault.id.0).bind(since).fetch_all(c).await)?;
    // The same in every row: when the one that is still held was seen that is released next.
    time.changes_at(rows.first().and_then(|row| row.4).map(|seen| vault.release_date(from_micros(seen))));
    rows.into_iter()
        .map(|(product, kind, total, in_use, _)| {
            Ok(Pool { product, kind: kind.parse().map_err(Error::internal)?, total, in_use })
        })
        .collect()
}

/// Replaces the rules.
pub(crate) async fn set_rules(
    db: &mut Session<ReadWrite>,
    vault: VaultId,
    rules: &[AllocationRule],
) -> Result<(), Error> {
    const OLD: &str = "DELETE FROM vault_rule WHERE vault_id = $1";
    const SQL: &str =
        "INSERT INTO vault_rule (vault_id, position, users, products, priority) VALUES ($1, $2, $3, $4, $5)";
    on!(db, |c| sqlx::query(OLD).bind(vault.0).execute(c).await.map(drop))?;
    for (position, rule) in (1_i64..).zip(rules) {
        on!(db, |c| sqlx::query(SQL)
            .bind(vault.0)
            .bind(position)
            .bind(serde_json::json!(rule.users).to_string())
            .bind(serde_json::json!(rule.products).to_string())
            .bind(rule.priority)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Lists the rules, in order.
pub(crate) async fn list_rules<M>(db: &mut Session<M>, vault: VaultId) -> Result<Vec<AllocationRule>, Error> {
    const SQL: &str = "SELECT users, products, priority FROM vault_rule WHERE vault_id = $1 ORDER BY position";
    let rows: Vec<(String, String, bool)> = on!(db, |c| sqlx::query_as(SQL).bind(vault.0).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(users, products, priority)| {
            Ok(AllocationRule {
                users: serde_json::from_str(&users).map_err(Error::internal)?,
                products: serde_json::from_str(&products).map_err(Error::internal)?,
                priority,
            })
        })
        .collect()
}
