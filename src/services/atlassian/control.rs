//! `/organizations/{customerCode}/atlassian/…`: what people do in Atlassian's administration.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    core::{error::Error, now::Now},
    domain::organization::OrganizationId,
    http::{
        common_parts::describe_control_routes,
        control_input::{Answer, Json, OrganizationPath, Segments},
        problem::Problem,
        routes::{Description, Routes},
    },
    routes,
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

/// Signs a person in to the organization's administration: a browser session, for `createOAuthClient`, which takes
/// nothing else. Good for eight hours of the space's clock.
///
/// Who administers an organization is not part of a seed, so anybody of its people may sign in.
// unverified: that anybody may (atlassian-api-access §7.12).
#[utoipa::path(post, path = "/organizations/{customerCode}/atlassian/session", operation_id = "openAtlassianSession",
    request_body = AtlassianActor,
    responses((status = 200, description = "The session, shown once", body = SessionAnswer)))]
pub(crate) async fn open_session(
    State(app): State<App>,
    organization: OrganizationPath,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<SessionAnswer>, Problem> {
    let mut admin = organization.clone().open(&app).await?;
    admin.actor(&body.actor).await?;
    let token = app.make_token(admin.db, store::settings::SESSION.new_token).await?;
    let mut admin = organization.open(&app).await?;
    let actor = admin.actor(&body.actor).await?;
    store::settings::open_session(&mut admin.db, &app.keyring, admin.organization.id, &actor, &token).await?;
    admin.db.commit().await?;
    Ok(Answer(SessionAnswer { actor: actor.email, cookie: SESSION_COOKIE, token: token.expose().to_owned() }))
}

/// What there is in an organization's administration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AtlassianAdministration {
    #[schema(example = "6700001")]
    customer_code: String,
    org_id: String,
    /// How many API tokens of users have not expired.
    api_tokens: i64,
    api_keys: i64,
    service_accounts: i64,
    /// How many API tokens of service accounts.
    service_account_tokens: usize,
    oauth_clients: i64,
}

/// Removes something for one of the organization's people, and answers with what is left. `remove` tells whether there
/// was anything to remove.
async fn remove_as_actor(
    app: &App,
    organization: OrganizationPath,
    body: &AtlassianActor,
    what: &str,
    remove: impl AsyncFnOnce(&mut Session<ReadWrite>, OrganizationId) -> Result<bool, Error>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let mut admin = organization.open(app).await?;
    admin.actor(&body.actor).await?;
    let (db, organization) = (&mut admin.db, &admin.organization);
    if !remove(db, organization.id).await? {
        return Err(Error::NotFound(format!("there is no {what}")).into());
    }
    let (now, all) = (Now::at(db.now()), Filter::default());
    let unexpired = Filter { unexpired: true, ..all.clone() };
    let left = AtlassianAdministration {
        customer_code: organization.customer_code.to_string(),
        org_id: organization.org_id.clone(),
        api_tokens: store::api_token::count(db, organization.id, &unexpired, &now).await?,
        api_keys: store::api_key::count(db, organization.id, &all, &now).await?,
        service_accounts: store::service_account::count(db, organization.id).await?,
        service_account_tokens: store::service_account::list_tokens(db, organization.id, None).await?.len(),
        oauth_clients: store::oauth_client::count(db, organization.id).await?,
    };
    admin.db.commit().await?;
    Ok(Answer(left))
}

/// Removes what the path names by its id.
async fn remove_by_id(
    app: &App,
    organization: OrganizationPath,
    path: &Segments,
    body: &AtlassianActor,
    kind: &str,
    remove: impl AsyncFnOnce(&mut Session<ReadWrite>, OrganizationId, &str) -> Result<bool, Error>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    let id = path.get("id");
    remove_as_actor(app, organization, body, &format!("{kind} `{id}`"), async |db, organization| {
        remove(db, organization, id).await
    })
    .await
}

/// Revokes every API token of every user.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/api-tokens",
    operation_id = "revokeAtlassianApiTokens",
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration)))]
pub(crate) async fn revoke_api_tokens(
    State(app): State<App>,
    organization: OrganizationPath,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    remove_as_actor(&app, organization, &body, "API token left", store::api_token::revoke_all).await
}

/// Revokes one API token of a user.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/api-tokens/{id}",
    operation_id = "revokeAtlassianApiToken",
    params(("id" = String, Path, description = "The token")),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration)))]
pub(crate) async fn revoke_api_token(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    remove_by_id(&app, organization, &path, &body, "API token", store::api_token::revoke).await
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/api-keys/{id}",
    operation_id = "revokeAtlassianApiKey",
    params(("id" = String, Path, description = "The key")),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration)))]
pub(crate) async fn revoke_api_key(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    remove_by_id(&app, organization, &path, &body, "API key", store::api_key::revoke).await
}

/// Deletes a service account, with its tokens and its OAuth clients.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/service-accounts/{id}",
    operation_id = "deleteAtlassianServiceAccount",
    params(("id" = String, Path, description = "The service account", example = "svc-1")),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration)))]
pub(crate) async fn delete_service_account(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    remove_by_id(&app, organization, &path, &body, "service account", store::service_account::delete).await
}

/// Revokes every API token of a service account. Its OAuth clients stay.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/service-accounts/{id}/api-tokens",
    operation_id = "revokeAtlassianServiceAccountTokens",
    params(("id" = String, Path, description = "The service account", example = "svc-1")),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration)))]
pub(crate) async fn revoke_service_account_tokens(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    remove_by_id(&app, organization, &path, &body, "service account", store::service_account::revoke_tokens).await
}

/// Deletes an OAuth client of a service account.
#[utoipa::path(delete, path = "/organizations/{customerCode}/atlassian/oauth-clients/{id}",
    operation_id = "deleteAtlassianOauthClient",
    params(("id" = String, Path, description = "The client", example = "client-sync")),
    request_body = AtlassianActor,
    responses((status = 200, description = "What is left", body = AtlassianAdministration)))]
pub(crate) async fn delete_oauth_client(
    State(app): State<App>,
    organization: OrganizationPath,
    path: Segments,
    Json(body): Json<AtlassianActor>,
) -> Result<Answer<AtlassianAdministration>, Problem> {
    remove_by_id(&app, organization, &path, &body, "OAuth client", store::oauth_client::delete).await
}

/// The service's routes of the control API.
pub(crate) fn routes<D: Description>() -> Routes<D> {
    let routes = Routes::new()
        .routes(routes!(open_session))
        .routes(routes!(revoke_api_tokens))
        .routes(routes!(revoke_api_token))
        .routes(routes!(revoke_api_key))
        .routes(routes!(delete_service_account))
        .routes(routes!(revoke_service_account_tokens))
        .routes(routes!(delete_oauth_client));
    describe_control_routes::<OrganizationPath, D>("Organizations", routes)
}
