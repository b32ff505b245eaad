//! Faults that a tester injects: which requests they hit, and what becomes of those.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A rule. What is not said matches everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Of this service.
    pub service: Option<String>,
    /// With this operation id.
    pub operation: Option<String>,
    /// With the credential of this label.
    pub credential: Option<String>,
    /// With this method.
    pub method: Option<String>,
    /// With this path; a `*` at its end stands for anything.
    pub path: Option<String>,
    /// What becomes of them.
    pub effect: Effect,
    /// How many are hit; all, if nothing is said.
    pub times: Option<i64>,
    /// How many are let through first.
    pub after: i64,
}

/// What becomes of a request that is hit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// It is answered with this status, in the vendor's shape unless there is a body.
    pub status: Option<u16>,
    /// The code in the vendor's shape.
    pub code: Option<String>,
    /// It is answered with this body: a text as it is, everything else as JSON.
    pub body: Option<Value>,
    /// It waits this long, in milliseconds.
    pub delay_millis: Option<u64>,
    /// Its connection suffers.
    pub fault: Option<Damage>,
}

impl Effect {
    /// The request is answered without its handler.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.status.is_some() || self.code.is_some() || self.body.is_some()
    }
}

/// What a connection suffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// It closes without an answer.
    ConnectionReset,
    /// The answer's body is empty.
    Empty,
    /// It closes in the middle of the answer's body.
    Truncated,
}

/// A request, as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its service.
    pub service: &'a str,
    /// Its operation, if it is one.
    pub operation: Option<&'a str>,
    /// Its credential's label, if it is known.
    pub credential: Option<&'a str>,
    /// Its method.
    pub method: &'a str,
    /// Its whole path.
    pub path: &'a str,
}

impl Rule {
    /// Whether a request is one of those that the rule is about.
    #[must_use]
    pub fn matches(&self, asked: Asked<'_>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|w| found == Some(w));
        is(&self.service, Some(asked.service))
            && is(&self.operation, asked.operation)
            && is(&self.credential, asked.credential)
            && self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(asked.method))
            && self.path.as_deref().is_none_or(|path| match path.strip_suffix('*') {
                Some(start) => asked.path.starts_with(start),
                None => asked.path == path,
            })
    }

    /// How many requests were hit when this many matched.
    #[must_use]
    pub fn hits(&self, seen: i64) -> i64 {
        let past = (seen - self.after).max(0);
        self.times.map_or(past, |times| past.min(times))
    }

    /// Whether the request that matched as this number, from 1, is hit.
    #[must_use]
    pub fn hits_number(&self, number: i64) -> bool {
        self.hits(number) > self.hits(number - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'_> = Asked {
        service: "atlassian",
        operation: Some("getApiTokens"),
        credential: Some("full"),
        method: "GET",
        path: "/admin/api-access/v1/orgs/o/api-tokens",
    };

    #[test]
    fn everything_that_is_said_must_fit() {
        let text = |text: &str| Some(text.to_owned());
        for (rule, fits) in [
            (Rule::default(), true),
            (Rule { service: text("atlassian"), operation: text("getApiTokens"), ..Rule::default() }, true),
            (Rule { service: text("license_vault"), operation: text("getApiTokens"), ..Rule::default() }, false),
            (Rule { credential: text("reader"), ..Rule::default() }, false),
            (Rule { method: text("get"), path: text("/admin/*"), ..Rule::default() }, true),
            (Rule { path: text("/admin"), ..Rule::default() }, false),
            (Rule { method: text("POST"), ..Rule::default() }, false),
        ] {
            assert_eq!(rule.matches(ASKED), fits, "{rule:?}");
        }
    }

    #[test]
    fn after_and_times() {
        let rule = Rule { after: 2, times: Some(3), ..Rule::default() };
        let hit: Vec<i64> = (1..10).filter(|number| rule.hits_number(*number)).collect();
        assert_eq!(hit, [3, 4, 5]);
        assert_eq!(rule.hits(9), 3);
        assert!(Rule::default().hits_number(1_000));
    }
}
