//! A request belongs to the generation of its space's data that it came into, from its first byte to its answer.
//!
//! It is a seqlock. Whoever replaces everything in a space (a seed, a reset, an import) raises its generation, and waits
//! for no request. A request notes the generation when it comes, and looks at it again when its answer is there: if it is
//! another one, what was read may be half of the old data and half of the new, so the answer is thrown away. What only
//! reads, and has waited for nothing, is asked once more, of the new data. Everything else is refused, because what was
//! asked before a reset must not change, nor be counted or kept in, the world after it. What writes looks at the
//! generation once more inside its transaction, see [`super::caller::Caller::write`].

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    body::HttpBody as _,
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};

use crate::{
    core::error::Error,
    http::{
        authenticate::{Identified, Inner, Service, find_presented, identify},
        decide::{Decision, decide_and_run},
        remembered_answer::Origin,
        replayable_request::ReplayableRequest,
        request_context::RequestContext,
        time_limit::Deadline,
        vendor_service::{Outcome, VendorService, refuse},
    },
};

/// Middleware: finds out who asks, and answers from the generation of the space that the request came into.
pub async fn answer_in_one_generation<S: VendorService>(
    State(service): State<Service<S>>,
    request: Request,
    next: Next,
) -> Response {
    let deadline = Deadline::of_service_request();
    let answer = pin!(answer::<S>(&service.0, &deadline, request, next));
    let answered = deadline.with_grace().hold(answer).await;
    S::complete(answered.unwrap_or_else(Err).unwrap_or_else(refuse::<S>))
}

/// Answers a request from the generation that it came into. One that is decided by rights that change meanwhile is
/// decided once more.
///
/// # Errors
/// [`Error::BodyTooSlow`]; [`Error::Unreadable`] when the client breaks off; [`Error::Unavailable`].
async fn answer<S: VendorService>(
    service: &Inner<S>,
    deadline: &Deadline,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    let db = &service.app.db;
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let Received { mut request, arrived, was_awaited } = receive::<S>(service, request).await?;
    let mut came_into = Some((arrived.1.space, arrived.1.generation));
    let can_be_asked_anew = is_read && !was_awaited;
    // What was true when the first byte came need not be when the last one does.
    let (mut known, came) = if was_awaited { (None, Some(arrived.1)) } else { (Some(arrived), None) };
    let mut outdated = None;
    while let Some((parts, body)) = request.send() {
        let (outcome, identified) = match known.take() {
            Some(known) => known,
            None => identify::<S>(service, find_presented::<S>(&parts)).await?,
        };
        RequestContext::set_time(identified.now);
        let (space, generation) = (identified.space, identified.generation);
        if came_into.is_some_and(|came_into| came_into != (space, generation)) {
            // As it was known when the request came, because what is known now is of another generation.
            return Ok(match (outdated, came) {
                (Some(answer), _) => refuse_outlived::<S>(answer),
                (None, Some(came)) => Decision::begin(service, &parts, came).refuse_as_outlived::<S>(),
                (None, None) => refuse::<S>(Error::DataReplaced),
            });
        }
        let (written, rights) = (Arc::clone(&identified.written), Arc::clone(&identified.outdated));
        let known = (outcome, identified);
        let (answer, origin) = decide_and_run::<S>(service, deadline, (parts, body), known, next.clone()).await;
        if rights.load(Ordering::Relaxed) {
            outdated = Some(answer);
            continue;
        }
        let has_waited = was_awaited || was_delayed(&answer);
        let memorable = match origin {
            // What was written was written to the generation that the request was let into.
            _ if written.has_opened_session() => return Ok(answer),
            // It is of the revision that the request was let in at.
            Origin::Remembered if !has_waited => return Ok(answer),
            Origin::Remembered => None,
            Origin::New(memorable) => memorable,
        };
        let at = db.position(space).await?;
        match at {
            Some(at) if at.generation == generation => {
                if let Some(memorable) = memorable {
                    memorable.keep_if_current(&service.app, at.revision);
                }
                return Ok(answer);
            }
            Some(_) if can_be_asked_anew && !has_waited => {
                came_into = None;
                // Replacing the data begins with a new generation, so it may still be going on: wait for its end, because
                // there is nothing to read before.
                db.wait_for_writer().await?;
            }
            Some(_) | None => return Ok(refuse_outlived::<S>(answer)),
        }
    }
    Ok(outdated.unwrap_or_else(|| refuse::<S>(Error::DataReplaced)))
}

/// A request, and who asked as it came.
struct Received<S: VendorService> {
    request: ReplayableRequest,
    arrived: (Outcome<S>, Identified),
    /// Its body was still to come when it was known who asks.
    was_awaited: bool,
}

/// Takes a request in, and finds out meanwhile who asks.
async fn receive<S: VendorService>(service: &Inner<S>, request: Request) -> Result<Received<S>, Error> {
    let is_here = AtomicBool::new(request.body().size_hint().exact() == Some(0));
    let (parts, body) = request.into_parts();
    let presented = find_presented::<S>(&parts);
    let request = Request::from_parts(parts, body);
    let arrival = async {
        let known = identify::<S>(service, presented).await?;
        Ok((known, !is_here.load(Ordering::Relaxed)))
    };
    let reading = async {
        let request = ReplayableRequest::of(request).await;
        is_here.store(true, Ordering::Relaxed);
        request
    };
    let ((arrived, was_awaited), request) = tokio::try_join!(arrival, reading)?;
    Ok(Received { request, arrived, was_awaited })
}

/// Whether a tester let the request wait.
fn was_delayed(answer: &Response) -> bool {
    let decision = answer.extensions().get::<Decision>();
    let hit = decision.and_then(|decision| decision.fault.as_ref());
    hit.is_some_and(|hit| hit.effect.delay_millis.is_some())
}

/// Refuses a request in place of its answer, because its generation is gone.
fn refuse_outlived<S: VendorService>(mut answer: Response) -> Response {
    match answer.extensions_mut().remove::<Decision>() {
        Some(decision) => decision.refuse_as_outlived::<S>(),
        None => refuse::<S>(Error::DataReplaced),
    }
}
