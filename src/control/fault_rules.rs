//! `/faults`: what is to go wrong.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    app::App,
    control::{error_code, request_matcher},
    core::{duration::parse_duration, error::Error},
    domain::{
        fault_rule::{Damage, Effect, Rule, has_no_body},
        organization::SpaceId,
        request_matcher::RequestMatcher,
    },
    http::{
        control_input::{Answer, InSpace, Json, Segments, SpaceQuery, check_text},
        extract::object,
        problem::{Problem, Refused},
    },
    services::{Registry, Services},
    store::{self, fault_rule::StoredRule},
};

/// A rule that injects faults.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "match": { "operation": "assignLicense" }, "then": { "status": 503 }, "times": 1 }))]
pub(super) struct FaultRule {
    /// Which requests; left out, all of them.
    #[serde(default, deserialize_with = "object")]
    r#match: RequestMatcher,
    /// What becomes of them.
    #[serde(deserialize_with = "object")]
    then: Then,
    /// How many are hit; left out, all of them.
    #[schema(minimum = 1)]
    times: Option<i64>,
    /// How many are let through first.
    #[serde(default)]
    #[schema(minimum = 0)]
    after: i64,
}

/// What becomes of a request. At least one of these.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Then {
    /// It is answered with this status, as the service itself would unless there is a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 200, maximum = 599, example = 503)]
    status: Option<u16>,
    /// It is answered with the vendor's error that has this code, with the code's own status.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// It is answered with this body: a text as it is, everything else as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// It waits this long, like `500ms` or `2s`, up to a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "500ms")]
    delay: Option<String>,
    /// What the connection suffers when the service has done its work: `connection_reset` is a TCP reset without an
    /// answer, `empty` leaves the body out, `truncated` closes the connection in the middle of the body. Of an answer
    /// without a body, as a 204, a 304 and every one to HEAD, `empty` sends nothing at all and closes, and `truncated`
    /// closes in the middle of the status line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "truncated")]
    fault: Option<Damage>,
}

/// A rule as it is kept.
// Its members are not those of `FaultRule` flattened, because that refuses others, as `id`, in its schema too.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FaultRuleAnswer {
    pub(crate) id: String,
    /// Which requests.
    pub(crate) r#match: RequestMatcher,
    /// What becomes of them.
    pub(crate) then: Then,
    /// How many are hit; absent where all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<i64>,
    /// How many are let through first.
    pub(crate) after: i64,
    /// How many requests it has hit.
    pub(crate) hits: i64,
}

impl FaultRule {
    fn read(self, services: &Registry) -> Result<Rule, Problem> {
        let Self { r#match: mut which, then, times, after } = self;
        then.code.as_deref().map_or(Ok(()), |code| check_text("/then/code", code))?;
        if times.is_some_and(|times| times < 1) {
            return Err(Error::invalid("/times", "expected a number from 1").into());
        }
        if after < 0 {
            return Err(Error::invalid("/after", "expected a number from 0").into());
        }
        if let Some(status) = then.status {
            check_status(status, &then)?;
        }
        let delay = then.delay.as_deref().map(delay_millis).transpose()?;
        let Then { status, code, body, fault, .. } = then;
        let effect = Effect { status, code, body, delay_millis: delay, fault };
        if effect == Effect::default() {
            return Err(Error::invalid("/then", "expected at least one of status, code, body, delay, fault").into());
        }
        if which.ignored.is_some() {
            const WHY: &str = "what a request sent that nothing reads is known when the service has read it, and a fault \
                               hits before: leave it out, and ask requests/verify or requests?ignored=true";
            return Err(Error::invalid("/match/ignored", WHY).into());
        }
        request_matcher::check(services, &mut which)?;
        request_matcher::check_path(services, &which)?;
        error_code::check(services, &mut which, effect.code.as_deref(), effect.status)?;
        Ok(Rule { which, effect, times, after })
    }
}

fn check_status(status: u16, then: &Then) -> Result<(), Error> {
    if !(200..=599).contains(&status) {
        return Err(Error::invalid("/then/status", "expected a status from 200 to 599"));
    }
    let bodies = [("/then/body", then.body.is_some()), ("/then/code", then.code.is_some())];
    match bodies.into_iter().find(|(_, is_there)| *is_there) {
        Some((pointer, _)) if has_no_body(status) => {
            Err(Error::invalid(pointer, format!("an answer with the status {status} has no body")))
        }
        _ => Ok(()),
    }
}

fn delay_millis(text: &str) -> Result<u64, Error> {
    const LONGEST: u128 = 60_000;
    let wrong = |detail: String| Error::invalid("/then/delay", detail);
    let millis = parse_duration(text).map_err(wrong)?.as_millis();
    let fits = u64::try_from(millis).ok().filter(|_| millis <= LONGEST);
    fits.ok_or_else(|| wrong("a delay is at most 1m".to_owned()))
}

impl From<StoredRule> for FaultRuleAnswer {
    fn from(stored: StoredRule) -> Self {
        let hits = stored.rule.hits(stored.seen);
        let Rule { which, effect, times, after } = stored.rule;
        let Effect { status, code, body, delay_millis, fault } = effect;
        let delay = delay_millis.map(|millis| format!("{millis}ms"));
        let then = Then { status, code, body, delay, fault };
        Self { id: stored.id, r#match: which, then, times, after, hits }
    }
}

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
    let mut db = app.db.write(space.id).await?;
    let stored = store::fault_rule::add(&mut db, rule).await?;
    db.commit().await?;
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
) -> Result<Answer<Vec<FaultRuleAnswer>>, Problem> {
    let mut db = app.db.write(space.id).await?;
    store::fault_rule::remove(&mut db, None).await?;
    db.commit().await?;
    Ok(Answer(Vec::new()))
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
    let mut db = app.db.write(space.id).await?;
    store::fault_rule::remove(&mut db, Some(path.get("id"))).await?;
    db.commit().await?;
    Ok(Answer(kept))
}
