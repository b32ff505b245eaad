//! What becomes of a request: counted, delayed, refused, or answered by its handler.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
};

use axum::{
    body::Body,
    extract::MatchedPath,
    http::{StatusCode, header::DATE, request::Parts},
    middleware::Next,
    response::Response,
};
use bytestring::ByteString;

use crate::{
    app::App,
    core::{
        error::Error,
        rate_window::{Policy, Standing},
    },
    domain::{
        fault_rule::{Effect, Hit},
        journal::CredentialOutcome,
        path_pattern::{PathPattern, normalize},
    },
    http::{
        authenticate::{Identified, Inner, anonymous, format_http_date},
        fault_rule, rate_limit,
        remembered_answer::{self, Origin},
        request_context::{RequestContext, find_sent_uri},
        time_limit::Deadline,
        vendor_service::{Outcome, Refusal, VendorService, refuse},
    },
};

/// How a request was decided: left on the answer for the log, the metrics and the journal.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The service; `None` where the path is no service's.
    pub service: Option<&'static str>,
    /// What was known before the handler ran, and what its caller needed.
    pub identified: Identified,
    /// The window that the request was counted in.
    pub standing: Option<Standing>,
    /// The injected fault that hit it.
    pub fault: Option<Hit>,
    /// Further paths that it is found by.
    pub other_paths: Vec<ByteString>,
}

impl Decision {
    /// What is known of a request before anything is decided.
    pub(super) fn begin<S: VendorService>(service: &Inner<S>, parts: &Parts, mut identified: Identified) -> Self {
        let route = parts.extensions.get::<MatchedPath>();
        identified.operation = route.and_then(|route| service.operations.find(route.as_str(), &parts.method)?.id);
        let other_paths = find_other_paths::<S>(find_sent_uri(parts).path());
        Self { service: Some(S::NAME), identified, standing: None, fault: None, other_paths }
    }

    /// Refuses the request, whatever was decided.
    fn refuse<S: VendorService>(self, error: Error) -> Response {
        let mut refusal = refuse::<S>(error);
        refusal.headers_mut().insert(DATE, self.identified.date_header());
        refusal.extensions_mut().insert(self);
        refusal
    }

    /// Refuses the request because its generation is gone. Its connection suffers nothing, and no journal will have it.
    pub(super) fn refuse_as_outlived<S: VendorService>(mut self) -> Response {
        if let Some(hit) = &mut self.fault {
            hit.effect.fault = None;
        }
        self.refuse::<S>(Error::DataReplaced)
    }
}

/// Decides a request, and lets its handler run if that is what comes of it.
pub(super) async fn decide_and_run<S: VendorService>(
    service: &Inner<S>,
    deadline: &Deadline,
    (parts, mut body): (Arc<Parts>, Body),
    (outcome, identified): (Outcome<S>, Identified),
    next: Next,
) -> (Response, Origin) {
    let app = &service.app;
    let new = |response| (response, Origin::New(None));
    let mut decision = Decision::begin(service, &parts, identified);
    let attributes = fault_rule::attributes::<S>(&parts, &decision.identified, &decision.other_paths);
    decision.fault = match fault_rule::find(app, &decision.identified, attributes, &parts, &mut body).await {
        Ok(fault) => fault,
        Err(error @ (Error::BodyTooLarge | Error::BodyTooSlow | Error::Unreadable(_))) => {
            return new(decision.refuse::<S>(error));
        }
        Err(error) => return new(refuse::<S>(error)),
    };
    let Decision { identified, standing, fault, .. } = &mut decision;
    let effect = fault.as_ref().map(|hit| &hit.effect);
    if !effect.is_some_and(Effect::is_uncounted) {
        *standing = match count::<S>(app, &outcome, identified).await {
            Ok(standing) => standing,
            Err(error) => return new(refuse::<S>(error)),
        };
    }
    let target = fault.is_some().then(|| fault_rule::AnswerTarget::of(&parts));
    let allowed = || parts.extensions.get::<MatchedPath>().and_then(|it| service.operations.write_allowed(it.as_str()));
    let asked = fault.is_some().then(|| fault_rule::Asked::of(&parts, &outcome, allowed()));
    if let Some(effect) = effect {
        let delay = fault_rule::delay(effect);
        deadline.extend(delay);
        fault_rule::wait(delay).await;
    }
    let injected = effect.zip(asked.as_ref());
    let injected = injected.and_then(|(effect, asked)| fault_rule::answer(effect, identified.operation, asked));
    let (mut response, origin) = match (injected, &mut *standing) {
        (Some(injected), standing) if injected.status() == StatusCode::TOO_MANY_REQUESTS => {
            let uncounted = || Some(find_policy::<S>(app, &outcome, identified)?.standing(0, identified.now));
            new(rate_limit::pretend_exceeded(injected, standing.as_mut(), uncounted))
        }
        (Some(injected), _) => new(injected),
        (None, Some(standing)) if standing.exceeded => new(refuse_exceeded(service, standing, identified)),
        _ => {
            let answer = pin!(remembered_answer::answer::<S>(app, parts, body, outcome, identified, next));
            deadline.hold(answer).await.unwrap_or_else(|error| new(refuse::<S>(error)))
        }
    };
    if let Some(standing) = standing {
        rate_limit::write_headers(&mut response, standing);
    }
    response.headers_mut().insert(DATE, format_http_date(identified.now));
    if let Some(effect) = effect {
        fault_rule::write_headers(effect, &mut response);
    }
    if let Some(target) = target {
        response.extensions_mut().insert(target);
    }
    response.extensions_mut().insert(decision);
    (response, origin)
}

/// Refuses a request that came after the last one of its window.
fn refuse_exceeded<S: VendorService>(service: &Inner<S>, standing: &Standing, identified: &Identified) -> Response {
    let mut response = refuse::<S>(Error::RateLimited { retry_after: standing.retry_after });
    if identified.is_clock_frozen {
        const WHY: &str = "too many requests: the space's clock is frozen, so that the window ends only when the \
                           control API's `clock/advance` moves it";
        if !service.has_told_of_frozen_clock.swap(true, Ordering::Relaxed) {
            tracing::warn!(service = S::NAME, "{WHY}");
        }
        response.extensions_mut().insert(Refusal(WHY.to_owned()));
    }
    response
}

/// What is decided of a request whose path is no service's.
pub async fn of_no_service(app: &App) -> Result<Decision, Error> {
    let identified = anonymous(app, CredentialOutcome::Nothing).await?;
    RequestContext::set_time(identified.now);
    Ok(Decision { service: None, identified, standing: None, fault: None, other_paths: Vec::new() })
}

/// Finds the other paths that a rule may mean this one by, because testers know an operation by each of them: as the
/// vendor writes it, and without what the service is mounted behind once more.
fn find_other_paths<S: VendorService>(path: &str) -> Vec<ByteString> {
    let normal = normalize(path);
    let written = S::write_path(&normal);
    let below = S::MOUNTED_AGAIN_AT.and_then(|base| PathPattern::new(base).strip_from(&written));
    (written != path).then_some(&*written).into_iter().chain(below).map(Into::into).collect()
}

/// What the request would be counted by, if anybody counted it.
fn find_policy<S: VendorService>(app: &App, outcome: &Outcome<S>, identified: &Identified) -> Option<Policy> {
    let own = match (outcome, identified.operation) {
        (Outcome::Good(principal), Some(operation)) => S::rate_limit(app, principal, operation),
        _ => None,
    };
    own.or_else(|| S::usual_rate_limit(app))
}

/// Counts the request against the credential's limit, if it has one.
async fn count<S: VendorService>(
    app: &App,
    outcome: &Outcome<S>,
    identified: &Identified,
) -> Result<Option<Standing>, Error> {
    let (Some(credential), Some(operation)) = (identified.credential, identified.operation) else { return Ok(None) };
    let Outcome::Good(principal) = outcome else { return Ok(None) };
    let Some(policy) = S::rate_limit(app, principal, operation) else { return Ok(None) };
    rate_limit::count(app, (identified.space, identified.generation), credential, operation, policy, identified.now)
        .await
}
