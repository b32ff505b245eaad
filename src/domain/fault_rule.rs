//! Faults that a tester injects: which requests they hit, and what becomes of those.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::request_matcher::RequestMatcher;

/// A rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Which requests.
    #[serde(flatten)]
    pub which: RequestMatcher,
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
    pub fault: Option<Damage>,
}

impl Effect {
    /// The request is answered without its handler.
    pub fn answers(&self) -> bool {
        self.status.is_some() || self.code.is_some() || self.body.is_some()
    }

    /// The request is answered like one that no limit counts: with a bad credential, or with a method that its path
    /// does not have.
    pub fn is_uncounted(&self) -> bool {
        matches!(self.status, Some(401 | 405))
    }
}

/// Describes it in a few words, for the journal.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.delay_millis.map(|millis| format!("delay {millis}ms")),
            self.status.map(|status| format!("status {status}")),
            self.code.as_ref().map(|code| format!("code {code}")),
            self.body.as_ref().map(|_| "body".to_owned()),
            self.fault.map(|damage| damage.name().to_owned()),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// Whether answers with this status never have a body, nor say how long one would be.
pub fn has_no_body(status: u16) -> bool {
    matches!(status, 204 | 205 | 304)
}

/// What a connection suffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// It is reset (TCP RST) without an answer.
    ConnectionReset,
    /// The answer's body is left out. Of an answer without one, everything is: it closes without an answer.
    Empty,
    /// It closes in the middle of the answer's body; of an answer without one, in the middle of its status line.
    Truncated,
}

impl Damage {
    fn name(self) -> &'static str {
        match self {
            Self::ConnectionReset => "connection_reset",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
        }
    }
}

impl Rule {
    /// How many requests were hit when this many matched.
    pub fn hits(&self, seen: i64) -> i64 {
        let past = (seen - self.after).max(0);
        self.times.map_or(past, |times| past.min(times))
    }

    /// Whether the request that matched as this number, from 1, is hit.
    pub fn hits_number(&self, number: i64) -> bool {
        self.hits(number) > self.hits(number - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_and_times() {
        let rule = Rule { after: 2, times: Some(3), ..Rule::default() };
        let hit: Vec<i64> = (1..10).filter(|number| rule.hits_number(*number)).collect();
        assert_eq!(hit, [3, 4, 5]);
        assert_eq!(rule.hits(9), 3);
        assert!(Rule::default().hits_number(1_000));
    }
}
