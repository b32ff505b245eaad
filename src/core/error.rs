//! What can go wrong for every service and for the control API. Becomes HTTP as the last step, in each service's own
//! words; what only one of them refuses is in its own list.

use std::{
    borrow::Cow,
    error::Error as StdError,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Seconds after which a client that met an outage, or a space that was just replaced, may ask again.
pub const RETRY_AFTER_OUTAGE: i64 = 1;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    // Who is asking.
    /// The request carries no credential.
    #[error("no credential")]
    CredentialMissing,
    /// The credential is unknown, expired or belongs to another tenant.
    #[error("the credential is not valid here")]
    CredentialRejected,
    /// Too many requests.
    #[error("too many requests")]
    RateLimited {
        /// Seconds until there may be more.
        retry_after: i64,
    },

    // What they sent.
    /// The body or a parameter cannot be read; the text is for our log, vendors do not tell.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// The body is larger than we take.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body does not come.
    #[error("the body took too long to come")]
    BodyTooSlow,
    /// A value in a control request is wrong.
    #[error("{detail}")]
    Invalid {
        /// JSON pointer to the value.
        pointer: String,
        /// What is wrong, and what would be right.
        detail: String,
    },

    // What they meant.
    /// A thing that the request names does not exist.
    #[error("{0}")]
    NotFound(String),
    /// No such path.
    #[error("no such path")]
    RouteUnknown,
    /// The path exists, the method does not.
    #[error("no such method here")]
    MethodUnknown,

    // Us.
    /// Everything in the space was replaced after the request had been let in.
    #[error("everything was replaced while the request was under way: send it again")]
    DataReplaced,
    /// The request took too long.
    #[error("timed out")]
    TimedOut,
    /// The database does not answer.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// A defect of ours. Logged with its chain, never sent.
    #[error("internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// Wraps a defect.
    pub fn internal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// A wrong value in a control request, by its JSON pointer.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), detail: detail.into() }
    }

    /// Writes what a client is not told into the log: our defects, with their whole chain. Why a request could not be
    /// read stands in the journal, because it repeats what was sent.
    pub fn log(&self) {
        let (error, left_out) = match self {
            Self::Internal(error) => (error, 0),
            Self::Unavailable(error) => match OUTAGE_LINES.next() {
                Some(left_out) => (error, left_out),
                None => return,
            },
            Self::CredentialMissing
            | Self::CredentialRejected
            | Self::RateLimited { .. }
            | Self::Unreadable(_)
            | Self::BodyTooLarge
            | Self::BodyTooSlow
            | Self::Invalid { .. }
            | Self::NotFound(_)
            | Self::RouteUnknown
            | Self::MethodUnknown
            | Self::DataReplaced
            | Self::TimedOut => return,
        };
        let mut chain = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push(error.to_string());
            cause = error.source();
        }
        let left_out = (left_out > 0).then_some(left_out);
        tracing::error!(error = chain.join(": "), left_out, "{self}");
    }
}

/// In an outage every request fails alike, so not each gets a line.
static OUTAGE_LINES: FewLines = FewLines(Mutex::new(None));

/// Leaves lines out that come too fast: when the last one was written, and how many were left out since.
struct FewLines(Mutex<Option<(Instant, u64)>>);

impl FewLines {
    const APART: Duration = Duration::from_secs(5);

    /// Asks for a line: how many were left out before it; `None` when it is left out itself.
    fn next(&self) -> Option<u64> {
        let mut last = self.0.lock();
        match &mut *last {
            Some((at, left_out)) if at.elapsed() < Self::APART => {
                *left_out += 1;
                None
            }
            last => Some(last.replace((Instant::now(), 0)).map_or(0, |(_, left_out)| left_out)),
        }
    }
}

/// A name as a part of a JSON pointer (RFC 6901), in which a slash separates.
pub fn escape_in_pointer(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) { name.replace('~', "~0").replace('/', "~1").into() } else { name.into() }
}

/// What [`escape_in_pointer`] made of a name.
pub fn unescape_in_pointer(part: &str) -> Cow<'_, str> {
    if part.contains('~') { part.replace("~1", "/").replace("~0", "~").into() } else { part.into() }
}

/// A JSON pointer (RFC 6901).
pub fn pointer<T: AsRef<str>>(path: impl IntoIterator<Item = T>) -> String {
    path.into_iter().fold(String::new(), |mut pointer, name| {
        pointer.push('/');
        pointer.push_str(&escape_in_pointer(name.as_ref()));
        pointer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_too_fast_are_left_out_and_counted() {
        let lines = FewLines(Mutex::new(None));
        assert_eq!([lines.next(), lines.next(), lines.next()], [Some(0), None, None]);
        if let Some((at, _)) = &mut *lines.0.lock() {
            *at = at.checked_sub(FewLines::APART).unwrap();
        }
        assert_eq!([lines.next(), lines.next()], [Some(2), None]);
    }
}
