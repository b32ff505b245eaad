//! What becomes of a request that is hit.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::header::{Headers, check_header};

/// The longest that a request may be kept waiting, in milliseconds.
const LONGEST_DELAY: u64 = 60_000;

/// What becomes of a request that is hit. Where nothing does, it is let pass.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// It is answered with this status, in the vendor's shape unless there is a body.
    pub status: Option<u16>,
    /// The code in the vendor's shape.
    pub code: Option<String>,
    /// It is answered with this body: a text as it is, everything else as JSON.
    pub body: Option<Value>,
    /// Its answer has these, in the place of its own.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// It waits this long, in milliseconds.
    pub delay_millis: Option<u64>,
    /// It waits any time from the other one to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_up_to_millis: Option<u64>,
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

    /// The same, with one delay in place of a range. `draw` draws a number that is not above the one it is given.
    pub(super) fn with_delay_drawn(&self, draw: impl FnOnce(u32) -> u32) -> Self {
        let mut drawn = self.clone();
        if let (Some(from), Some(to)) = (self.delay_millis, drawn.delay_up_to_millis.take()) {
            let width = u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
            drawn.delay_millis = Some(from + u64::from(draw(width)));
        }
        drawn
    }

    /// # Errors
    /// Why there can be no such effect.
    pub fn check(&self) -> Result<(), String> {
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("expected a status from 200 to 599".to_owned());
        }
        self.check_delay()?;
        self.headers.iter().try_for_each(|(name, values)| check_header(name, values))
    }

    /// # Errors
    /// Why nothing can wait so long.
    pub fn check_delay(&self) -> Result<(), String> {
        let (from, to) = (self.delay_millis.unwrap_or_default(), self.delay_up_to_millis);
        if from.max(to.unwrap_or_default()) > LONGEST_DELAY {
            return Err("a delay is at most 1m".to_owned());
        }
        if to.is_some_and(|to| self.delay_millis.is_none_or(|from| from > to)) {
            return Err("a range of delays goes from the shorter to the longer, like 100ms..2s".to_owned());
        }
        Ok(())
    }
}

/// Describes it in a few words, for the journal.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let up_to = self.delay_up_to_millis.map(|millis| format!("..{millis}ms")).unwrap_or_default();
        let names = self.headers.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        let parts = [
            self.delay_millis.map(|millis| format!("delay {millis}ms{up_to}")),
            self.status.map(|status| format!("status {status}")),
            self.code.as_ref().map(|code| format!("code {code}")),
            self.body.as_ref().map(|_| "body".to_owned()),
            (!names.is_empty()).then(|| format!("headers {names}")),
            self.fault.map(|damage| damage.name().to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&if parts.is_empty() { "let pass".to_owned() } else { parts.join(", ") })
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
