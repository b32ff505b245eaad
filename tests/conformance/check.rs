//! Checks an answer: status, media type, headers, body.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::Value;

use crate::{
    exceptions::Exceptions,
    expectations::{Answer as Expected, HeaderRule, Service},
    facts::Response,
    names::Names,
    schema::{Patterns, compile},
    support::Answer,
    variants::Variant,
};

/// In what an answer differs from the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which check it is, in words that the list of known failures uses.
    pub check: String,
    /// What came, and what should have.
    pub detail: String,
}

impl Failure {
    fn new(check: impl Into<String>, detail: impl Into<String>) -> Self {
        const LONGEST: usize = 400;
        let detail = detail.into().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { check: check.into(), detail: detail.chars().take(LONGEST).collect() }
    }
}

/// Checks the answers of one service.
pub struct Checker<'a> {
    service: &'a Service,
    exceptions: &'a mut Exceptions,
    /// By the text of the schema.
    validators: BTreeMap<String, Validator>,
    patterns: Patterns,
}

impl<'a> Checker<'a> {
    pub fn new(service: &'a Service, exceptions: &'a mut Exceptions) -> Self {
        Self { service, exceptions, validators: BTreeMap::new(), patterns: Patterns::default() }
    }

    /// Everything in which an answer differs from the right one. Where the status does, the rest is not looked at.
    pub fn check(&mut self, variant: &Variant, answer: &Answer) -> Vec<Failure> {
        let (is, should) = (answer.status.as_u16(), variant.expected.status);
        if is != should {
            return vec![Failure::new("status", format!("{is} instead of {should}: {}", answer.text()))];
        }
        let service = self.service;
        let operation = service.operations.iter().find(|operation| operation.id == variant.operation);
        let documented = operation.and_then(|operation| operation.responses.get(&is));
        let mut failures = Vec::new();
        let expected = &variant.expected;
        let documented = documented.filter(|_| !expected.other);
        let media = self.check_media_type(expected, documented, answer, &mut failures);
        self.check_headers(expected, documented, &media, answer, &mut failures);
        self.check_body(variant, documented, answer, &mut failures);
        failures
    }

    /// Gives the media type that is right; nothing is, where there is no body.
    fn check_media_type(
        &self,
        expected: &Expected,
        documented: Option<&Response>,
        answer: &Answer,
        failures: &mut Vec<Failure>,
    ) -> String {
        let has_body = expected.schema.is_some()
            || expected.text.is_some()
            || documented.is_some_and(|of| of.schema.is_some() || of.text.is_some());
        let said = expected.media.as_ref().or(documented.and_then(|of| of.media.as_ref()));
        let right = match said {
            Some(media) => media.clone(),
            None if has_body => self.service.media.clone(),
            None => String::new(),
        };
        let is = answer.header("content-type").unwrap_or_default();
        if is != right {
            failures.push(Failure::new("media type", format!("`{is}` instead of `{right}`")));
        }
        right
    }

    fn check_headers(
        &mut self,
        expected: &Expected,
        documented: Option<&Response>,
        media: &str,
        answer: &Answer,
        failures: &mut Vec<Failure>,
    ) {
        let status = expected.status.to_string();
        let named: BTreeSet<&String> = documented.iter().flat_map(|of| &of.headers).chain(&expected.headers).collect();
        let fits = |names: &Option<Names>, value: &str| names.as_ref().is_none_or(|names| names.matches(value));
        let service = self.service;
        for HeaderRule { name, pattern, status: statuses, media: medias, .. } in &service.headers {
            let by_rule = (statuses.is_some() || medias.is_some()) && fits(statuses, &status) && fits(medias, media);
            if !by_rule && !named.contains(name) {
                continue;
            }
            match answer.header(name) {
                None => failures.push(Failure::new(format!("header {name}"), "is not there")),
                Some(value) if self.patterns.fits(pattern, value) => {}
                Some(value) => {
                    failures.push(Failure::new(format!("header {name}"), format!("`{value}` is not `{pattern}`")));
                }
            }
        }
        for name in named {
            let is_known = self.service.headers.iter().any(|rule| rule.name == *name);
            assert!(is_known, "{}: no row says what the header {name} holds", self.service.name);
        }
    }

    fn check_body(
        &mut self,
        variant: &Variant,
        documented: Option<&Response>,
        answer: &Answer,
        failures: &mut Vec<Failure>,
    ) {
        let expected = &variant.expected;
        if let Some(pattern) = expected.text.as_ref().or(documented.and_then(|of| of.text.as_ref())) {
            if !self.patterns.fits(pattern, answer.text()) {
                failures.push(Failure::new("text", format!("`{}` is not `{pattern}`", answer.text())));
            }
            return;
        }
        let schemas: Vec<&Value> =
            documented.and_then(|of| of.schema.as_ref()).into_iter().chain(&expected.schema).collect();
        if schemas.is_empty() {
            if !answer.body.is_empty() {
                failures.push(Failure::new("no body", answer.text()));
            }
            return;
        }
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            failures.push(Failure::new("JSON", answer.text()));
            return;
        };
        for schema in schemas {
            self.check_shape(&variant.operation, schema, &body, failures);
        }
        for (at, right) in &expected.shows {
            if body.pointer(at) != Some(right) {
                let is = body.pointer(at).map_or_else(|| "nothing".to_owned(), ToString::to_string);
                failures.push(Failure::new(format!("shows {at}"), format!("{is} instead of {right}: {body}")));
            }
        }
    }

    /// Says once of each place what is wrong there; the places of a list are one.
    fn check_shape(&mut self, operation: &str, schema: &Value, body: &Value, failures: &mut Vec<Failure>) {
        let service = self.service;
        let validator = self.validators.entry(schema.to_string()).or_insert_with(|| compile(schema, &service.schemas));
        for error in validator.iter_errors(body) {
            let at = error.instance_path().to_string();
            let place = at.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part });
            let place = place.collect::<Vec<_>>().join("/");
            let value = body.pointer(&at).unwrap_or(&Value::Null);
            if self.exceptions.allow_value(service.name, operation, &place, value) {
                continue;
            }
            let failure = Failure::new(format!("shape {place}"), error.to_string());
            if failures.iter().all(|known| known.check != failure.check) {
                failures.push(failure);
            }
        }
    }
}
