//! `/faults`: what is to go wrong.

mod reach;
mod rule;
mod then;

use axum::{Extension, extract::State};

use crate::{
    app::App,
    control::request_matcher,
    core::error::Error,
    domain::organization::SpaceId,
    http::{
        control_input::{Answer, InSpace, Json, NothingDone, Outcome, Segments, SpaceQuery},
        problem::{Problem, Refused},
    },
    services::Services,
    store,
};

pub(crate) use self::rule::{FaultRule, FaultRuleAnswer};

/// The faults, in the order in which they are tried.
#[utoipa::path(get, path = "/faults", operation_id = "getFaults", tag = "Faults", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The faults", body = Vec<FaultRuleAnswer>), Refused))]
pub(super) async fn get_faults(
    State(app): State<App>,
    InSpace(space): InSpace,
) -> Result<Answer<Vec<FaultRuleAnswer>>, Problem> {
    let rules = store::fault_rule::list(&mut app.db.read().await?, space.id).await?;
    Ok(Answer(rules.into_iter().map(Into::into).collect()))
}

/// Injects a fault. The first that fits a request is the one that hits it.
#[utoipa::path(post, path = "/faults", operation_id = "injectFault", tag = "Faults",
    security((), ("controlToken" = [])),
    params(SpaceQuery), request_body = FaultRule,
    responses((status = 200, description = "The fault", body = FaultRuleAnswer), Refused))]
pub(super) async fn inject_fault(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    Json(body): Json<FaultRule>,
) -> Result<Answer<FaultRuleAnswer>, Problem> {
    let rule = body.read(&services)?;
    request_matcher::check_credential(&app, &services, space.id, &rule.which).await?;
    let mut db = app.db.write_in(&space).await?;
    let stored = store::fault_rule::add(&mut db, rule).await?;
    db.commit().await?;
    app.note_rule(&stored.rule);
    Ok(Answer(stored.into()))
}

/// Removes every fault.
#[utoipa::path(delete, path = "/faults", operation_id = "removeFaults", tag = "Faults",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "What is left: none", body = Vec<FaultRuleAnswer>), Refused))]
pub(super) async fn remove_faults(
    State(app): State<App>,
    InSpace(space): InSpace,
) -> Result<Outcome<Vec<FaultRuleAnswer>>, Problem> {
    let mut db = app.db.write_in(&space).await?;
    let removed = store::fault_rule::remove(&mut db, None).await?;
    db.commit().await?;
    Ok((NothingDone::when(removed == 0, "there was no fault"), Answer(Vec::new())))
}

/// A rule as it is now.
pub(super) async fn find(app: &App, space: SpaceId, id: &str) -> Result<FaultRuleAnswer, Error> {
    let rules = store::fault_rule::list(&mut app.db.read().await?, space).await?;
    let found = rules.into_iter().find(|stored| stored.id == id);
    found.map(Into::into).ok_or_else(|| Error::NotFound(format!("there is no fault `{id}`")))
}

/// One fault, and how many requests it has hit.
#[utoipa::path(get, path = "/faults/{id}", operation_id = "getFault", tag = "Faults",
    security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The fault"), SpaceQuery),
    responses((status = 200, description = "The fault", body = FaultRuleAnswer), Refused))]
pub(super) async fn get_fault(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<FaultRuleAnswer>, Problem> {
    Ok(Answer(find(&app, space.id, path.get("id")).await?))
}

/// Removes one fault.
#[utoipa::path(delete, path = "/faults/{id}", operation_id = "removeFault", tag = "Faults",
    security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The fault"), SpaceQuery),
    responses((status = 200, description = "The fault, as it was", body = FaultRuleAnswer), Refused))]
pub(super) async fn remove_fault(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<FaultRuleAnswer>, Problem> {
    let kept = find(&app, space.id, path.get("id")).await?;
    let mut db = app.db.write_in(&space).await?;
    store::fault_rule::remove(&mut db, Some(path.get("id"))).await?;
    db.commit().await?;
    Ok(Answer(kept))
}
