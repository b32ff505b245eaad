//! Paths as the list of requests shows them.

use std::borrow::Cow;

use crate::{domain::journal::Entry, services::Registry};

/// What the paths of each service begin with, which the list leaves out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ShortPaths(pub(super) Vec<(&'static str, &'static str)>);

impl ShortPaths {
    pub(super) fn of(services: &Registry) -> Self {
        Self(services.iter().map(|service| (service.name, service.base_path)).collect())
    }

    /// What follows the service's base path.
    pub(super) fn without_base<'a>(&self, entry: &'a Entry) -> &'a str {
        let base = self.0.iter().find(|(name, _)| Some(*name) == entry.service.as_deref()).map(|(_, base)| *base);
        let rest = base.and_then(|base| entry.path.strip_prefix(base)).filter(|rest| rest.starts_with('/'));
        rest.unwrap_or(&entry.path)
    }

    /// The same, with a long id cut to its beginning.
    pub(super) fn shorten(&self, entry: &Entry) -> String {
        self.without_base(entry).split('/').map(shorten_segment).collect::<Vec<_>>().join("/")
    }
}

fn shorten_segment(segment: &str) -> Cow<'_, str> {
    const LONG: usize = 24;
    if segment.len() > LONG && segment.contains(|c: char| c.is_ascii_digit()) {
        let start: String = segment.chars().take(8).collect();
        (start + "…").into()
    } else {
        segment.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::example_entry;

    #[test]
    fn what_is_long_or_the_same_everywhere_is_left_out() {
        let paths = ShortPaths(vec![("billing", "/v1")]);
        let mut entry = example_entry("", "");
        for (path, short) in [
            ("/v1/orgs/8f2b0c1e-0000-4000-8000-000000000001/keys", "/orgs/8f2b0c1e…/keys"),
            ("/v1/a-long-name-without-any-number/keys", "/a-long-name-without-any-number/keys"),
            ("/v10/keys", "/v10/keys"),
            ("/v1", "/v1"),
        ] {
            entry.path = path.into();
            assert_eq!(paths.shorten(&entry), short);
        }
    }
}
