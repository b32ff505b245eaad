//! Whether requests are as a tester expects them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::entry::Entry;
use crate::domain::request_matcher::{Difference, RequestMatcher};

/// Which requests are expected. What is not said matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectation {
    pub which: RequestMatcher,
    /// With this status.
    pub status: Option<u16>,
    /// With these query parameters, decoded; others do not matter.
    pub query: BTreeMap<String, String>,
    /// With this body: of an object, other members do not matter; a text is the whole body.
    pub body: Option<Value>,
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
        self.which.matches(entry.attributes()) && (self.has_only_a_matcher() || self.differences(entry).is_empty())
    }

    fn has_only_a_matcher(&self) -> bool {
        self.status.is_none() && self.query.is_empty() && self.body.is_none()
    }

    /// Where a request is not as expected.
    pub fn differences(&self, entry: &Entry) -> Vec<Difference> {
        let mut found: Vec<Difference> = self.which.differences(entry.attributes()).collect();
        let mut differ = |field: String, expected: String, actual: Option<String>| {
            if actual.as_deref() != Some(expected.as_str()) {
                found.push(Difference { field, expected, found: actual });
            }
        };
        if let Some(status) = self.status {
            differ("status".to_owned(), status.to_string(), Some(entry.status.to_string()));
        }
        for (name, wanted) in &self.query {
            let query = entry.query.as_deref().unwrap_or_default();
            let value = form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name);
            differ(format!("query/{name}"), wanted.clone(), value.map(|(_, value)| value.into_owned()));
        }
        match &self.body {
            None => {}
            Some(Value::String(text)) => {
                let body = String::from_utf8_lossy(&entry.request.body).into_owned();
                // The expected text may be the body itself, or what the body says as a JSON text.
                let as_json = serde_json::from_str::<String>(&body).ok();
                differ("body".to_owned(), text.clone(), as_json.or(Some(body)));
            }
            Some(wanted) => match serde_json::from_slice::<Value>(&entry.request.body) {
                Ok(body) => compare("body", wanted, Some(&body), &mut differ),
                Err(_) => differ("body".to_owned(), wanted.to_string(), None),
            },
        }
        found
    }
}

/// Compares every member that is wanted, at any depth.
fn compare(
    field: &str,
    wanted: &Value,
    found: Option<&Value>,
    differ: &mut impl FnMut(String, String, Option<String>),
) {
    match (wanted, found) {
        (Value::Object(wanted), Some(Value::Object(found))) => {
            for (name, wanted) in wanted {
                compare(&format!("{field}/{name}"), wanted, found.get(name), differ);
            }
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => {
            for (at, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                compare(&format!("{field}/{at}"), wanted, Some(found), differ);
            }
        }
        _ => differ(field.to_owned(), wanted.to_string(), found.map(Value::to_string)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::journal::example_entry;

    #[test]
    fn a_body_matches_by_the_members_that_are_named() {
        let entry =
            example_entry("", r#"{"licenseId":"A","contact":{"firstName":"Eve","lastName":"Stone"},"ids":[1,2]}"#);
        let fields = |body: Value| {
            let expected = Expectation { body: Some(body), ..Expectation::default() };
            let differences = expected.differences(&entry);
            assert_eq!(expected.matches(&entry), differences.is_empty());
            differences.into_iter().map(|d| d.field).collect::<Vec<_>>()
        };
        assert!(fields(json!({"contact": {"firstName": "Eve"}, "ids": [1, 2]})).is_empty());
        assert_eq!(
            fields(json!({"contact": {"firstName": "Bob", "x": 1}})),
            ["body/contact/firstName", "body/contact/x"]
        );
        assert_eq!(fields(json!({"ids": [1]})), ["body/ids"]);
        assert_eq!(fields(json!([])), ["body"]);
        assert_eq!(fields(json!("text")), ["body"]);
    }

    #[test]
    fn a_query_matches_decoded_and_in_any_order() {
        let entry = example_entry("b=2&a=x%40y", "");
        let expected = |name: &str, value: &str| Expectation {
            query: [(name.to_owned(), value.to_owned())].into(),
            ..Expectation::default()
        };
        assert!(expected("a", "x@y").matches(&entry));
        let differences = expected("c", "3").differences(&entry);
        assert_eq!((differences[0].field.as_str(), &differences[0].found), ("query/c", &None));
    }
}
