//! `/state`: everything in a space as one document, taken out and put in.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use serde_json::{Map, Value, json};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder},
};

use crate::{
    app::App,
    control::spaces::{SpaceState, shown},
    core::error::Error,
    http::{
        control_input::{Answer, InSpace, Json, SpaceQuery},
        problem::{Problem, Refused},
    },
    services::Services,
    store::{
        self,
        state::{ExportedState, StateError},
    },
};

/// The largest state that is taken in.
pub(super) const BODY_LIMIT: usize = 256 * 1024 * 1024;

/// Everything in a space. Holds what Locum keeps of tokens, never a token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct StateDocument {
    /// A newer one than this version knows is refused.
    #[schema(minimum = 1, example = 1)]
    format: u64,
    /// The version that wrote it.
    #[schema(example = "0.2.0")]
    locum: String,
    /// What the space was called. It may be imported into another.
    #[schema(example = "default")]
    space: String,
    /// Recognises the server key: tokens are good under the one they were made with only.
    key_check: String,
    #[schema(schema_with = clock)]
    clock: Value,
    /// Writes since the seed: generated ids go on from here.
    #[schema(minimum = 0)]
    writes: i64,
    /// Rows, by table. A table that is left out is empty.
    #[schema(value_type = Object)]
    tables: Value,
}

/// utoipa takes no example of an object in an attribute.
fn clock() -> Object {
    const TEXT: &str = concat!(
        r#"`{"mode":"real"}`, `{"mode":"frozen","now":"2026-01-15T09:00:00Z"}` or "#,
        r#"`{"mode":"offset","micros":86400000000}`."#
    );
    ObjectBuilder::new().description(Some(TEXT)).examples([json!({ "mode": "real" })]).build()
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        let refused = |status, pointer| Self::new(status, error.to_string()).at(pointer);
        match error {
            StateError::Newer(_) => refused(StatusCode::UNPROCESSABLE_ENTITY, "/format"),
            StateError::OtherKey => refused(StatusCode::CONFLICT, "/key_check"),
            StateError::Taken(_) => refused(StatusCode::CONFLICT, "/tables/credential"),
            StateError::Contradiction(ref wrong) => refused(StatusCode::UNPROCESSABLE_ENTITY, &wrong.pointer),
            StateError::Error(error) => error.into(),
        }
    }
}

/// Exports the space: its data, credentials (never a plain token), clock, injected faults and rate limits, as of one
/// moment. What rate limits have counted is not in it, nor are the space's snapshots.
#[utoipa::path(get, path = "/state", operation_id = "getState", tag = "State", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The state", body = StateDocument), Refused))]
pub(super) async fn get_state(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
) -> Result<Answer<ExportedState>, Problem> {
    let (_, state) = store::state::export(&mut app.db.read().await?, &app.keyring, space.id, services.tables()).await?;
    Ok(Answer(state))
}

/// The right to send a state. It comes before the body, so that who waits for it sends nothing yet.
pub(super) struct ImportTurn {
    _permit: OwnedSemaphorePermit,
}

impl FromRequestParts<App> for ImportTurn {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Problem> {
        let permit = Arc::clone(&app.imports).acquire_owned().await.map_err(Error::internal)?;
        Ok(Self { _permit: permit })
    }
}

/// Imports a state in the place of everything in the space: all of it, or nothing. The clock is set as it says, and
/// rate limits count from 0. A newer format is a 422, and so are rows that a service could never hold together; a state
/// of another server key is a 409, and so is one with tokens that are in use in another space.
#[utoipa::path(put, path = "/state", operation_id = "putState", tag = "State", security((), ("controlToken" = [])),
    params(SpaceQuery), request_body = StateDocument,
    responses((status = 200, description = "The space, as it is now", body = SpaceState), Refused))]
pub(super) async fn put_state(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    _turn: ImportTurn,
    Json(document): Json<Map<String, Value>>,
) -> Result<Answer<SpaceState>, Problem> {
    app.check_not_replaced(&space).await?;
    let state = ExportedState::read(document, services.tables())?;
    let mut db = app.db.write(space.id).await?;
    store::state::import(&mut db, &app.keyring, state).await?;
    let space = db.space().clone();
    db.commit().await?;
    Ok(Answer(shown(&app, &space).await?))
}
