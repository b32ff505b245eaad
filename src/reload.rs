//! Seeds that change while Locum runs: `--watch`.

use std::{sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};
use tokio::{sync::Mutex, time::interval};

use crate::{
    app::App,
    control,
    core::{error::Error, progress::Progress},
    domain::organization::DEFAULT_SPACE,
    seed::{
        file::{Seed, SeedFile},
        sources::{Look, SeedSources},
    },
    services::{
        Services,
        seeding::{self, SeedOrganization},
        seeds::Seeds,
    },
    store::{self, events::EventKind},
};

/// How often the files are looked at. Twice alike they are read, because who writes one may not be done.
const EVERY: Duration = Duration::from_millis(300);

const WRONG: &str = "the seeds have changed and are wrong, so everything stays as it was:";

/// Reads seeds again, and puts every space back to them that came from them.
pub struct Reloader {
    app: App,
    services: Services,
    seeds: Seeds,
    sources: SeedSources,
    seen: Mutex<Seen>,
}

/// What was read last.
struct Seen {
    /// How the files looked.
    look: Look,
    /// What was in them, in short.
    digest: [u8; 32],
}

impl Reloader {
    /// `None` without `--watch`.
    pub fn new(app: &App, services: &Services, seeds: &Seeds) -> Option<Arc<Self>> {
        let (sources, look) = app.config.watched.clone()?;
        let seen = Seen { look, digest: digest(&app.config.seeds) };
        let (app, services, seeds) = (app.clone(), Arc::clone(services), seeds.clone());
        Some(Arc::new(Self { app, services, seeds, sources, seen: Mutex::new(seen) }))
    }

    /// Reads them whenever they change, until Locum stops.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = interval(EVERY);
        let mut last = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.app.stopping() => return,
            }
            let look = self.look().await;
            let is_settled = last.as_ref() == Some(&look);
            if is_settled && self.seen.lock().await.look != look {
                // One that is saved as it was ends no test that runs.
                self.read_again(|is_changed| is_changed).await;
            }
            last = Some(look);
        }
    }

    /// Reads them now, and resets also where nothing has changed. What is wrong with them is said, and everything stays as
    /// it is.
    pub async fn reload(&self) {
        self.read_again(|_| true).await;
    }

    /// Reads them, and pours them if they are wanted, told whether they have changed.
    async fn read_again(&self, are_wanted: impl FnOnce(bool) -> bool) {
        // One after another, so that the last to be read are those that hold.
        let mut seen = self.seen.lock().await;
        seen.look = self.look().await;
        let sources = self.sources.clone();
        // Reading cannot fail; it can only be broken off with the runtime.
        let Ok(files) = tokio::task::spawn_blocking(move || sources.load()).await else { return };
        let digest = digest(&files);
        let is_changed = digest != seen.digest || self.seeds.problem().is_some();
        seen.digest = digest;
        if !are_wanted(is_changed) {
            tracing::debug!("the seeds were saved as they are, so nothing is reset");
            return;
        }
        match check(files).await {
            Ok(seeds) => self.pour(seeds).await,
            Err(problem) => self.refuse(&format!("{WRONG}\n{problem}")).await,
        }
    }

    async fn look(&self) -> Look {
        let sources = self.sources.clone();
        // Looking cannot fail either.
        tokio::task::spawn_blocking(move || sources.look()).await.unwrap_or_default()
    }

    async fn pour(&self, seeds: Vec<Seed<SeedOrganization>>) {
        let before = self.seeds.current();
        // First, so that a reset that comes in between goes back to them too.
        self.seeds.replace(seeds);
        match self.reset_spaces().await {
            Ok(problems) if problems.is_empty() => {
                tracing::info!("the seeds have changed: every space that came from them is reset");
            }
            Ok(problems) => self.refuse(&problems.join("\n")).await,
            Err(problem) => {
                self.seeds.replace(before);
                self.refuse(&format!("{WRONG}\n{problem}")).await;
            }
        }
    }

    /// Resets every space that came from them, and tells those that stay as they were, and why.
    ///
    /// # Errors
    /// Why the default space cannot have them, and so no space has: it alone has what they spell out, which another one
    /// may have already.
    async fn reset_spaces(&self) -> Result<Vec<String>, String> {
        let list = async { store::space::list(&mut self.app.db.read().await?).await };
        let mut spaces = list.await.map_err(|error: Error| error.to_string())?;
        spaces.sort_by_key(|space| space.name != DEFAULT_SPACE);
        let mut problems = Vec::new();
        for space in &spaces {
            match control::reload(&self.app, &self.services, space, &self.seeds).await {
                Ok(()) => {}
                Err(problem) if space.name == DEFAULT_SPACE => return Err(problem.detail().to_owned()),
                Err(problem) => {
                    let why = problem.detail();
                    problems.push(format!("the changed seeds are not in the space {}, which stays: {why}", space.name));
                }
            }
        }
        Ok(problems)
    }

    /// Says what is wrong: in the log, and on the page.
    async fn refuse(&self, problem: &str) {
        // Before it is logged, because who reads the log asks for it.
        self.seeds.keep(problem);
        for line in problem.lines() {
            tracing::error!("{line}");
        }
        // Whoever looks at the page sees it at once.
        if let Ok(space) = self.app.default_space().await {
            self.app.db.tell(space.id, EventKind::State, "");
        }
    }
}

/// # Errors
/// Everything wrong with them, a line each.
async fn check(files: Vec<SeedFile>) -> Result<Vec<Seed<SeedOrganization>>, String> {
    let read = tokio::task::spawn_blocking(move || seeding::read_and_check(&files, &Progress::default()));
    read.await.map_err(|error| error.to_string())?.map_err(|wrong| wrong.to_string())
}

fn digest(files: &[SeedFile]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for SeedFile { name, text, .. } in files {
        for part in [name, text.as_ref().unwrap_or_else(|why| why)] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
    }
    digest.finalize().into()
}
