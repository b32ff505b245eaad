//! API keys of an organization: records, each beside the credential that it describes.

use serde::Deserialize;

use crate::services::atlassian::domain::ids::AtlassianIds as _;
use crate::store::session::on;
use crate::{
    core::{
        clock::{from_micros, micros},
        duration::HumanDuration,
        error::Error,
        ids::Ids,
        now::Now,
        token::{Keyring, PlainToken},
    },
    domain::{credential::CredentialId, journal::Change, organization::OrganizationId},
    services::atlassian::{
        domain::{
            api_access::User,
            api_key::ApiKey,
            listing::{Filter, PageRequest, PageResult, normalize},
        },
        store::{
            listing::{self, ListedTable},
            settings::SERVICE,
        },
    },
    store::{
        Db, can_be_stored,
        credential::{self, CredentialKind, CredentialUse, NewCredential},
        session::{ReadWrite, Session},
        sql::Sql,
    },
};

pub(crate) const KIND: CredentialKind = CredentialKind {
    lifetime: Some(HumanDuration::Years(1)),
    has_record: true,
    set_record_expiry: Some(
        "UPDATE api_key SET expires_at = COALESCE($3, expires_at) WHERE credential_id = $1 AND organization_id = $2",
    ),
    ..CredentialKind::new("api_key", Ids::atlassian_key)
};

const MINUTE: i64 = 60_000_000;

const TABLE: ListedTable = ListedTable {
    name: "api_key",
    columns: "id, label, scopes, created_at, expires_at, last_active_at, person_id, person_name, person_email",
    may_be_large: false,
};

#[derive(Deserialize)]
struct StoredKey {
    id: String,
    label: String,
    scopes: Option<String>,
    created_at: i64,
    expires_at: i64,
    last_active_at: i64,
    person_id: String,
    person_name: String,
    person_email: String,
}

fn read_api_key(row: StoredKey) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: row.id,
        label: row.label,
        scopes: row.scopes.map(|scopes| serde_json::from_str(&scopes)).transpose().map_err(Error::internal)?,
        created_at: from_micros(row.created_at),
        expires_at: from_micros(row.expires_at),
        last_active_at: from_micros(row.last_active_at),
        created_by: User { id: row.person_id, name: row.person_name, email: row.person_email },
    })
}

/// Lists one page of the keys that pass the filter.
pub async fn page<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    filter: &Filter,
    page: &PageRequest,
    now: &Now,
) -> Result<PageResult<ApiKey>, Error> {
    // A use is noted without a new revision, see `note_use`.
    now.note_untracked();
    listing::page(db, &TABLE, organization, filter, page, now, read_api_key).await
}

/// Counts the keys that pass the filter.
pub async fn count<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    filter: &Filter,
    now: &Now,
) -> Result<i64, Error> {
    // The filter may be about the last use.
    now.note_untracked();
    listing::count(db, &TABLE, organization, filter, now).await
}

/// Notes that a request with a key was let in, unless one of the minute before it is noted, perhaps by another process.
///
/// Not by a session that writes, because a use is no change of what a tester made: it would raise the revision, and
/// shift the ids that are drawn from the number of writes.
///
/// unverified: a call moves the date, by the minute (atlassian-api-access §7.8).
pub async fn note_use(db: &Db, used: CredentialUse) -> Result<(), Error> {
    let CredentialUse { credential, space, generation, at } = used;
    let at = micros(at);
    let mut sql = Sql::new("UPDATE api_key SET last_active_at = ");
    sql.bind(at).push(" WHERE credential_id = ").bind(credential.0);
    sql.push(" AND (last_active_at <= ").bind(at - MINUTE).push(" OR last_active_at > ").bind(at);
    sql.push(") AND EXISTS (SELECT 1 FROM space WHERE id = ").bind(space.0);
    sql.push(" AND revision - writes = ").bind(generation).push(") RETURNING credential_id");
    let _noted: Vec<(i64,)> = db.write_alone(sql).await?;
    Ok(())
}

/// Revokes a key: it is neither listed nor accepted any more. `false` when there is none.
pub async fn revoke(db: &mut Session<ReadWrite>, organization: OrganizationId, id: &str) -> Result<bool, Error> {
    const SQL: &str = "SELECT credential_id, label FROM api_key WHERE organization_id = $1 AND id = $2";
    if !can_be_stored(id) {
        return Ok(false);
    }
    let found: Option<(i64, String)> =
        on!(db, |c| sqlx::query_as(SQL).bind(organization.0).bind(id).fetch_optional(c).await)?;
    let Some((found, label)) = found else { return Ok(false) };
    credential::delete(db, organization, CredentialId(found)).await?;
    db.note_change(|| Change::new("API key", id, format!("revoked the API key {label}")));
    Ok(true)
}

/// Stores `token` as an API key, in the place of earlier ones with its label. `false` when the token is in use already.
pub async fn issue(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    organization: OrganizationId,
    key: &ApiKey,
    token: &PlainToken,
) -> Result<bool, Error> {
    const DELETE: &str = "DELETE FROM credential WHERE id IN \
                        (SELECT credential_id FROM api_key WHERE organization_id = $1 AND (label = $2 OR id = $3)) \
                        RETURNING fingerprint, service, label";
    const SQL: &str = "INSERT INTO api_key (organization_id, id, credential_id, label, scopes, created_at, expires_at, \
                       last_active_at, person_id, person_name, person_email, search) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let ended =
        on!(db, |c| sqlx::query_as(DELETE).bind(organization.0).bind(&key.label).bind(&key.id).fetch_all(c).await)?;
    credential::note_ended(db, ended).await?;
    let new = NewCredential {
        organization,
        service: SERVICE,
        kind: KIND.name,
        created_at: Some(key.created_at),
        label: &key.label,
        expires_at: Some(key.expires_at),
    };
    let Some(credential) = credential::issue(db, keyring, &new, token).await? else { return Ok(false) };
    let scopes = key.scopes.as_ref().map(|scopes| serde_json::json!(scopes).to_string());
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(&key.id)
        .bind(credential.0)
        .bind(&key.label)
        .bind(scopes)
        .bind(micros(key.created_at))
        .bind(micros(key.expires_at))
        .bind(micros(key.last_active_at))
        .bind(&key.created_by.id)
        .bind(&key.created_by.name)
        .bind(&key.created_by.email)
        .bind(normalize([&key.label, &key.created_by.name, &key.created_by.email]))
        .execute(c)
        .await
        .map(drop))?;
    Ok(true)
}
