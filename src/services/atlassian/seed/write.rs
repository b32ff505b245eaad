//! Writes a planned administration.

use crate::{
    core::{progress::Progress, token::Keyring},
    domain::organization::OrganizationId,
    seed::apply::ApplyError,
    services::atlassian::{
        seed::{
            bulk::write_batch,
            plan::{NewTokens, PlannedAtlassian},
        },
        store,
    },
    store::{ReadWrite, Session, rate_window},
};

/// Writes the section of one organization.
pub(crate) async fn write(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
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
            return Err(ApplyError::at(&new.place, format!("the API key `{}` is in use already", new.key.label)));
        }
    }
    for tokens in &planned.api_tokens {
        match tokens {
            NewTokens::One(token) => {
                store::api_token::delete_for(db, organization, &token.user.id, &token.label).await?;
                store::api_token::add(db, organization, std::slice::from_ref(token)).await?;
            }
            NewTokens::Batch(batch) => write_batch(db, organization, batch, progress).await?,
        }
    }
    for new in &planned.service_accounts {
        store::service_account::upsert(db, organization, &new.account).await?;
        for token in &new.tokens {
            store::service_account::upsert_token(db, organization, token).await?;
        }
        for client in &new.oauth_clients {
            store::oauth_client::upsert(db, organization, client).await?;
        }
    }
    Ok(())
}
