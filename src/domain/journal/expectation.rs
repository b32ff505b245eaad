//! Whether requests are as a tester expects them.

use super::entry::Entry;
use crate::domain::request_matcher::{Difference, RequestMatcher};

/// Which requests are expected. What is not said matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectation {
    pub which: RequestMatcher,
    /// With this status.
    pub status: Option<u16>,
}

/// How many entries are as expected, as far as a journal can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub found: i64,
    /// Entries that were dropped to make room, some of which may have been as expected.
    pub evicted: i64,
}

impl Expectation {
    /// As if there were no differences, but without making them, because verifying looks at every entry.
    pub fn matches(&self, entry: &Entry) -> bool {
        self.status.is_none_or(|status| status == entry.status)
            && self.which.matches(entry.attributes(), &entry.request.body)
    }

    /// Where a request is not as expected.
    pub fn differences(&self, entry: &Entry) -> Vec<Difference> {
        let mut found = self.which.differences(entry.attributes(), &entry.request.body);
        if let Some(status) = self.status.filter(|status| *status != entry.status) {
            let (expected, found_status) = (status.to_string(), Some(entry.status.to_string()));
            found.push(Difference { field: "status".to_owned(), expected, found: found_status });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::journal::example_entry;

    #[test]
    fn query_body_and_status_are_the_entry_s() {
        let entry = example_entry("b=2&a=x%40y", r#"{"a":1}"#);
        let expected = |query: &[(&str, &str)], body, status| Expectation {
            which: RequestMatcher {
                query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
                body: Some(body),
                ..RequestMatcher::default()
            },
            status,
        };
        assert!(expected(&[("a", "x@y")], json!({}), Some(200)).matches(&entry));
        let different = expected(&[("c", "3")], json!({"a": 2}), Some(201));
        assert!(!different.matches(&entry));
        let fields: Vec<_> = different.differences(&entry).into_iter().map(|d| (d.field, d.found)).collect();
        let found = |text: &str| Some(text.to_owned());
        let of = |field: &str, found| (field.to_owned(), found);
        assert_eq!(fields, [of("query/c", None), of("body/a", found("1")), of("status", found("200"))]);
        assert!(!expected(&[], json!({}), Some(201)).matches(&entry));
    }
}
