//! The registry: which services there are. With [`seeding`], which says what a seed holds of each, the only place outside
//! of a service's folder that names services.

pub mod atlassian;
pub mod jetbrains_account;
pub mod license_vault;
pub mod operations;
pub mod seeding;
pub mod service;

pub use service::{Registry, Service, Services};

/// The services that Locum stands in for.
pub fn all() -> Vec<Service> {
    vec![jetbrains_account::service(), license_vault::service(), atlassian::service()]
}

/// The services that Locum stands in for, as the platform has them.
pub fn registry() -> Services {
    Registry::new(all())
}
