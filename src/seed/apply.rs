//! Writes seeds into a space: all of it, or nothing.

use crate::{
    core::{clock::Clock, error::Error, ids::Ids, token::Keyring},
    domain::organization::{Organization, OrganizationId, Person, email_key},
    seed::{
        Diagnostic, Diagnostics,
        file::SeedFile,
        plan::{self, Known, Plan, World},
    },
    services::{
        atlassian::{self, domain::api_access::User},
        license_vault,
    },
    store::{self, ReadWrite, Session},
};

/// Why a seed was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The seed is wrong.
    #[error("{0}")]
    Seed(Diagnostics),
    /// The store failed.
    #[error(transparent)]
    Error(#[from] Error),
}

impl ApplyError {
    /// Something at a place of the seed cannot be had.
    pub(crate) fn at(place: &Diagnostic, message: String) -> Self {
        Self::Seed(Diagnostics(vec![Diagnostic { message, ..place.clone() }]))
    }
}

/// What happens to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It stays; records of the seed are added, or replace the ones with the same key.
    Merge,
    /// It goes, the clock with it.
    Replace,
    /// It goes, the clock with it; what comes gets customer codes, org ids and tokens of its own, whatever the seed
    /// spells out, so that it can stand beside what was made from the same seed.
    Fresh,
}

/// Checks seeds without a database.
///
/// # Errors
/// Everything wrong with them.
pub fn check(files: &[SeedFile], ids: &mut Ids) -> Result<Plan, Diagnostics> {
    let clock = plan::clock_of(files)?.unwrap_or_default();
    plan::plan(files, World::default(), clock.now(), ids, false)
}

/// Writes seeds into the session's space; the caller commits. `clock` wins over the seeds' own.
pub async fn apply(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    files: &[SeedFile],
    mode: Mode,
    clock: Option<Clock>,
) -> Result<Plan, ApplyError> {
    if mode != Mode::Merge {
        store::space::wipe(db).await?;
    }
    let seeded = plan::clock_of(files).map_err(ApplyError::Seed)?;
    if let Some(clock) = clock.or(seeded) {
        store::space::set_clock(db, clock).await?;
    }
    let mut world = world(db).await?;
    if mode == Mode::Fresh {
        world.codes_elsewhere = store::organization::codes_elsewhere(db).await?;
    }
    let now = db.now();
    let plan = plan::plan(files, world, now, db.ids(), mode == Mode::Fresh).map_err(ApplyError::Seed)?;
    for organization in &plan.organizations {
        write(db, keyring, organization).await?;
    }
    Ok(plan)
}

async fn world(db: &mut Session<ReadWrite>) -> Result<World, Error> {
    let space = db.space().id;
    let mut world = World::default();
    for organization in store::organization::list(db, space).await? {
        let people = store::organization::people(db, organization.id).await?;
        let teams = store::organization::teams(db, organization.id).await?;
        let roles = crate::services::jetbrains_account::store::role::list(db, organization.id).await?;
        world.organizations.insert(
            organization.customer_code,
            Known {
                org_id: organization.org_id,
                people: people
                    .into_iter()
                    .map(|(key, person)| {
                        let id = person.atlassian_account_id.unwrap_or_default();
                        (key.clone(), User { id, name: person.name, email: key })
                    })
                    .collect(),
                teams: teams.into_iter().map(|team| (team.id, team.name)).collect(),
                roles: roles.into_iter().map(|(email, grant)| (email_key(&email), grant.profile)).collect(),
            },
        );
    }
    Ok(world)
}

async fn write(db: &mut Session<ReadWrite>, keyring: &Keyring, o: &plan::Organization) -> Result<(), ApplyError> {
    let id = store::organization::upsert(db, &o.name, o.customer_code, &o.org_id).await?;
    for person in &o.people {
        store::organization::upsert_person(db, id, person).await?;
    }
    if let Some(account) = &o.jetbrains_account {
        write_account(db, keyring, id, account).await?;
    }
    if let Some(section) = &o.license_vault {
        let organization =
            Organization { id, name: o.name.clone(), customer_code: o.customer_code, org_id: o.org_id.clone() };
        license_vault::seed::write(db, keyring, &organization, section).await?;
    }
    if let Some(section) = &o.atlassian {
        atlassian::seed::write(db, keyring, id, section).await?;
    }
    Ok(())
}

async fn write_account(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    id: OrganizationId,
    account: &plan::Account,
) -> Result<(), ApplyError> {
    store::organization::set_jetbrains_account(db, id, account.api_enabled, account.assign_success_status).await?;
    for team in &account.teams {
        store::organization::upsert_team(db, id, team).await?;
    }
    let people = store::organization::people(db, id).await?;
    let person = |email: &str| {
        let found = people.get(&email_key(email)).map(|known| Person { id: known.id, email: email.to_owned() });
        found.ok_or_else(|| Error::internal(format!("no person {email}")))
    };
    for (email, grant) in &account.roles {
        crate::services::jetbrains_account::store::role::give(db, id, person(email)?.id, *grant).await?;
    }
    for token in &account.tokens {
        let kept = crate::services::jetbrains_account::store::token::issue(
            db,
            keyring,
            id,
            &person(&token.email)?,
            token.profile,
            &token.token,
        )
        .await?;
        if !kept {
            let message = format!("the token of {} in the {} is in use already", token.email, token.profile);
            return Err(ApplyError::at(&token.place, message));
        }
    }
    crate::services::jetbrains_account::store::license::upsert(db, id, &account.licenses).await?;
    Ok(())
}
