//! Merges the JetBrains Account section of a seed into what is there.

use crate::{
    core::{error::Error, progress::Progress, token::Keyring},
    domain::organization::{OrganizationId, Person, email_key},
    seed::apply::ApplyError,
    services::jetbrains_account::{
        seed::plan::{ExistingAccount, PlannedAccount},
        store::{account, license, role, team, token},
    },
    store::{ReadWrite, Session, declared_product, organization},
};

/// How many licences are written before whoever watches is told.
const LICENSES_BETWEEN_LOOKS: usize = 2_000;

/// What an organization has, as far as a seed can refer to it.
pub(crate) async fn find_existing(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
) -> Result<ExistingAccount, Error> {
    let teams = team::list(db, organization).await?;
    let roles = role::list(db, organization).await?;
    let products = declared_product::list(db, organization).await?;
    Ok(ExistingAccount {
        products: products.into_iter().map(|product| (product.code, product.is_plugin)).collect(),
        teams: teams.into_iter().map(|team| (team.id, team.name)).collect(),
        roles: roles.into_iter().map(|(email, grant)| (email_key(&email), grant.profile)).collect(),
    })
}

pub(crate) async fn write(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    id: OrganizationId,
    account: &PlannedAccount,
    progress: &Progress,
) -> Result<(), ApplyError> {
    account::update(db, id, account.switches).await?;
    for declared in &account.products {
        declared_product::upsert(db, id, declared).await?;
    }
    for planned in &account.teams {
        team::upsert(db, id, planned).await?;
    }
    let people = organization::people(db, id).await?;
    let person = |email: &str| {
        let found = people.get(&email_key(email)).map(|known| Person { id: known.id, email: email.to_owned() });
        found.ok_or_else(|| Error::internal(format!("no person {email}")))
    };
    for (email, grant) in &account.roles {
        role::give(db, id, person(email)?.id, *grant).await?;
    }
    for token in &account.tokens {
        let kept = token::issue(db, keyring, id, &person(&token.email)?, token.profile, &token.token).await?;
        if !kept {
            return Err(ApplyError::at(&token.place, token.say_taken()));
        }
    }
    if db.is_trial() {
        return Ok(());
    }
    for some in account.licenses.chunks(LICENSES_BETWEEN_LOOKS) {
        license::upsert(db, id, some).await?;
        progress.advance(some.len());
    }
    Ok(())
}
