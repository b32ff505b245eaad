//! From credential to principal. Never refuses: that is for the handler's [`super::caller::Caller`].

use std::sync::{Arc, OnceLock, atomic::AtomicBool};

use axum::http::{HeaderValue, request::Parts};
use quick_cache::sync::Cache;

use crate::{
    app::App,
    core::{
        clock::{Clock, Time},
        error::Error,
        now::Now,
        token::{Fingerprint, PlainToken},
    },
    domain::{
        credential::{Credential, CredentialId},
        journal::CredentialOutcome,
        organization::{DEFAULT_SPACE, Space, SpaceId},
    },
    http::{
        last_use::LastUse,
        operations::Operations,
        stored_credential::StoredCredential,
        vendor_service::{Outcome, Presented, VendorService},
    },
    store::{self, Written, credential::CredentialUse},
};

/// Credentials that are remembered as verified, per router that a service is mounted with.
const REMEMBERED_CREDENTIALS: usize = 10_000;

/// What authenticating needs to know of a service.
pub struct Service<S: VendorService>(pub(super) Arc<Inner<S>>);

pub(super) struct Inner<S: VendorService> {
    pub(super) app: App,
    /// The service's operations.
    pub(super) operations: Operations,
    /// Credentials that were verified.
    identities: Cache<Fingerprint, Arc<Identity<S>>>,
    /// It was logged that a window does not end under a frozen clock.
    pub(super) has_told_of_frozen_clock: AtomicBool,
}

impl<S: VendorService> Service<S> {
    pub fn new(app: App, operations: Operations) -> Self {
        let identities = Cache::new(REMEMBERED_CREDENTIALS);
        Self(Arc::new(Inner { app, operations, identities, has_told_of_frozen_clock: AtomicBool::new(false) }))
    }
}

// Derived, it would ask for a service that can be cloned.
impl<S: VendorService> Clone for Service<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A verified credential, good as long as nothing changes that requests are decided by.
struct Identity<S: VendorService> {
    credential: Credential,
    fingerprint: Fingerprint,
    /// What people call it.
    label: Arc<str>,
    /// What it may do, in a few words.
    granted_permission: Arc<str>,
    /// The space it opens.
    space: Space,
    /// Whom it speaks for.
    principal: Arc<S::Principal>,
    /// Kept beyond such a change, as long as it is this credential.
    last_use: Arc<LastUse>,
}

/// A credential that is not good.
#[derive(Debug, Clone)]
pub enum Rejected {
    /// It cannot be one.
    Malformed,
    /// Nobody of the service has this token.
    Unknown(Fingerprint),
    /// It expired at this time.
    Expired(Time),
}

/// What is known of a request before its handler runs, whichever service it is for.
#[derive(Debug, Clone)]
pub struct Identified {
    /// What became of the credential.
    pub credential_outcome: CredentialOutcome,
    /// What is wrong with it, if it is not good.
    pub rejected: Option<Rejected>,
    /// The space it is in: the credential's, or the default one.
    pub space: SpaceId,
    /// What the space was at.
    pub revision: i64,
    /// See [`Space::rules_revision`].
    pub rules_revision: i64,
    /// The generation that was in it, see [`Space::generation`].
    pub generation: i64,
    /// What the handler has written.
    pub written: Arc<Written>,
    /// The handler was about to write when the rights that the request was let in by had changed.
    pub outdated: Arc<AtomicBool>,
    /// The time in the space. A handler has [`Self::answer_time`].
    pub(super) now: Time,
    /// The same time, which notes what the answer makes of it.
    pub(super) answer_time: Now,
    /// The space's clock stands still.
    pub is_clock_frozen: bool,
    /// The credential, when it is good.
    pub credential: Option<CredentialId>,
    /// What it is found by.
    pub fingerprint: Option<Fingerprint>,
    /// What people call it.
    pub label: Option<Arc<str>>,
    /// What it may do, in a few words.
    pub granted_permission: Option<Arc<str>>,
    /// Which operation is asked for; `None` for a path or method that is none.
    pub operation: Option<&'static str>,
    /// When its use was noted last, when it is good.
    pub last_use: Option<Arc<LastUse>>,
    /// What the handler's caller needs, once it was asked.
    pub required_permission: Arc<OnceLock<&'static str>>,
}

impl Identified {
    /// Notes that its credential was used to be let in.
    pub(super) async fn note_use<S: VendorService>(&self, app: &App) {
        if let (Some(credential), Some(last_use)) = (self.credential, &self.last_use) {
            let Self { space, generation, now: at, .. } = *self;
            last_use.note::<S>(app, CredentialUse { credential, space, generation, at }).await;
        }
    }

    /// The header `Date` of its answer.
    pub(crate) fn date_header(&self) -> HeaderValue {
        format_http_date(self.now)
    }
}

/// What a request brings; of one that Locum makes itself, whose it is.
pub(super) fn find_presented<S: VendorService>(parts: &Parts) -> Presented {
    let stored = parts.extensions.get::<StoredCredential>();
    stored.map_or_else(|| S::credential(parts), |StoredCredential(fingerprint)| Presented::Stored(*fingerprint))
}

/// Finds out who asks, and in which space.
pub(super) async fn identify<S: VendorService>(
    service: &Inner<S>,
    presented: Presented,
) -> Result<(Outcome<S>, Identified), Error> {
    let app = &service.app;
    let (fingerprint, token) = match presented {
        Presented::Token(token) => (app.keyring.fingerprint(&token), Some(token)),
        Presented::Stored(fingerprint) => (fingerprint, None),
        Presented::Nothing => return Ok((Outcome::Nothing, anonymous(app, CredentialOutcome::Nothing).await?)),
        Presented::Unreadable => {
            let identified = anonymous(app, CredentialOutcome::Unknown).await?;
            return Ok((Outcome::Bad, Identified { rejected: Some(Rejected::Malformed), ..identified }));
        }
    };
    let (identity, revision) = match authenticate_token(service, fingerprint, token.as_ref()).await? {
        Ok(found) => found,
        Err(space) => {
            let rejected = Some(Rejected::Unknown(fingerprint));
            let identified = in_space(&space, space.now(), CredentialOutcome::Unknown);
            return Ok((Outcome::Bad, Identified { rejected, ..identified }));
        }
    };
    app.space_uses.note(identity.space.id);
    let now = identity.space.now();
    let expired_at = identity.credential.expires_at.filter(|at| *at <= now);
    let has_expired = expired_at.is_some();
    let (outcome, credential_outcome) = if has_expired {
        (Outcome::Bad, CredentialOutcome::Expired)
    } else {
        (Outcome::Good(Arc::clone(&identity.principal)), CredentialOutcome::Good)
    };
    let identified = Identified {
        rejected: expired_at.map(Rejected::Expired),
        credential: (!has_expired).then_some(identity.credential.id),
        last_use: (!has_expired).then(|| Arc::clone(&identity.last_use)),
        fingerprint: (!has_expired).then_some(identity.fingerprint),
        label: Some(Arc::clone(&identity.label)),
        granted_permission: Some(Arc::clone(&identity.granted_permission)),
        revision,
        ..in_space(&identity.space, now, credential_outcome)
    };
    Ok((outcome, identified))
}

pub(super) async fn anonymous(app: &App, credential_outcome: CredentialOutcome) -> Result<Identified, Error> {
    let space = app.default_space().await?;
    Ok(in_space(&space, space.now(), credential_outcome))
}

/// A request without a credential that somebody knows.
fn in_space(space: &Space, now: Time, credential_outcome: CredentialOutcome) -> Identified {
    Identified {
        credential_outcome,
        rejected: None,
        space: space.id,
        revision: space.revision,
        rules_revision: space.rules_revision,
        generation: space.generation(),
        written: Arc::default(),
        outdated: Arc::default(),
        now,
        answer_time: Now::at(now),
        is_clock_frozen: matches!(space.clock, Clock::Frozen(_)),
        credential: None,
        last_use: None,
        fingerprint: None,
        label: None,
        granted_permission: None,
        operation: None,
        required_permission: Arc::default(),
    }
}

/// The remembered credential, if nothing changed since that requests are decided by; else the stored one: and the
/// revision of its space. When nobody has it, the default space at the moment at which that was so.
async fn authenticate_token<S: VendorService>(
    service: &Inner<S>,
    fingerprint: Fingerprint,
    token: Option<&PlainToken>,
) -> Result<Result<(Arc<Identity<S>>, i64), Space>, Error> {
    let app = &service.app;
    let remembered = service.identities.get(&fingerprint);
    if let Some(known) = &remembered
        && let Some(at) = app.db.position_under_same_rules(&known.space).await?
    {
        return Ok(Ok((Arc::clone(known), at.revision)));
    }
    Box::pin(authenticate_by_store(service, fingerprint, token, remembered)).await
}

/// What the credential is that is stored, which is remembered from now on.
async fn authenticate_by_store<S: VendorService>(
    service: &Inner<S>,
    fingerprint: Fingerprint,
    token: Option<&PlainToken>,
    remembered: Option<Arc<Identity<S>>>,
) -> Result<Result<(Arc<Identity<S>>, i64), Space>, Error> {
    let app = &service.app;
    // As of one moment: between two, the world may be replaced by another in which the token is somebody else's, or
    // good after all.
    let mut db = app.db.read_one_moment().await?;
    let found = store::credential::find(&mut db, S::NAME, fingerprint).await?;
    let principal = match &found {
        Some((credential, _)) => S::principal(&mut db, credential).await?,
        None => None,
    };
    let (Some((credential, space)), Some(principal)) = (found, principal) else {
        return Ok(Err(App::find_space(&mut db, DEFAULT_SPACE).await?));
    };
    drop(db);
    let remembered = remembered.filter(|known| known.credential.hash == credential.hash);
    // The slow check is needed once per hash: what changed may be anything else in the space.
    let is_verified = match token {
        Some(token) => remembered.is_some() || app.keyring.is_hash_of(token, &credential.hash).await?,
        None => true,
    };
    if !is_verified {
        return Ok(Err(app.default_space().await?));
    }
    let (label, granted_permission) = (Arc::from(credential.label.as_str()), S::describe_permission(&principal).into());
    // It may be another process that made it.
    app.keyring.learn(fingerprint, &credential.label);
    let is_same_one = |known: &Arc<Identity<S>>| {
        (known.credential.id, known.space.generation()) == (credential.id, space.generation())
    };
    let last_use = remembered.filter(is_same_one).map(|known| Arc::clone(&known.last_use)).unwrap_or_default();
    let (principal, revision) = (Arc::new(principal), space.revision);
    let identity =
        Arc::new(Identity { credential, fingerprint, label, granted_permission, space, principal, last_use });
    service.identities.insert(fingerprint, Arc::clone(&identity));
    Ok(Ok((identity, revision)))
}

/// A `Date` header.
pub fn format_http_date(now: Time) -> HeaderValue {
    let text = httpdate::fmt_http_date(now.into());
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}
