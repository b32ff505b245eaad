//! Denials: requests that no licence fitted.

use crate::store::session::on;
use crate::{
    core::{
        clock::{from_micros, micros},
        error::Error,
    },
    domain::journal::Change,
    services::license_vault::domain::{
        allocation::{Denial, PageRequest, VaultUser},
        vault::VaultId,
    },
    store::session::{ReadWrite, Session},
};

/// What people call a record of these.
pub(crate) const RECORD: &str = "denial";

/// Stores a denial.
pub(crate) async fn insert(db: &mut Session<ReadWrite>, vault: VaultId, denial: &Denial) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO vault_denial (vault_id, id, at, username, email, host, ip, product_name, \
                       product_version, reason, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let id = db.ids().uuid().to_string();
    let binds = [
        vault.0.into(),
        (&id).into(),
        micros(denial.at).into(),
        (&denial.user.username).into(),
        (&denial.user.email).into(),
        (&denial.host).into(),
        (&denial.ip).into(),
        (&denial.product_name).into(),
        (&denial.product_version).into(),
        (&denial.reason).into(),
        (&denial.description).into(),
    ];
    let (user, product) = (&denial.user.email, &denial.product_name);
    db.note_change(|| Change::new(RECORD, &id, format!("denied {user} a licence for {product}")));
    db.write_along(SQL, binds).await
}

/// Counts the denials.
pub(crate) async fn count<M>(db: &mut Session<M>, vault: VaultId) -> Result<i64, Error> {
    const SQL: &str = "SELECT count(*) FROM vault_denial WHERE vault_id = $1";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(vault.0).fetch_one(c).await)?)
}

/// Counts the denials after this one; `None` when there is no such denial.
pub(crate) async fn count_later<M>(db: &mut Session<M>, vault: VaultId, id: &str) -> Result<Option<i64>, Error> {
    const SQL: &str = "SELECT (SELECT count(*) FROM vault_denial l WHERE l.vault_id = $1 \
                       AND (l.at > d.at OR (l.at = d.at AND l.id > d.id))) \
                       FROM vault_denial d WHERE d.vault_id = $1 AND d.id = $2";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(vault.0).bind(id).fetch_optional(c).await)?)
}

/// Lists denials and their ids, oldest first, by row number, as the vendor's clients page through them
/// (license-vault §2.3).
pub(crate) async fn list<M>(
    db: &mut Session<M>,
    vault: VaultId,
    page: PageRequest,
) -> Result<Vec<(String, Denial)>, Error> {
    // On `LIMIT 0 +`, see `Sql::push_limit`.
    const SQL: &str = "SELECT id, at, username, email, host, ip, product_name, product_version, reason, description \
                       FROM vault_denial WHERE vault_id = $1 AND at >= $2 AND at <= $3 ORDER BY at, id \
                       LIMIT 0 + $4 OFFSET $5";
    type StoredDenial = (String, i64, String, String, String, String, String, String, String, String);
    let stored: Vec<StoredDenial> = on!(db, |c| sqlx::query_as(SQL)
        .bind(vault.0)
        .bind(page.from)
        .bind(page.to)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(c)
        .await)?;
    let read = |(id, at, username, email, host, ip, product_name, product_version, reason, description)| {
        let (at, user) = (from_micros(at), VaultUser { username, email });
        (id, Denial { at, user, host, ip, product_name, product_version, reason, description })
    };
    Ok(stored.into_iter().map(read).collect())
}
