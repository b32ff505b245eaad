//! Which answer is right for a change and a credential.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Change, Draft, Variant, cases::CaseOf};
use crate::{
    expectations::{Credential, Service},
    facts::Operation,
    grade::Grade,
};

/// The answer that is the operation's own good one.
const SUCCESS: &str = "success";

/// Which rows of the data were of use, so that those that were not can be taken out.
#[derive(Debug, Default)]
pub struct Uses {
    /// By service and place.
    pub rules: BTreeSet<(&'static str, usize)>,
    pub exceptions: BTreeSet<String>,
    pub answers: BTreeSet<(&'static str, String)>,
}

/// What a row of the data says is right.
struct Right<'a> {
    answer: &'a str,
    shows: &'a BTreeMap<String, Value>,
    section: &'a str,
    grade: Grade,
}

/// What is right for a change, by the rules.
pub fn expect(
    service: &Service,
    operation: &Operation,
    change: &Change,
    credential: &Credential,
    uses: &mut Uses,
) -> Variant {
    let mut rules = service.rules.iter().enumerate();
    let found = rules.find(|(_, rule)| {
        rule.kind.matches(change.kind)
            && rule.operation.matches(&operation.id)
            && rule.parameter.matches(&change.parameter)
            && rule.body.matches(&change.body)
            && rule.credential.matches(&credential.name)
    });
    let (place, rule) = found.unwrap_or_else(|| {
        panic!(
            "{}: no rule says what is right for `{}` of {}: kind `{}`, parameter `{}`, body `{}`",
            service.name, change.name, operation.id, change.kind, change.parameter, change.body
        )
    });
    uses.rules.insert((service.name, place));
    uses.exceptions.extend(rule.exception.clone());
    let right = Right { answer: &rule.answer, shows: &rule.shows, section: &rule.section, grade: rule.grade };
    let grade = change.grade.max(operation.source.grade);
    make(service, operation, (&change.name, &change.draft, grade), &right, credential, uses)
}

/// What is right for a case, which says so itself.
pub fn expect_case(
    service: &Service,
    operation: &Operation,
    CaseOf { of, name, draft }: &CaseOf,
    credential: &Credential,
    uses: &mut Uses,
) -> Variant {
    uses.exceptions.extend(of.exception.clone());
    let right = Right { answer: &of.answer, shows: &of.shows, section: &of.section, grade: of.grade };
    make(service, operation, (name, draft, operation.source.grade), &right, credential, uses)
}

fn make(
    service: &Service,
    operation: &Operation,
    (name, draft, grade): (&str, &Draft, Grade),
    right: &Right,
    credential: &Credential,
    uses: &mut Uses,
) -> Variant {
    let answer = service.answer(right.answer);
    let refusal = credential.refused.as_deref().map(|name| (name, service.answer(name)));
    // Of two things that are wrong, the one that the vendor looks at first is answered.
    let (answer_name, mut expected, section, right_grade) = match refusal {
        Some((name, refusal)) if refusal.step < answer.step => {
            (name, refusal.clone(), &*credential.section, credential.grade)
        }
        _ => {
            let mut expected = answer.clone();
            expected.shows.extend(right.shows.clone());
            // Whether the credential is taken may be a guess too.
            let taken = if credential.refused.is_none() { credential.grade } else { Grade::A };
            (right.answer, expected, right.section, right.grade.max(taken))
        }
    };
    uses.answers.insert((service.name, answer_name.to_owned()));
    if answer_name == SUCCESS {
        expected.status = operation.success();
    }
    let scope = service.scopes.get(&operation.id).map_or("", String::as_str);
    let mut request = draft.clone();
    for (name, value) in &credential.headers {
        // A case that says what it sends means it.
        if draft.headers.iter().all(|(known, _)| !known.eq_ignore_ascii_case(name)) {
            request = request.with_header(name, &value.replace("{scope}", scope));
        }
    }
    if let Some(query) = &credential.query {
        let separator = if request.raw_query.is_empty() { "" } else { "&" };
        request.raw_query = format!("{}{separator}{query}", request.raw_query);
    }
    Variant {
        operation: operation.id.clone(),
        name: format!("{name} ({})", credential.name),
        request,
        expected,
        grade: grade.max(right_grade),
        section: section.to_owned(),
    }
}
