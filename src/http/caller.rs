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
    core::{clock::Time, error::Error},
    domain::organization::SpaceId,
    http::{
        authenticate::Identified,
        vendor_service::{Outcome, VendorService},
    },
    store::{ReadOnly, ReadWrite, Session, credential::CredentialUse},
};

/// What a handler may do for a service's callers.
pub trait Scope<S: VendorService>: Send + Sync + 'static {
    /// What the request must bring.
    const NEED: S::Need;
    /// The same in a few words, for the journal.
    const NEEDS: &'static str;
}

/// A scope whose handlers change things.
pub trait Writes {}

/// An admitted request: who is asking, in which space, when.
pub struct Caller<S: VendorService, P> {
    /// Who is asking.
    pub principal: Arc<S::Principal>,
    /// The time in the space.
    pub now: Time,
    space: SpaceId,
    generation: i64,
    wrote: Arc<AtomicBool>,
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
        let principal = S::admit(parts, outcome, &P::NEED)?;
        if let (Some(credential), Some(last_use)) = (identified.credential, &identified.last_use) {
            let Identified { space, generation, now: at, .. } = *identified;
            last_use.note::<S>(app, CredentialUse { credential, space, generation, at }).await;
        }
        Ok(Self {
            principal,
            now: identified.now,
            space: identified.space,
            generation: identified.generation,
            wrote: Arc::clone(&identified.wrote),
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
    /// A session that writes to the caller's space.
    ///
    /// # Errors
    /// [`Error::DataReplaced`] when what the caller is known by is gone; [`Error::Unavailable`].
    pub async fn write(&self) -> Result<Session<ReadWrite>, Error> {
        let session = self.app.db.write(self.space).await?;
        if session.generation() != self.generation {
            return Err(Error::DataReplaced);
        }
        self.wrote.store(true, Ordering::Relaxed);
        Ok(session)
    }

    /// For handlers that make tokens.
    pub fn app(&self) -> &App {
        &self.app
    }
}
