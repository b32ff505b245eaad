//! Revocations: licences that are taken from users.

use crate::store::session::on;
use crate::{
    core::error::Error,
    services::license_vault::{
        domain::{
            allocation::Allocation,
            vault::{RevocationLimitReached, Vault, VaultId},
        },
        store::{allocations, requests},
    },
    store::session::{ReadWrite, Session},
};

/// Why licences cannot be revoked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevokeError {
    #[error(transparent)]
    LimitReached(#[from] RevocationLimitReached),
    #[error(transparent)]
    Shared(#[from] Error),
}

/// Revokes licences, which are free at once; then what runs on them asks again, because revoking bars nobody. Returns
/// the ids of what was revoked. Revocations by the API and by an administrator count together (license-vault §4.5).
///
/// unverified: each licence counts as one towards the month's limit.
pub(crate) async fn revoke(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    revoked: Vec<Allocation>,
) -> Result<Vec<String>, RevokeError> {
    let count = i64::try_from(revoked.len()).map_err(Error::internal)?;
    let before = add_revocations(db, vault.id, count).await?;
    vault.check_revocations(before, count)?;
    allocations::expire_due(db, vault).await?;
    let ids: Vec<String> = revoked.iter().map(|allocation| allocation.id.clone()).collect();
    for Allocation { id, product, user, .. } in &revoked {
        let name = || vault.catalogue.find_product_name(product);
        let what = || format!("revoked {} of {}", name(), user.email);
        allocations::release(db, vault.id, id, what).await?;
    }
    requests::ask_again(db, vault, revoked).await?;
    Ok(ids)
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
