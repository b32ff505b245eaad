//! What an error's body may have to tell of its request: where it went, when, and under which id.

use std::{cell::Cell, sync::Arc, time::Instant};

use axum::{
    extract::OriginalUri,
    http::{Uri, request::Parts},
};

use crate::core::clock::{Clock, Time};

/// Finds the address of a request as the client sent it, because a router takes away what its routes are mounted behind.
pub fn find_sent_uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |sent| &sent.0)
}

tokio::task_local! {
    static CURRENT: Known;
}

struct Known {
    path: Arc<str>,
    id: Arc<str>,
    arrived: Instant,
    /// Known once the request's space is.
    now: Cell<Option<Time>>,
    /// Somebody asked for it.
    was_read: Cell<bool>,
}

/// Known from the moment a request arrives until its answer is there.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The path as the client sent it, with what the service is mounted behind.
    pub path: Arc<str>,
    /// The time in the request's space; the machine's as long as the space is not known, because the database is away
    /// or was not asked yet.
    pub now: Time,
    /// The request's id, as the header `X-Request-Id` tells it.
    pub id: Arc<str>,
    /// When it arrived, before it waited for anything.
    pub arrived: Instant,
}

impl RequestContext {
    /// The context of the request that this task answers. An error is rendered where it arises, because a handler's
    /// result becomes a response before any middleware sees it; so it cannot be handed down.
    pub fn current() -> Option<Self> {
        let read = |known: &Known| {
            known.was_read.set(true);
            Self {
                path: Arc::clone(&known.path),
                now: known.now.get().unwrap_or_else(|| Clock::Real.now()),
                id: Arc::clone(&known.id),
                arrived: known.arrived,
            }
        };
        CURRENT.try_with(read).ok()
    }

    /// The id of the request that this task answers, for the log. No answer is to have it from here.
    pub fn id_for_log() -> Option<Arc<str>> {
        CURRENT.try_with(|known| Arc::clone(&known.id)).ok()
    }

    /// Whether an answer tells of this request, and so cannot be given to another.
    pub(super) fn was_read() -> bool {
        CURRENT.try_with(|known| known.was_read.get()).unwrap_or(false)
    }

    /// Says what time it is in the space of the request that this task answers.
    pub(super) fn set_time(now: Time) {
        // Without a context there is no error body that tells the time.
        let _ = CURRENT.try_with(|known| known.now.set(Some(now)));
    }

    /// Runs what answers a request to this path, under this id, in its context.
    pub(super) async fn scope<F: Future>(path: Arc<str>, id: &Arc<str>, arrived: Instant, answer: F) -> F::Output {
        let known = Known { path, id: Arc::clone(id), arrived, now: Cell::default(), was_read: Cell::default() };
        CURRENT.scope(known, answer).await
    }
}
