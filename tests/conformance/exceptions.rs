//! Where the vendor's document and the contract contradict each other: `data/exceptions.yaml`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    expectations::{Service, read},
    names::Names,
    variants::Variant,
};

/// A contradiction, and what is taken for right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    id: String,
    service: String,
    #[serde(default)]
    operation: Names,
    kind: Kind,
    /// What the vendor's document says.
    #[expect(dead_code, reason = "it is for readers")]
    vendor: String,
    /// What the contract says, and why that is taken.
    #[expect(dead_code, reason = "it is for readers")]
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// An answer's member has a value that the vendor's schema does not allow.
    Value { at: String, is: Value },
    /// An answer has a status that the vendor's document does not list.
    Status(u16),
    /// A rule or a case says something else than the vendor's document.
    Rule,
}

/// All of them, and which were met.
pub struct Exceptions {
    all: Vec<Exception>,
    met: BTreeSet<String>,
}

impl Exceptions {
    pub fn read() -> Self {
        Self { all: read("exceptions.yaml"), met: BTreeSet::new() }
    }

    /// Whether a value may be there, although the vendor's schema does not allow it.
    pub fn allow_value(&mut self, service: &str, operation: &str, place: &str, value: &Value) -> bool {
        let found = self.all.iter().find(|exception| {
            exception.is_about(service, operation)
                && matches!(&exception.kind, Kind::Value { at, is } if at == place && is == value)
        });
        self.met.extend(found.map(|exception| exception.id.clone()));
        found.is_some()
    }

    /// Notes that rules rest on these.
    pub fn meet(&mut self, service: &str, ids: &BTreeSet<String>) {
        for id in ids {
            let is_there = self.all.iter().any(|exception| {
                exception.id == *id && exception.service == service && matches!(exception.kind, Kind::Rule)
            });
            assert!(is_there, "{service}: exceptions.yaml has no rule `{id}`");
            self.met.insert(id.clone());
        }
    }

    /// Statuses that are right, and neither in the vendor's own document nor excepted.
    pub fn find_undocumented(&mut self, service: &Service, variants: &[Variant]) -> BTreeSet<String> {
        let mut undocumented = BTreeSet::new();
        for Variant { operation: id, expected, .. } in variants {
            let status = expected.status;
            let operation = service.operations.iter().find(|operation| operation.id == *id);
            let is_whole = operation.is_some_and(|operation| operation.is_of_vendors_document);
            if !is_whole || operation.is_some_and(|operation| operation.responses.contains_key(&status)) {
                continue;
            }
            let found = self.all.iter().find(|exception| {
                exception.is_about(service.name, id) && matches!(exception.kind, Kind::Status(of) if of == status)
            });
            self.met.extend(found.map(|exception| exception.id.clone()));
            if found.is_none() {
                undocumented.insert(format!("{id} documents no {status}: say in exceptions.yaml why it is right"));
            }
        }
        undocumented
    }

    /// Those of a service that nothing met.
    pub fn find_unmet(&self, service: &str) -> Vec<&str> {
        let of_service = self.all.iter().filter(|exception| exception.service == service);
        of_service.map(|exception| exception.id.as_str()).filter(|id| !self.met.contains(*id)).collect()
    }
}

impl Exception {
    fn is_about(&self, service: &str, operation: &str) -> bool {
        self.service == service && self.operation.matches(operation)
    }
}
