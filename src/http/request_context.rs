//! What an error's body may have to tell of its request: where it went, when, and under which id.

use std::{future::Future, sync::Arc};

use crate::core::clock::Time;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// Known from the moment a request is authenticated until its answer is there.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The path as the client sent it, with what the service is mounted behind.
    pub path: Arc<str>,
    /// The time in the request's space.
    pub now: Time,
    /// The request's id, as the header `X-Request-Id` tells it.
    pub id: Arc<str>,
}

impl RequestContext {
    /// The context of the request that this task answers. An error is rendered where it arises, because a handler's
    /// result becomes a response before any middleware sees it; so it cannot be handed down.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs what answers the request in its context.
    pub async fn scope<F: Future>(self, answer: F) -> F::Output {
        CURRENT.scope(self, answer).await
    }
}
