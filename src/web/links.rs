//! Paths and queries, as links hold them.

use axum::http::Uri;

use super::{BASE, CONTROL_DOCUMENT, DOCUMENTS, HOME};
use crate::domain::organization::DEFAULT_SPACE;

/// Writes a query with its `?`. Leaves out what is empty.
pub(crate) fn format_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// Encodes a text as one segment of a path.
pub(crate) fn encode_segment(text: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}

/// What a link leads to, so that two can be compared: its path, and its query in one order, without what says nothing
/// and without what only names what lies over the page.
pub(crate) fn find_place(link: &str) -> (&str, Vec<(String, String)>) {
    let link = link.split('#').next().unwrap_or(link);
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let says = |(name, value): &(String, String)| {
        !value.trim().is_empty() && name != "shown" && (name != "space" || value != DEFAULT_SPACE)
    };
    let mut pairs: Vec<_> = pairs.filter(says).collect();
    pairs.sort_unstable();
    (path, pairs)
}

/// Whether a link leads to the documents of the control API, which are behind the same login.
pub(crate) fn is_document(link: &str) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['?', '#']);
    let leads = match (link.strip_prefix(DOCUMENTS), link.strip_prefix(CONTROL_DOCUMENT)) {
        (Some(rest), _) => rest.starts_with('/') || ends(rest),
        (None, Some(rest)) => ends(rest),
        (None, None) => false,
    };
    leads && link.parse::<Uri>().is_ok()
}

/// Whether a link leads to one of Locum's pages. Forms may lead nowhere else, so that nobody can use them to send
/// people to another site. One that is no link, such as a text of two lines, leads nowhere.
pub(crate) fn is_own_page(link: &str) -> bool {
    (link.starts_with(HOME) || link.starts_with(&format!("{BASE}?"))) && link.parse::<Uri>().is_ok()
}
