//! Faults that a tester injects: which requests they hit, and what becomes of those.

mod effect;
mod header;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::request_matcher::RequestMatcher;

pub use self::{
    effect::{Damage, Effect, has_no_body},
    header::{HeaderValues, Headers, check_header},
};

/// A rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Which requests.
    #[serde(flatten)]
    pub which: RequestMatcher,
    /// What becomes of them.
    pub effect: Effects,
    /// How many are hit; all, if nothing is said. Of a sequence, as many as it has steps.
    pub times: Option<i64>,
    /// How many are let through first.
    pub after: i64,
}

/// What becomes of the requests that are hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Effects {
    /// Always the same.
    Always(Effect),
    /// One after the other, each once.
    InTurn(Vec<Effect>),
}

impl Default for Effects {
    fn default() -> Self {
        Self::Always(Effect::default())
    }
}

impl Effects {
    pub fn iter(&self) -> impl Iterator<Item = &Effect> {
        match self {
            Self::Always(effect) => std::slice::from_ref(effect),
            Self::InTurn(steps) => steps,
        }
        .iter()
    }
}

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The rule's id.
    pub rule: String,
    pub effect: Effect,
    /// Which step of a sequence it is, and of how many, from 1.
    pub step: Option<(i64, usize)>,
}

/// Describes it in a few words, for the journal.
impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((step, steps)) = self.step {
            write!(f, "step {step} of {steps}: ")?;
        }
        self.effect.fmt(f)
    }
}

impl Rule {
    /// How many requests were hit when this many matched.
    pub fn hits(&self, seen: i64) -> i64 {
        let past = (seen - self.after).max(0);
        self.most_hits().map_or(past, |most| past.min(most))
    }

    /// How many are hit at most.
    pub fn most_hits(&self) -> Option<i64> {
        match &self.effect {
            Effects::Always(_) => self.times,
            Effects::InTurn(steps) => Some(i64::try_from(steps.len()).unwrap_or(i64::MAX)),
        }
    }

    /// Whether it lets a request wait.
    pub fn delays(&self) -> bool {
        let effects = match &self.effect {
            Effects::Always(effect) => std::slice::from_ref(effect),
            Effects::InTurn(steps) => steps,
        };
        effects.iter().any(|effect| effect.delay_millis.is_some())
    }

    /// What becomes of the request that matched as this number, from 1; `None` where it is not hit. `draw` is given
    /// which hit it is, from 1, and a number, and draws one that is not above that.
    pub fn hit(&self, id: &str, number: i64, draw: impl FnOnce(i64, u32) -> u32) -> Option<Hit> {
        let hit = self.hits(number);
        if hit == self.hits(number - 1) {
            return None;
        }
        let (effect, step) = match &self.effect {
            Effects::Always(effect) => (effect, None),
            Effects::InTurn(steps) => (steps.get(usize::try_from(hit - 1).ok()?)?, Some((hit, steps.len()))),
        };
        let effect = effect.with_delay_drawn(|width| draw(hit, width));
        Some(Hit { rule: id.to_owned(), effect, step })
    }
}

/// Checks a rule that was written elsewhere.
///
/// # Errors
/// Why it cannot be one.
pub fn check_stored(text: &str) -> Result<(), String> {
    let rule: Rule = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if rule.effect.iter().next().is_none() {
        return Err("a sequence has at least one step".to_owned());
    }
    rule.effect.iter().try_for_each(Effect::check)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(rule: &Rule, numbers: std::ops::Range<i64>) -> Vec<(i64, Hit)> {
        numbers.filter_map(|number| Some((number, rule.hit("id", number, |_, width| width)?))).collect()
    }

    #[test]
    fn after_and_times() {
        let rule = Rule { after: 2, times: Some(3), ..Rule::default() };
        let hit: Vec<i64> = hits(&rule, 1..10).into_iter().map(|(number, _)| number).collect();
        assert_eq!(hit, [3, 4, 5]);
        assert_eq!(rule.hits(9), 3);
        assert!(Rule::default().hit("id", 1_000, |_, _| 0).is_some());
    }

    #[test]
    fn a_sequence_has_one_hit_for_each_step() {
        let status = Effect { status: Some(503), ..Effect::default() };
        let delay = Effect { delay_millis: Some(100), delay_up_to_millis: Some(2_000), ..Effect::default() };
        let steps = vec![status, delay, Effect::default()];
        let rule = Rule { effect: Effects::InTurn(steps), after: 1, ..Rule::default() };
        let hit: Vec<(i64, String)> =
            hits(&rule, 1..9).into_iter().map(|(number, hit)| (number, hit.to_string())).collect();
        let expected = ["step 1 of 3: status 503", "step 2 of 3: delay 2000ms", "step 3 of 3: let pass"];
        assert_eq!(hit, (2..5).zip(expected.map(str::to_owned)).collect::<Vec<_>>());
        assert_eq!((rule.hits(1), rule.hits(3), rule.hits(99)), (0, 2, 3));
    }

    #[test]
    fn a_range_of_delays_is_drawn_by_the_number_of_the_hit() {
        let delay = Effect { delay_millis: Some(100), delay_up_to_millis: Some(102), ..Effect::default() };
        let rule = Rule { effect: Effects::Always(delay), after: 5, ..Rule::default() };
        let hit = rule.hit("id", 7, |hit, width| {
            assert_eq!((hit, width), (2, 2));
            1
        });
        assert_eq!(hit.map(|hit| hit.effect.delay_millis), Some(Some(101)));
    }

    #[test]
    fn rules_are_read_as_earlier_versions_wrote_them() {
        let old = r#"{"operation":"x","effect":{"status":503,"code":null,"body":null,"delay_millis":5,"fault":null},
                      "times":1,"after":0}"#;
        let rule: Rule = serde_json::from_str(old).unwrap();
        let effect = Effect { status: Some(503), delay_millis: Some(5), ..Effect::default() };
        assert_eq!((rule.effect, rule.which.operation.as_deref()), (Effects::Always(effect), Some("x")));
        assert_eq!(check_stored(old), Ok(()));
        for wrong in [
            r#"{"effect":[],"after":0}"#,
            r#"{"effect":{"status":1},"after":0}"#,
            r#"{"effect":[{},{"delay_millis":60001}],"after":0}"#,
            r#"{"effect":{"delay_millis":2,"delay_up_to_millis":1},"after":0}"#,
            r#"{"effect":{"delay_up_to_millis":1},"after":0}"#,
            r#"{"effect":{"headers":{"Content-Length":"1"}},"after":0}"#,
            r#"{"effect":7,"after":0}"#,
        ] {
            assert!(check_stored(wrong).is_err(), "{wrong}");
        }
    }
}
