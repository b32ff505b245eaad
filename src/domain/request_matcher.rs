//! Which requests are meant: by faults that hit them, by questions about the journal, by lists of it.

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
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
    pub fn matches(&self, request: RequestAttributes<'_>) -> bool {
        self.compare(request).into_iter().all(|(.., fits)| fits)
    }

    pub fn differences<'a>(&'a self, request: RequestAttributes<'a>) -> impl Iterator<Item = Difference> + use<'a> {
        self.compare(request).into_iter().filter(|(.., fits)| !fits).map(|(field, wanted, found, _)| Difference {
            field: field.to_owned(),
            expected: wanted.unwrap_or_default().to_owned(),
            found: found.map(ToOwned::to_owned),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: RequestAttributes<'_> = RequestAttributes {
        service: Some("billing"),
        operation: Some("getInvoices"),
        credential: Some("full"),
        method: "GET",
        path: "/billing/v1/invoices",
        other_paths: &[],
        ignored: true,
    };

    #[test]
    fn everything_that_is_said_must_fit() {
        let text = |text: &str| Some(text.to_owned());
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
        ] {
            assert_eq!(matcher.matches(request), fits, "{matcher:?}");
            assert_eq!(matcher.differences(request).count() == 0, fits, "{matcher:?}");
        }
    }

    #[test]
    fn differences_name_the_field_and_both_values() {
        let matcher = RequestMatcher { credential: Some("reader".to_owned()), ..RequestMatcher::default() };
        let found: Vec<Difference> = matcher.differences(REQUEST).collect();
        let expected = Difference {
            field: "credential".to_owned(),
            expected: "reader".to_owned(),
            found: Some("full".to_owned()),
        };
        assert_eq!(found, [expected]);
    }
}
