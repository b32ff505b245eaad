//! Whether an organization's API is on, and what it answers.

use crate::{
    core::error::Error,
    domain::organization::OrganizationId,
    store::{ReadWrite, Session, session::on},
};

/// Sets the organization's switches; `None` leaves one as it is, or at its default of an
/// enabled API and a 200 for a successful assign.
pub(crate) async fn update(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    api_enabled: Option<bool>,
    assign_success_status: Option<u16>,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO jetbrains_account (organization_id, api_enabled, assign_success_status) \
                       VALUES ($1, COALESCE($2, TRUE), COALESCE($3, 200)) \
                       ON CONFLICT (organization_id) DO UPDATE SET \
                       api_enabled = COALESCE($2, jetbrains_account.api_enabled), \
                       assign_success_status = COALESCE($3, jetbrains_account.assign_success_status)";
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(api_enabled)
        .bind(assign_success_status.map(i64::from))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Whether calls are answered: not, where the organization has no JetBrains Account.
pub(crate) async fn is_api_enabled<M>(db: &mut Session<M>, organization: OrganizationId) -> Result<bool, Error> {
    const SQL: &str = "SELECT api_enabled FROM jetbrains_account WHERE organization_id = $1";
    let enabled = on!(db, |c| sqlx::query_scalar(SQL).bind(organization.0).fetch_optional(c).await)?;
    Ok(enabled.unwrap_or(false))
}
