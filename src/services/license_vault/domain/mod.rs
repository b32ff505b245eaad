//! What the service is about, and the rules that hold there, without HTTP and store.

pub(crate) mod allocation;
pub(crate) mod catalogue;
pub(crate) mod decide;
pub(crate) mod ids;
pub(crate) mod login_names;
pub(crate) mod refused_credential;
pub(crate) mod vault;
