//! From settings to a Locum that answers.

use axum::Router;

use crate::{
    app::{App, StartError},
    config::Config,
    core::ids::IdSeed,
    router::router,
    services::{
        Services, registry,
        seeding::{self, Plan, Seeds},
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
    start_with(config, registry()).await
}

/// The same with services of the caller's choice.
pub async fn start_with(config: Config, services: Services) -> Result<Locum, StartError> {
    let seeds: Seeds = seeding::read_all(&config.seeds).map_err(StartError::Seed)?.into();
    seeding::check(&seeds, &mut IdSeed(0).of_requests()).map_err(StartError::Seed)?;
    let app = App::open(config).await?;
    let plan = seeding::seed_if_empty(&app, &seeds).await?;
    let router = router(app.clone(), &services, seeds.clone());
    Ok(Locum { app, services, seeds, plan, router })
}
