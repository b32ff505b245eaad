//! Products and plug-ins that an organization's seed declares.

use std::collections::HashMap;

use crate::{
    core::error::Error,
    domain::{
        organization::{OrganizationId, SpaceId},
        product_catalogue::{self, DeclaredProduct},
    },
    store::{ReadWrite, Session, can_be_stored, session::on},
};

/// Declares a product, or renames it.
pub(crate) async fn upsert(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    product: &DeclaredProduct,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO declared_product (organization_id, code, name, is_plugin) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (organization_id, code) DO UPDATE SET \
                       name = excluded.name, is_plugin = excluded.is_plugin";
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(&product.code)
        .bind(&product.name)
        .bind(product.is_plugin)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Everything declared, by code.
pub(crate) async fn list<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<Vec<DeclaredProduct>, Error> {
    const SQL: &str = "SELECT code, name, is_plugin FROM declared_product WHERE organization_id = $1 ORDER BY code";
    let rows: Vec<(String, String, bool)> = on!(db, |c| sqlx::query_as(SQL).bind(organization.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(code, name, is_plugin)| DeclaredProduct { code, name, is_plugin }).collect())
}

/// Everything that the organizations of a space declare, by code.
pub(crate) async fn list_of_space<M>(
    db: &mut Session<M>,
    space: SpaceId,
) -> Result<HashMap<OrganizationId, Vec<DeclaredProduct>>, Error> {
    const SQL: &str = "SELECT d.organization_id, d.code, d.name, d.is_plugin FROM declared_product d \
                       JOIN organization o ON o.id = d.organization_id WHERE o.space_id = $1 ORDER BY d.code";
    let rows: Vec<(i64, String, String, bool)> = on!(db, |c| sqlx::query_as(SQL).bind(space.0).fetch_all(c).await)?;
    let mut declared: HashMap<OrganizationId, Vec<DeclaredProduct>> = HashMap::new();
    for (organization, code, name, is_plugin) in rows {
        declared.entry(OrganizationId(organization)).or_default().push(DeclaredProduct { code, name, is_plugin });
    }
    Ok(declared)
}

/// Whether the catalogue or the organization knows the code.
pub(crate) async fn is_known<M>(db: &mut Session<M>, organization: OrganizationId, code: &str) -> Result<bool, Error> {
    const SQL: &str = "SELECT organization_id FROM declared_product WHERE organization_id = $1 AND code = $2";
    if product_catalogue::find(code).is_some() {
        return Ok(true);
    }
    if !can_be_stored(code) {
        return Ok(false);
    }
    let row: Option<i64> =
        on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).bind(code).fetch_optional(c).await)?;
    Ok(row.is_some())
}
