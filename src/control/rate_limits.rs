//! `/rate-limits`: how many requests credentials may make, and how many they have made.

use std::borrow::Cow;

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    core::{
        clock,
        duration::{format_duration, parse_duration},
        error::Error,
        rate_window::{Mode, RateLimit, check_window, window},
    },
    domain::organization::{Organization, Space},
    http::{
        control_input::{Answer, InSpace, Json, NothingDone, Outcome, SpaceQuery},
        problem::{Problem, Refused},
    },
    services::{self, Registry, Services},
    store::{
        self,
        rate_window::{self, Usage},
    },
};

/// The rate limits of a space.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RateLimits {
    pub(crate) space: String,
    /// One per organization.
    pub(crate) policies: Vec<PolicyAnswer>,
    /// What was counted in the windows that are open now.
    pub(crate) windows: Vec<WindowAnswer>,
}

/// An organization's rate limit.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PolicyAnswer {
    /// The organization's customer code.
    #[schema(example = "6700001")]
    pub(crate) organization: String,
    /// The service that is limited.
    #[schema(value_type = String, example = json!(services::EXAMPLE))]
    pub(crate) service: Cow<'static, str>,
    /// Requests in one window, per credential and operation.
    pub(crate) limit: i64,
    /// The window's length.
    #[schema(example = "60s")]
    pub(crate) window: String,
    /// `enforce`, `observe` or `off`. A limit that nobody set is observed.
    pub(crate) mode: String,
}

/// A window that is open now.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct WindowAnswer {
    /// The organization's customer code.
    pub(crate) organization: String,
    /// What the credential is called.
    pub(crate) credential: String,
    #[schema(example = "getAllApiTokensByOrgId")]
    pub(crate) operation: String,
    /// Requests so far.
    pub(crate) requests: i64,
    /// How many more are let through.
    pub(crate) remaining: i64,
    /// When counting starts over.
    #[schema(format = DateTime)]
    pub(crate) reset: String,
}

/// Body of `putRateLimits`. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutRateLimits {
    /// The organization's customer code; left out, every organization of the space.
    #[schema(example = "6700001")]
    organization: Option<String>,
    /// Requests in one window.
    #[schema(example = 5)]
    limit: Option<u32>,
    /// The window's length, like `60s` or `1h`.
    #[schema(example = "60s")]
    window: Option<String>,
    /// `enforce`, `observe` (count and say so) or `off`.
    #[schema(example = "enforce")]
    mode: Option<String>,
}

/// The service that limits its callers, and its limit where an organization has none of its own.
fn limited_service(services: &Registry) -> Result<(&'static str, RateLimit), Error> {
    let limited = services.iter().find_map(|service| Some((service.name, service.rate_limit?)));
    limited.ok_or_else(|| Error::NotFound("no service limits its callers".to_owned()))
}

async fn answer(app: &App, services: &Registry, space: &Space) -> Result<Answer<RateLimits>, Problem> {
    let (service, default) = limited_service(services)?;
    // Asked before the session is opened: this opens one of its own.
    let counted = rate_window::windows(&app.db, space.id).await?;
    let now = space.now();
    let mut db = app.db.read().await?;
    let mut limits = RateLimits { space: space.name.clone(), policies: Vec::new(), windows: Vec::new() };
    for organization in store::organization::list(&mut db, space.id).await? {
        let own = rate_window::policy(&mut db, organization.id).await?;
        let policy = RateLimit::choose_policy(own, default, app.config.rate_limit);
        let open = |counted: &&Usage| {
            counted.organization == organization.id && counted.started_at == window(now, policy.window).start
        };
        limits.windows.extend(counted.iter().filter(open).map(|counted| {
            let standing = policy.standing(counted.requests, now);
            WindowAnswer {
                organization: organization.customer_code.to_string(),
                credential: counted.credential.clone(),
                operation: counted.operation.clone(),
                requests: counted.requests,
                remaining: standing.remaining,
                reset: clock::write(standing.reset),
            }
        }));
        limits.policies.push(PolicyAnswer {
            organization: organization.customer_code.to_string(),
            service: service.into(),
            limit: policy.limit,
            window: format_duration(policy.window),
            mode: policy.mode.to_string(),
        });
    }
    Ok(Answer(limits))
}

/// The rate limits, and what was counted against them.
#[utoipa::path(get, path = "/rate-limits", operation_id = "getRateLimits", tag = "Rate limits",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The rate limits", body = RateLimits), Refused))]
pub(super) async fn get_rate_limits(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
) -> Result<Answer<RateLimits>, Problem> {
    answer(&app, &services, &space).await
}

/// Sets the rate limit of one organization, or of all. What was counted stays.
#[utoipa::path(put, path = "/rate-limits", operation_id = "putRateLimits", tag = "Rate limits",
    security((), ("controlToken" = [])),
    params(SpaceQuery), request_body = PutRateLimits,
    responses((status = 200, description = "The rate limits", body = RateLimits), Refused))]
pub(super) async fn put_rate_limits(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    Json(body): Json<PutRateLimits>,
) -> Result<Outcome<RateLimits>, Problem> {
    let window = body.window.map(|text| parse_duration(&text).and_then(check_window));
    let window = window.transpose().map_err(|e| Error::invalid("/window", e))?;
    let mode: Option<Mode> =
        body.mode.map(|text| text.parse()).transpose().map_err(|e: String| Error::invalid("/mode", e))?;
    let mut db = app.db.write_in(&space).await?;
    let (_, default) = limited_service(&services)?;
    let mut organizations = store::organization::list(&mut db, space.id).await?;
    if let Some(code) = &body.organization {
        organizations.retain(|o: &Organization| o.customer_code.to_string() == *code);
        if organizations.is_empty() {
            return Err(Error::NotFound(format!("there is no organization with the customer code `{code}`")).into());
        }
    }
    let sets_nothing = body.limit.is_none() && window.is_none() && mode.is_none();
    let why_nothing = match organizations.as_slice() {
        _ if sets_nothing => "no limit, window or mode was filled in",
        [] => "there is no organization",
        [_, ..] => "the limits are these already",
    };
    if sets_nothing {
        // Else each would get the default as a limit of its own.
        organizations.clear();
    }
    let mut is_same = true;
    for organization in organizations {
        let before = rate_window::policy(&mut db, organization.id).await?;
        let mut policy = before.unwrap_or(default);
        policy.limit = body.limit.map_or(policy.limit, i64::from);
        policy.window = window.unwrap_or(policy.window);
        policy.mode = mode.or(policy.mode);
        is_same &= before == Some(policy);
        rate_window::set_policy(&mut db, organization.id, policy).await?;
    }
    db.commit().await?;
    let nothing = NothingDone::when(is_same, why_nothing);
    Ok((nothing, answer(&app, &services, &space).await?))
}

/// Starts every count over.
#[utoipa::path(post, path = "/rate-limits/reset", operation_id = "resetRateLimits", tag = "Rate limits",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "The rate limits", body = RateLimits), Refused))]
pub(super) async fn reset_rate_limits(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
) -> Result<Outcome<RateLimits>, Problem> {
    let before = answer(&app, &services, &space).await?.0;
    let mut db = app.db.write_in(&space).await?;
    rate_window::reset(&mut db);
    db.commit().await?;
    let nothing = NothingDone::when(before.windows.is_empty(), "nothing was counted yet");
    Ok((nothing, answer(&app, &services, &space).await?))
}
