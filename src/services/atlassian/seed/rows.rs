//! A planned administration as rows.

use super::{bulk::add_tokens, plan::PlannedAtlassian};
use crate::{
    core::{clock::micros, error::Error, progress::Progress},
    domain::organization::OrganizationId,
    seed::{apply::ApplyError, rows::SeedRows},
    services::atlassian::{
        domain::listing::{micros_or_none, normalize},
        seed::plan::{NewAccount, NewKey},
        store::{api_key::KIND, settings::SERVICE},
    },
    store::credential::NewCredential,
};

/// Adds the rows of the section of one organization, which is named by its number.
pub(crate) async fn add(
    rows: &mut SeedRows<'_>,
    organization: i64,
    planned: &PlannedAtlassian,
    progress: &Progress,
) -> Result<(), ApplyError> {
    if let Some(limit) = planned.rate_limit {
        rows.add(
            "rate_policy",
            [
                ("organization_id", organization.into()),
                ("most", limit.limit.into()),
                ("window_micros", i64::try_from(limit.window.as_micros()).map_err(Error::internal)?.into()),
                ("mode", limit.mode.map(|mode| mode.to_string()).into()),
            ],
        )?;
    }
    if let Some(quirks) = &planned.quirks {
        let quirks = serde_json::to_string(quirks).map_err(Error::internal)?;
        rows.add("atlassian", [("organization_id", organization.into()), ("quirks", quirks.into())])?;
    }
    for new in &planned.api_keys {
        add_key(rows, organization, new).await?;
    }
    add_tokens(rows.db, &mut rows.loader, organization, &planned.api_tokens, progress).await?;
    for (position, new) in (1_i64..).zip(&planned.service_accounts) {
        add_account(rows, organization, position, new)?;
    }
    Ok(())
}

async fn add_key(rows: &mut SeedRows<'_>, organization: i64, new: &NewKey) -> Result<(), ApplyError> {
    let key = &new.key;
    let credential = NewCredential {
        organization: OrganizationId(organization),
        service: SERVICE,
        kind: KIND.name,
        created_at: Some(key.created_at),
        label: &key.label,
        expires_at: Some(key.expires_at),
    };
    let Some(credential) = rows.add_credential(&credential, &new.token).await? else {
        return Err(ApplyError::at(&new.place, new.say_taken()));
    };
    let creator = &key.created_by;
    rows.add(
        "api_key",
        [
            ("organization_id", organization.into()),
            ("id", (&key.id).into()),
            ("credential_id", credential.into()),
            ("label", (&key.label).into()),
            ("scopes", key.scopes.as_ref().map(|scopes| serde_json::json!(scopes).to_string()).into()),
            ("created_at", micros(key.created_at).into()),
            ("expires_at", micros(key.expires_at).into()),
            ("last_active_at", micros(key.last_active_at).into()),
            ("person_id", (&creator.id).into()),
            ("person_name", (&creator.name).into()),
            ("person_email", (&creator.email).into()),
            ("search", normalize([&key.label, &creator.name, &creator.email]).into()),
        ],
    )?;
    Ok(())
}

/// Adds a service account, its tokens and its clients.
fn add_account(rows: &mut SeedRows<'_>, organization: i64, position: i64, new: &NewAccount) -> Result<(), Error> {
    let account = &new.account;
    rows.add(
        "service_account",
        [
            ("organization_id", organization.into()),
            ("id", (&account.id).into()),
            ("position", position.into()),
            ("name", (&account.name).into()),
            ("email", (&account.email).into()),
            ("description", account.description.as_ref().into()),
            ("updated_at", micros(account.updated_at).into()),
            ("created_by", account.created_by.as_ref().into()),
        ],
    )?;
    for token in &new.tokens {
        rows.add(
            "service_account_token",
            [
                ("organization_id", organization.into()),
                ("id", (&token.id).into()),
                ("service_account_id", (&account.id).into()),
                ("label", (&token.label).into()),
                ("scopes", serde_json::json!(token.scopes).to_string().into()),
                ("created_at", micros(token.created_at).into()),
                ("expires_at", micros_or_none(token.expires_at).into()),
                ("last_active_at", micros_or_none(token.last_active_at).into()),
            ],
        )?;
    }
    for client in &new.oauth_clients {
        let creator = client.created_by.as_ref();
        rows.add(
            "oauth_client",
            [
                ("organization_id", organization.into()),
                ("id", (&client.id).into()),
                ("service_account_id", (&account.id).into()),
                ("name", (&client.name).into()),
                ("scopes", serde_json::json!(client.scopes).to_string().into()),
                ("created_at", micros(client.created_at).into()),
                ("updated_at", micros(client.updated_at).into()),
                ("expires_at", micros_or_none(client.expires_at).into()),
                ("revoked_at", micros_or_none(client.revoked_at).into()),
                ("revoker_id", client.revoker_id.as_ref().into()),
                ("person_id", creator.map(|user| &user.id).into()),
                ("person_name", creator.map(|user| &user.name).into()),
                ("person_email", creator.map(|user| &user.email).into()),
            ],
        )?;
    }
    Ok(())
}
