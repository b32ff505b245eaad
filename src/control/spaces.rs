//! `/spaces`: worlds of their own, one for each test if you like.

use axum::{
    Extension,
    extract::{FromRequestParts, State},
    http::{
        StatusCode, header,
        request::Parts,
        uri::{Authority, Uri},
    },
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    control::{
        seed::Seeded,
        variables::{Endpoints, Format},
    },
    core::{error::Error, progress::Progress},
    domain::organization::{DEFAULT_SPACE, Space},
    http::{
        control_input::{Answer, Json, Params, Segments},
        problem::{Problem, Refused},
    },
    seed::apply::{ApplyError, Mode},
    services::{Services, seeding, seeds::Seeds},
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
}

/// Body of `createSpace`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateSpace {
    /// Up to 64 letters, digits, `-` and `_`.
    #[schema(example = "t1")]
    name: String,
}

/// A space that was just made, ready to use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedSpace {
    #[serde(flatten)]
    seeded: Seeded,
    /// Base URLs and credentials, as `locum env` names them.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    variables: Endpoints,
}

/// How a new space is answered.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CreateParams {
    /// Only the variables, as text: `shell` for `eval "$(…)"`, `github` for `… >> "$GITHUB_ENV"`, `json` for one
    /// object. Left out, everything.
    #[param(inline)]
    format: Option<Format>,
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
pub(super) async fn get_spaces(State(app): State<App>) -> Result<Answer<Vec<SpaceState>>, Problem> {
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
#[utoipa::path(post, path = "/spaces", operation_id = "createSpace", tag = "Spaces",
    security((), ("controlToken" = [])),
    params(CreateParams),
    request_body = CreateSpace,
    responses(
        (status = 200, description = "What is in it. Its tokens are shown here once", content(
            (CreatedSpace = "application/json"),
            (String = "text/plain", example = "export LOCUM_URL='http://localhost:8080'\n"),
        )),
        Refused,
    ))]
pub(super) async fn create_space(
    State(app): State<App>,
    Extension(seeds): Extension<Seeds>,
    Extension(services): Extension<Services>,
    BaseUrl(base): BaseUrl,
    Params(params): Params<CreateParams>,
    Json(body): Json<CreateSpace>,
) -> Result<Response, Problem> {
    check_name(&body.name)?;
    let open = || async { Ok::<_, ApplyError>(app.db.create_space(&body.name).await?) };
    let (clock, progress) = (app.config.clock, Progress::default());
    let seeded =
        seeding::apply(&app.keyring, services.tables(), open, &seeds.current(), Mode::Fresh, clock, &progress).await?;
    let Some((db, plan)) = seeded else {
        let detail = format!("there is a space `{}` already: delete it, or reset it", body.name);
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let variables = Endpoints::new(&base, Some(&plan), &|_| true);
    let text = params.format.map(|format| variables.text(format)).transpose().map_err(Error::internal)?;
    db.commit().await?;
    Ok(match text {
        Some(text) => {
            let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
            (headers, text).into_response()
        }
        None => Answer(CreatedSpace { seeded: Seeded::new(body.name, false, plan), variables }).into_response(),
    })
}

/// One space.
#[utoipa::path(get, path = "/spaces/{space}", operation_id = "getSpace", tag = "Spaces",
    security((), ("controlToken" = [])),
    params(("space" = String, Path, description = "The space", example = "default")),
    responses((status = 200, description = "The space", body = SpaceState), Refused))]
pub(super) async fn get_space(State(app): State<App>, path: Segments) -> Result<Answer<SpaceState>, Problem> {
    let space = app.space(path.get("space")).await?;
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
