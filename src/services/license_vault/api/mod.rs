//! The API that the service's clients call.

pub(crate) mod error;
pub(crate) mod injected;
pub(crate) mod query;
pub(crate) mod routes;
pub(crate) mod scope;
pub(crate) mod swagger;
pub(crate) mod wire;
