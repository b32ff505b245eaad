//! The registry: which services there are. With [`seeding`], which says what a seed holds of each, the only place
//! outside of a service's folder that names services.

pub mod atlassian;
pub mod comparison;
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

#[cfg(test)]
mod tests {
    use axum::{
        extract::{Request, State},
        middleware::Next,
    };

    use crate::http::{observe::observe, one_generation::answer_in_one_generation};

    use super::*;

    /// Layers move the future of every request, and moving it copies it.
    #[test]
    fn what_few_requests_do_takes_no_room_in_what_all_of_them_move() {
        const MOST: usize = 6 * 1024;
        fn size<S, F>(_: impl Fn(State<S>, Request, Next) -> F) -> usize {
            size_of::<F>()
        }
        for (what, size) in [
            ("observe", size(observe)),
            ("JetBrains Account", size(answer_in_one_generation::<jetbrains_account::JetBrainsAccount>)),
            ("License Vault", size(answer_in_one_generation::<license_vault::LicenseVault>)),
            ("Atlassian", size(answer_in_one_generation::<atlassian::Atlassian>)),
        ] {
            assert!(size <= MOST, "{what} takes {size} bytes: box what few requests do (`Box::pin`)");
        }
    }
}
