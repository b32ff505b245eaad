//! Requests that a sentence of the contract leads to.

use super::{Draft, Found, encode, fill, fill_json};
use crate::{
    expectations::{Case, Service},
    facts::Operation,
};

/// A row of the data, for an operation.
pub struct CaseOf<'a> {
    pub of: &'a Case,
    pub name: String,
    pub draft: Draft,
}

/// The cases of an operation, made from its plain request.
pub fn of_operation<'a>(service: &'a Service, operation: &Operation, plain: &Draft, found: &Found) -> Vec<CaseOf<'a>> {
    let mut cases = Vec::new();
    for case in service.cases.iter().filter(|case| case.operation.matches(&operation.id)) {
        let Some(parameters) = &case.parameter else {
            cases.push(CaseOf { of: case, name: case.name.clone(), draft: make(case, plain, "", found) });
            continue;
        };
        for parameter in operation.in_query().filter(|parameter| parameters.matches(&parameter.name)) {
            let star = parameters.find_star(&parameter.name);
            let name = format!("{star}: {}", case.name);
            cases.push(CaseOf { of: case, name, draft: make(case, plain, star, found) });
        }
    }
    cases
}

fn make(case: &Case, plain: &Draft, star: &str, found: &Found) -> Draft {
    let mut draft = plain.clone();
    draft.path = format!("{}{}", case.below, draft.path);
    for (name, value) in &case.path {
        draft = draft.with_path(name, encode(&fill(value, found)));
    }
    if let Some(query) = &case.query {
        draft.query.clear();
        draft.raw_query = fill(&query.replace('*', star), found);
    }
    for (name, value) in &case.headers {
        draft = draft.with_header(name, value);
    }
    match &case.body {
        None => draft,
        Some(serde_json::Value::String(text)) => draft.with_body(text.clone()),
        Some(body) => draft.with_body(fill_json(body, found)),
    }
}
