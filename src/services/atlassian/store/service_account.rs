//! Service accounts and their API tokens.

use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
    },
    domain::{
        journal::{Change, Changed},
        organization::OrganizationId,
    },
    services::atlassian::{
        domain::{
            api_access::User,
            listing::{micros_or_none, read_micros},
            service_account::{ServiceAccount, ServiceAccountToken},
        },
        store::delete_one,
    },
    store::{
        can_be_stored, on,
        session::{ReadWrite, Session},
    },
};

/// What people call a record of these.
pub(crate) const ACCOUNT: &str = "service account";

type AccountRow = (String, i64, String, String, Option<String>, i64, Option<String>);

fn read_service_account((id, _, name, email, description, updated_at, created_by): AccountRow) -> ServiceAccount {
    ServiceAccount { id, name, email, description, updated_at: from_micros(updated_at), created_by }
}

/// Lists up to `limit` service accounts after a position, each with its own position.
pub async fn list<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    position: i64,
    limit: i64,
) -> Result<Vec<(i64, ServiceAccount)>, Error> {
    // On `LIMIT 0 +`, see `Sql::push_limit`.
    const SQL: &str = "SELECT id, position, name, email, description, updated_at, created_by FROM service_account \
                       WHERE organization_id = $1 AND position > $2 ORDER BY position LIMIT 0 + $3";
    let rows: Vec<AccountRow> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).bind(position).bind(limit).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|row| (row.1, read_service_account(row))).collect())
}

/// Finds where the page before a position begins: the position that its first account comes after.
pub async fn find_page_before<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    position: i64,
    limit: i64,
) -> Result<i64, Error> {
    const SQL: &str = "SELECT COALESCE(MIN(position), 1) - 1 FROM (SELECT position FROM service_account \
                       WHERE organization_id = $1 AND position <= $2 ORDER BY position DESC LIMIT 0 + $3) before";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).bind(position).bind(limit).fetch_one(c).await)?)
}

/// Counts the service accounts.
pub async fn count<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<i64, Error> {
    const SQL: &str = "SELECT count(*) FROM service_account WHERE organization_id = $1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).fetch_one(c).await)?)
}

/// Finds a service account.
pub async fn find<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    id: &str,
) -> Result<Option<ServiceAccount>, Error> {
    const SQL: &str = "SELECT id, position, name, email, description, updated_at, created_by FROM service_account \
                       WHERE organization_id = $1 AND id = $2";
    if !can_be_stored(id) {
        return Ok(None);
    }
    let row: Option<AccountRow> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).bind(id).fetch_optional(c).await)?;
    Ok(row.map(read_service_account))
}

/// Where an account stands in the list; `None` when there is none.
pub async fn find_position<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    id: &str,
) -> Result<Option<i64>, Error> {
    const SQL: &str = "SELECT position FROM service_account WHERE organization_id = $1 AND id = $2";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).bind(id).fetch_optional(c).await)?)
}

/// Adds a service account at the end, or replaces the one with its id. `done` says which, for who asks what was changed.
pub async fn upsert(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    account: &ServiceAccount,
    done: &str,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO service_account (organization_id, id, position, name, email, description, \
                       updated_at, created_by) VALUES ($1, $2, (SELECT COALESCE(MAX(position), 0) + 1 FROM \
                       service_account WHERE organization_id = $1), $3, $4, $5, $6, $7) \
                       ON CONFLICT (organization_id, id) DO UPDATE SET \
                       name = excluded.name, email = excluded.email, description = excluded.description, \
                       updated_at = excluded.updated_at, created_by = excluded.created_by";
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(&account.id)
        .bind(&account.name)
        .bind(&account.email)
        .bind(&account.description)
        .bind(micros(account.updated_at))
        .bind(&account.created_by)
        .execute(c)
        .await
        .map(drop))?;
    db.note_change(|| Change::new(ACCOUNT, &account.id, format!("{done} the service account {}", account.name)));
    Ok(())
}

/// Deletes a service account, its tokens and its OAuth clients; `false` when there is none.
pub async fn delete(db: &mut Session<ReadWrite>, organization: OrganizationId, id: &str) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM service_account WHERE organization_id = $1 AND id = $2 RETURNING name";
    let change = |name| {
        let what = format!("deleted the service account {name} with its API tokens and OAuth clients");
        Change::new(ACCOUNT, id, what)
    };
    delete_one(db, SQL, organization, id, change).await
}

/// Lists the tokens of one service account, or of all, account by account, newest last.
pub async fn list_tokens<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    account: Option<&str>,
) -> Result<Vec<ServiceAccountToken>, Error> {
    const SQL: &str = "SELECT t.id, t.label, t.scopes, t.created_at, t.expires_at, t.last_active_at, a.id, a.name, \
                       a.email \
                       FROM service_account_token t JOIN service_account a \
                       ON a.organization_id = t.organization_id AND a.id = t.service_account_id \
                       WHERE t.organization_id = $1 AND t.service_account_id = COALESCE($2, t.service_account_id) \
                       ORDER BY a.position, t.created_at, t.id";
    type TokenRow = (String, String, String, i64, i64, i64, String, String, String);
    let rows: Vec<TokenRow> = on!(db, |c| sqlx::query_as(SQL).bind(organization.0).bind(account).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(id, label, scopes, created_at, expires_at, last_active_at, account, name, email)| {
            Ok(ServiceAccountToken {
                id,
                label,
                scopes: serde_json::from_str(&scopes).map_err(Error::internal)?,
                created_at: from_micros(created_at),
                expires_at: read_micros(expires_at),
                last_active_at: read_micros(last_active_at),
                account: User { id: account, name, email },
            })
        })
        .collect()
}

/// Counts the tokens of a service account; `None` when there is no such account.
pub async fn count_tokens<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    account: &str,
) -> Result<Option<i64>, Error> {
    const SQL: &str = "SELECT (SELECT count(*) FROM service_account_token t WHERE t.organization_id = $1 \
                       AND t.service_account_id = $2) FROM service_account WHERE organization_id = $1 AND id = $2";
    if !can_be_stored(account) {
        return Ok(None);
    }
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).bind(account).fetch_optional(c).await)?)
}

/// Adds a token, in the place of an earlier one of the account with the same label.
pub async fn upsert_token(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    token: &ServiceAccountToken,
) -> Result<(), Error> {
    const DELETE: &str = "DELETE FROM service_account_token \
                        WHERE organization_id = $1 AND ((service_account_id = $2 AND label = $3) OR id = $4)";
    const SQL: &str = "INSERT INTO service_account_token (organization_id, id, service_account_id, label, scopes, \
                       created_at, expires_at, last_active_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(db, |c| sqlx::query(DELETE)
        .bind(organization.0)
        .bind(&token.account.id)
        .bind(&token.label)
        .bind(&token.id)
        .execute(c)
        .await
        .map(drop))?;
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(&token.id)
        .bind(&token.account.id)
        .bind(&token.label)
        .bind(serde_json::json!(token.scopes).to_string())
        .bind(micros(token.created_at))
        .bind(micros_or_none(token.expires_at))
        .bind(micros_or_none(token.last_active_at))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

fn change_of_token(id: &str, label: &str, account: &str) -> Change {
    Change::new("API token", id, format!("revoked the API token {label} of the service account {account}"))
}

/// Revokes one token of a service account; `false` when it has no such token.
pub(super) async fn revoke_token(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    account: &str,
    id: &str,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM service_account_token \
                       WHERE organization_id = $1 AND service_account_id = $2 AND id = $3 RETURNING label, \
                       (SELECT a.name FROM service_account a WHERE a.organization_id = $1 AND a.id = $2)";
    let deleted: Option<(String, String)> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).bind(account).bind(id).fetch_optional(c).await)?;
    let Some((label, name)) = deleted else { return Ok(false) };
    db.note_change(|| change_of_token(id, &label, &name));
    Ok(true)
}

/// Revokes every token of a service account; `false` when there is no such account.
pub async fn revoke_tokens(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    account: &str,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM service_account_token WHERE organization_id = $1 AND service_account_id = $2";
    // In one trip whether the account is there, how many tokens it has, and the first of them.
    const FIRST: &str = "SELECT a.name, count(t.id) OVER (), t.id, t.label FROM service_account a \
                         LEFT JOIN service_account_token t ON t.organization_id = a.organization_id \
                         AND t.service_account_id = a.id WHERE a.organization_id = $1 AND a.id = $2 \
                         ORDER BY t.created_at, t.id LIMIT 0 + $3";
    type Found = (String, i64, Option<String>, Option<String>);
    if !can_be_stored(account) {
        return Ok(false);
    }
    let most = i64::try_from(Changed::MOST).map_err(Error::internal)?;
    let first: Vec<Found> =
        on!(db, |c| sqlx::query_as(FIRST).bind(organization.0).bind(account).bind(most).fetch_all(c).await)?;
    let Some((_, count, ..)) = first.first() else { return Ok(false) };
    let count = usize::try_from(*count).unwrap_or_default();
    let each = first.into_iter().filter_map(|(name, _, id, label)| Some(change_of_token(&id?, &label?, &name)));
    db.note_changes(count, each);
    db.write_along(SQL, [organization.0.into(), account.into()]).await?;
    Ok(true)
}
