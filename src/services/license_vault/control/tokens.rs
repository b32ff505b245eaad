//! A vault's tokens, which its administrators generate and delete.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::services::license_vault::domain::ids::VaultIds as _;
use crate::{
    app::App,
    core::{
        clock::{self, Time},
        duration::HumanDuration,
        error::Error,
        ids::Ids,
    },
    http::{
        control_input::{Answer, Json, check_text},
        problem::Problem,
    },
    services::license_vault::{
        control::{VaultAnswer, VaultPath, describe, wire::ByActor},
        domain::vault::TokenKind,
        store,
    },
};

/// A token that was just generated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewVaultToken {
    vault: String,
    /// What an automation token is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// When an automation token stops working.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The token. Shown here, and never again.
    token: String,
}

/// Body of `removeAutomationToken`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationTokenName {
    /// The e-mail address of an administrator of the vault.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// What the token is called.
    #[schema(example = "ci")]
    name: String,
}

/// Body of `generateAutomationToken`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationTokenRequest {
    /// The e-mail address of an administrator of the vault.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// What the token is called.
    #[schema(example = "ci")]
    name: String,
    /// When it stops working: a date, or a length of time from now. Left out, never.
    #[schema(example = "+90d")]
    expires_at: Option<String>,
}

/// Generates the vault's token; an earlier one dies at once.
#[utoipa::path(
    post, path = "/vaults/{name}/token", operation_id = "generateVaultToken",
    request_body = ByActor,
    responses((status = 200, description = "The token, shown once", body = NewVaultToken)),
)]
pub(crate) async fn generate_token(
    State(app): State<App>,
    path: VaultPath,
    Json(body): Json<ByActor>,
) -> Result<Answer<NewVaultToken>, Problem> {
    let (db, _) = path.write_as(&app, &body.actor).await?;
    let token = app.make_token(db, Ids::vault_token).await?;
    let (mut db, vault) = path.write_as(&app, &body.actor).await?;
    if !store::vault::issue_token(&mut db, &app.keyring, &vault, TokenKind::Vault, "", &token, None).await? {
        return Err(Error::internal("a generated token was in use").into());
    }
    db.commit().await?;
    Ok(Answer(NewVaultToken { vault: vault.name, name: None, expires_at: None, token: token.expose().to_owned() }))
}

/// Deletes the vault's token.
#[utoipa::path(
    delete, path = "/vaults/{name}/token", operation_id = "deleteVaultToken",
    request_body = ByActor,
    responses((status = 200, description = "The settings", body = VaultAnswer)),
)]
pub(crate) async fn delete_token(
    State(app): State<App>,
    path: VaultPath,
    Json(body): Json<ByActor>,
) -> Result<Answer<VaultAnswer>, Problem> {
    let (mut db, vault) = path.write_as(&app, &body.actor).await?;
    if !store::vault::remove_token(&mut db, &vault, TokenKind::Vault, "").await? {
        return Err(Error::NotFound(format!("the vault {} has no token", vault.name)).into());
    }
    let answer = describe(&mut db, &vault).await?;
    db.commit().await?;
    Ok(Answer(answer))
}

/// Generates an automation token; an earlier one of that name dies at once.
#[utoipa::path(
    post, path = "/vaults/{name}/automation-tokens", operation_id = "generateAutomationToken",
    request_body = AutomationTokenRequest,
    responses((status = 200, description = "The token, shown once", body = NewVaultToken)),
)]
pub(crate) async fn generate_automation_token(
    State(app): State<App>,
    path: VaultPath,
    Json(body): Json<AutomationTokenRequest>,
) -> Result<Answer<NewVaultToken>, Problem> {
    check_text("/name", &body.name)?;
    let (db, _) = path.write_as(&app, &body.actor).await?;
    body.expires_at.as_ref().map(|text| parse_expiry(text, db.now())).transpose()?;
    let token = app.make_token(db, Ids::automation_token).await?;
    let (mut db, vault) = path.write_as(&app, &body.actor).await?;
    let expires_at = body.expires_at.map(|text| parse_expiry(&text, db.now())).transpose()?;
    let kind = TokenKind::Automation;
    if !store::vault::issue_token(&mut db, &app.keyring, &vault, kind, &body.name, &token, expires_at).await? {
        return Err(Error::internal("a generated token was in use").into());
    }
    db.commit().await?;
    Ok(Answer(NewVaultToken {
        vault: vault.name,
        name: Some(body.name),
        expires_at: expires_at.map(clock::write),
        token: token.expose().to_owned(),
    }))
}

/// Removes an automation token.
#[utoipa::path(
    delete, path = "/vaults/{name}/automation-tokens", operation_id = "removeAutomationToken",
    request_body = AutomationTokenName,
    responses((status = 200, description = "The settings", body = VaultAnswer)),
)]
pub(crate) async fn remove_automation_token(
    State(app): State<App>,
    path: VaultPath,
    Json(body): Json<AutomationTokenName>,
) -> Result<Answer<VaultAnswer>, Problem> {
    check_text("/name", &body.name)?;
    let (mut db, vault) = path.write_as(&app, &body.actor).await?;
    if !store::vault::remove_token(&mut db, &vault, TokenKind::Automation, &body.name).await? {
        return Err(Error::NotFound(format!("there is no automation token `{}`", body.name)).into());
    }
    let answer = describe(&mut db, &vault).await?;
    db.commit().await?;
    Ok(Answer(answer))
}

fn parse_expiry(text: &str, now: Time) -> Result<Time, Error> {
    let invalid = |detail: String| Error::invalid("/expires_at", detail);
    match text.parse::<HumanDuration>() {
        Ok(span) => clock::shift(now, span).ok_or_else(|| invalid(format!("`{text}` leads out of the calendar"))),
        Err(_) => clock::parse(text).map_err(|e| invalid(format!("{e}, or relative to the clock, like +90d"))),
    }
}
