//! The JetBrains Account section of a seed as rows.

use super::plan::PlannedAccount;
use crate::{
    core::{error::Error, progress::Progress},
    domain::organization::OrganizationId,
    seed::{
        apply::ApplyError,
        rows::{PeopleNumbers, SeedRows},
    },
    services::jetbrains_account::store::{
        license,
        token::{KIND, SERVICE, describe},
    },
    store::credential::NewCredential,
};

/// How many licences are added before whoever watches is told.
const LICENSES_BETWEEN_LOOKS: usize = 2_000;

/// Adds the rows of the section of one organization, which is named by its number.
pub(crate) async fn add(
    rows: &mut SeedRows<'_>,
    organization: i64,
    people: &PeopleNumbers,
    account: &PlannedAccount,
    progress: &Progress,
) -> Result<(), ApplyError> {
    add_settings(rows, organization, people, account)?;
    for planned in &account.tokens {
        let label = describe(&planned.email, planned.profile);
        let new = NewCredential {
            organization: OrganizationId(organization),
            service: SERVICE,
            kind: KIND.name,
            created_at: None,
            label: &label,
            expires_at: None,
        };
        let Some(credential) = rows.add_credential(&new, &planned.token).await? else {
            return Err(ApplyError::at(&planned.place, planned.say_taken()));
        };
        rows.add(
            "jetbrains_token",
            [
                ("credential_id", credential.into()),
                ("organization_id", organization.into()),
                ("person_id", people.find(&planned.email)?.into()),
                ("team_id", planned.profile.team().into()),
            ],
        )?;
    }
    if rows.db.is_trial() {
        return Ok(());
    }
    rows.loader.expect("license", account.licenses.len())?;
    let mut position = 0;
    for some in account.licenses.chunks(LICENSES_BETWEEN_LOOKS) {
        for license in some {
            position += 1;
            rows.add("license", license::list_cells(organization, position, license))?;
        }
        rows.pour_many().await?;
        progress.advance(some.len());
    }
    Ok(())
}

/// Adds everything but tokens and licences.
fn add_settings(
    rows: &mut SeedRows<'_>,
    organization: i64,
    people: &PeopleNumbers,
    account: &PlannedAccount,
) -> Result<(), Error> {
    let switches = account.switches;
    rows.add(
        "jetbrains_account",
        [
            ("organization_id", organization.into()),
            ("api_enabled", switches.api_enabled.unwrap_or(true).into()),
            ("assign_success_status", i64::from(switches.assign_success_status.unwrap_or(200)).into()),
            ("flags_required", switches.flags_required.unwrap_or(false).into()),
        ],
    )?;
    for product in &account.products {
        rows.add(
            "declared_product",
            [
                ("organization_id", organization.into()),
                ("code", (&product.code).into()),
                ("name", (&product.name).into()),
                ("is_plugin", product.is_plugin.into()),
            ],
        )?;
    }
    for team in &account.teams {
        rows.add(
            "team",
            [("organization_id", organization.into()), ("id", team.id.into()), ("name", (&team.name).into())],
        )?;
    }
    for (email, grant) in &account.roles {
        rows.add(
            "role_grant",
            [
                ("organization_id", organization.into()),
                ("person_id", people.find(email)?.into()),
                ("team_id", grant.profile.team().into()),
                ("role", grant.role.name().into()),
            ],
        )?;
    }
    Ok(())
}
