//! Makes the variants of an operation: requests that differ from its plain one in one respect, each with every
//! credential, each with the answer that is right.

mod bodies;
mod cases;
mod draft;
mod expected;
mod parameters;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    expectations::{Answer, Credential, Service},
    facts::Operation,
    grade::Grade,
};
pub use draft::{Draft, encode};
pub use expected::Uses;

/// What only a running Locum knows, by name.
pub type Found = BTreeMap<String, String>;

/// A request, and what is right for it.
#[derive(Debug)]
pub struct Variant {
    pub operation: String,
    /// In what it differs from the plain request, and who asks.
    pub name: String,
    pub request: Draft,
    pub expected: Answer,
    /// How well the weakest of what it rests on is known.
    pub grade: Grade,
    /// Where the answer is said.
    pub section: String,
}

/// A request that differs from the plain one in one respect.
#[derive(Debug)]
struct Change {
    /// In words that the rules use.
    kind: &'static str,
    /// The parameter, or where the member of the body stands.
    parameter: String,
    grade: Grade,
    /// Which example of a body was changed.
    body: String,
    name: String,
    draft: Draft,
}

/// Makes the variants of all operations of a service.
pub fn make_variants(service: &Service, found: &Found, uses: &mut Uses) -> Vec<Variant> {
    let mut variants = Vec::new();
    for operation in &service.operations {
        let mut changes = parameters::of_operation(service, operation, found);
        changes.extend(bodies::of_operation(service, operation, found));
        let plain = &changes[0].draft;
        let cases = cases::of_operation(service, operation, plain, found);
        for credential in find_credentials(service, operation) {
            for change in changes.iter().filter(|change| !credential.once || change.kind == parameters::PLAIN) {
                variants.push(expected::expect(service, operation, change, credential, uses));
            }
            for case in cases.iter().filter(|case| !credential.once && case.of.credential.matches(&credential.name)) {
                variants.push(expected::expect_case(service, operation, case, credential, uses));
            }
        }
    }
    let mut names = BTreeSet::new();
    for variant in &mut variants {
        for (_, value) in &mut variant.request.headers {
            *value = fill(value, found);
        }
        for value in variant.expected.shows.values_mut() {
            *value = serde_json::from_str(&fill_json(value, found)).expect("JSON");
        }
    }
    for variant in &variants {
        let is_new = names.insert((&variant.operation, &variant.name));
        assert!(is_new, "{} has two variants `{}`", variant.operation, variant.name);
    }
    variants
}

/// Who asks for an operation: of each name the first row that fits.
fn find_credentials<'a>(service: &'a Service, operation: &Operation) -> Vec<&'a Credential> {
    let mut names = BTreeSet::new();
    let fitting = service.credentials.iter().filter(|credential| credential.operation.matches(&operation.id));
    fitting.filter(|credential| names.insert(&credential.name)).collect()
}

/// A value of a data file, with what stands for `{name}` filled in.
fn fill(text: &str, found: &Found) -> String {
    found.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn fill_json(value: &Value, found: &Found) -> String {
    fill(&value.to_string(), found)
}

/// A value that fits in a variant's name.
fn shorten(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}… ({} characters)", text.chars().count()) } else { short }
}
