//! From credential to principal. Never refuses: that is for the handler's [`super::caller::Caller`].

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{MatchedPath, OriginalUri, Request, State},
    http::{HeaderValue, header::DATE, request::Parts},
    middleware::Next,
    response::Response,
};

use crate::{
    app::{App, Remembered},
    core::{clock::Time, error::Error, rate_window::Standing, token::PlainToken},
    domain::{credential::CredentialId, fault_rule::Effect, organization::SpaceId, selector::Asked},
    http::{
        fault_rule,
        observe::RequestId,
        operations::Operations,
        rate_limit,
        replayable_request::ReplayableRequest,
        request_context::RequestContext,
        vendor_service::{Outcome, Presented, VendorService, refuse},
    },
    store,
};

/// How long a request may take.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// What identifying needs to know of a service.
#[derive(Clone)]
pub struct Service {
    pub app: App,
    /// The service's operations.
    pub operations: Arc<Operations<&'static str>>,
}

/// What is known of a request before its handler runs.
#[derive(Debug, Clone)]
pub struct Identified {
    /// What became of the credential.
    pub outcome: Outcome,
    /// The space it is in: the credential's, or the default one.
    pub space: SpaceId,
    /// What the space was at.
    pub revision: i64,
    /// The generation that was in it, see [`Space::generation`](crate::domain::organization::Space::generation).
    pub generation: i64,
    /// The handler has opened a session that writes.
    pub wrote: Arc<AtomicBool>,
    pub now: Time,
    /// The credential, when it is good.
    pub credential: Option<CredentialId>,
    /// What people call it.
    pub label: Option<Arc<str>>,
    /// What it may do, in a few words.
    pub held: Option<Arc<str>>,
    /// Which operation is asked for; `None` for a path or method that is none.
    pub operation: Option<&'static str>,
    /// What the handler's caller needs, once it was asked.
    pub needed: Arc<OnceLock<&'static str>>,
}

/// How a request was decided: left on the answer for the log, the metrics and the journal.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The service; `None` where the path is no service's.
    pub service: Option<&'static str>,
    /// What was known before the handler ran, and what its caller needed.
    pub identified: Identified,
    /// The window that the request was counted in.
    pub standing: Option<Standing>,
    /// The injected fault that hit it: the rule, and what it does.
    pub fault: Option<(String, Effect)>,
}

/// Middleware: identifies, counts, lets the handler run, dates the answer by the space's clock. All of it once more
/// when everything in the space was replaced meanwhile, so that no answer is of two worlds.
pub async fn authenticate<S: VendorService>(State(service): State<Service>, request: Request, next: Next) -> Response {
    let mut request = match ReplayableRequest::of(request).await {
        Ok(request) => request,
        Err(fault) => return refuse::<S>(fault),
    };
    while let Some((parts, body)) = request.send() {
        let identified = match identify::<S>(&service.app, S::credential(&parts)).await {
            Ok(identified) => identified,
            Err(fault) => return refuse::<S>(fault),
        };
        let (space, generation, wrote) = (identified.space, identified.generation, Arc::clone(&identified.wrote));
        let context = request_context(&parts, identified.now);
        let answer = decide_and_run::<S>(&service, parts, body, identified, next.clone());
        let answer = context.scope(answer).await;
        // What was written was written to the generation that the request was let into.
        if wrote.load(Ordering::Relaxed) {
            return answer;
        }
        match service.app.db.generation(space).await {
            Ok(now) if now == Some(generation) => return answer,
            Ok(_) => {}
            Err(fault) => return refuse::<S>(fault),
        }
        if let Err(fault) = service.app.db.wait_for_writer().await {
            return refuse::<S>(fault);
        }
    }
    refuse::<S>(Error::DataReplaced)
}

fn request_context(parts: &Parts, now: Time) -> RequestContext {
    let path = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.path());
    let id = parts.extensions.get::<RequestId>().map(|id| Arc::clone(&id.0)).unwrap_or_default();
    RequestContext { path: path.into(), now, id }
}

async fn decide_and_run<S: VendorService>(
    service: &Service,
    mut parts: Parts,
    body: Body,
    mut identified: Identified,
    next: Next,
) -> Response {
    let app = &service.app;
    let route = parts.extensions.get::<MatchedPath>();
    identified.operation = route.and_then(|route| service.operations.find(route.as_str(), &parts.method).copied());
    let standing = match count::<S>(app, &identified).await {
        Ok(standing) => standing,
        Err(fault) => return refuse::<S>(fault),
    };
    let fault =
        match fault_rule::find(app, identified.space, identified.revision, match_input::<S>(&parts, &identified)).await
        {
            Ok(fault) => fault,
            Err(fault) => return refuse::<S>(fault),
        };
    parts.extensions.insert(identified.clone());
    let run = next.run(Request::from_parts(parts, body));
    let effect = fault.as_ref().map(|(_, effect)| effect);
    if let Some(effect) = effect {
        fault_rule::delay(effect).await;
    }
    let mut response = match (effect.and_then(fault_rule::answer::<S>), &standing) {
        (Some(injected), _) => injected,
        (None, Some(standing)) if standing.exceeded => {
            refuse::<S>(Error::RateLimited { retry_after: standing.retry_after })
        }
        _ => tokio::time::timeout(TIMEOUT, run).await.unwrap_or_else(|_| refuse::<S>(Error::TimedOut)),
    };
    if let Some(standing) = &standing {
        rate_limit::write_headers(&mut response, standing);
    }
    response.headers_mut().insert(DATE, format_http_date(identified.now));
    response.extensions_mut().insert(Decision { service: Some(S::NAME), identified, standing, fault });
    response
}

/// What is decided of a request whose path is no service's.
pub async fn of_no_service(app: &App) -> Result<Decision, Error> {
    let identified = anonymous(app, Outcome::Nothing).await?;
    Ok(Decision { service: None, identified, standing: None, fault: None })
}

/// The request, as injected faults see it.
fn match_input<'a, S: VendorService>(parts: &'a Parts, identified: &'a Identified) -> Asked<'a> {
    let path = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.path());
    Asked {
        service: Some(S::NAME),
        operation: identified.operation,
        credential: identified.label.as_deref(),
        method: parts.method.as_str(),
        path,
    }
}

/// Counts the request against the credential's limit, if it has one.
async fn count<S: VendorService>(app: &App, identified: &Identified) -> Result<Option<Standing>, Error> {
    let (Some(credential), Some(operation)) = (identified.credential, identified.operation) else { return Ok(None) };
    let Ok(principal) = identified.outcome.principal::<S>() else { return Ok(None) };
    let Some(policy) = S::rate_limit(app, &principal) else { return Ok(None) };
    rate_limit::count(app, (identified.space, identified.generation), credential, operation, policy, identified.now)
        .await
}

async fn identify<S: VendorService>(app: &App, presented: Presented) -> Result<Identified, Error> {
    let token = match presented {
        Presented::Token(token) => token,
        Presented::Nothing => return anonymous(app, Outcome::Nothing).await,
        Presented::Unreadable => return anonymous(app, Outcome::Bad).await,
    };
    let Some(known) = authenticate_token::<S>(app, &token).await? else { return anonymous(app, Outcome::Bad).await };
    let now = known.space.now();
    let expired = known.credential.expires_at.is_some_and(|at| at <= now);
    Ok(Identified {
        outcome: if expired { Outcome::Bad } else { Outcome::Good(Arc::clone(&known.principal)) },
        space: known.space.id,
        revision: known.space.revision,
        generation: known.space.generation(),
        wrote: Arc::default(),
        now,
        credential: (!expired).then_some(known.credential.id),
        label: Some(Arc::clone(&known.label)),
        held: Some(Arc::clone(&known.held)),
        operation: None,
        needed: Arc::default(),
    })
}

async fn anonymous(app: &App, outcome: Outcome) -> Result<Identified, Error> {
    let space = app.default_space().await?;
    Ok(Identified {
        outcome,
        space: space.id,
        revision: space.revision,
        generation: space.generation(),
        wrote: Arc::default(),
        now: space.now(),
        credential: None,
        label: None,
        held: None,
        operation: None,
        needed: Arc::default(),
    })
}

/// The remembered credential, if its space has not changed since; else the stored one.
async fn authenticate_token<S: VendorService>(app: &App, token: &PlainToken) -> Result<Option<Arc<Remembered>>, Error> {
    let fingerprint = app.keyring.fingerprint(token);
    let remembered = app.identities.get(&fingerprint);
    if let Some(known) = &remembered
        && app.db.revision(known.space.id).await? == Some(known.space.revision)
    {
        return Ok((known.credential.service == S::NAME).then(|| Arc::clone(known)));
    }
    let mut db = app.db.read().await?;
    let Some((credential, space)) = store::credential::find(&mut db, S::NAME, fingerprint).await? else {
        return Ok(None);
    };
    let principal = S::principal(&mut db, &credential).await?;
    drop(db);
    // The slow check is needed once per hash: what changed may be anything else in the space.
    let verified = remembered.is_some_and(|known| known.credential.hash == credential.hash)
        || app.verify(token, &credential.hash).await?;
    let (Some(principal), true) = (principal, verified) else { return Ok(None) };
    let (label, held) = (Arc::from(credential.label.as_str()), S::held(&principal).into());
    // It may be another process that made it.
    app.keyring.learn(fingerprint, &credential.label);
    let known = Arc::new(Remembered { credential, label, held, space, principal: Arc::new(principal) });
    app.identities.insert(fingerprint, Arc::clone(&known));
    Ok(Some(known))
}

/// A `Date` header.
pub fn format_http_date(now: Time) -> HeaderValue {
    let text = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}
