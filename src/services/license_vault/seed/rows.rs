//! A planned vault as rows.

use super::{place::NewAllocation, plan::PlannedVault};
use crate::{
    core::{clock::micros, error::Error, progress::Progress},
    domain::organization::{OrganizationId, email_key},
    seed::{
        apply::ApplyError,
        rows::{PeopleNumbers, SeedRows},
    },
    services::license_vault::{
        domain::{
            allocation::{Denial, VaultUser},
            login_names::LoginNames,
        },
        store::{
            NOT_ENDED,
            vault::{SERVICE, describe_token},
        },
    },
    store::credential::NewCredential,
};

/// Adds the rows of the section of one organization, which is named by its number. `addresses` are its people's, oldest
/// first.
pub(crate) async fn add(
    rows: &mut SeedRows<'_>,
    organization: i64,
    people: &PeopleNumbers,
    addresses: &[&str],
    planned: &PlannedVault,
    progress: &Progress,
) -> Result<(), ApplyError> {
    let vault = add_vault(rows, organization, people, planned)?;
    for new in &planned.tokens {
        let label = describe_token(&planned.name, new.kind, &new.name);
        let credential = NewCredential {
            organization: OrganizationId(organization),
            service: SERVICE,
            kind: new.kind.name(),
            created_at: None,
            label: &label,
            expires_at: new.expires_at,
        };
        let Some(credential) = rows.add_credential(&credential, &new.token).await? else {
            return Err(ApplyError::at(&new.place, TAKEN.to_owned()));
        };
        rows.add(
            "vault_credential",
            [
                ("credential_id", credential.into()),
                ("vault_id", vault.into()),
                ("kind", new.kind.name().into()),
                ("name", (&new.name).into()),
            ],
        )?;
    }
    let mut names = LoginNames::new(addresses);
    for new in &planned.allocations {
        add_allocation(rows, vault, &mut names, new)?;
        rows.pour_many().await?;
        progress.advance(1 + new.running.len());
    }
    for denial in &planned.denials {
        let user = names.name(denial.user.clone());
        add_denial(rows, vault, &user, denial)?;
        rows.pour_many().await?;
    }
    Ok(())
}

/// What is said of a token that is somebody's.
pub(super) const TAKEN: &str = "the token is in use already";

/// Adds a vault, its administrators, pools and rules. Returns its number.
fn add_vault(
    rows: &mut SeedRows<'_>,
    organization: i64,
    people: &PeopleNumbers,
    planned: &PlannedVault,
) -> Result<i64, Error> {
    let vault = rows.add(
        "vault",
        [
            ("organization_id", organization.into()),
            ("name", (&planned.name).into()),
            ("plan", planned.plan.to_string().into()),
            ("floating", planned.floating.into()),
            ("strict_policy", planned.strict.into()),
        ],
    )?;
    for email in &planned.administrators {
        rows.add("vault_administrator", [("vault_id", vault.into()), ("person_id", people.find(email)?.into())])?;
    }
    for pool in &planned.pools {
        rows.add(
            "vault_pool",
            [
                ("vault_id", vault.into()),
                ("product", (&pool.product).into()),
                ("kind", pool.kind.to_string().into()),
                ("total", pool.total.into()),
            ],
        )?;
    }
    for (position, rule) in (1_i64..).zip(planned.rules.iter().flatten()) {
        rows.add(
            "vault_rule",
            [
                ("vault_id", vault.into()),
                ("position", position.into()),
                ("users", serde_json::json!(rule.users).to_string().into()),
                ("products", serde_json::json!(rule.products).to_string().into()),
                ("priority", rule.priority.into()),
            ],
        )?;
    }
    Ok(vault)
}

/// Adds an allocation and what runs on it, both seen now. Nobody holds a licence before the seed.
fn add_allocation(
    rows: &mut SeedRows<'_>,
    vault: i64,
    names: &mut LoginNames,
    new: &NewAllocation,
) -> Result<(), Error> {
    let now = rows.db.now();
    let id = rows.db.ids().uuid().to_string();
    let since = micros(new.since.unwrap_or(now));
    let user = names.name(new.user.clone());
    names.add_holder(&user, since);
    rows.add(
        "vault_allocation",
        [
            ("vault_id", vault.into()),
            ("id", (&id).into()),
            ("username", (&user.username).into()),
            ("email", (&user.email).into()),
            ("email_key", email_key(&user.email).into()),
            ("product", (&new.product).into()),
            ("kind", new.kind.to_string().into()),
            ("allocated_at", since.into()),
            ("last_seen_at", micros(now).into()),
            ("released_at", NOT_ENDED.into()),
        ],
    )?;
    for (request, since) in &new.running {
        let connection = rows.db.ids().uuid().to_string();
        rows.add(
            "vault_connection",
            [
                ("vault_id", vault.into()),
                ("id", connection.into()),
                ("allocation_id", (&id).into()),
                ("product", (&request.product).into()),
                ("version", (&request.version).into()),
                ("host", (&request.host).into()),
                ("ip", (&request.ip).into()),
                ("connected_at", micros(*since).into()),
                ("last_seen_at", micros(now).into()),
                ("ended_at", NOT_ENDED.into()),
            ],
        )?;
    }
    Ok(())
}

fn add_denial(rows: &mut SeedRows<'_>, vault: i64, user: &VaultUser, denial: &Denial) -> Result<(), Error> {
    let id = rows.db.ids().uuid().to_string();
    rows.add(
        "vault_denial",
        [
            ("vault_id", vault.into()),
            ("id", id.into()),
            ("at", micros(denial.at).into()),
            ("username", (&user.username).into()),
            ("email", (&user.email).into()),
            ("host", (&denial.host).into()),
            ("ip", (&denial.ip).into()),
            ("product_name", (&denial.product_name).into()),
            ("product_version", (&denial.product_version).into()),
            ("reason", (&denial.reason).into()),
            ("description", (&denial.description).into()),
        ],
    )?;
    Ok(())
}
