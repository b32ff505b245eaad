//! `/spaces`: worlds of their own, one for each test if you like.

use std::collections::HashMap;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error::{Problem, Refused},
    extract::{Answer, Json, named_space},
    world::Seeded,
};
use crate::{
    app::App,
    core::fault::Fault,
    domain::organization::{DEFAULT_SPACE, Space},
    seed::apply::{self, Mode},
    store,
};

/// A space.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpaceState {
    #[schema(example = "t1")]
    name: String,
    /// Raised by every write.
    revision: i64,
    /// `real`, `frozen` or `offset`.
    clock: String,
    /// Customer codes of its organizations.
    organizations: Vec<String>,
}

/// Body of `createSpace`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSpace {
    /// Up to 64 letters, digits, `-` and `_`.
    #[schema(example = "t1")]
    name: String,
}

/// Whether a name can be given to a space, or to a snapshot of one.
///
/// # Errors
/// What names are like.
pub(super) fn check_name(name: &str) -> Result<(), Fault> {
    const LONGEST: usize = 64;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > LONGEST || !name.bytes().all(fits) {
        return Err(Fault::invalid("/name", format!("a name is up to {LONGEST} letters, digits, `-` and `_`")));
    }
    Ok(())
}

pub(super) async fn shown(app: &App, space: &Space) -> Result<SpaceState, Fault> {
    let organizations = store::organization::list(&mut app.db.read().await?, space.id).await?;
    Ok(SpaceState {
        name: space.name.clone(),
        revision: space.revision,
        clock: space.clock.to_string(),
        organizations: organizations.into_iter().map(|o| o.customer_code.to_string()).collect(),
    })
}

/// Every space.
#[utoipa::path(get, path = "/spaces", operation_id = "getSpaces", tag = "Spaces", security((), ("controlToken" = [])),
    responses((status = 200, description = "The spaces, oldest first", body = Vec<SpaceState>), Refused))]
pub async fn get_spaces(State(app): State<App>) -> Result<Answer<Vec<SpaceState>>, Problem> {
    let spaces = store::space::list(&mut app.db.read().await?).await?;
    let mut answer = Vec::new();
    for space in spaces {
        answer.push(shown(&app, &space).await?);
    }
    Ok(Answer(answer))
}

/// Makes a space from the seed that Locum was started with, with customer codes, org ids and tokens of its own: a
/// client that uses them is in it, and sends nothing that the real service does not know. Ids of licences and other
/// records stay as the seed writes them.
#[utoipa::path(post, path = "/spaces", operation_id = "createSpace", tag = "Spaces", security((), ("controlToken" = [])),
    request_body = CreateSpace,
    responses((status = 200, description = "What is in it. Its tokens are shown here once", body = Seeded), Refused))]
pub async fn create_space(State(app): State<App>, Json(body): Json<CreateSpace>) -> Result<Answer<Seeded>, Problem> {
    check_name(&body.name)?;
    let Some(space) = app.db.create_space(&body.name).await? else {
        return Err(Fault::Exists(format!("there is a space `{}` already: delete it, or reset it", body.name)).into());
    };
    let _turn = app.seeding.acquire().await.map_err(Fault::internal)?;
    let mut db = app.db.write(space).await?;
    let seeds = &app.config.seeds;
    let plan = apply::apply(&mut db, &app.keyring, seeds, Mode::Fresh, app.config.clock).await;
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => {
            drop(db);
            app.db.delete_space(space).await?;
            return Err(error.into());
        }
    };
    db.commit().await?;
    Ok(Answer(Seeded::new(body.name, false, plan)))
}

/// One space.
#[utoipa::path(get, path = "/spaces/{space}", operation_id = "getSpace", tag = "Spaces", security((), ("controlToken" = [])),
    params(("space" = String, Path, description = "The space", example = "t1")),
    responses((status = 200, description = "The space", body = SpaceState), Refused))]
pub async fn get_space(
    State(app): State<App>,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Answer<SpaceState>, Problem> {
    let space = app.space(named_space(&path).unwrap_or(DEFAULT_SPACE)).await?;
    Ok(Answer(shown(&app, &space).await?))
}

/// Deletes a space: its credentials are unknown from the next request on.
#[utoipa::path(delete, path = "/spaces/{space}", operation_id = "deleteSpace", tag = "Spaces", security((), ("controlToken" = [])),
    params(("space" = String, Path, description = "The space", example = "t1")),
    responses((status = 200, description = "The space, as it was", body = SpaceState), Refused))]
pub async fn delete_space(
    State(app): State<App>,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Answer<SpaceState>, Problem> {
    let space = app.space(named_space(&path).unwrap_or(DEFAULT_SPACE)).await?;
    if space.name == DEFAULT_SPACE {
        return Err(Fault::ControlRefused("the default space stays: reset it instead").into());
    }
    let answer = shown(&app, &space).await?;
    app.db.delete_space(space.id).await?;
    Ok(Answer(answer))
}
