//! How long a request may take.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{core::error::Error, http::problem::Problem};

/// How long a request of a service may take, without the time that a tester lets it wait.
const SERVICE_LIMIT: Duration = Duration::from_secs(30);
/// How much longer is waited for an answer that says itself that it took too long.
const GRACE: Duration = Duration::from_secs(2);
/// How long a request of the control API may take: a reset or an import is as long as what it replaces.
const CONTROL_LIMIT: Duration = Duration::from_mins(2);
/// How long any request may take. Longer than the others, whose words are better; it is for those that have none.
const LIMIT: Duration = Duration::from_mins(3);

/// When a request's time is up. Clones share it.
#[derive(Clone)]
pub struct Deadline {
    at: Arc<Mutex<Instant>>,
    grace: Duration,
}

impl Deadline {
    /// That of a request that begins now.
    pub fn of_service_request() -> Self {
        Self { at: Arc::new(Mutex::new(Instant::now() + SERVICE_LIMIT)), grace: Duration::ZERO }
    }

    /// The same, a bit later.
    pub fn with_grace(&self) -> Self {
        Self { grace: GRACE, ..self.clone() }
    }

    /// Gives the request more time.
    pub fn extend(&self, by: Duration) {
        *self.at.lock() += by;
    }

    /// Does the work while there is time. Where it is pinned it stays, because a future that is moved is copied.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub async fn hold<T>(&self, mut work: Pin<&mut impl Future<Output = T>>) -> Result<T, Error> {
        loop {
            let at = self.instant();
            match timeout_at(at, work.as_mut()).await {
                Ok(done) => return Ok(done),
                // It was given more meanwhile.
                Err(_) if self.instant() > at => {}
                Err(_) => return Err(Error::TimedOut),
            }
        }
    }

    fn instant(&self) -> Instant {
        *self.at.lock() + self.grace
    }
}

/// Middleware of the control API.
pub(crate) async fn limit_control(request: Request, next: Next) -> Response {
    answer_within(CONTROL_LIMIT, next.run(request)).await
}

/// What [`LIMIT`] is for.
pub(super) async fn answer_in_time(answer: impl Future<Output = Response>) -> Response {
    answer_within(LIMIT, answer).await
}

async fn answer_within(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    timeout(limit, answer).await.unwrap_or_else(|_| Problem::from(Error::TimedOut).into_response())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_ends_at_its_deadline_and_later_where_a_tester_lets_it_wait() {
        let (began, deadline) = (Instant::now(), Deadline::of_service_request());
        assert!(matches!(deadline.hold(pin!(std::future::pending::<()>())).await, Err(Error::TimedOut)));
        assert_eq!(began.elapsed(), SERVICE_LIMIT);
        let (began, deadline) = (Instant::now(), Deadline::of_service_request());
        let work = async {
            deadline.extend(Duration::from_mins(1));
            std::future::pending::<()>().await;
        };
        assert!(deadline.with_grace().hold(pin!(work)).await.is_err());
        assert_eq!(began.elapsed(), SERVICE_LIMIT + Duration::from_mins(1) + GRACE);
        assert!(Deadline::of_service_request().hold(pin!(async { 1 })).await.is_ok());
    }
}
