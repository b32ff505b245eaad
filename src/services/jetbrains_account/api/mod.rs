//! The service as its clients see it.

pub(crate) mod error;
pub(crate) mod injected;
pub(crate) mod jackson;
pub(crate) mod routes;
pub(crate) mod scope;
pub(crate) mod wire;
