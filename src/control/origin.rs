//! How a space was made, which is what a reset of it goes back to.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    app::App,
    core::{clock::Clock, error::Error, ids::IdSeed, progress::Progress},
    domain::organization::{Space, SpaceId},
    seed::{
        Diagnostics,
        apply::{ApplyError, Beside, Mode},
        file::{Seed, SeedFile},
        plan::find_clock,
        read,
    },
    services::{
        Services,
        seeding::{self, Plan, SeedOrganization},
    },
    store::{self, ReadWrite, Session, state::ClockJson},
};

/// How a space was made. Holds tokens, so it is kept sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Origin {
    /// The text of a seed of its own. Without one it is made from those of the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    /// The clock that was asked for. Without one it is the seed's, else that of the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockJson>,
    /// What its ids were drawn from, because the next start may have another number, and so may another process.
    id_seed: u64,
    /// Recognises the seeds that it was made from: only with the same ones the names below are in order.
    seeds: String,
    /// Customer codes, org ids and tokens, in the order in which the seed is planned.
    names: Vec<String>,
}

/// What a seed of a space's own is called where something is wrong with it.
const SEED_NAME: &str = "seed";

/// Reads the text of a seed of a space's own.
pub(super) fn parse_seed(text: String) -> Result<Seed<SeedOrganization>, Diagnostics> {
    read::parse(SeedFile::foreign(SEED_NAME, text))
}

impl Origin {
    /// That of a space which is to be made.
    pub(super) fn new(app: &App, clock: Option<Clock>) -> Self {
        Self {
            seed: None,
            clock: clock.map(ClockJson::from_clock),
            id_seed: app.config.id_seed.0,
            seeds: String::new(),
            names: Vec::new(),
        }
    }

    /// That of a space which is there.
    pub(super) async fn of(app: &App, space: SpaceId) -> Result<Self, Error> {
        match store::space_origin::find(&mut app.db.read().await?, space).await? {
            Some(sealed) => serde_json::from_str(&app.keyring.open(&place(space), &sealed)?).map_err(Error::internal),
            // An earlier version made it.
            None => Ok(Self::new(app, None)),
        }
    }

    /// Whether it was made from a seed of its own.
    pub(super) fn has_own_seed(&self) -> bool {
        self.seed.is_some()
    }

    /// The seed of its own, if it has one.
    pub(super) fn read_seed(&self) -> Result<Option<Seed<SeedOrganization>>, Diagnostics> {
        self.seed.clone().map(parse_seed).transpose()
    }

    /// Fills the space of the session that `open` gives as it was made: from the seed of its `own`, else from those of
    /// the start. `None` when `open` finds that there is nothing to do.
    pub(super) async fn fill<F>(
        self,
        app: &App,
        services: &Services,
        own: Option<Seed<SeedOrganization>>,
        start: &[Seed<SeedOrganization>],
        open: impl Fn() -> F,
    ) -> Result<Option<Filled>, ApplyError>
    where
        F: Future<Output = Result<Option<Session<ReadWrite>>, ApplyError>>,
    {
        let of_start = own.is_none();
        let seeds: &[Seed<SeedOrganization>] = own.as_ref().map_or(start, std::slice::from_ref);
        let clock = self.clock(app, seeds, start, of_start)?;
        let digest = digest(seeds);
        let Self { clock: asked, id_seed, seeds: made_from, names, .. } = self;
        let before = if made_from == digest { names } else { Vec::new() };
        let beside = Beside { keeps_literals: !of_start, before, id_seed: IdSeed(id_seed) };
        let (mode, progress) = (Mode::Beside(&beside), Progress::default());
        let applied = seeding::apply(&app.keyring, services.tables(), open, seeds, mode, clock, &progress).await?;
        let Some((db, mut plan)) = applied else { return Ok(None) };
        let names = std::mem::take(&mut plan.chosen.names);
        let is_other = made_from != digest || names != beside.before;
        let text = own.and_then(|own| own.file.text.ok());
        let replaced = text.as_deref().map(|text| plan.chosen.find_replaced(text)).unwrap_or_default();
        let origin = Self { seed: text, clock: asked, id_seed, seeds: digest, names };
        Ok(Some(Filled { db, plan, replaced, origin, is_other }))
    }

    /// The clock that was asked for, else the seed's own, else the one of the start.
    fn clock(
        &self,
        app: &App,
        seeds: &[Seed<SeedOrganization>],
        start: &[Seed<SeedOrganization>],
        of_start: bool,
    ) -> Result<Option<Clock>, Error> {
        let asked = self.clock.clone().map(ClockJson::into_clock).transpose()?;
        let of_seed = || find_clock(seeds).0.filter(|_| !of_start);
        Ok(asked.or_else(of_seed).or(app.config.clock).or_else(|| find_clock(start).0))
    }

    fn seal(&self, app: &App, space: &Space) -> Result<String, Error> {
        app.keyring.seal(&place(space.id), &serde_json::to_string(self).map_err(Error::internal)?)
    }
}

/// A space that was filled, not yet committed.
pub(super) struct Filled {
    db: Session<ReadWrite>,
    pub(super) plan: Plan,
    replaced: Vec<String>,
    origin: Origin,
    /// Something is not as it was kept.
    is_other: bool,
}

impl Filled {
    /// Keeps how the space was made, if that is new, and makes the writes lasting. A new space may have a time without
    /// a request after which it is deleted. Returns what is there, and where its own seed spells out something else.
    pub(super) async fn commit(mut self, app: &App, idle_ttl: Option<Duration>) -> Result<(Plan, Vec<String>), Error> {
        if self.is_other {
            let sealed = self.origin.seal(app, self.db.space())?;
            store::space_origin::keep(&mut self.db, &sealed, idle_ttl, Clock::Real.now()).await?;
        }
        self.db.commit().await?;
        Ok((self.plan, self.replaced))
    }
}

fn place(space: SpaceId) -> String {
    format!("origin of space {}", space.0)
}

fn digest(seeds: &[Seed<SeedOrganization>]) -> String {
    let mut hash = Sha256::new();
    for seed in seeds {
        let text = seed.file.text.as_deref().unwrap_or_default();
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hex::encode(hash.finalize())
}
