//! What a service has to say about itself to be served.

use std::{borrow::Cow, sync::Arc};

use axum::{
    http::{HeaderValue, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    core::{
        error::Error,
        rate_window::Policy,
        token::{Fingerprint, PlainToken},
    },
    domain::credential::Credential,
    http::{
        credential_places::{CredentialPlace, Location},
        document::{self, Document},
    },
    store::{Db, Session, credential::CredentialUse},
};

/// A vendor's service.
pub trait VendorService: Send + Sync + Sized + 'static {
    /// Its name in the store, in logs and in operations.
    const NAME: &'static str;

    /// Its document, by the file's name without the ending.
    const DOCUMENT: &'static str;

    /// A fault in the vendor's words.
    type Error: From<Error> + IntoResponse + Send;

    /// Whom a credential speaks for.
    type Principal: PartialEq + Send + Sync + 'static;

    /// What a scope asks of a request, beyond a good credential.
    type Need;

    /// The path in front of its operations'.
    const BASE: &'static str;

    /// What all its paths stand behind once more, if they do.
    const MOUNTED_AGAIN_AT: Option<&'static str> = None;

    /// What most of its answers are.
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");

    /// Where its requests carry credentials.
    const CREDENTIAL_PLACES: &'static [CredentialPlace];

    /// The headers, beside those of credentials, that decide what a request that only reads is answered, in lower case.
    /// Neither [`Self::admit`] nor a handler sees another, because answers are remembered by these.
    const READ_HEADERS: &'static [&'static str] = &[];

    /// Its document, as it was committed.
    fn document() -> &'static Document {
        document::find(Self::DOCUMENT)
    }

    /// Whether a credential is looked for at a place in a request with such an address.
    fn reads_credential_in(_parts: &Parts, _location: &Location) -> bool {
        true
    }

    /// Finds the credential in a request.
    fn credential(parts: &Parts) -> Presented;

    /// Reads a value of the query; `None` where it counts as left out.
    fn read_query_value(value: &str) -> Option<&str> {
        Some(value)
    }

    /// Writes a path as the vendor does, where it serves other spellings too. In a pattern, what stands for any segment
    /// stays as it is.
    fn write_path(path: &str) -> Cow<'_, str> {
        Cow::Borrowed(path)
    }

    /// Finds whom a credential speaks for; `None` when it speaks for nobody any more.
    fn principal<M: Send>(
        db: &mut Session<M>,
        credential: &Credential,
    ) -> impl Future<Output = Result<Option<Self::Principal>, Error>> + Send;

    /// What a principal may do, in a few words: for the journal.
    fn describe_permission(principal: &Self::Principal) -> String;

    /// How many requests of an operation a principal's credential may make; `None` where the vendor does not limit
    /// them.
    fn rate_limit(_app: &App, _principal: &Self::Principal, _operation: &str) -> Option<Policy> {
        None
    }

    /// The limit that a request which nobody counts is told of when a tester lets it exceed one; `None` where the vendor
    /// limits nobody.
    fn usual_rate_limit(_app: &App) -> Option<Policy> {
        None
    }

    /// The codes that its errors have. A fault with another one is refused, because no client will ever meet that;
    /// where there are none here, every code is taken.
    fn error_codes() -> Vec<ErrorCode> {
        Vec::new()
    }

    /// An error that a tester asked for, as the service itself would give it.
    fn injected(error: InjectedError<'_, Self::Principal>) -> Response;

    /// Puts onto an answer what every answer of the service has, refusals too.
    fn complete(answer: Response) -> Response {
        answer
    }

    /// Notes that a request was let in, where the service shows when its credentials were last used. Called at most
    /// once a minute for each credential.
    fn note_use(_db: &Db, _used: CredentialUse) -> impl Future<Output = Result<(), Error>> + Send {
        std::future::ready(Ok(()))
    }

    /// Decides whether the request goes on, in the vendor's order of checks. Of a request that only reads, by its
    /// address, [`Self::READ_HEADERS`], and what stands in front of the credential in its header.
    fn admit(parts: &Parts, outcome: &Outcome<Self>, need: &Self::Need) -> Result<Arc<Self::Principal>, Self::Error>;
}

/// A code that errors have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    pub name: &'static str,
    /// What answers with this code have, first the one that is meant where a tester names only the code.
    pub statuses: &'static [StatusCode],
}

/// An error that a tester asked for.
#[derive(Debug)]
pub struct InjectedError<'a, P> {
    pub status: StatusCode,
    pub code: Option<&'a str>,
    /// The operation that the request is for; `None` where its path and method are those of none.
    pub operation: Option<&'static str>,
    /// The request's address, below the service's base.
    pub uri: &'a Uri,
    /// The principal that the request's credential belongs to; `None` without a credential, or with a bad one.
    pub principal: Option<&'a P>,
}

/// Finds the error with this status that every service refuses any request with, whatever it is for.
pub fn find_shared_error(status: StatusCode) -> Option<Error> {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => Some(Error::MethodUnknown),
        StatusCode::REQUEST_TIMEOUT => Some(Error::BodyTooSlow),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Error::BodyTooLarge),
        StatusCode::SERVICE_UNAVAILABLE => Some(Error::DataReplaced),
        StatusCode::GATEWAY_TIMEOUT => Some(Error::TimedOut),
        _ => None,
    }
}

/// What a request brings to authenticate with.
#[derive(Debug)]
pub enum Presented {
    /// No credential at all.
    Nothing,
    /// Something that cannot be one.
    Unreadable,
    /// A token, good or bad.
    Token(PlainToken),
    /// What a credential is found by, of a request that Locum makes itself.
    Stored(Fingerprint),
}

/// What became of it.
pub enum Outcome<S: VendorService> {
    /// There was none.
    Nothing,
    /// It is unknown or expired.
    Bad,
    /// It speaks for somebody.
    Good(Arc<S::Principal>),
}

// Derived, it would ask for a service that can be cloned.
impl<S: VendorService> Clone for Outcome<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Bad => Self::Bad,
            Self::Good(principal) => Self::Good(Arc::clone(principal)),
        }
    }
}

impl<S: VendorService> Outcome<S> {
    /// The principal, if there is one.
    ///
    /// # Errors
    /// [`Error::CredentialMissing`], [`Error::CredentialRejected`].
    pub fn principal(&self) -> Result<Arc<S::Principal>, Error> {
        match self {
            Self::Nothing => Err(Error::CredentialMissing),
            Self::Bad => Err(Error::CredentialRejected),
            Self::Good(principal) => Ok(Arc::clone(principal)),
        }
    }
}

/// Why a request was refused, in our own words: left on the answer for the journal.
#[derive(Debug, Clone)]
pub struct Refusal(pub String);

/// Answers an error in the words of the service.
pub fn refuse<S: VendorService>(error: Error) -> Response {
    S::Error::from(error).into_response()
}
