//! What requests authenticate with, of all services.

use super::{
    session::{ReadWrite, Session},
    space,
};
use crate::{
    core::{
        clock::{Time, from_micros, micros},
        fault::Fault,
        token::{Fingerprint, Keyring, PlainToken, TokenHash},
    },
    domain::{
        credential::{Credential, CredentialId},
        organization::{OrganizationId, Space, SpaceId},
    },
};

/// The credential of `service` with this fingerprint, and the space it opens, both as of one moment.
///
/// The fingerprint is the tenant's proof, so this is the one finder that takes no space.
///
/// # Errors
/// [`Fault::Unavailable`].
pub async fn find<M>(
    db: &mut Session<M>,
    service: &str,
    fingerprint: Fingerprint,
) -> Result<Option<(Credential, Space)>, Fault> {
    const SQL: &str = "SELECT s.id, s.name, s.revision, s.writes, s.clock_mode, s.clock_micros, \
                       c.id, c.organization_id, c.label, c.hash, c.expires_at FROM credential c \
                       JOIN organization o ON o.id = c.organization_id JOIN space s ON s.id = o.space_id \
                       WHERE c.fingerprint = $1 AND c.service = $2";
    type Row = (i64, String, i64, i64, String, i64, i64, i64, String, String, Option<i64>);
    let row: Option<Row> =
        on!(db, |c| sqlx::query_as(SQL).bind(fingerprint.to_hex()).bind(service).fetch_optional(c).await)?;
    let Some((space, name, revision, writes, mode, at, id, organization, label, hash, expires_at)) = row else {
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
    Ok(Some((credential, space::space((space, name, revision, writes, mode, at)))))
}

/// A credential about to be kept.
#[derive(Debug)]
pub struct NewCredential<'a> {
    /// Whose it is.
    pub organization: OrganizationId,
    /// The service that takes it.
    pub service: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// When it stops working.
    pub expires_at: Option<Time>,
}

/// Keeps `token` as a new credential; `None` when it is somebody's already.
///
/// # Errors
/// [`Fault::Unavailable`].
pub async fn issue(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    new: &NewCredential<'_>,
    token: &PlainToken,
) -> Result<Option<CredentialId>, Fault> {
    const SQL: &str = "INSERT INTO credential (organization_id, service, label, fingerprint, hash, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (fingerprint) DO NOTHING RETURNING id";
    let salt = db.ids().salt();
    let (ring, plain) = (keyring.clone(), token.clone());
    let hash = tokio::task::spawn_blocking(move || ring.hash(&plain, &salt)).await.map_err(Fault::internal)?;
    let hash = hash.map_err(|e| Fault::internal(e.to_string()))?;
    let (fingerprint, now) = (keyring.fingerprint(token), micros(db.now()));
    keyring.learn(fingerprint, new.label);
    let id = on!(db, |c| sqlx::query_scalar(SQL)
        .bind(new.organization.0)
        .bind(new.service)
        .bind(new.label)
        .bind(fingerprint.to_hex())
        .bind(&hash.0)
        .bind(now)
        .bind(new.expires_at.map(micros))
        .fetch_optional(c)
        .await)?;
    Ok(id.map(CredentialId))
}

/// Makes the tokens of a space, or of all, secrets of the keyring's.
///
/// # Errors
/// [`Fault::Unavailable`].
pub async fn learn<M>(db: &mut Session<M>, keyring: &Keyring, space: Option<SpaceId>) -> Result<(), Fault> {
    const SQL: &str = "SELECT c.fingerprint, c.label FROM credential c JOIN organization o ON o.id = c.organization_id \
                       WHERE o.space_id = COALESCE($1, o.space_id)";
    let space = space.map(|space| space.0);
    let known: Vec<(String, String)> = on!(db, |c| sqlx::query_as(SQL).bind(space).fetch_all(c).await)?;
    for (fingerprint, label) in known {
        let fingerprint = Fingerprint::from_hex(&fingerprint);
        keyring.learn(fingerprint.ok_or_else(|| Fault::internal("a fingerprint that is none"))?, &label);
    }
    Ok(())
}

/// Deletes a credential: its token is unknown from the next request on.
///
/// # Errors
/// [`Fault::Unavailable`].
pub async fn delete(db: &mut Session<ReadWrite>, organization: OrganizationId, id: CredentialId) -> Result<(), Fault> {
    const SQL: &str = "DELETE FROM credential WHERE id = $1 AND organization_id = $2";
    on!(db, |c| sqlx::query(SQL).bind(id.0).bind(organization.0).execute(c).await.map(drop))?;
    Ok(())
}
