//! A rule, as testers write it and see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    reach,
    then::{ThenOrSteps, place},
};
use crate::{
    control::{error_code, request_matcher},
    core::error::Error,
    domain::{fault_rule::Rule, request_matcher::RequestMatcher},
    http::{extract::object, problem::Problem},
    services::Registry,
    store::fault_rule::StoredRule,
};

/// A rule that injects faults.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "match": { "operation": "assignLicense" }, "then": { "status": 503 }, "times": 1 }))]
pub(crate) struct FaultRule {
    /// Which requests; left out, all of them.
    #[serde(default, deserialize_with = "object")]
    r#match: RequestMatcher,
    /// What becomes of them; a list: of one after the other, each step once.
    then: ThenOrSteps,
    /// How many are hit; left out, all of them. Not beside a list, which says so itself.
    #[schema(minimum = 1)]
    times: Option<i64>,
    /// How many are let through first.
    #[serde(default)]
    #[schema(minimum = 0)]
    after: i64,
}

/// A rule as it is kept.
// Its members are not those of `FaultRule` flattened, because that refuses others, as `id`, in its schema too.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FaultRuleAnswer {
    pub(crate) id: String,
    /// Which requests.
    pub(crate) r#match: RequestMatcher,
    /// What becomes of them; a list: of one after the other, each step once.
    pub(crate) then: ThenOrSteps,
    /// How many are hit; absent where all are, and beside a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<i64>,
    /// How many are let through first.
    pub(crate) after: i64,
    /// How many requests it has hit.
    pub(crate) hits: i64,
}

impl FaultRule {
    pub(super) fn read(self, services: &Registry) -> Result<Rule, Problem> {
        let Self { r#match: mut which, then, times, after } = self;
        if times.is_some_and(|times| times < 1) {
            return Err(Error::invalid("/times", "expected a number from 1").into());
        }
        if times.is_some() && then.is_list() {
            const WHY: &str =
                "a list in `then` is one hit for each step: leave `times` out, and repeat steps in the list";
            return Err(Error::invalid("/times", WHY).into());
        }
        if after < 0 {
            return Err(Error::invalid("/after", "expected a number from 0").into());
        }
        if which.ignored.is_some() {
            const WHY: &str = "what a request sent that nothing reads is known when the service has read it, and a fault \
                               hits before: leave it out, and ask requests/verify or requests?ignored=true";
            return Err(Error::invalid("/match/ignored", WHY).into());
        }
        let effect = then.read()?;
        request_matcher::check(services, &mut which)?;
        reach::check(services, &which)?;
        request_matcher::check_body(services, &which)?;
        for (at, step) in effect.iter().enumerate() {
            let at = place(&effect, at);
            error_code::check(services, &mut which, &at, step.code.as_deref(), step.status)?;
        }
        Ok(Rule { which, effect, times, after })
    }
}

impl FaultRuleAnswer {
    /// How many requests it hits at most.
    pub(crate) fn most_hits(&self) -> Option<i64> {
        self.times.or_else(|| self.then.count_steps())
    }
}

impl From<StoredRule> for FaultRuleAnswer {
    fn from(stored: StoredRule) -> Self {
        let hits = stored.rule.hits(stored.seen);
        let Rule { which, effect, times, after } = stored.rule;
        Self { id: stored.id, r#match: which, then: effect.into(), times, after, hits }
    }
}
