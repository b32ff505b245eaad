//! Writes plans: poured into an empty space as rows, or merged into what is there, record by record.

use super::{
    atlassian, jetbrains_account, license_vault,
    seeding::{Plan, PlannedOrganization},
};
use crate::{
    core::{progress::Progress, token::Keyring},
    domain::organization::{Organization, OrganizationId, email_key},
    seed::{
        apply::ApplyError,
        plan::OrganizationHead,
        rows::{PeopleNumbers, SeedRows},
    },
    store::{self, ReadWrite, Session, state::Tables},
};

/// Fills the session's space, which holds nothing.
pub(super) async fn fill(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    tables: &Tables,
    plan: &Plan,
    progress: &Progress,
) -> Result<(), ApplyError> {
    let sizes = begin(plan, progress);
    let tokens = plan.credentials().into_iter().map(|credential| credential.token);
    let mut rows = SeedRows::begin(db, keyring, tables, tokens).await?;
    let mut added = 0;
    for (organization, size) in plan.organizations.iter().zip(sizes) {
        add(&mut rows, organization, progress).await?;
        added += size;
        progress.reach(added as u64);
    }
    let SeedRows { db, loader, .. } = rows;
    loader.finish(db, progress).await?;
    progress.end();
    Ok(())
}

/// Tells whoever watches what is to be written, and returns how many records of each organization.
fn begin(plan: &Plan, progress: &Progress) -> Vec<usize> {
    let sizes: Vec<usize> = plan.organizations.iter().map(PlannedOrganization::size).collect();
    progress.begin("writing seeds", sizes.iter().sum::<usize>() as u64);
    sizes
}

/// Adds the rows of an organization.
async fn add(rows: &mut SeedRows<'_>, o: &PlannedOrganization, progress: &Progress) -> Result<(), ApplyError> {
    let organization = rows.add(
        "organization",
        [
            ("name", (&o.head.name).into()),
            ("customer_code", o.head.customer_code.into()),
            ("org_id", (&o.head.org_id).into()),
        ],
    )?;
    let mut people = PeopleNumbers::default();
    for person in &o.people {
        let number = rows.add(
            "person",
            [
                ("organization_id", organization.into()),
                ("email", (&person.email).into()),
                ("email_key", email_key(&person.email).into()),
                ("name", (&person.name).into()),
                ("jetbrains_account", person.has_jetbrains_account.into()),
                ("atlassian_account_id", (&person.atlassian_account_id).into()),
            ],
        )?;
        people.insert(&person.email, number);
    }
    if let Some(section) = &o.jetbrains_account {
        jetbrains_account::seed::rows::add(rows, organization, &people, section, progress).await?;
    }
    if let Some(section) = &o.license_vault {
        let addresses: Vec<&str> = o.people.iter().map(|person| person.email.as_str()).collect();
        license_vault::seed::rows::add(rows, organization, &people, &addresses, section, progress).await?;
    }
    if let Some(section) = &o.atlassian {
        atlassian::seed::rows::add(rows, organization, section, progress).await?;
    }
    Ok(())
}

/// Merges a plan into what is in the session's space.
pub(super) async fn merge(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    tables: &Tables,
    plan: &Plan,
    progress: &Progress,
) -> Result<(), ApplyError> {
    let mut written = 0;
    for (organization, size) in plan.organizations.iter().zip(begin(plan, progress)) {
        merge_organization(db, keyring, tables, organization, progress).await?;
        written += size;
        progress.reach(written as u64);
    }
    progress.end();
    Ok(())
}

async fn merge_organization(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    tables: &Tables,
    o: &PlannedOrganization,
    progress: &Progress,
) -> Result<(), ApplyError> {
    let OrganizationHead { name, customer_code, org_id } = o.head.clone();
    let id: OrganizationId = store::organization::upsert(db, &name, customer_code, &org_id).await?;
    for person in &o.people {
        let person_id = store::organization::upsert_person(db, id, &person.email, &person.name).await?;
        jetbrains_account::store::person::set_has_account(db, person_id, person.has_jetbrains_account).await?;
        atlassian::store::person::set_account_id(db, person_id, &person.atlassian_account_id).await?;
    }
    if let Some(section) = &o.jetbrains_account {
        jetbrains_account::seed::write::write(db, keyring, id, section, progress).await?;
    }
    if let Some(section) = &o.license_vault {
        let organization = Organization { id, name, customer_code, org_id };
        license_vault::seed::write(db, keyring, &organization, section, progress).await?;
    }
    if let Some(section) = &o.atlassian {
        atlassian::seed::write(db, keyring, tables, id, section, progress).await?;
    }
    Ok(())
}
