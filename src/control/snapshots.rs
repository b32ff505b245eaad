//! `/snapshots`: states of a space that are kept by name.

use axum::{Extension, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    control::spaces::{SpaceState, check_name, shown},
    core::{clock, error::Error},
    http::{
        control_input::{Answer, InSpace, Segments, SpaceQuery},
        problem::{Problem, Refused},
    },
    services::Services,
    store::{
        self,
        snapshot::Snapshot,
        state::{self, ExportedState},
    },
};

/// A snapshot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SnapshotAnswer {
    #[schema(example = "before-migration")]
    name: String,
    /// The space it is of.
    space: String,
    /// What the space was at.
    revision: i64,
    /// When it was taken, by the space's clock.
    #[schema(format = DateTime, example = "2026-01-15T09:00:00Z")]
    taken_at: String,
    /// How long it is.
    bytes: i64,
}

impl SnapshotAnswer {
    fn new(space: &str, snapshot: Snapshot) -> Self {
        Self {
            name: snapshot.name,
            space: space.to_owned(),
            revision: snapshot.revision,
            taken_at: clock::write(snapshot.taken_at),
            bytes: snapshot.bytes,
        }
    }
}

fn not_found(name: &str) -> Error {
    Error::NotFound(format!("there is no snapshot `{name}`"))
}

/// The snapshots of the space.
#[utoipa::path(get, path = "/snapshots", operation_id = "getSnapshots", tag = "State",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The snapshots, by name", body = Vec<SnapshotAnswer>), Refused))]
pub(super) async fn get_snapshots(
    State(app): State<App>,
    InSpace(space): InSpace,
) -> Result<Answer<Vec<SnapshotAnswer>>, Problem> {
    let kept = store::snapshot::list(&mut app.db.read().await?, space.id).await?;
    Ok(Answer(kept.into_iter().map(|snapshot| SnapshotAnswer::new(&space.name, snapshot)).collect()))
}

/// Keeps the state of the space under a name, in the place of what was kept under it. It stays until it or the space
/// is deleted: no reset, seed or import takes it away.
#[utoipa::path(put, path = "/snapshots/{name}", operation_id = "takeSnapshot", tag = "State",
    security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "Up to 64 letters, digits, `-` and `_`", example = "before-migration"),
        SpaceQuery),
    responses((status = 200, description = "The snapshot", body = SnapshotAnswer), Refused))]
pub(super) async fn take_snapshot(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<SnapshotAnswer>, Problem> {
    let name = path.get("name");
    check_name(name)?;
    let (space, state) = state::export(&mut app.db.read().await?, &app.keyring, space.id, services.tables()).await?;
    let snapshot = store::snapshot::keep(&app.db, &space, name, &state).await?;
    Ok(Answer(SnapshotAnswer::new(&space.name, snapshot)))
}

/// Puts a snapshot in the place of everything in the space, as an import does. The snapshot stays.
#[utoipa::path(post, path = "/snapshots/{name}/restore", operation_id = "restoreSnapshot", tag = "State",
    security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The snapshot", example = "before-migration"), SpaceQuery),
    responses((status = 200, description = "The space, as it is now", body = SpaceState), Refused))]
pub(super) async fn restore_snapshot(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<SpaceState>, Problem> {
    let name = path.get("name");
    let mut db = app.db.write(space.id).await?;
    let document = store::snapshot::document(&mut db, name).await?.ok_or_else(|| not_found(name))?;
    let document = serde_json::from_str(&document).map_err(Error::internal)?;
    state::import(&mut db, &app.keyring, ExportedState::read(document, services.tables())?).await?;
    let space = db.space().clone();
    db.commit().await?;
    Ok(Answer(shown(&app, &space).await?))
}

/// Deletes a snapshot.
#[utoipa::path(delete, path = "/snapshots/{name}", operation_id = "deleteSnapshot", tag = "State",
    security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The snapshot", example = "before-migration"), SpaceQuery),
    responses((status = 200, description = "The snapshot, as it was", body = SnapshotAnswer), Refused))]
pub(super) async fn delete_snapshot(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<SnapshotAnswer>, Problem> {
    let name = path.get("name");
    let gone = store::snapshot::delete(&app.db, space.id, name).await?.ok_or_else(|| not_found(name))?;
    Ok(Answer(SnapshotAnswer::new(&space.name, gone)))
}
