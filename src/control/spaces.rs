//! `/spaces`: worlds of their own, one for each test if you like.

use axum::{
    extract::{FromRequestParts, State},
    http::{
        header,
        request::Parts,
        uri::{Authority, Uri},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    core::{duration::format_duration, error::Error},
    domain::organization::{DEFAULT_SPACE, Space},
    http::{
        control_input::{Answer, Segments},
        problem::{Problem, Refused},
    },
    store,
};

/// A space.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpaceState {
    #[schema(example = "t1")]
    name: String,
    /// Raised by every write.
    revision: i64,
    /// `real`, `frozen` or `offset`.
    clock: String,
    /// Customer codes of its organizations.
    organizations: Vec<String>,
    /// It is deleted when nobody has asked it for so long. Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "600s")]
    idle_ttl: Option<String>,
}

/// The base URL that the client knows: the setting, else where it sent the request.
pub(super) struct BaseUrl(pub(super) String);

impl FromRequestParts<App> for BaseUrl {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Some(url) = &app.config.public_url {
            return Ok(Self(url.clone()));
        }
        let named = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok());
        let named: Option<Authority> = named.or_else(|| Uri::authority(&parts.uri).cloned());
        Ok(Self(named.map_or_else(|| format!("http://{}", app.config.listen), |host| format!("http://{host}"))))
    }
}

/// Whether a name can be given to a space, or to a snapshot of one.
///
/// # Errors
/// What names are like.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    const LONGEST: usize = 64;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > LONGEST || !name.bytes().all(fits) {
        return Err(Error::invalid("/name", format!("a name is up to {LONGEST} letters, digits, `-` and `_`")));
    }
    Ok(())
}

pub(super) async fn shown(app: &App, space: &Space) -> Result<SpaceState, Error> {
    let mut db = app.db.read().await?;
    let organizations = store::organization::list(&mut db, space.id).await?;
    let idle_ttl = store::space_origin::find_idle_ttl(&mut db, space.id).await?;
    Ok(SpaceState {
        name: space.name.clone(),
        revision: space.revision,
        clock: space.clock.to_string(),
        organizations: organizations.into_iter().map(|o| o.customer_code.to_string()).collect(),
        idle_ttl: idle_ttl.map(format_duration),
    })
}

/// Every space.
#[utoipa::path(get, path = "/spaces", operation_id = "getSpaces", tag = "Spaces", security((), ("controlToken" = [])),
    responses((status = 200, description = "The spaces, oldest first", body = Vec<SpaceState>), Refused))]
pub(super) async fn get_spaces(State(app): State<App>) -> Result<Answer<Vec<SpaceState>>, Problem> {
    let spaces = store::space::list(&mut app.db.read().await?).await?;
    let mut answer = Vec::new();
    for space in spaces {
        answer.push(shown(&app, &space).await?);
    }
    Ok(Answer(answer))
}

/// One space.
#[utoipa::path(get, path = "/spaces/{space}", operation_id = "getSpace", tag = "Spaces",
    security((), ("controlToken" = [])),
    params(("space" = String, Path, description = "The space", example = "default")),
    responses((status = 200, description = "The space", body = SpaceState), Refused))]
pub(super) async fn get_space(State(app): State<App>, path: Segments) -> Result<Answer<SpaceState>, Problem> {
    let space = app.space(path.get("space")).await?;
    app.space_uses.note(space.id);
    Ok(Answer(shown(&app, &space).await?))
}

/// Deletes a space: its credentials are unknown from the next request on.
#[utoipa::path(delete, path = "/spaces/{space}", operation_id = "deleteSpace", tag = "Spaces",
    security((), ("controlToken" = [])),
    params(("space" = String, Path, description = "The space", example = "t1")),
    responses((status = 200, description = "The space, as it was", body = SpaceState), Refused))]
pub(super) async fn delete_space(State(app): State<App>, path: Segments) -> Result<Answer<SpaceState>, Problem> {
    let space = app.space(path.get("space")).await?;
    if space.name == DEFAULT_SPACE {
        return Err(Problem::forbidden("the default space stays: reset it instead"));
    }
    let answer = shown(&app, &space).await?;
    app.db.delete_space(space.id).await?;
    app.forget(space.id);
    Ok(Answer(answer))
}
