//! The documents of the services and the control API, as tests walk them.

use axum::http::Method;
use locum::http::common_parts::of_path;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::support::document_check::resolve;

/// Control routes whose good answers have no end: who sends a request that is not refused waits for ever.
const ENDLESS: [&str; 1] = ["/events"];
/// Control paths that the guard lets everybody have. May only shrink.
const PUBLIC: [&str; 1] = ["/ca.crt"];

/// A documented operation.
pub struct Operation {
    pub id: String,
    pub method: Method,
    pub path: String,
    /// Names and examples.
    pub in_path: Vec<(String, String)>,
    /// Names and schemas.
    pub in_query: Vec<(String, Value)>,
    pub body: Option<Content>,
}

/// What an operation takes as its body.
pub enum Content {
    Json(Value),
    Text,
}

/// A member of a body.
pub struct Member {
    /// Where it stands.
    pub pointer: String,
    /// What it may be, beside null.
    pub schema: Value,
    pub may_be_null: bool,
}

/// Everything in the document, and the schemas that it names.
pub struct Document {
    pub operations: Vec<Operation>,
    schemas: Value,
}

impl Document {
    pub fn read(document: &OpenApi) -> Self {
        let components = serde_json::to_value(document).unwrap()["components"].take();
        let schemas = components["schemas"].clone();
        let mut operations = Vec::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in of_path(item) {
                let operation = serde_json::to_value(operation).unwrap();
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let parameters: Vec<Value> = parameters.iter().map(|p| resolve(p, &components).clone()).collect();
                let of = |place: &str| parameters.iter().filter(|p| p["in"] == place).cloned().collect::<Vec<_>>();
                let name = |parameter: &Value| parameter["name"].as_str().unwrap().to_owned();
                let example = |parameter: &Value| parameter["example"].as_str().unwrap_or("no-such").to_owned();
                let content = operation["requestBody"]["content"].as_object();
                operations.push(Operation {
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                    method,
                    path: path.clone(),
                    in_path: of("path").iter().map(|p| (name(p), example(p))).collect(),
                    in_query: of("query").iter().map(|p| (name(p), p["schema"].clone())).collect(),
                    body: content.map(|content| match content.get("application/json") {
                        Some(json) => Content::Json(json["schema"].clone()),
                        None => Content::Text,
                    }),
                });
            }
        }
        assert!(operations.len() > 10, "the document has everything in it");
        Self { operations, schemas }
    }

    /// The same document with one operation.
    pub fn only(mut self, id: &str) -> Self {
        self.operations.retain(|operation| operation.id == id);
        self
    }

    pub fn of_control() -> Self {
        Self::read(&locum::control::openapi())
    }

    /// The control routes that the guard stands before.
    pub fn of_guarded_control() -> Self {
        let mut document = Self::of_control();
        document.operations.retain(|operation| !PUBLIC.contains(&operation.path.as_str()));
        document
    }

    /// The control routes whose answers end.
    pub fn of_ending_control() -> Self {
        let mut document = Self::of_control();
        document.operations.retain(|operation| !ENDLESS.contains(&operation.path.as_str()));
        document
    }

    /// Every member of a schema, and their members.
    pub fn members(&self, schema: &Value) -> Vec<Member> {
        let mut found = Vec::new();
        self.find_members(schema, "", &mut found);
        found
    }

    fn find_members(&self, schema: &Value, at: &str, found: &mut Vec<Member>) {
        let schema = self.resolve(schema).0;
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            let pointer = format!("{at}/{name}");
            let (schema, may_be_null) = self.resolve(of);
            self.find_members(&schema, &pointer, found);
            found.push(Member { pointer, schema, may_be_null });
        }
    }

    /// Follows references and the null beside a value: the schema that says something, and whether null is right too.
    pub fn resolve(&self, schema: &Value) -> (Value, bool) {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/schemas/")) {
            return self.resolve(&self.schemas[name]);
        }
        for several in ["oneOf", "anyOf"] {
            let choices = schema[several].as_array().into_iter().flatten();
            let (nulls, others): (Vec<_>, Vec<_>) = choices.partition(|choice| choice["type"] == "null");
            if let ([_, ..], [only]) = (nulls.as_slice(), others.as_slice()) {
                return (self.resolve(only).0, true);
            }
        }
        if let Some(types) = schema["type"].as_array() {
            let mut schema = schema.clone();
            schema["type"] = types.iter().find(|of| *of != "null").unwrap().clone();
            return (schema, types.contains(&"null".into()));
        }
        (schema.clone(), false)
    }

    /// Something that fits the schema: what has to be there, and what has an example.
    pub fn good(&self, schema: &Value) -> Value {
        let example = |schema: &Value| schema.get("example").or(schema["examples"].get(0)).cloned();
        if let Some(example) = example(schema) {
            return example;
        }
        let schema = self.resolve(schema).0;
        if let Some(example) = example(&schema) {
            return example;
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choices[0].clone();
        }
        match schema["type"].as_str() {
            Some("object") => {
                let is_needed = |name: &String| {
                    schema["required"].as_array().is_some_and(|names| names.contains(&name.as_str().into()))
                };
                let members = schema["properties"].as_object().into_iter().flatten();
                let chosen = members.filter(|(name, of)| is_needed(name) || of.get("example").is_some());
                chosen.map(|(name, of)| (name.clone(), self.good(of))).collect::<Map<_, _>>().into()
            }
            Some("array") => json!([]),
            Some("string") => "x".into(),
            Some("boolean") => true.into(),
            _ => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        }
    }
}

impl Operation {
    /// The path with its examples, or with one of them replaced.
    pub fn path_with(&self, name: &str, value: &str) -> String {
        self.in_path.iter().fold(self.path.clone(), |path, (known, example)| {
            path.replace(&format!("{{{known}}}"), if known == name { value } else { example })
        })
    }

    pub fn path(&self) -> String {
        self.path_with("", "")
    }

    pub fn good_body(&self, document: &Document) -> String {
        match &self.body {
            Some(Content::Json(schema)) => document.good(schema).to_string(),
            Some(Content::Text) => "version: 1".to_owned(),
            None => String::new(),
        }
    }

    /// Makes what its path names, so that no name is unknown to it.
    pub fn makes_what_it_names(&self) -> bool {
        self.method == Method::PUT && self.path.ends_with('}')
    }
}
