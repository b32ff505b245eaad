//! What a running Locum consists of. Cloning shares it.

pub mod coverage;
pub mod idle_spaces;
pub mod remembered_answers;
pub mod run_journal;

use std::{
    collections::HashMap,
    ops::Deref,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use crate::{
    app::{coverage::Coverage, idle_spaces::SpaceUses, remembered_answers::RememberedAnswers, run_journal::RunJournal},
    config::Config,
    core::{
        error::Error,
        ids::{Ids, random_bytes},
        secret_file,
        token::{HashCost, Keyring, PlainToken},
    },
    domain::{
        credential::CredentialId,
        fault_rule::Rule,
        organization::{DEFAULT_SPACE, Space, SpaceId},
    },
    seed::{Diagnostics, apply::ApplyError},
    store::{self, Db, OpenError, ReadWrite, Session, fault_rule::StoredRule, open::Opening},
};

/// States that are imported at a time.
const IMPORTS: usize = 2;

#[derive(Clone)]
pub struct App(Arc<Inner>);

pub struct Inner {
    pub config: Config,
    pub db: Db,
    pub keyring: Keyring,
    /// The fault rules that were read last, by space.
    pub fault_rules: RwLock<HashMap<SpaceId, FaultRules>>,
    /// Whether there was ever a rule that delays requests.
    has_delays: AtomicBool,
    /// The answers that services gave, if any are remembered.
    pub remembered_answers: Option<RememberedAnswers>,
    /// What of the services was asked.
    pub coverage: Coverage,
    /// When spaces were asked last.
    pub space_uses: SpaceUses,
    /// The requests of all spaces, if somebody wants them after the spaces are gone.
    pub run: OnceLock<RunJournal>,
    default_space: RwLock<Option<Space>>,
    /// At which revision of a space other processes' tokens were last learned.
    learned: Mutex<HashMap<SpaceId, i64>>,
    /// When the control API last gave a credential a new token.
    rotations: Mutex<HashMap<CredentialId, Instant>>,
    /// Whoever imports a state waits here, because it may be large, and is in memory several times.
    pub imports: Arc<Semaphore>,
    request_ids: Mutex<Ids>,
    stopping: watch::Sender<bool>,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// A space's fault rules, as of a [`Space::rules_revision`].
pub type FaultRules = (i64, Arc<[StoredRule]>);

/// Why a Locum did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The seed is wrong.
    #[error("{0}")]
    Seed(Diagnostics),
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something failed on the way.
    #[error(transparent)]
    Error(#[from] Error),
}

impl StartError {
    /// The settings or the seed are to blame, not the machine.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Seed(_) | Self::Open(OpenError::Key { .. } | OpenError::KeyMissing { .. }))
    }
}

impl From<ApplyError> for StartError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Seed(diagnostics) => Self::Seed(diagnostics),
            ApplyError::Error(error) => Self::Error(error),
        }
    }
}

impl App {
    /// Opens the database.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let key_file = key_file(&config);
        let opening = Opening {
            location: &config.location,
            id_seed: config.id_seed,
            patience: config.startup_timeout,
            begins_anew: config.reseed,
            key_file: key_file.as_deref(),
        };
        let (db, keyring) = opening.open(|| keyring(&config)).await?;
        if let Some(tls) = &config.tls {
            tls.identity.keep().map_err(|(path, source)| OpenError::KeyFile { path, source })?;
        }
        let app = Self(Arc::new(Inner {
            request_ids: Mutex::new(config.id_seed.of_requests()),
            remembered_answers: config.answers.map(RememberedAnswers::new),
            config,
            db,
            keyring,
            fault_rules: RwLock::default(),
            has_delays: AtomicBool::new(false),
            coverage: Coverage::default(),
            space_uses: SpaceUses::default(),
            run: OnceLock::new(),
            default_space: RwLock::default(),
            learned: Mutex::default(),
            rotations: Mutex::default(),
            imports: Arc::new(Semaphore::new(IMPORTS)),
            stopping: watch::Sender::new(false),
        }));
        store::credential::learn(&mut app.db.read().await?, &app.keyring, None).await?;
        Ok(app)
    }

    /// Notes a rule that requests may be hit by.
    pub fn note_rule(&self, rule: &Rule) {
        if rule.delays() {
            self.has_delays.store(true, Ordering::Relaxed);
        }
    }

    /// Whether requests may be delayed, because a tester wanted that at some time.
    pub fn delays_requests(&self) -> bool {
        self.has_delays.load(Ordering::Relaxed)
    }

    /// The space of requests without a known credential.
    pub async fn default_space(&self) -> Result<Space, Error> {
        let known = self.default_space.read().clone();
        if let Some(space) = known
            && let Some(at) = self.db.position_under_same_rules(&space).await?
        {
            return Ok(Space { revision: at.revision, writes: at.revision - at.generation, ..space });
        }
        let space = Box::pin(self.space(DEFAULT_SPACE)).await?;
        *self.default_space.write() = Some(space.clone());
        Ok(space)
    }

    /// A space by name.
    pub async fn space(&self, name: &str) -> Result<Space, Error> {
        Self::find_space(&mut self.db.read().await?, name).await
    }

    /// A space by name, as the session sees it.
    pub async fn find_space<M>(db: &mut Session<M>, name: &str) -> Result<Space, Error> {
        let found = store::space::find_by_name(db, name).await?;
        found.ok_or_else(|| Error::NotFound(format!("there is no space `{name}`")))
    }

    /// Refuses what was asked of a space whose data is gone, as where the body was still to come when it was replaced.
    ///
    /// # Errors
    /// [`Error::DataReplaced`]; [`Error::Unavailable`].
    pub async fn check_not_replaced(&self, space: &Space) -> Result<(), Error> {
        match self.db.position(space.id).await? {
            Some(at) if at.generation != space.generation() => Err(Error::DataReplaced),
            Some(_) | None => Ok(()),
        }
    }

    /// Makes a token from the ids of a write that changes nothing else, and hashes it with no session open. Whoever
    /// then writes it down has to look again at what was found before it.
    pub async fn make_token(
        &self,
        mut db: Session<ReadWrite>,
        new_token: fn(&mut Ids) -> PlainToken,
    ) -> Result<PlainToken, Error> {
        let token = new_token(db.ids());
        db.commit().await?;
        self.keyring.hash_ahead([token.clone()]).await?;
        Ok(token)
    }

    /// Notes that a credential gets a new token: `false` where it has got one since a request `arrived`, which would be
    /// of no use to whoever got it.
    pub fn note_rotation(&self, credential: CredentialId, arrived: Instant) -> bool {
        let mut rotations = self.rotations.lock();
        if rotations.get(&credential).is_some_and(|last| *last > arrived) {
            return false;
        }
        rotations.insert(credential, Instant::now());
        true
    }

    /// Learns which tokens other processes have given out in a space by now, so that none of them is shown to anybody.
    pub async fn learn(&self, space: SpaceId, rules_revision: i64) -> Result<(), Error> {
        let learned = || self.learned.lock();
        if !self.db.is_shared() || learned().get(&space) == Some(&rules_revision) {
            return Ok(());
        }
        Box::pin(async { store::credential::learn(&mut self.db.read().await?, &self.keyring, Some(space)).await })
            .await?;
        learned().insert(space, rules_revision);
        Ok(())
    }

    /// Says that the server is stopping, before it waits for the requests under way.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until the server is stopping. A stream of events ends then, because the server waits for requests under
    /// way, and a client may listen for ever.
    pub async fn stopping(&self) {
        // The sender lives as long as this does.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Forgets what is remembered of a deleted space, because its key is never given out again.
    pub fn forget(&self, space: SpaceId) {
        self.fault_rules.write().remove(&space);
        self.learned.lock().remove(&space);
        self.space_uses.forget(space);
        if let Some(answers) = &self.remembered_answers {
            answers.forget(space);
        }
    }

    /// An id for a request.
    pub fn next_request_id(&self) -> Uuid {
        self.request_ids.lock().uuid()
    }
}

fn keyring(config: &Config) -> Result<Keyring, OpenError> {
    let cost = if config.location.is_lasting() { HashCost::Owasp } else { HashCost::Minimal };
    let keyring = Keyring::new(&server_key(config)?, cost);
    Ok(match &config.control_token {
        Some(token) => keyring.with_secret(token.clone(), "control token"),
        None => keyring,
    })
}

/// Where the key is kept, unless one was set.
fn key_file(config: &Config) -> Option<PathBuf> {
    if config.server_key.is_some() { None } else { config.location.beside("key") }
}

/// The key that was set; else, beside a file, the one kept there; else, in memory, one that dies with the data.
fn server_key(config: &Config) -> Result<Vec<u8>, OpenError> {
    if let Some(key) = &config.server_key {
        use secrecy::ExposeSecret as _;
        return Ok(key.expose_secret().as_bytes().to_vec());
    }
    let Some(path) = key_file(config) else { return Ok(random_bytes::<32>().to_vec()) };
    secret_file::load_or_create(&path, || Ok(hex::encode(random_bytes::<32>()).into_bytes()))
        .map_err(|source| OpenError::KeyFile { path: path.clone(), source })
}
