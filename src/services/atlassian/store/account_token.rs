//! API tokens by the account that they are of: the same records that the lists of tokens have.

use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
        now::Now,
    },
    domain::organization::OrganizationId,
    services::atlassian::{
        domain::{
            account_token::AccountToken,
            listing::{NO_DATE, read_micros},
        },
        store::{api_token, service_account},
    },
    store::{
        can_be_stored, on,
        session::{ReadWrite, Session},
    },
};

/// Lists the tokens of an account, newest first; `None` when nobody of the organization has the account. A person's are
/// those that have not expired.
pub async fn list<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    account: &str,
    now: &Now,
) -> Result<Option<Vec<AccountToken>>, Error> {
    const SQL: &str = "SELECT id, label, created_at, expires_at, last_active_at FROM api_token \
                       WHERE organization_id = $1 AND person_id = $2 AND (expires_at > $3 OR expires_at = $4) \
                       UNION ALL SELECT id, label, created_at, expires_at, last_active_at FROM service_account_token \
                       WHERE organization_id = $1 AND service_account_id = $2 ORDER BY 3 DESC, 1 DESC";
    type Row = (String, String, i64, i64, i64);
    if !can_be_stored(account) || !exists(db, organization, account).await? {
        return Ok(None);
    }
    let time = now.filter();
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL)
        .bind(organization.0)
        .bind(account)
        .bind(micros(time.instant()))
        .bind(NO_DATE)
        .fetch_all(c)
        .await)?;
    time.changes_at(rows.iter().filter_map(|row| read_micros(row.3)));
    let read = |(id, label, created_at, expires_at, last_active_at)| AccountToken {
        id,
        label,
        created_at: from_micros(created_at),
        expires_at: read_micros(expires_at),
        last_active_at: read_micros(last_active_at),
    };
    Ok(Some(rows.into_iter().map(read).collect()))
}

/// Whether a person of the organization, or a service account, has the account.
async fn exists<M>(db: &mut Session<M>, organization: OrganizationId, account: &str) -> Result<bool, Error> {
    const SQL: &str = "SELECT (SELECT count(*) FROM person WHERE organization_id = $1 AND atlassian_account_id = $2) \
                       + (SELECT count(*) FROM service_account WHERE organization_id = $1 AND id = $2)";
    let found: i64 = on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).bind(account).fetch_one(c).await)?;
    Ok(found > 0)
}

/// Revokes one token of an account; `false` when the account has no such token.
pub async fn revoke(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    account: &str,
    id: &str,
) -> Result<bool, Error> {
    if !can_be_stored(account) || !can_be_stored(id) {
        return Ok(false);
    }
    Ok(api_token::revoke_of(db, organization, Some(account), id).await?
        || service_account::revoke_token(db, organization, account, id).await?)
}
