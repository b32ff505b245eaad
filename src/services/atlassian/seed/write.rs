//! Merges a planned administration into what is there.

use crate::{
    core::{error::Error, progress::Progress, token::Keyring},
    domain::organization::OrganizationId,
    seed::apply::ApplyError,
    services::atlassian::{
        seed::{
            bulk::add_tokens,
            plan::{NewTokens, PlannedAtlassian},
        },
        store,
    },
    store::{
        ReadWrite, Session, rate_window,
        state::{Loader, Tables},
    },
};

/// Writes the section of one organization.
pub(crate) async fn write(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    tables: &Tables,
    organization: OrganizationId,
    planned: &PlannedAtlassian,
    progress: &Progress,
) -> Result<(), ApplyError> {
    if let Some(limit) = planned.rate_limit {
        rate_window::set_policy(db, organization, limit).await?;
    }
    if let Some(quirks) = &planned.quirks {
        store::settings::set_quirks(db, organization, quirks).await?;
    }
    for new in &planned.api_keys {
        if !store::api_key::issue(db, keyring, organization, &new.key, &new.token).await? {
            return Err(ApplyError::at(&new.place, new.say_taken()));
        }
    }
    merge_tokens(db, tables, organization, planned, progress).await?;
    for new in &planned.service_accounts {
        store::service_account::upsert(db, organization, &new.account, "seeded").await?;
        for token in &new.tokens {
            store::service_account::upsert_token(db, organization, token).await?;
        }
        for client in &new.oauth_clients {
            store::oauth_client::upsert(db, organization, client).await?;
        }
    }
    Ok(())
}

async fn merge_tokens(
    db: &mut Session<ReadWrite>,
    tables: &Tables,
    organization: OrganizationId,
    planned: &PlannedAtlassian,
    progress: &Progress,
) -> Result<(), Error> {
    if planned.api_tokens.is_empty() {
        return Ok(());
    }
    for token in planned.api_tokens.iter().filter_map(NewTokens::as_one) {
        store::api_token::make_way(db, organization, token).await?;
    }
    let mut loader = Loader::new(tables);
    let number = loader.refer("organization", organization.0)?;
    add_tokens(db, &mut loader, number, &planned.api_tokens, progress).await?;
    loader.finish(db, progress).await
}
