//! The registry: which services there are. With [`seeding`], which says what a seed holds of each, the only place
//! outside of a service's folder that names services.

pub mod atlassian;
mod counts;
pub mod importing;
pub mod jetbrains_account;
pub mod license_vault;
pub mod operations;
mod seed_writing;
pub mod seeding;
pub mod seeds;
pub mod service;
pub mod variables;

pub use service::{Registry, Service, ServiceDocument, Services};

/// What Locum is, in a sentence.
pub const ABOUT: &str =
    "Stands in for the JetBrains Account, License Vault and Atlassian API Access services, for other people's tests";
/// A service, an operation of it and a kind of its credentials, for the examples in the control API's document.
pub const EXAMPLE: &str = "atlassian";
pub const EXAMPLE_KIND: &str = "api_key";
/// Another service, for the same.
pub const OTHER_EXAMPLE: &str = "jetbrains_account";

/// The services that Locum stands in for.
pub fn all() -> Vec<Service> {
    vec![jetbrains_account::service(), license_vault::service(), atlassian::service()]
}

/// Their documents, built from the code: for what writes the committed ones and holds them to be true.
pub fn documents() -> Vec<ServiceDocument> {
    vec![jetbrains_account::document(), license_vault::document(), atlassian::document()]
}

/// The services that Locum stands in for, as the platform has them.
pub fn registry() -> Services {
    Registry::new(all())
}
