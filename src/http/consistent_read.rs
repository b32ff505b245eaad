//! Answers that tell of one generation of a space's data, however many sessions they are read in.
//!
//! It is a seqlock. Whoever replaces everything in a space (a seed, a reset, an import) raises its generation, and
//! waits for no reader. A reader remembers the generation, reads, and looks at the generation again: if it is another
//! one, what was read may be half of the old data and half of the new, so it is thrown away and read once more.

use std::sync::Arc;

use axum::{body::Body, extract::Request, http::request::Parts, response::Response};

use crate::{
    core::error::Error, domain::organization::SpaceId, http::replayable_request::ReplayableRequest, store::Db,
};

/// Keeps an answer, if it may be kept. Called with the space's revision after the answer was made, because only one
/// that is the same as before says that nothing was written meanwhile.
pub(crate) type WhenRead = Box<dyn FnOnce(i64) + Send>;

/// What came of answering once.
pub(crate) enum Attempt {
    /// It holds, because nothing was read, or because it was written to the generation it was read from.
    Final(Response),
    /// It refuses what was decided by rights that have changed, before anything was written: it holds if the request
    /// cannot be decided once more.
    Outdated(Response),
    /// It holds if this is still the space's generation.
    ReadFrom { space: SpaceId, generation: i64, answer: Response, when_read: Option<WhenRead> },
}

/// Answers until the data that an answer was read from is still there afterwards.
///
/// # Errors
/// [`Error::DataReplaced`] when the data was replaced and the request's body is gone; [`Error::Unreadable`],
/// [`Error::Unavailable`], and what `attempt` fails with.
pub(crate) async fn answer_consistently<F>(
    db: &Db,
    request: Request,
    attempt: impl Fn(Arc<Parts>, Body) -> F,
) -> Result<Response, Error>
where
    F: Future<Output = Result<Attempt, Error>>,
{
    let mut request = ReplayableRequest::of(request).await?;
    let mut outdated = None;
    while let Some((parts, body)) = request.send() {
        match attempt(parts, body).await? {
            Attempt::Final(answer) => return Ok(answer),
            Attempt::Outdated(answer) => {
                outdated = Some(answer);
                continue;
            }
            Attempt::ReadFrom { space, generation, answer, when_read } => {
                let at = db.position(space).await?;
                if let Some(at) = at.filter(|at| at.generation == generation) {
                    if let Some(when_read) = when_read {
                        when_read(at.revision);
                    }
                    return Ok(answer);
                }
            }
        }
        // Who replaces the data has announced it, and has perhaps not finished: before that, there is nothing to read.
        db.wait_for_writer().await?;
    }
    outdated.ok_or(Error::DataReplaced)
}
