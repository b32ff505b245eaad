//! Faults, limits and spaces, as the controls show them, and in a few words as the list of requests does.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::{
    control::{CredentialAnswer, FaultRuleAnswer, PolicyAnswer, RateLimits, WindowAnswer},
    core::text::cut,
    domain::organization::DEFAULT_SPACE,
    web::{
        control_action::ControlAction,
        links::{encode_segment, format_query},
        view::Page,
    },
};

/// As much as a row has room for.
const LONGEST: usize = 60;

/// A rule that injects faults, in words, and the button that removes it.
pub(super) struct FaultRow {
    pub which: String,
    pub then: String,
    pub hits: i64,
    pub times: Option<i64>,
    pub remove: ControlAction,
}

impl FaultRow {
    pub(super) fn new(page: &Page, rule: &FaultRuleAnswer) -> Self {
        let which = describe(&rule.r#match);
        let which = if which.is_empty() { "every request".to_owned() } else { cut(&which, LONGEST) };
        let remove = page.call("DELETE", &format!("/faults/{}", encode_segment(&rule.id)), Value::Null, "Remove");
        let done = format!("Removed the fault for {which}");
        let remove = remove.of(format!("the fault for {which}")).says(done);
        Self { which, then: cut(&describe(&rule.then), LONGEST), hits: rule.hits, times: rule.most_hits(), remove }
    }

    /// Whether it has hit as many requests as it may, and hits none any more.
    pub(super) fn is_used_up(&self) -> bool {
        self.times.is_some_and(|times| self.hits >= times)
    }
}

/// Names each member of an object, and its value; of a list, that of one object after the other.
fn describe(described: &impl Serialize) -> String {
    let object = serde_json::to_value(described).unwrap_or_default();
    if let Value::Array(steps) = object {
        return steps.iter().map(describe_step).collect::<Vec<_>>().join("; then ");
    }
    let members = object.as_object().into_iter().flatten().map(|(name, value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    });
    members.collect::<Vec<_>>().join(", ")
}

/// The same for one of a list, where an empty one does nothing.
fn describe_step(step: &Value) -> String {
    let described = describe(step);
    if described.is_empty() { "let pass".to_owned() } else { described }
}

/// An open rate-limit window, and how many requests it lets through.
pub(super) struct WindowRow {
    pub window: WindowAnswer,
    pub limit: i64,
}

impl WindowRow {
    /// Of all open windows, first those that let the fewest requests through.
    pub(super) fn list(limits: RateLimits) -> Vec<Self> {
        let RateLimits { policies, windows, .. } = limits;
        let limit = |window: &WindowAnswer| {
            let policy = policies.iter().find(|policy| policy.organization == window.organization);
            policy.map_or(0, |policy| policy.limit)
        };
        let mut rows: Vec<Self> = windows.into_iter().map(|window| Self { limit: limit(&window), window }).collect();
        rows.sort_by_key(|row| row.window.remaining);
        rows
    }
}

/// A space, the link to it, and the button that deletes it.
pub(super) struct SpaceRow {
    pub name: String,
    pub is_here: bool,
    pub link: String,
    /// What somebody needs who is there for the first time.
    pub start: String,
    pub delete: Option<ControlAction>,
}

impl SpaceRow {
    pub(super) fn new(page: &Page, name: &str) -> Self {
        let home = format!("{}/", crate::web::BASE);
        let query = if name == DEFAULT_SPACE { String::new() } else { format_query([("space", name)]) };
        let (link, start) = (format!("{home}{query}"), format!("{}{}{query}", crate::web::BASE, super::START));
        let is_here = name == page.space.name;
        let delete = (name != DEFAULT_SPACE).then(|| {
            let path = format!("/spaces/{}", encode_segment(name));
            let delete =
                ControlAction::new("DELETE", path, Value::Null, "Delete".to_owned()).of(format!("the space {name}"));
            let delete = delete.asks(format!("Delete the space {name}? Its credentials are unknown from then on."));
            let delete = delete.says(format!("Deleted the space {name}"));
            if is_here { delete.leads(home) } else { delete }
        });
        Self { name: name.to_owned(), is_here, link, start, delete }
    }
}

/// The limits of the organizations that have what a service limits: a credential of it, or something counted.
pub(super) fn list_limited<'a>(limits: &'a RateLimits, credentials: &[CredentialAnswer]) -> Vec<&'a PolicyAnswer> {
    let mut limited: BTreeSet<(&str, &str)> =
        credentials.iter().map(|one| (one.organization.as_str(), one.service.as_str())).collect();
    for policy in &limits.policies {
        if limits.windows.iter().any(|window| window.organization == policy.organization) {
            limited.insert((&policy.organization, &policy.service));
        }
    }
    let is_limited = |policy: &&PolicyAnswer| limited.contains(&(policy.organization.as_str(), &*policy.service));
    limits.policies.iter().filter(is_limited).collect()
}

/// Limits in words: of many organizations with the same one, that once, with how many they are.
pub(super) fn describe_policies(policies: &[&PolicyAnswer]) -> Vec<String> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for PolicyAnswer { organization, limit, window, mode, .. } in policies {
        let described = format!("{limit} per {window}, {mode}");
        match groups.iter_mut().find(|(known, _)| *known == described) {
            Some((_, organizations)) => organizations.push(organization),
            None => groups.push((described, vec![organization])),
        }
    }
    let describe = |(described, organizations): (String, Vec<&str>)| match organizations.as_slice() {
        [first, second, _, ..] => format!("{first}, {second} and {} more: {described}", organizations.len() - 2),
        few => format!("{}: {described}", few.join(", ")),
    };
    groups.into_iter().map(describe).collect()
}
