//! Whether an organization's API is on, and what it answers.

use crate::{
    core::error::Error,
    domain::organization::OrganizationId,
    services::jetbrains_account::domain::switches::Switches,
    store::{ReadWrite, Session, session::on},
};

pub(crate) async fn update(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    switches: Switches,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO jetbrains_account \
                       (organization_id, api_enabled, assign_success_status, flags_required) \
                       VALUES ($1, COALESCE($2, TRUE), COALESCE($3, 200), COALESCE($4, FALSE)) \
                       ON CONFLICT (organization_id) DO UPDATE SET \
                       api_enabled = COALESCE($2, jetbrains_account.api_enabled), \
                       assign_success_status = COALESCE($3, jetbrains_account.assign_success_status), \
                       flags_required = COALESCE($4, jetbrains_account.flags_required)";
    on!(db, |c| sqlx::query(SQL)
        .bind(organization.0)
        .bind(switches.api_enabled)
        .bind(switches.assign_success_status.map(i64::from))
        .bind(switches.flags_required)
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
