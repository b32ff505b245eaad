//! How the upstream stands to what is asked: whether whoever answers is the service at all, and is well. What a wrong
//! address, a refused credential, a page to sign in and a service that is down answer is no difference.

use serde_json::Value;

use super::{
    answer::{Answer, Body},
    ask::{Answers, Asked, Why},
};

/// So many answers in a row that cannot be the service's are enough.
const MOST_IN_A_ROW: usize = 3;

/// What is known after each question. A question tells something only if Locum's own answer to it is a success, because
/// services word their refusals as they like.
#[derive(Default)]
pub(super) struct Standing {
    /// One answer to the credential was the service's.
    was_met: bool,
    /// Answers that were not, before.
    strangers: usize,
    /// Where failures began that go on, and to how many questions that tell something.
    failing: Option<(usize, usize)>,
    /// Refusals of the credential in a row.
    refusals: usize,
}

/// What may be asked after a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Anything,
    WithoutCredential,
    Nothing(Why),
}

impl Standing {
    /// Notes the last one of those that were asked. Failures that do not end are no answers, those before this one too.
    pub(super) fn note(&mut self, asked: &mut [Asked]) -> Next {
        let Some((last, before)) = asked.split_last() else { return Next::Anything };
        match &last.answers {
            Ok(answers) => {
                self.refusals = 0;
                let tells = answers.locum.first.is_success();
                let status = answers.upstream.status;
                if tells && !self.was_met {
                    let is_stranger = find_stranger(answers).is_some();
                    self.was_met = last.with_credential && !is_stranger;
                    self.strangers += usize::from(is_stranger);
                }
                let (since, count) = self.failing.take().unwrap_or((before.len(), 0));
                let count = count + usize::from(tells);
                if status >= 500 && count >= MOST_IN_A_ROW {
                    let failed = asked[since..].iter_mut().filter(|one| one.answers.is_ok());
                    failed.for_each(|one| one.answers = Err(Why::Unavailable(status)));
                    return Next::Nothing(Why::Stopped);
                }
                self.failing = (status >= 500).then_some((since, count));
                if !self.was_met && self.strangers >= MOST_IN_A_ROW {
                    Next::Nothing(Why::Stopped)
                } else {
                    Next::Anything
                }
            }
            Err(Why::Refused(401)) => {
                self.refusals += 1;
                match (self.was_met, self.refusals) {
                    (false, _) => Next::Nothing(Why::CredentialIsBad),
                    (true, MOST_IN_A_ROW..) => Next::WithoutCredential,
                    (true, _) => Next::Anything,
                }
            }
            Err(_) => Next::Anything,
        }
    }

    /// Takes back what was answered by somebody who is not the service, or does not let it answer. Says why, if so.
    pub(super) fn settle(&self, asked: &mut [Asked]) -> Option<Why> {
        if self.was_met {
            return None;
        }
        for one in &mut *asked {
            if let Ok(answers) = &one.answers {
                let why = if answers.locum.first.is_success() { find_stranger(answers) } else { None };
                one.answers = Err(why.unwrap_or(Why::NotMet));
            }
        }
        let mut reasons = asked.iter().filter(|one| one.with_credential).filter_map(|one| one.answers.as_ref().err());
        Some(reasons.find(|why| why.is_failure() && **why != Why::NotMet).copied().unwrap_or(Why::NotMet))
    }
}

/// Why an answer cannot be the service's, to what Locum answers with success.
fn find_stranger(Answers { upstream, locum }: &Answers) -> Option<Why> {
    let is_json = |answer: &Answer| answer.json().is_some();
    match upstream.status {
        200..=299 if upstream.body == Body::Html && locum.first.body != Body::Html => Some(Why::Page),
        200..=299 => match (upstream.json(), locum.first.json()) {
            (Some(theirs), Some(ours)) => (!is_alike(theirs, ours)).then_some(Why::Foreign),
            _ => (is_json(upstream) != is_json(&locum.first)).then_some(Why::Foreign),
        },
        status @ (401 | 403) => Some(Why::Refused(status)),
        status @ 300..=399 => Some(Why::Elsewhere(status)),
        status @ 500.. => Some(Why::Unavailable(status)),
        status => Some(Why::Unknown(status)),
    }
}

/// Whether both may be of one service, whatever differs: they have one member in common.
fn is_alike(theirs: &Value, ours: &Value) -> bool {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            ours.is_empty() || theirs.keys().any(|name| ours.contains_key(name))
        }
        (Value::Array(theirs), Value::Array(ours)) => match (theirs.first(), ours.first()) {
            (Some(theirs), Some(ours)) => is_alike(theirs, ours),
            _ => true,
        },
        (theirs, ours) => std::mem::discriminant(theirs) == std::mem::discriminant(ours),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_alike;

    #[test]
    fn one_service_has_a_member_in_common() {
        for (theirs, ours, alike) in [
            (json!({"data": [], "more": 1}), json!({"data": [1], "links": {}}), true),
            (json!({"error": "sign in"}), json!({"data": []}), false),
            (json!({}), json!({"data": []}), false),
            (json!([]), json!([{"id": 1}]), true),
            (json!([{"id": "x"}]), json!([{"id": 1}]), true),
            (json!([{"name": "x"}]), json!([{"id": 1}]), false),
            (json!([]), json!({}), false),
            (json!(7), json!(12), true),
            (json!("ok"), json!(12), false),
        ] {
            assert_eq!(is_alike(&theirs, &ours), alike, "{theirs} {ours}");
        }
    }
}
