//! Which requests are meant: by faults that hit them, by questions about the journal, by lists of it.

use std::{borrow::Cow, collections::BTreeMap};

use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use crate::domain::path_pattern::PathPattern;

/// Which requests. Everything that is said must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Match)]
pub struct RequestMatcher {
    /// A service's name, as the control API's information lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// A vendor's operation id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "assignLicense")]
    pub operation: Option<String>,
    /// What the credential is called: one of the space's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ann@example.test (organization)")]
    pub credential: Option<String>,
    // In any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "POST")]
    pub method: Option<String>,
    /// The whole path. A whole segment `{name}` or `*` stands for any one segment, so that paths of `GET /operations`
    /// can be sent as they are; a `*` at the end stands for anything. How a character is encoded does not matter, and
    /// what a service is mounted behind may be left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/api/v1/*")]
    pub path: Option<String>,
    /// Whether it sent something that nothing read.
    // Not in the document, because a fault refuses it: it hits before that is known. Questions have a type of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub ignored: Option<bool>,
    /// Query parameters by name, decoded; others do not matter.
    #[serde(default, deserialize_with = "read_parameters", skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// The body: of an object, members that are not named do not matter; a text is the whole body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// Reads values of parameters. A number, or `true`, is the text that a query has for it.
///
/// # Errors
/// A value is something else.
pub fn read_parameters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text, a number, true or false")]
    enum Written {
        Text(String),
        Number(Number),
        Flag(bool),
    }
    let written = BTreeMap::<String, Written>::deserialize(deserializer)?;
    let write = |value| match value {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
        Written::Flag(flag) => flag.to_string(),
    };
    Ok(written.into_iter().map(|(name, value)| (name, write(value))).collect())
}

/// What a matcher looks at in a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestAttributes<'a> {
    /// `None` where the path is no service's.
    pub service: Option<&'a str>,
    /// `None` where path and method are no operation.
    pub operation: Option<&'a str>,
    /// The credential's label, if it is known.
    pub credential: Option<&'a str>,
    pub method: &'a str,
    pub path: &'a str,
    /// Further paths that mean the same operation: as the vendor writes it, and as it is where it is mounted first.
    pub other_paths: &'a [ByteString],
    /// It sent something that nothing read, as far as that is known.
    pub ignored: bool,
    /// As it was sent.
    pub query: Option<&'a str>,
}

/// A field that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DifferenceAnswer)]
pub struct Difference {
    /// As in `match`: `operation`, `query/page`, `body/contact/email`.
    #[schema(example = "credential")]
    pub field: String,
    pub expected: String,
    /// Absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl RequestMatcher {
    /// Whether it fits, made without the differences, because whoever asks often asks of every request.
    pub fn matches(&self, request: RequestAttributes<'_>, body: &[u8]) -> bool {
        self.matches_head(request) && self.matches_body(body)
    }

    /// The same, as far as the body does not matter.
    pub fn matches_head(&self, request: RequestAttributes<'_>) -> bool {
        self.compare(request).into_iter().all(|(.., fits)| fits)
            && self
                .query
                .iter()
                .all(|(name, wanted)| find_in_query(request, name).is_some_and(|found| found == *wanted))
    }

    /// The same for the body alone.
    pub fn matches_body(&self, body: &[u8]) -> bool {
        self.body.as_ref().is_none_or(|wanted| compare_body(wanted, body).is_empty())
    }

    pub fn differences(&self, request: RequestAttributes<'_>, body: &[u8]) -> Vec<Difference> {
        let fields = self.compare(request).into_iter().filter(|(.., fits)| !fits);
        let fields = fields.map(|(field, wanted, found, _)| Difference {
            field: field.to_owned(),
            expected: wanted.unwrap_or_default().to_owned(),
            found: found.map(ToOwned::to_owned),
        });
        let query = self.query.iter().filter_map(|(name, wanted)| {
            let found = find_in_query(request, name);
            (found.as_deref() != Some(wanted)).then(|| Difference {
                field: format!("query/{name}"),
                expected: wanted.clone(),
                found: found.map(Cow::into_owned),
            })
        });
        let body = self.body.iter().flat_map(|wanted| compare_body(wanted, body));
        fields.chain(query).chain(body).collect()
    }

    /// Every field: what is wanted, what the request has, and whether that fits.
    fn compare<'a>(
        &'a self,
        request: RequestAttributes<'a>,
    ) -> [(&'static str, Option<&'a str>, Option<&'a str>, bool); 6] {
        let equal = |name, wanted: &'a Option<String>, found: Option<&'a str>| {
            let wanted = wanted.as_deref();
            (name, wanted, found, wanted.is_none() || wanted == found)
        };
        let write = |is_so| if is_so { "true" } else { "false" };
        let fits_ignored = self.ignored.is_none_or(|ignored| ignored == request.ignored);
        let method = self.method.as_deref();
        let path = self.path.as_deref();
        let fits_method = method.is_none_or(|method| method.eq_ignore_ascii_case(request.method));
        let fits_path = path.is_none_or(|path| {
            let pattern = PathPattern::new(path);
            pattern.matches(request.path) || request.other_paths.iter().any(|other| pattern.matches(other))
        });
        [
            equal("service", &self.service, request.service),
            equal("operation", &self.operation, request.operation),
            equal("credential", &self.credential, request.credential),
            ("method", method, Some(request.method), fits_method),
            ("path", path, Some(request.path), fits_path),
            ("ignored", self.ignored.map(write), Some(write(request.ignored)), fits_ignored),
        ]
    }
}

/// The value that a parameter of the query was given first, decoded.
fn find_in_query<'a>(request: RequestAttributes<'a>, name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = form_urlencoded::parse(request.query.unwrap_or_default().as_bytes());
    pairs.find(|(found, _)| found == name).map(|(_, value)| value)
}

/// Where a body is not as wanted.
fn compare_body(wanted: &Value, body: &[u8]) -> Vec<Difference> {
    let mut differences = Vec::new();
    match wanted {
        Value::String(text) => {
            let body = String::from_utf8_lossy(body);
            // The wanted text may be the body itself, or what the body says as a JSON text.
            let as_json = serde_json::from_str::<String>(&body).ok();
            if *text != body && as_json.as_ref() != Some(text) {
                let found = as_json.unwrap_or_else(|| body.into_owned());
                differences.push(Difference { field: "body".to_owned(), expected: text.clone(), found: Some(found) });
            }
        }
        wanted => compare_json("body", wanted, serde_json::from_slice(body).ok().as_ref(), &mut differences),
    }
    differences
}

/// Compares every member that is wanted, at any depth.
fn compare_json(field: &str, wanted: &Value, found: Option<&Value>, differences: &mut Vec<Difference>) {
    match (wanted, found) {
        (Value::Object(wanted), Some(Value::Object(found))) => {
            for (name, wanted) in wanted {
                compare_json(&format!("{field}/{name}"), wanted, found.get(name), differences);
            }
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => {
            for (at, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                compare_json(&format!("{field}/{at}"), wanted, Some(found), differences);
            }
        }
        _ if found == Some(wanted) => {}
        _ => differences.push(Difference {
            field: field.to_owned(),
            expected: wanted.to_string(),
            found: found.map(Value::to_string),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REQUEST: RequestAttributes<'_> = RequestAttributes {
        service: Some("billing"),
        operation: Some("getInvoices"),
        credential: Some("full"),
        method: "GET",
        path: "/billing/v1/invoices",
        other_paths: &[],
        ignored: true,
        query: Some("page=2&q=a%40b&page=3"),
    };

    #[test]
    fn everything_that_is_said_must_fit() {
        let text = |text: &str| Some(text.to_owned());
        let parameter = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let any = RequestMatcher::default;
        let others = [ByteString::from_static("/v1/invoices")];
        let request = RequestAttributes { other_paths: &others, ..REQUEST };
        for (matcher, fits) in [
            (any(), true),
            (RequestMatcher { service: text("billing"), operation: text("getInvoices"), ..any() }, true),
            (RequestMatcher { service: text("shipping"), operation: text("getInvoices"), ..any() }, false),
            (RequestMatcher { credential: text("reader"), ..any() }, false),
            (RequestMatcher { method: text("get"), path: text("/billing/*"), ..any() }, true),
            (RequestMatcher { path: text("/billing"), ..any() }, false),
            (RequestMatcher { path: text("/v1/invoices"), ..any() }, true),
            (RequestMatcher { method: text("POST"), ..any() }, false),
            (RequestMatcher { ignored: Some(true), ..any() }, true),
            (RequestMatcher { ignored: Some(false), ..any() }, false),
            (RequestMatcher { query: parameter("page", "2"), ..any() }, true),
            (RequestMatcher { query: parameter("page", "3"), ..any() }, false),
            (RequestMatcher { query: parameter("q", "a@b"), ..any() }, true),
            (RequestMatcher { query: parameter("q", ""), ..any() }, false),
            (RequestMatcher { query: parameter("size", "1"), ..any() }, false),
        ] {
            assert_eq!(matcher.matches(request, b""), fits, "{matcher:?}");
            assert_eq!(matcher.differences(request, b"").is_empty(), fits, "{matcher:?}");
        }
    }

    #[test]
    fn differences_name_the_field_and_both_values() {
        let matcher = RequestMatcher { credential: Some("reader".to_owned()), ..RequestMatcher::default() };
        let found = matcher.differences(REQUEST, b"");
        let expected = Difference {
            field: "credential".to_owned(),
            expected: "reader".to_owned(),
            found: Some("full".to_owned()),
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_body_matches_by_the_members_that_are_named() {
        let body = br#"{"licenseId":"A","contact":{"firstName":"Eve","lastName":"Stone"},"ids":[1,2],"none":null}"#;
        let fields = |wanted: Value| {
            let matcher = RequestMatcher { body: Some(wanted), ..RequestMatcher::default() };
            let differences = matcher.differences(REQUEST, body);
            assert_eq!(matcher.matches(REQUEST, body), differences.is_empty());
            differences.into_iter().map(|difference| difference.field).collect::<Vec<_>>()
        };
        assert!(fields(json!({"contact": {"firstName": "Eve"}, "ids": [1, 2], "none": null})).is_empty());
        assert_eq!(
            fields(json!({"contact": {"firstName": "Bob", "x": 1}})),
            ["body/contact/firstName", "body/contact/x"]
        );
        assert_eq!(fields(json!({"ids": [1]})), ["body/ids"]);
        assert_eq!(fields(json!({"licenseId": null})), ["body/licenseId"]);
        assert_eq!(fields(json!([])), ["body"]);
        assert_eq!(fields(json!("text")), ["body"]);
    }

    #[test]
    fn a_text_is_the_whole_body_as_it_is_or_as_json() {
        let matcher = RequestMatcher { body: Some(json!("a b")), ..RequestMatcher::default() };
        for (body, fits) in [(&b"a b"[..], true), (b"\"a b\"", true), (b"a b ", false), (b"", false), (b"\xff", false)]
        {
            assert_eq!(matcher.matches_body(body), fits, "{body:?}");
        }
    }
}
