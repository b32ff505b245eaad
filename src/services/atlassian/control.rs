//! `/organizations/{customerCode}/atlassian/…`: what needs a person in Atlassian's administration.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    core::error::Error,
    domain::organization::OrganizationId,
    http::{
        control_input::{Answer, Json, OrganizationPath, Segments, SpaceQuery},
        problem::{Problem, Refused},
    },
    services::atlassian::{SESSION_COOKIE, domain::listing::Filter, store},
    store::{ReadWrite, Session},
};

/// Body of `openAtlassianSession`, and of everything that takes something away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AtlassianActor {
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
}

/// A session that was just opened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionAnswer {
    actor: String,
    /// The name of the cookie that carries it.
    #[schema(example = "cloud.session.token")]
    cookie: &'static str,
    /// The cookie's value. Shown here, and never again.
    token: String,
}

/// Signs a person in to the organization's administration: a browser session, for `createOauthClient`, which takes
/// nothing else. Good for eight hours of the space's clock.
///
/// unverified: who administers an organization is not part of a seed, so anybody of its people may sign in
/// (atlassian-api-access §7.12).
#[utoipa::path(post, path = "/organizations/{customerCode}/atlassian/session", operation_id = "openAtlassianSession",
    tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"), SpaceQuery),
    request_body = AtlassianActor,
    responses((status = 200, description = "The session, shown once", body = SessionAnswer), Refused))]
pub(crate) async fn open_session(
    State(app): State<App>,
    organization: OrganizationPath,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<SessionAnswer>, Problem> {
    let mut page = organization.clone().open(&app).await?;
    page.actor(&body.actor).await?;
    let token = app.make_token(page.db, store::settings::SESSION.new_token).await?;
    let mut page = organization.open(&app).await?;
    let actor = page.actor(&body.actor).await?;
    store::settings::open_session(&mut page.db, &app.keyring, page.organization.id, &actor, &token).await?;
    page.db.commit().await?;
    Ok(Answer(SessionAnswer { actor: actor.email, cookie: SESSION_COOKIE, token: token.expose().to_owned() }))
}

/// What there is in an organization's administration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AtlassianAdministration {
    #[schema(example = "6700001")]
    customer_code: String,
    org_id: String,
    /// How many API tokens of users.
    api_tokens: i64,
    api_keys: i64,
    service_accounts: i64,
    /// How many API tokens of service accounts.
    service_account_tokens: usize,
    oauth_clients: i64,
}

/// One of the organization's people takes something away: the answer is what is left. `take` says whether there was
/// such a thing.
async fn take_away(
    app: &App,
    organization: OrganizationPath,
    by: &AtlassianActor,
    what: &str,
    take: impl AsyncFnOnce(&mut Session<ReadWrite>, OrganizationId) -> Result<bool, Error>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let mut page = organization.open(app).await?;
    page.actor(&by.actor).await?;
    let (db, organization) = (&mut page.db, &page.organization);
    if !take(db, organization.id).await? {
        return Err(Error::NotFound(format!("there is no {what}")).into());
    }
    let all = Filter::default();
    let left = AtlassianAdministration {
        customer_code: organization.customer_code.to_string(),
        org_id: organization.org_id.clone(),
        api_tokens: store::api_token::count(db, organization.id, &all).await?,
        api_keys: store::api_key::count(db, organization.id, &all).await?,
        service_accounts: store::service_account::count(db, organization.id).await?,
        service_account_tokens: store::service_account::tokens(db, organization.id, None).await?.len(),
        oauth_clients: store::oauth_client::count(db, organization.id).await?,
    };
    page.db.commit().await?;
    Ok(Answer(left))
}

/// Revokes every API token of every user.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/api-tokens",
    operation_id = "revokeAtlassianApiTokens", tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"), SpaceQuery),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration), Refused))]
pub(crate) async fn revoke_api_tokens(
    State(app): State<App>,
    organization: OrganizationPath,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    take_away(&app, organization, &body, "API token left", async |db, organization| {
        store::api_token::revoke_all(db, organization).await
    })
    .await
}

/// Revokes one API token of a user.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/api-tokens/{id}",
    operation_id = "revokeAtlassianApiToken", tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"),
        ("id" = String, Path, description = "The token"), SpaceQuery),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration), Refused))]
pub(crate) async fn revoke_api_token(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let id = path.get("id");
    take_away(&app, organization, &body, &format!("API token `{id}`"), async |db, organization| {
        store::api_token::revoke(db, organization, id).await
    })
    .await
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/api-keys/{id}",
    operation_id = "revokeAtlassianApiKey", tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"),
        ("id" = String, Path, description = "The key"), SpaceQuery),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration), Refused))]
pub(crate) async fn revoke_api_key(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let id = path.get("id");
    take_away(&app, organization, &body, &format!("API key `{id}`"), async |db, organization| {
        store::api_key::revoke(db, organization, id).await
    })
    .await
}

/// Deletes a service account, with its tokens and its OAuth clients.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/service-accounts/{id}",
    operation_id = "deleteAtlassianServiceAccount", tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"),
        ("id" = String, Path, description = "The service account"), SpaceQuery),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration), Refused))]
pub(crate) async fn delete_service_account(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let id = path.get("id");
    take_away(&app, organization, &body, &format!("service account `{id}`"), async |db, organization| {
        store::service_account::delete(db, organization, id).await
    })
    .await
}

/// Revokes every API token of a service account. Its OAuth clients stay.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/service-accounts/{id}/api-tokens",
    operation_id = "revokeAtlassianServiceAccountTokens", tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"),
        ("id" = String, Path, description = "The service account"), SpaceQuery),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration), Refused))]
pub(crate) async fn revoke_service_account_tokens(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let id = path.get("id");
    take_away(&app, organization, &body, &format!("service account `{id}`"), async |db, organization| {
        let there = store::service_account::find(db, organization, id).await?.is_some();
        store::service_account::revoke_tokens(db, organization, id).await?;
        Ok(there)
    })
    .await
}

/// Deletes an OAuth client of a service account.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/oauth-clients/{id}",
    operation_id = "deleteAtlassianOauthClient", tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"),
        ("id" = String, Path, description = "The client"), SpaceQuery),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration), Refused))]
pub(crate) async fn delete_oauth_client(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let id = path.get("id");
    take_away(&app, organization, &body, &format!("OAuth client `{id}`"), async |db, organization| {
        store::oauth_client::delete(db, organization, id).await
    })
    .await
}

/// What a tester controls, below the control API.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open_session))
        .routes(routes!(revoke_api_tokens))
        .routes(routes!(revoke_api_token))
        .routes(routes!(revoke_api_key))
        .routes(routes!(delete_service_account))
        .routes(routes!(revoke_service_account_tokens))
        .routes(routes!(delete_oauth_client))
}
