//! What a service hands to the platform, and how the platform has it.

use std::{
    borrow::Cow,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use axum::{Router, routing::MethodRouter};
use utoipa::openapi::OpenApi;

use super::{
    comparison::Comparison,
    operations::{self, Operation},
};
use crate::{
    app::App,
    core::{error::Error, rate_window::RateLimit},
    http::{
        credential_places::CredentialPlace,
        describe_credential::{DescribeCredential, describe_credential},
        document::Document,
        routes::{Described, Routes},
        vendor_service::{ErrorCode, VendorService},
    },
    store::{
        credential::CredentialKind,
        state::{ServiceTables, Tables},
    },
    web::{Pages, view},
};

/// One service, as the platform sees it.
pub struct Service {
    /// Its name in the store, in logs and in operations.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// In front of most of its paths, for people.
    pub base_path: &'static str,
    /// In front of the paths of its document.
    pub document_base: &'static str,
    /// What all its paths stand behind once more, if they do.
    pub mounted_again_at: Option<&'static str>,
    /// Writes a path as the vendor does.
    pub write_path: fn(&str) -> Cow<'_, str>,
    /// Its document, the name of that, and what people call it.
    pub document: &'static Document,
    pub document_name: &'static str,
    pub document_title: &'static str,
    /// Its routes, from the root on.
    pub routes: fn(&App) -> Router<App>,
    /// What of it a tester controls, below the control API.
    pub control_routes: fn() -> Routes,
    /// Its page, if it has one.
    pub page: Option<Page>,
    /// Its tables in a space's state.
    pub tables: fn() -> ServiceTables,
    pub credential_kinds: &'static [CredentialKind],
    /// What its credentials may do.
    pub describe_credential: DescribeCredential,
    /// The codes that its errors have.
    pub error_codes: fn() -> Vec<ErrorCode>,
    /// Where its requests carry credentials.
    pub credential_places: &'static [CredentialPlace],
    /// How many requests its credentials may make, where nothing else is said; `None` where it does not limit them.
    pub rate_limit: Option<RateLimit>,
    /// The vendor's host names, for certificates.
    pub hosts: &'static [&'static str],
    /// What `locum compare` asks the real service, and other products that it emulates too.
    pub comparisons: &'static [Comparison],
}

/// What a service says about itself in documents. Not part of [`Service`], so that the program, which serves the
/// committed documents, does without what builds them.
pub struct ServiceDocument {
    /// The file's name without the ending.
    pub name: &'static str,
    pub build: fn() -> OpenApi,
    /// What of the service stands in the control API's document.
    pub control_routes: fn() -> Routes<Described>,
}

/// A page of a service.
#[derive(Clone, Copy)]
pub struct Page {
    /// Below the pages' base.
    pub path: &'static str,
    pub title: &'static str,
    pub show: fn() -> MethodRouter<Pages>,
    /// What its query may name, beside the space.
    pub parameters: &'static [&'static str],
    /// Links to the row of a record, by its kind and id as changes say them, if it is there.
    pub(crate) find_record: FindRecord,
}

/// See [`Page::find_record`].
pub(crate) type FindRecord = for<'a> fn(&'a view::Page, &'a str, &'a str) -> FoundRecord<'a>;

/// A link, once it is known.
pub(crate) type FoundRecord<'a> = Pin<Box<dyn Future<Output = Result<Option<String>, Error>> + Send + 'a>>;

impl Service {
    /// A service with routes and a document, and nothing else yet.
    pub fn new<S: VendorService>(title: &'static str, routes: fn(&App) -> Router<App>) -> Self {
        Self {
            name: S::NAME,
            title,
            base_path: S::BASE,
            document_base: S::BASE,
            mounted_again_at: S::MOUNTED_AGAIN_AT,
            write_path: S::write_path,
            document: S::document(),
            document_name: S::DOCUMENT,
            document_title: title,
            routes,
            control_routes: Routes::new,
            page: None,
            tables: ServiceTables::default,
            credential_kinds: &[],
            describe_credential: describe_credential::<S>,
            error_codes: S::error_codes,
            credential_places: S::CREDENTIAL_PLACES,
            rate_limit: None,
            hosts: &[],
            comparisons: &[],
        }
    }
}

/// The services of a Locum, in the order in which people see them.
pub struct Registry {
    services: Vec<Service>,
    tables: Tables,
    operations: OnceLock<Vec<Operation>>,
}

/// Shared by what is mounted.
pub type Services = Arc<Registry>;

impl Registry {
    pub fn new(services: Vec<Service>) -> Services {
        let tables = Tables::with_services(services.iter().map(|service| (service.tables)()));
        Arc::new(Self { services, tables, operations: OnceLock::new() })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Service> {
        self.services.iter()
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.services.iter().map(|service| service.name)
    }

    /// The tables of a space's state.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Every operation of the services. Made when somebody asks for the first time, because documents are large.
    pub fn operations(&self) -> &[Operation] {
        self.operations.get_or_init(|| self.iter().flat_map(operations::list).collect())
    }

    /// Where requests carry credentials, with the service that looks for them there.
    pub fn credential_places(&self) -> impl Iterator<Item = (&'static str, &'static CredentialPlace)> {
        self.iter().flat_map(|service| service.credential_places.iter().map(|place| (service.name, place)))
    }

    pub fn credential_kind(&self, service: &str, kind: &str) -> Option<&'static CredentialKind> {
        let service = self.iter().find(|one| one.name == service)?;
        service.credential_kinds.iter().find(|one| one.name == kind)
    }

    /// The vendors' host names, for certificates.
    pub fn hosts(&self) -> Vec<&'static str> {
        self.iter().flat_map(|service| service.hosts).copied().collect()
    }

    pub fn pages(&self) -> impl Iterator<Item = Page> {
        self.iter().filter_map(|service| service.page)
    }
}
