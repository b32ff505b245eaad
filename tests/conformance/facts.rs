//! What is known of a service, as its data files say it: operations, parameters, bodies, answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::grade::{Grade, Source};

/// A file of facts, in the form of the vendors' documents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    #[expect(dead_code, reason = "it is for readers")]
    note: Option<String>,
    /// By method and path.
    pub operations: BTreeMap<String, OperationFacts>,
    pub schemas: Map<String, Value>,
}

/// An operation, as a file of facts has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OperationFacts {
    operation_id: String,
    section: Option<String>,
    grade: Option<Grade>,
    parameters: Vec<Parameter>,
    responses: BTreeMap<String, Response>,
    request_body: Option<RequestBody>,
}

/// A parameter in the path, the query or a header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    #[serde(rename = "in")]
    pub place: Place,
    #[serde(default)]
    pub required: bool,
    pub schema: Value,
    section: Option<String>,
    grade: Option<Grade>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Path,
    Query,
    /// Credentials are sent in headers; they have rows of their own.
    Header,
}

/// An answer that is documented.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Headers that the answer has.
    #[serde(default)]
    pub headers: Vec<String>,
    /// What the body is; without it, and without `text`, there is no body.
    #[serde(default)]
    pub schema: Option<Value>,
    /// What the body is where it is no JSON: a pattern.
    pub text: Option<String>,
    /// The media type, if it is not the service's usual one.
    pub media: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestBody {
    #[expect(dead_code, reason = "every documented body is required")]
    required: bool,
    content: BTreeMap<String, Content>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: Value,
}

/// An operation of a service, with everything that is known of it.
#[derive(Debug)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// With the parameters in braces, from the root on.
    pub path: String,
    pub source: Source,
    pub parameters: Vec<Parameter>,
    /// By status.
    pub responses: BTreeMap<u16, Response>,
    pub body: Option<Value>,
    /// What is known of it is the vendor's own document, and whole.
    pub is_of_vendors_document: bool,
}

impl Operation {
    /// An operation of a file whose paths are below `base`.
    pub fn new(base: &str, key: &str, facts: OperationFacts, of_file: &Source) -> Self {
        let (method, path) = key.split_once(' ').expect("a method and a path");
        let responses = facts.responses.into_iter();
        let body = facts.request_body.map(|mut body| body.content.remove("application/json").expect("JSON").schema);
        Self {
            id: facts.operation_id,
            method: method.to_owned(),
            path: format!("{base}{path}"),
            source: Source {
                section: facts.section.unwrap_or_else(|| of_file.section.clone()),
                grade: facts.grade.unwrap_or(of_file.grade),
            },
            parameters: facts.parameters,
            responses: responses.map(|(status, of)| (status.parse().expect("a status"), of)).collect(),
            body,
            is_of_vendors_document: false,
        }
    }

    /// The status of its good answer.
    pub fn success(&self) -> u16 {
        *self.responses.keys().find(|status| (200..300).contains(*status)).expect("a good answer is documented")
    }

    pub fn in_path(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.place == Place::Path)
    }

    pub fn in_query(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.place == Place::Query)
    }
}

impl Parameter {
    /// Where it comes from; a vendor's document says it once for all of its parameters.
    pub fn source(&self, operation: &Operation) -> Source {
        Source {
            section: self.section.clone().unwrap_or_else(|| operation.source.section.clone()),
            grade: self.grade.unwrap_or(operation.source.grade),
        }
    }
}
