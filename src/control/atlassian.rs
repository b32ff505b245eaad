//! `/organizations/{customerCode}/atlassian/…`: what needs a person in Atlassian's administration.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error::{Problem, Refused},
    extract::{Answer, Json, SpaceQuery},
    organizations::Addressed,
};
use crate::{app::App, services::atlassian::SESSION_COOKIE, store};

/// Body of `openAtlassianSession`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// The e-mail address of who signs in.
    #[schema(example = "ann@example.test")]
    actor: String,
}

/// A session that was just opened.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionAnswer {
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
#[utoipa::path(post, path = "/organizations/{customerCode}/atlassian/session", operation_id = "openAtlassianSession", tag = "Organizations", security((), ("controlToken" = [])),
    params(("customerCode" = String, Path, description = "The organization", example = "6700001"), SpaceQuery),
    request_body = SessionRequest,
    responses((status = 200, description = "The session, shown once", body = SessionAnswer), Refused))]
pub async fn open_session(
    State(app): State<App>,
    addressed: Addressed,
    Json(body): Json<SessionRequest>,
) -> Result<Answer<SessionAnswer>, Problem> {
    let mut page = addressed.open(&app).await?;
    let (actor, _) = page.actor(&body.actor).await?;
    let organization = page.organization.id;
    let token = store::atlassian::open_session(&mut page.db, &app.keyring, organization, &actor).await?;
    page.db.commit().await?;
    Ok(Answer(SessionAnswer { actor: actor.email, cookie: SESSION_COOKIE, token: token.expose().to_owned() }))
}
