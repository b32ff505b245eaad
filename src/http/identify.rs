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

use super::{
    emulated::{Emulated, Outcome, Presented, refuse},
    inject,
    operations::Operations,
    rate_limit,
    repeat::Repeatable,
};
use crate::{
    app::{App, Remembered},
    core::{clock::Time, fault::Fault, token::PlainToken, window::Standing},
    domain::{credential::CredentialId, injection::Effect, organization::SpaceId, selector::Asked},
    store,
};

/// How long a request may take.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// What identifying needs to know of a service.
#[derive(Clone)]
pub struct Service {
    /// The running thing.
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
    /// The world that was in it, see [`Space::world`](crate::domain::organization::Space::world).
    pub world: i64,
    /// The handler has opened a session that writes.
    pub wrote: Arc<AtomicBool>,
    /// The time there.
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
pub async fn identify<S: Emulated>(State(service): State<Service>, request: Request, next: Next) -> Response {
    let mut request = match Repeatable::of(request).await {
        Ok(request) => request,
        Err(fault) => return refuse::<S>(fault),
    };
    while let Some((parts, body)) = request.send() {
        let identified = match look::<S>(&service.app, S::credential(&parts)).await {
            Ok(identified) => identified,
            Err(fault) => return refuse::<S>(fault),
        };
        let (space, world, wrote) = (identified.space, identified.world, Arc::clone(&identified.wrote));
        let answer = answer::<S>(&service, parts, body, identified, next.clone()).await;
        // What was written was written to the world that the request was let into.
        if wrote.load(Ordering::Relaxed) {
            return answer;
        }
        match service.app.db.world(space).await {
            Ok(now) if now == Some(world) => return answer,
            Ok(_) => {}
            Err(fault) => return refuse::<S>(fault),
        }
        if let Err(fault) = service.app.db.settled().await {
            return refuse::<S>(fault);
        }
    }
    refuse::<S>(Fault::WorldReplaced)
}

async fn answer<S: Emulated>(
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
    let fault = match inject::find(app, identified.space, identified.revision, asked::<S>(&parts, &identified)).await {
        Ok(fault) => fault,
        Err(fault) => return refuse::<S>(fault),
    };
    parts.extensions.insert(identified.clone());
    let run = next.run(Request::from_parts(parts, body));
    let effect = fault.as_ref().map(|(_, effect)| effect);
    if let Some(effect) = effect {
        inject::delay(effect).await;
    }
    let mut response = match (effect.and_then(inject::answer::<S>), &standing) {
        (Some(injected), _) => injected,
        (None, Some(standing)) if standing.exceeded => {
            refuse::<S>(Fault::RateLimited { retry_after: standing.retry_after })
        }
        _ => tokio::time::timeout(TIMEOUT, run).await.unwrap_or_else(|_| refuse::<S>(Fault::TimedOut)),
    };
    if let Some(standing) = &standing {
        rate_limit::say(&mut response, standing);
    }
    response.headers_mut().insert(DATE, http_date(identified.now));
    response.extensions_mut().insert(Decision { service: Some(S::NAME), identified, standing, fault });
    response
}

/// What is decided of a request whose path is no service's.
///
/// # Errors
/// [`Fault::Unavailable`].
pub async fn of_no_service(app: &App) -> Result<Decision, Fault> {
    let identified = nobody(app, Outcome::Nothing).await?;
    Ok(Decision { service: None, identified, standing: None, fault: None })
}

/// The request, as injected faults see it.
fn asked<'a, S: Emulated>(parts: &'a Parts, identified: &'a Identified) -> Asked<'a> {
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
async fn count<S: Emulated>(app: &App, identified: &Identified) -> Result<Option<Standing>, Fault> {
    let (Some(credential), Some(operation)) = (identified.credential, identified.operation) else { return Ok(None) };
    let Ok(principal) = identified.outcome.principal::<S>() else { return Ok(None) };
    let Some(policy) = S::rate_limit(app, &principal) else { return Ok(None) };
    rate_limit::count(app, (identified.space, identified.world), credential, operation, policy, identified.now).await
}

async fn look<S: Emulated>(app: &App, presented: Presented) -> Result<Identified, Fault> {
    let token = match presented {
        Presented::Token(token) => token,
        Presented::Nothing => return nobody(app, Outcome::Nothing).await,
        Presented::Unreadable => return nobody(app, Outcome::Bad).await,
    };
    let Some(known) = recognise::<S>(app, &token).await? else { return nobody(app, Outcome::Bad).await };
    let now = known.space.now();
    let expired = known.credential.expires_at.is_some_and(|at| at <= now);
    Ok(Identified {
        outcome: if expired { Outcome::Bad } else { Outcome::Good(Arc::clone(&known.principal)) },
        space: known.space.id,
        revision: known.space.revision,
        world: known.space.world(),
        wrote: Arc::default(),
        now,
        credential: (!expired).then_some(known.credential.id),
        label: Some(Arc::clone(&known.label)),
        held: Some(Arc::clone(&known.held)),
        operation: None,
        needed: Arc::default(),
    })
}

async fn nobody(app: &App, outcome: Outcome) -> Result<Identified, Fault> {
    let space = app.default_space().await?;
    Ok(Identified {
        outcome,
        space: space.id,
        revision: space.revision,
        world: space.world(),
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
async fn recognise<S: Emulated>(app: &App, token: &PlainToken) -> Result<Option<Arc<Remembered>>, Fault> {
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
#[must_use]
pub fn http_date(now: Time) -> HeaderValue {
    let text = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}
