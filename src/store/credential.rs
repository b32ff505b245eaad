//! What requests authenticate with, of all services.

use crate::{
    core::{
        clock::{Time, from_micros, micros, shift},
        duration::HumanDuration,
        error::Error,
        ids::Ids,
        token::{Fingerprint, Keyring, PlainToken, TokenHash},
    },
    domain::{
        credential::{Credential, CredentialId, CredentialSummary},
        organization::{OrganizationId, Space, SpaceId},
    },
    store::{
        dialect::JsonType,
        on,
        session::{ReadWrite, Session},
        space,
        sql::{Sql, bound},
    },
};

pub(crate) use crate::store::ended::{EndedRow, note_ended};

/// The credential of `service` with this fingerprint, and the space it opens, both as of one moment.
///
/// The fingerprint is the tenant's proof, so this is the one finder that takes no space.
pub async fn find<M>(
    db: &mut Session<M>,
    service: &str,
    fingerprint: Fingerprint,
) -> Result<Option<(Credential, Space)>, Error> {
    const SQL: &str = "SELECT s.id, s.name, s.revision, s.writes, s.clock_mode, s.clock_micros, s.rules_revision, \
                       c.id, c.organization_id, c.label, c.hash, c.expires_at FROM credential c \
                       JOIN organization o ON o.id = c.organization_id JOIN space s ON s.id = o.space_id \
                       WHERE c.fingerprint = $1 AND c.service = $2";
    type Row = (i64, String, i64, i64, String, i64, i64, i64, i64, String, String, Option<i64>);
    let row: Option<Row> =
        on!(db, |c| sqlx::query_as(SQL).bind(fingerprint.to_hex()).bind(service).fetch_optional(c).await)?;
    let Some((space, name, revision, writes, mode, at, rules, id, organization, label, hash, expires_at)) = row else {
        return Ok(None);
    };
    let credential = Credential {
        id: CredentialId(id),
        organization: OrganizationId(organization),
        service: service.to_owned(),
        label,
        hash: TokenHash(hash),
        expires_at: expires_at.map(from_micros),
    };
    Ok(Some((credential, space::space((space, name, revision, writes, mode, at, rules)))))
}

/// One of the things that a service's credentials can be.
pub struct CredentialKind {
    /// As answers and the store name it.
    pub name: &'static str,
    pub new_token: fn(&mut Ids) -> PlainToken,
    /// How long one lasts that is made now, where its maker says nothing; `None` is for ever.
    pub lifetime: Option<HumanDuration>,
    /// The service lists it in a record of its own, which has its date of creation.
    pub has_record: bool,
    /// A statement that sets when that record expires: `$1` is the credential, `$2` the organization, `$3` the time.
    pub set_record_expiry: Option<&'static str>,
    /// While its organization makes no new tokens of it, if there is such a time.
    pub barrier: Option<Barrier>,
}

/// What forbids to make new tokens.
pub struct Barrier {
    /// A statement that finds whether it stands in the organization `$1`, as one boolean.
    pub is_standing: &'static str,
    /// Says so, and the way out.
    pub why: &'static str,
}

impl CredentialKind {
    pub const fn new(name: &'static str, new_token: fn(&mut Ids) -> PlainToken) -> Self {
        Self { name, new_token, lifetime: None, has_record: false, set_record_expiry: None, barrier: None }
    }

    /// When one that is made now stops working.
    pub fn expiry(&self, now: Time) -> Option<Time> {
        self.lifetime.and_then(|lifetime| shift(now, lifetime))
    }
}

/// A request with a credential that was let in.
#[derive(Debug, Clone, Copy)]
pub struct CredentialUse {
    pub credential: CredentialId,
    pub space: SpaceId,
    /// The credential is one of this generation.
    pub generation: i64,
    pub at: Time,
}

/// A credential about to be kept.
#[derive(Debug)]
pub struct NewCredential<'a> {
    pub organization: OrganizationId,
    /// The service that takes it.
    pub service: &'a str,
    /// What it is: the name of one of its service's [`CredentialKind`]s.
    pub kind: &'a str,
    /// When it was made; now, if that is not said.
    pub created_at: Option<Time>,
    /// What people call it.
    pub label: &'a str,
    /// When it stops working.
    pub expires_at: Option<Time>,
}

/// Keeps `token`, which was hashed ahead, as a new credential; `None` when it is somebody's already.
pub async fn issue(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    new: &NewCredential<'_>,
    token: &PlainToken,
) -> Result<Option<CredentialId>, Error> {
    const SQL: &str = "INSERT INTO credential \
         (organization_id, service, label, fingerprint, hash, created_at, expires_at, kind) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (fingerprint) DO NOTHING RETURNING id";
    let hash = keyring.hash_of(token).await?;
    let (fingerprint, created_at) = (keyring.fingerprint(token), new.created_at.unwrap_or(db.now()));
    keyring.learn(fingerprint, new.label);
    let id = on!(db, |c| sqlx::query_scalar(SQL)
        .bind(new.organization.0)
        .bind(new.service)
        .bind(new.label)
        .bind(fingerprint.to_hex())
        .bind(&hash.0)
        .bind(micros(created_at))
        .bind(new.expires_at.map(micros))
        .bind(new.kind)
        .fetch_optional(c)
        .await)?;
    let id = id.map(CredentialId);
    if let Some(id) = id {
        db.forget_counters_of(id);
    }
    Ok(id)
}

/// Which of these fingerprints credentials have already, and the names of the spaces that they open.
pub(crate) async fn find_in_use(
    db: &mut Session<ReadWrite>,
    fingerprints: &[String],
) -> Result<Vec<(String, String)>, Error> {
    const SQL: &str = "SELECT c.fingerprint, s.name FROM credential c JOIN organization o ON o.id = c.organization_id \
                       JOIN space s ON s.id = o.space_id WHERE c.fingerprint IN (SELECT ";
    if fingerprints.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<[&String; 1]> = fingerprints.iter().map(|fingerprint| [fingerprint]).collect();
    let mut sql = Sql::new(SQL);
    db.dialect().push_json_value(&mut sql, 0, JsonType::Text);
    db.dialect().push_from_json(&mut sql, serde_json::to_string(&rows).map_err(Error::internal)?);
    sql.push(") ORDER BY s.name, c.id");
    let (sql, binds) = sql.into_parts();
    Ok(on!(db, |c| bound!(sqlx::query_as(sql), binds).fetch_all(c).await)?)
}

/// Makes the tokens of a space, or of all, secrets of the keyring's.
pub async fn learn<M>(db: &mut Session<M>, keyring: &Keyring, space: Option<SpaceId>) -> Result<(), Error> {
    const SQL: &str = "SELECT c.fingerprint, c.label FROM credential c JOIN organization o ON o.id = c.organization_id \
                       WHERE o.space_id = COALESCE($1, o.space_id)";
    let space = space.map(|space| space.0);
    let known: Vec<(String, String)> = on!(db, |c| sqlx::query_as(SQL).bind(space).fetch_all(c).await)?;
    for (fingerprint, label) in known {
        let fingerprint = Fingerprint::from_hex(&fingerprint);
        keyring.learn(fingerprint.ok_or_else(|| Error::internal("a fingerprint that is none"))?, &label);
    }
    Ok(())
}

/// Every credential of a space, oldest first.
pub async fn list<M>(db: &mut Session<M>, space: SpaceId) -> Result<Vec<CredentialSummary>, Error> {
    const SQL: &str = "SELECT c.id, c.organization_id, o.customer_code, c.service, c.label, \
                       c.created_at, c.expires_at, c.kind, c.fingerprint FROM credential c \
                       JOIN organization o ON o.id = c.organization_id WHERE o.space_id = $1 ORDER BY c.id";
    type Row = (i64, i64, i64, String, String, i64, Option<i64>, String, String);
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).fetch_all(c).await)?;
    let summary =
        |(id, organization, customer_code, service, label, created_at, expires_at, kind, fingerprint): Row| {
            CredentialSummary {
                id: CredentialId(id),
                organization: OrganizationId(organization),
                customer_code,
                service,
                kind,
                label,
                created_at: from_micros(created_at),
                expires_at: expires_at.map(from_micros),
                fingerprint,
            }
        };
    Ok(rows.into_iter().map(summary).collect())
}

/// Sets when a credential stops working.
pub async fn set_expiry(
    db: &mut Session<ReadWrite>,
    credential: &CredentialSummary,
    kind: &CredentialKind,
    at: Option<Time>,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE credential SET expires_at = $3 WHERE id = $1 AND organization_id = $2";
    for sql in [Some(SQL), kind.set_record_expiry].into_iter().flatten() {
        on!(db, |c| sqlx::query(sql)
            .bind(credential.id.0)
            .bind(credential.organization.0)
            .bind(at.map(micros))
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Finds why the organization makes no new token of this kind now, if it makes none.
pub async fn find_barrier<M>(
    db: &mut Session<M>,
    organization: OrganizationId,
    kind: &CredentialKind,
) -> Result<Option<&'static str>, Error> {
    let Some(barrier) = &kind.barrier else { return Ok(None) };
    let found: Option<bool> =
        on!(db, |c| sqlx::query_scalar(barrier.is_standing).bind(organization.0).fetch_optional(c).await)?;
    Ok(found.unwrap_or(false).then_some(barrier.why))
}

/// Gives a credential a new token, which was hashed ahead; everything else about it stays. The old one is unknown from
/// the next request on.
pub async fn rotate(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    credential: &CredentialSummary,
    kind: &CredentialKind,
    token: &PlainToken,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE credential SET fingerprint = $3, hash = $4, created_at = $5 \
                       WHERE id = $1 AND organization_id = $2";
    let hash = keyring.hash_of(token).await?;
    let created_at = if kind.has_record { credential.created_at } else { db.now() };
    let fingerprint = keyring.fingerprint(token);
    keyring.learn(fingerprint, &credential.label);
    let ended = (credential.fingerprint.clone(), credential.service.clone(), credential.label.clone());
    note_ended(db, vec![ended]).await?;
    on!(db, |c| sqlx::query(SQL)
        .bind(credential.id.0)
        .bind(credential.organization.0)
        .bind(fingerprint.to_hex())
        .bind(&hash.0)
        .bind(micros(created_at))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Deletes a credential: its token is unknown from the next request on.
pub async fn delete(db: &mut Session<ReadWrite>, organization: OrganizationId, id: CredentialId) -> Result<(), Error> {
    const SQL: &str =
        "DELETE FROM credential WHERE id = $1 AND organization_id = $2 RETURNING fingerprint, service, label";
    let ended: Vec<EndedRow> = on!(db, |c| sqlx::query_as(SQL).bind(id.0).bind(organization.0).fetch_all(c).await)?;
    note_ended(db, ended).await
}

/// A credential, whichever service's and space's it is.
#[derive(Debug)]
pub struct Owner {
    pub service: String,
    pub label: String,
    /// Its space's name.
    pub space: String,
}

/// Finds whose token has this fingerprint, in every service and space.
pub async fn find_owner<M>(db: &mut Session<M>, fingerprint: Fingerprint) -> Result<Option<Owner>, Error> {
    const SQL: &str = "SELECT c.service, c.label, s.name FROM credential c \
                       JOIN organization o ON o.id = c.organization_id JOIN space s ON s.id = o.space_id \
                       WHERE c.fingerprint = $1";
    let row: Option<(String, String, String)> =
        on!(db, |c| sqlx::query_as(SQL).bind(fingerprint.to_hex()).fetch_optional(c).await)?;
    Ok(row.map(|(service, label, space)| Owner { service, label, space }))
}

/// Whether the space has a credential of the service with this label.
pub async fn has_label<M>(db: &mut Session<M>, space: SpaceId, service: &str, label: &str) -> Result<bool, Error> {
    const SQL: &str = "SELECT c.id FROM credential c JOIN organization o ON o.id = c.organization_id \
                       WHERE o.space_id = $1 AND c.service = $2 AND c.label = $3 LIMIT 1";
    let id: Option<i64> =
        on!(db, |c| sqlx::query_scalar(SQL).bind(space.0).bind(service).bind(label).fetch_optional(c).await)?;
    Ok(id.is_some())
}
