//! What pages share: their session, how they call the control API, what each of them knows.

pub(crate) mod control_action;
mod control_client;
pub(crate) mod error;
pub(crate) mod form;
mod form_body;
pub(crate) mod format;
pub(crate) mod guard;
pub(crate) mod links;
pub(crate) mod parts;
pub(crate) mod security_headers;
pub(crate) mod session;
pub(crate) mod shown;
pub(crate) mod view;

use axum::Router;

use self::shown::Shown;
use crate::app::App;

/// Where the pages are.
pub(crate) const BASE: &str = "/_emulator/ui";
/// The first of them.
pub(crate) const HOME: &str = "/_emulator/ui/";
/// The mark that browsers show beside a page's title.
pub(crate) const ICON: &str = "/_emulator/ui/icon.svg";
/// Where the documents of the control API are.
pub(crate) const DOCUMENTS: &str = "/_emulator/docs";
/// Where the control API's own document is, which stood there before the pages of documents.
pub(crate) const CONTROL_DOCUMENT: &str = "/_emulator/openapi.json";

/// What a page is made from.
#[derive(Clone)]
pub struct Pages {
    pub app: App,
    /// The control API, asked from within.
    pub(crate) control: Router,
    /// The services, asked from within: recorded as any request.
    pub(crate) vendors: Router,
    /// What was made and is shown for a while.
    pub(crate) shown: Shown,
    /// All pages: path and title.
    pub(crate) links: Vec<(&'static str, &'static str)>,
    /// The services' names.
    pub(crate) services: Vec<&'static str>,
}
