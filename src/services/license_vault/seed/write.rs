//! Merges a planned vault into what is there.

use crate::{
    core::{error::Error, progress::Progress, token::Keyring},
    domain::organization::{Organization, OrganizationId, email_key},
    seed::apply::ApplyError,
    services::license_vault::{
        domain::{allocation::Denial, vault::Vault},
        seed::{place::NewAllocation, plan::PlannedVault, rows::TAKEN},
        store,
    },
    store::{ReadWrite, Session, organization},
};

/// Writes the section of one organization.
pub(crate) async fn write(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    organization: &Organization,
    planned: &PlannedVault,
    progress: &Progress,
) -> Result<(), ApplyError> {
    let id = store::vault::upsert(db, organization.id, &planned.name, planned.plan, planned.floating, planned.strict)
        .await?;
    let Some(id) = id else {
        return Err(ApplyError::at(&planned.place, format!("another organization has the vault `{}`", planned.name)));
    };
    let vault = Vault {
        id,
        organization: organization.clone(),
        name: planned.name.clone(),
        plan: planned.plan,
        floating: planned.floating,
        strict: planned.strict,
        catalogue: planned.catalogue.clone(),
    };
    add_administrators(db, organization.id, &vault, &planned.administrators).await?;
    for new in &planned.tokens {
        if !store::vault::issue_token(db, keyring, &vault, new.kind, &new.name, &new.token, new.expires_at).await? {
            return Err(ApplyError::at(&new.place, TAKEN.to_owned()));
        }
    }
    for pool in &planned.pools {
        store::vault::set_pool(db, id, &pool.product, pool.kind, pool.total).await?;
    }
    if let Some(rules) = &planned.rules {
        store::vault::set_rules(db, id, rules).await?;
    }
    for new in &planned.allocations {
        let allocation = write_allocation(db, &vault, new).await?;
        for (request, since) in &new.running {
            if let Some(denied) = store::denied_products::find_connection(db, id, request).await? {
                store::connections::close(db, &vault, &denied, false).await?;
            }
            let connection = db.ids().uuid().to_string();
            store::connections::insert(db, id, &allocation, &connection, request, *since).await?;
        }
        progress.advance(1 + new.running.len());
    }
    for denial in &planned.denials {
        let user = store::users::name_user(db, &vault, denial.user.clone()).await?;
        store::denials::insert(db, id, &Denial { user, ..denial.clone() }).await?;
    }
    Ok(())
}

/// Writes an allocation without what runs on it: a new one, or since when there is one that was there. Returns its id.
async fn write_allocation(db: &mut Session<ReadWrite>, vault: &Vault, new: &NewAllocation) -> Result<String, Error> {
    if let Some(held) = &new.held {
        if let Some(since) = new.since {
            store::allocations::set_since(db, vault.id, held, since).await?;
        }
        if !new.running.is_empty() {
            store::allocations::mark_seen(db, vault.id, held).await?;
        }
        return Ok(held.clone());
    }
    let id = db.ids().uuid().to_string();
    let user = store::users::name_user(db, vault, new.user.clone()).await?;
    let since = new.since.unwrap_or(db.now());
    store::allocations::insert(db, vault, &id, &user, &new.product, new.kind, since).await?;
    for merged in &new.merges {
        store::allocations::merge_into(db, vault.id, merged, &id).await?;
    }
    Ok(id)
}

async fn add_administrators(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    vault: &Vault,
    emails: &[String],
) -> Result<(), Error> {
    let people = organization::people(db, organization).await?;
    for email in emails {
        let person = people.get(&email_key(email)).ok_or_else(|| Error::internal(format!("no person {email}")))?;
        store::vault::add_administrator(db, vault.id, person.id).await?;
    }
    Ok(())
}
