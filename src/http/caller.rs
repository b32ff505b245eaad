//! The signature is the permission: a handler reaches the database only through the `Caller` it names.

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    app::App,
    core::{error::Error, now::Now, token::Fingerprint},
    domain::organization::SpaceId,
    http::{
        authenticate::Identified,
        connection::OverTls,
        ignored,
        vendor_service::{Outcome, VendorService},
    },
    store::{Changes, ReadOnly, ReadWrite, Session, Written, credential},
};

/// What a handler may do for a service's callers.
pub trait Scope<S: VendorService>: Send + Sync + 'static {
    /// What the request must bring.
    const NEED: S::Need;
    /// The same in a few words, for the journal.
    const NEEDS: &'static str;
}

/// A scope whose handlers change things.
pub trait Writes {
    /// What they change at most. A scope that says [`Changes::Data`] lets the next request be decided without asking
    /// the database again; `tests/store/rules.rs` proves what it says.
    const CHANGES: Changes = Changes::Rules;
}

/// An admitted request: who is asking, in which space, when.
pub struct Caller<S: VendorService, P> {
    /// Who is asking.
    pub principal: Arc<S::Principal>,
    /// The time in the space, which notes what the answer makes of it.
    pub now: Now,
    /// It asked for `https://`. Answers are remembered by that.
    pub is_over_tls: bool,
    space: SpaceId,
    /// What the space was at when the request was let in.
    revision: i64,
    rules_revision: i64,
    generation: i64,
    /// What the request's credential is found by.
    fingerprint: Option<Fingerprint>,
    written: Arc<Written>,
    outdated: Arc<AtomicBool>,
    app: App,
    scope: PhantomData<P>,
}

impl<S: VendorService, P: Scope<S>> FromRequestParts<App> for Caller<S, P> {
    type Rejection = S::Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let identified = parts.extensions.get::<Identified>();
        let (Some(identified), Some(outcome)) = (identified, parts.extensions.get::<Outcome<S>>()) else {
            return Err(Error::internal("the route is not behind `authenticate`").into());
        };
        // A handler has one caller, so nobody else has said it before.
        let _ = identified.required_permission.set(P::NEEDS);
        let principal = S::admit(parts, outcome, &P::NEED).inspect_err(|_| ignored::note_shut_out())?;
        identified.note_use::<S>(app).await;
        Ok(Self {
            principal,
            now: identified.answer_time.clone(),
            space: identified.space,
            revision: identified.revision,
            rules_revision: identified.rules_revision,
            generation: identified.generation,
            fingerprint: identified.fingerprint,
            written: Arc::clone(&identified.written),
            outdated: Arc::clone(&identified.outdated),
            is_over_tls: parts.extensions.get::<OverTls>().is_some(),
            app: app.clone(),
            scope: PhantomData,
        })
    }
}

impl<S: VendorService, P> Caller<S, P> {
    /// A session that reads.
    pub async fn read(&self) -> Result<Session<ReadOnly>, Error> {
        self.app.db.read().await
    }
}

impl<S: VendorService, P> Caller<S, P> {
    /// The base URL that clients use, if it was set.
    pub fn public_url(&self) -> Option<&str> {
        self.app.config.public_url.as_deref()
    }
}

impl<S: VendorService, P: Writes> Caller<S, P> {
    /// A session that writes to the caller's space, with the rights that the caller has in it now.
    ///
    /// # Errors
    /// [`Error::DataReplaced`] when what the caller is known by is gone, or may do something else by now;
    /// [`Error::CredentialRejected`] when its credential is good no more; [`Error::Unavailable`]. The request is
    /// decided once more after the first two, if it can be.
    pub async fn write(&self) -> Result<Session<ReadWrite>, Error> {
        let mut session = self.app.db.write_what(self.space, P::CHANGES).await?;
        if session.generation() != self.generation {
            return Err(Error::DataReplaced);
        }
        let is_known = match P::CHANGES {
            // Nobody else wrote, so nothing can have changed.
            Changes::Rules => session.space().revision == self.revision + 1,
            Changes::Data => session.space().rules_revision == self.rules_revision,
        };
        if !is_known {
            self.check_again(&mut session).await?;
        }
        self.written.note_session();
        if self.app.config.journal.is_some() {
            session.tell_changes(&self.written);
        }
        Ok(session)
    }

    /// Checks inside the write that the caller is who it was when the request was let in.
    async fn check_again(&self, session: &mut Session<ReadWrite>) -> Result<(), Error> {
        let Some(fingerprint) = self.fingerprint else { return Ok(()) };
        let now = session.now();
        let found = credential::find(session, S::NAME, fingerprint).await?.map(|(credential, _)| credential);
        let principal = match found.filter(|credential| credential.expires_at.is_none_or(|at| at > now)) {
            Some(credential) => S::principal(session, &credential).await?,
            None => None,
        };
        let error = match principal {
            Some(principal) if principal == *self.principal => return Ok(()),
            Some(_) => Error::DataReplaced,
            None => Error::CredentialRejected,
        };
        self.outdated.store(true, Ordering::Relaxed);
        Err(error)
    }

    /// For handlers that make tokens. What is answered by it is not remembered.
    pub fn app(&self) -> &App {
        self.now.note_untracked();
        &self.app
    }
}
