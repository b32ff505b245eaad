//! API tokens of managed users.

use serde::Deserialize;

use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
        now::Now,
    },
    domain::{
        journal::{Change, Changed},
        organization::OrganizationId,
    },
    services::atlassian::{
        domain::{
            api_access::User,
            api_token::ApiToken,
            listing::{Filter, NO_DATE, PageRequest, PageResult, micros_or_none, normalize, read_micros},
        },
        store::listing::{self, ListedTable},
    },
    store::{
        can_be_stored, on,
        session::{ReadWrite, Session},
        sql::flag,
        state::Cell,
    },
};

const TABLE: ListedTable = ListedTable {
    name: "api_token",
    columns: "id, label, blocked, scopes, created_at, expires_at, last_active_at, person_id, person_name, person_email",
    may_be_large: true,
};

#[derive(Deserialize)]
struct StoredToken {
    id: String,
    label: String,
    #[serde(deserialize_with = "flag")]
    blocked: bool,
    scopes: String,
    created_at: i64,
    expires_at: i64,
    last_active_at: i64,
    person_id: String,
    person_name: String,
    person_email: String,
}

fn read_api_token(row: StoredToken) -> Result<ApiToken, Error> {
    Ok(ApiToken {
        id: row.id,
        label: row.label,
        blocked: row.blocked,
        scopes: serde_json::from_str(&row.scopes).map_err(Error::internal)?,
        created_at: from_micros(row.created_at),
        expires_at: read_micros(row.expires_at),
        last_active_at: read_micros(row.last_active_at),
        user: User { id: row.person_id, name: row.person_name, email: row.person_email },
    })
}

/// Lists one page of the tokens that pass the filter.
pub async fn page<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    filter: &Filter,
    page: &PageRequest,
    now: &Now,
) -> Result<PageResult<ApiToken>, Error> {
    listing::page(db, &TABLE, organization, filter, page, now, read_api_token).await
}

/// Counts the tokens that pass the filter.
pub async fn count<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    filter: &Filter,
    now: &Now,
) -> Result<i64, Error> {
    // Only the expired ones are counted one by one. The second column is when the next one expires.
    const COUNTED: &str = "SELECT CAST((SELECT COALESCE(SUM(tokens), 0) FROM api_token_count \
                        WHERE organization_id = $1 AND blocked = COALESCE($2, blocked)) \
                        - (SELECT count(*) FROM api_token WHERE organization_id = $1 \
                        AND blocked = COALESCE($2, blocked) AND expires_at >= 0 AND expires_at <= $3) AS BIGINT), \
                        (SELECT expires_at FROM api_token WHERE organization_id = $1 AND expires_at > $3 \
                        ORDER BY expires_at LIMIT 1)";
    if filter.unexpired && filter.is_by_status() {
        let time = now.filter();
        let (count, next_expiry): (i64, Option<i64>) = on!(db, |c| sqlx::query_as(COUNTED)
            .bind(organization.0)
            .bind(filter.blocked)
            .bind(micros(time.instant()))
            .fetch_one(c)
            .await)?;
        time.changes_at(next_expiry.map(from_micros));
        return Ok(count);
    }
    listing::count(db, &TABLE, organization, filter, now).await
}

/// Revokes every token of the organization; `false` when there were none that had not expired.
pub async fn revoke_all(db: &mut Session<ReadWrite>, organization: OrganizationId) -> Result<bool, Error> {
    const TOKENS: &str = "DELETE FROM api_token WHERE organization_id = $1";
    const COUNTS: &str = "DELETE FROM api_token_count WHERE organization_id = $1";
    // In one trip how many there are, and the first of them.
    const FIRST: &str = "SELECT id, label, person_email, CAST((SELECT COALESCE(SUM(tokens), 0) FROM api_token_count \
                         WHERE organization_id = $1) - (SELECT count(*) FROM api_token WHERE organization_id = $1 \
                         AND expires_at >= 0 AND expires_at <= $2) AS BIGINT) FROM api_token \
                         WHERE organization_id = $1 AND (expires_at > $2 OR expires_at = $3) \
                         ORDER BY created_at, id LIMIT 0 + $4";
    let (now, most) = (micros(db.now()), i64::try_from(Changed::MOST).map_err(Error::internal)?);
    let first: Vec<(String, String, String, i64)> =
        on!(db, |c| sqlx::query_as(FIRST).bind(organization.0).bind(now).bind(NO_DATE).bind(most).fetch_all(c).await)?;
    let unexpired = first.first().map_or(0, |(.., count)| usize::try_from(*count).unwrap_or_default());
    db.note_changes(unexpired, first.into_iter().map(|(id, label, email, _)| change(&id, &label, &email)));
    db.write_along(TOKENS, [organization.0.into()]).await?;
    db.write_along(COUNTS, [organization.0.into()]).await?;
    Ok(unexpired > 0)
}

fn change(id: &str, label: &str, email: &str) -> Change {
    Change::new("API token", id, format!("revoked the API token {label} of {email}"))
}

/// Revokes one token; `false` when there is none that has not expired.
pub async fn revoke(db: &mut Session<ReadWrite>, organization: OrganizationId, id: &str) -> Result<bool, Error> {
    revoke_of(db, organization, None, id).await
}

/// The same, of this user's tokens.
pub(super) async fn revoke_of(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    user: Option<&str>,
    id: &str,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM api_token WHERE organization_id = $1 AND id = $2 \
                       AND person_id = COALESCE($5, person_id) AND (expires_at > $3 OR expires_at = $4) \
                       RETURNING blocked, label, person_email";
    if !can_be_stored(id) {
        return Ok(false);
    }
    let now = micros(db.now());
    let deleted: Vec<(bool, String, String)> = on!(db, |c| sqlx::query_as(SQL)
        .bind(organization.0)
        .bind(id)
        .bind(now)
        .bind(NO_DATE)
        .bind(user)
        .fetch_all(c)
        .await)?;
    let blocked: Vec<bool> = deleted.iter().map(|(blocked, ..)| *blocked).collect();
    count_down(db, organization, &blocked).await?;
    db.note_changes(deleted.len(), deleted.iter().map(|(_, label, email)| change(id, label, email)));
    Ok(!deleted.is_empty())
}

/// Takes deleted tokens off the counts. Of each token it is told whether it was blocked.
async fn count_down(db: &mut Session<ReadWrite>, organization: OrganizationId, deleted: &[bool]) -> Result<(), Error> {
    const SQL: &str = "UPDATE api_token_count SET tokens = tokens - 1 WHERE organization_id = $1 AND blocked = $2";
    for blocked in deleted {
        db.write_along(SQL, [organization.0.into(), (*blocked).into()]).await?;
    }
    Ok(())
}

/// Deletes what a token takes the place of: those of its user with its label, and the one that has its id.
pub async fn make_way(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    token: &ApiToken,
) -> Result<(), Error> {
    const BY_LABEL: &str =
        "DELETE FROM api_token WHERE organization_id = $1 AND label = $2 AND person_id = $3 RETURNING blocked";
    const BY_ID: &str = "DELETE FROM api_token WHERE organization_id = $1 AND id = $2 RETURNING blocked";
    let mut deleted: Vec<bool> = on!(db, |c| sqlx::query_scalar(BY_LABEL)
        .bind(organization.0)
        .bind(&token.label)
        .bind(&token.user.id)
        .fetch_all(c)
        .await)?;
    deleted.extend::<Vec<bool>>(on!(db, |c| sqlx::query_scalar(BY_ID)
        .bind(organization.0)
        .bind(&token.id)
        .fetch_all(c)
        .await)?);
    count_down(db, organization, &deleted).await
}

/// The cells of a token's row.
pub fn list_cells(organization: i64, token: &ApiToken) -> [(&'static str, Cell); 12] {
    [
        ("organization_id", organization.into()),
        ("id", (&token.id).into()),
        ("label", (&token.label).into()),
        ("blocked", token.blocked.into()),
        ("scopes", serde_json::json!(token.scopes).to_string().into()),
        ("created_at", micros(token.created_at).into()),
        ("expires_at", micros_or_none(token.expires_at).into()),
        ("last_active_at", micros_or_none(token.last_active_at).into()),
        ("person_id", (&token.user.id).into()),
        ("person_name", (&token.user.name).into()),
        ("person_email", (&token.user.email).into()),
        ("search", normalize([&token.label, &token.user.name, &token.user.email]).into()),
    ]
}
