//! `/clock`: time, in the tester's hands.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    core::{
        clock::{self, Clock},
        duration::HumanDuration,
        error::Error,
    },
    domain::organization::Space,
    http::{
        control_input::{Answer, InSpace, Json, NothingDone, Outcome, SpaceQuery},
        problem::{Problem, Refused},
    },
    store,
};

/// A space's clock.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClockAnswer {
    /// `real`, `frozen` or `offset`.
    #[schema(example = "frozen")]
    pub(crate) mode: String,
    /// What it shows, to the microsecond.
    #[schema(format = DateTime, example = "2026-01-15T09:00:00Z")]
    pub(crate) now: String,
}

impl From<Clock> for ClockAnswer {
    fn from(clock: Clock) -> Self {
        Self { mode: clock.to_string(), now: clock::write(clock.now()) }
    }
}

/// Body of `putClock`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutClock {
    /// `real`, `frozen` or `offset`.
    #[schema(example = "frozen")]
    mode: String,
    /// What it shows from here on; needed for `frozen` and `offset`, refused for `real`.
    #[schema(format = DateTime, example = "2026-01-15T09:00:00Z")]
    now: Option<String>,
}

impl PutClock {
    fn read(&self, space: &Space) -> Result<Clock, Error> {
        let now = self.now.as_deref().map(clock::parse).transpose().map_err(|e| Error::invalid("/now", e))?;
        match (self.mode.as_str(), now) {
            ("real", None) => Ok(Clock::Real),
            ("real", Some(_)) => {
                Err(Error::invalid("/now", "a real clock cannot be set: use `offset`, or leave `now` out"))
            }
            ("frozen", now) => Ok(Clock::Frozen(now.unwrap_or_else(|| space.now()))),
            ("offset", Some(now)) => Ok(Clock::showing(now)),
            ("offset", None) => Err(Error::invalid("/now", "`now` is needed: what the clock shows from here on")),
            (other, _) => {
                let detail = format!("`{other}` is not a mode: expected real, frozen or offset");
                Err(Error::invalid("/mode", detail))
            }
        }
    }
}

/// Body of `advanceClock`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdvanceClock {
    /// A length of time: `90s`, `15m`, `8h`, `30d`, `2w`, `1y`.
    #[schema(example = "30d")]
    by: String,
}

impl AdvanceClock {
    fn read(&self) -> Result<HumanDuration, Error> {
        let by: HumanDuration = self.by.parse().map_err(|e: String| Error::invalid("/by", e))?;
        if by.is_negative() {
            return Err(Error::invalid("/by", "a clock is advanced, not put back: to go back, set it to a date"));
        }
        Ok(by)
    }
}

/// What the clock shows.
#[utoipa::path(get, path = "/clock", operation_id = "getClock", tag = "Clock", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The clock", body = ClockAnswer), Refused))]
pub(super) async fn get_clock(InSpace(space): InSpace) -> Answer<ClockAnswer> {
    Answer(space.clock.into())
}

/// Sets the clock.
#[utoipa::path(put, path = "/clock", operation_id = "putClock", tag = "Clock", security((), ("controlToken" = [])),
    params(SpaceQuery),
    request_body = PutClock,
    responses((status = 200, description = "The clock", body = ClockAnswer), Refused))]
pub(super) async fn put_clock(
    State(app): State<App>,
    InSpace(space): InSpace,
    Json(body): Json<PutClock>,
) -> Result<Outcome<ClockAnswer>, Problem> {
    let clock = body.read(&space)?;
    change(&app, &space, |_| Ok(clock)).await
}

/// Sets the clock back to the machine's.
#[utoipa::path(delete, path = "/clock", operation_id = "deleteClock", tag = "Clock",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The clock", body = ClockAnswer), Refused))]
pub(super) async fn delete_clock(
    State(app): State<App>,
    InSpace(space): InSpace,
) -> Result<Outcome<ClockAnswer>, Problem> {
    change(&app, &space, |_| Ok(Clock::Real)).await
}

/// Moves the clock. A frozen one stays frozen; a real one becomes an offset one.
#[utoipa::path(post, path = "/clock/advance", operation_id = "advanceClock", tag = "Clock",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    request_body = AdvanceClock,
    responses((status = 200, description = "The clock", body = ClockAnswer), Refused))]
pub(super) async fn advance_clock(
    State(app): State<App>,
    InSpace(space): InSpace,
    Json(body): Json<AdvanceClock>,
) -> Result<Outcome<ClockAnswer>, Problem> {
    let by = body.read()?;
    change(&app, &space, |clock| {
        clock.advance(by).ok_or_else(|| Error::invalid("/by", "leads out of the years 1970 to 9998"))
    })
    .await
}

async fn change(
    app: &App,
    space: &Space,
    to: impl FnOnce(Clock) -> Result<Clock, Error>,
) -> Result<Outcome<ClockAnswer>, Problem> {
    let mut db = app.db.write_in(space).await?;
    let before = db.space().clock;
    let clock = to(before)?;
    store::space::set_clock(&mut db, clock).await?;
    db.commit().await?;
    Ok((NothingDone::when(clock == before, "the clock is so already"), Answer(clock.into())))
}
