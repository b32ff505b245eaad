//! Which requests are meant: by faults that hit them, and by questions about the journal.

use serde::{Deserialize, Serialize};

/// Which requests. What is not said matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    /// Of this service.
    pub service: Option<String>,
    /// With this operation id.
    pub operation: Option<String>,
    /// With the credential of this label.
    pub credential: Option<String>,
    /// With this method, in any case.
    pub method: Option<String>,
    /// With this path; a `*` at its end stands for anything.
    pub path: Option<String>,
}

/// A request, as selectors see it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its service; `None` where the path is no service's.
    pub service: Option<&'a str>,
    /// Its operation, if it is one.
    pub operation: Option<&'a str>,
    /// Its credential's label, if it is known.
    pub credential: Option<&'a str>,
    pub method: &'a str,
    pub path: &'a str,
}

/// What a selector wants, and what a request has instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field, as the control API spells it.
    pub field: String,
    /// What it should be.
    pub expected: String,
    /// What it is; `None` where there is nothing.
    pub found: Option<String>,
}

impl Selector {
    /// Whether a request is one of those that are meant.
    pub fn matches(&self, asked: Asked<'_>) -> bool {
        self.compared(asked).into_iter().all(|(.., fits)| fits)
    }

    /// Where a request is not one of those that are meant.
    pub fn differences<'a>(&'a self, asked: Asked<'a>) -> impl Iterator<Item = Difference> + use<'a> {
        self.compared(asked).into_iter().filter(|(.., fits)| !fits).map(|(field, wanted, found, _)| Difference {
            field: field.to_owned(),
            expected: wanted.unwrap_or_default().to_owned(),
            found: found.map(ToOwned::to_owned),
        })
    }

    /// Every field: what is wanted, what is there, and whether that fits.
    fn compared<'a>(&'a self, asked: Asked<'a>) -> [(&'static str, Option<&'a str>, Option<&'a str>, bool); 5] {
        let same = |name, wanted: &'a Option<String>, found: Option<&'a str>| {
            let wanted = wanted.as_deref();
            (name, wanted, found, wanted.is_none() || wanted == found)
        };
        let method = self.method.as_deref();
        let path = self.path.as_deref();
        let fits_path = path.is_none_or(|path| match path.strip_suffix('*') {
            Some(start) => asked.path.starts_with(start),
            None => asked.path == path,
        });
        [
            same("service", &self.service, asked.service),
            same("operation", &self.operation, asked.operation),
            same("credential", &self.credential, asked.credential),
            ("method", method, Some(asked.method), method.is_none_or(|m| m.eq_ignore_ascii_case(asked.method))),
            ("path", path, Some(asked.path), fits_path),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'_> = Asked {
        service: Some("atlassian"),
        operation: Some("getApiTokens"),
        credential: Some("full"),
        method: "GET",
        path: "/admin/api-access/v1/orgs/o/api-tokens",
    };

    #[test]
    fn everything_that_is_said_must_fit() {
        let text = |text: &str| Some(text.to_owned());
        for (selector, fits) in [
            (Selector::default(), true),
            (Selector { service: text("atlassian"), operation: text("getApiTokens"), ..Selector::default() }, true),
            (
                Selector { service: text("license_vault"), operation: text("getApiTokens"), ..Selector::default() },
                false,
            ),
            (Selector { credential: text("reader"), ..Selector::default() }, false),
            (Selector { method: text("get"), path: text("/admin/*"), ..Selector::default() }, true),
            (Selector { path: text("/admin"), ..Selector::default() }, false),
            (Selector { method: text("POST"), ..Selector::default() }, false),
        ] {
            assert_eq!(selector.matches(ASKED), fits, "{selector:?}");
            assert_eq!(selector.differences(ASKED).count() == 0, fits, "{selector:?}");
        }
    }

    #[test]
    fn differences_name_the_field_and_both_values() {
        let selector = Selector { credential: Some("reader".to_owned()), ..Selector::default() };
        let found: Vec<Difference> = selector.differences(ASKED).collect();
        let expected = Difference {
            field: "credential".to_owned(),
            expected: "reader".to_owned(),
            found: Some("full".to_owned()),
        };
        assert_eq!(found, [expected]);
    }
}
