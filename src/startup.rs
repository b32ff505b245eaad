//! From settings to a Locum that answers.

use std::sync::OnceLock;

use axum::Router;

use crate::{
    app::{App, StartError},
    config::Config,
    core::progress::Progress,
    router::router,
    services::{
        Services, registry,
        seeding::{self, Plan},
        seeds::Seeds,
    },
};

/// A Locum that has its data, and answers whoever calls its router.
pub struct Locum {
    pub app: App,
    pub services: Services,
    /// What it was started with.
    pub seeds: Seeds,
    /// What was seeded: nothing, where the database held data.
    pub plan: Option<Plan>,
    pub router: Router,
}

/// Opens the database and, if it is empty, seeds it.
///
/// # Errors
/// What is wrong in a seed is said before the database is opened.
pub async fn start(config: Config) -> Result<Locum, StartError> {
    start_with(config, registry(), &Progress::default(), &OnceLock::new()).await
}

/// The same with services of the caller's choice, for somebody who waits, and who may break it off: what is `opened` by
/// then is to be closed.
pub async fn start_with(
    config: Config,
    services: Services,
    progress: &Progress,
    opened: &OnceLock<App>,
) -> Result<Locum, StartError> {
    let seeds = seeding::read_and_check(&config.seeds, progress).map_err(StartError::Seed)?;
    // On the heap, because whoever starts one would hold all that opening takes.
    let app = Box::pin(App::open(config)).await?;
    let _ = opened.set(app.clone());
    let plan = seeding::seed_if_empty(&app, services.tables(), &seeds, progress).await?;
    app.look_after_idle_spaces();
    let seeds = Seeds::new(seeds);
    let router = router(&app, &services, &seeds);
    Ok(Locum { app, services, seeds, plan, router })
}
