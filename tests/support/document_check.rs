//! Whether answers are what the document of their service says.

use std::{collections::HashMap, sync::LazyLock};

use axum::http::Method;
use jsonschema::Validator;
use locum::{
    control,
    services::{atlassian, jetbrains_account, license_vault},
};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::Answer;

/// Documents, and below which path each one's operations are.
static DOCUMENTS: LazyLock<[(&str, Document); 6]> = LazyLock::new(|| {
    [
        (control::BASE, Document::new(control::openapi())),
        (jetbrains_account::BASE, Document::new(jetbrains_account::openapi())),
        (atlassian::BASE, Document::new(atlassian::openapi())),
        ("/license-vault/{vault}", Document::new(license_vault::openapi())),
        ("", Document::new(license_vault::openapi())),
        ("", Document::new(atlassian::openapi()).below("/users/")),
    ]
});

/// What a document says of answers.
struct Document {
    paths: Vec<DocumentedPath>,
}

/// A path of a document, and its operations by method.
struct DocumentedPath {
    segments: Vec<String>,
    operations: HashMap<String, Operation>,
}

struct Operation {
    id: String,
    /// By status, or by class of statuses: `4XX`.
    responses: HashMap<String, Bodies>,
}

/// By content type. Where there is none, there is no body; what is no JSON has no validator.
type Bodies = HashMap<String, Option<Validator>>;

impl Document {
    fn new(document: OpenApi) -> Self {
        let document = serde_json::to_value(document).expect("the document is JSON");
        let components = &document["components"];
        let paths = document["paths"].as_object().expect("paths").iter();
        let mut paths: Vec<DocumentedPath> =
            paths.map(|(path, item)| DocumentedPath::new(path, item, components)).collect();
        // A path with fewer parameters is meant first.
        paths.sort_by_key(|path| path.segments.iter().filter(|segment| is_parameter(segment)).count());
        Self { paths }
    }

    /// The same of the paths below another one.
    fn below(mut self, start: &str) -> Self {
        let start = split(start.trim_end_matches('/'));
        self.paths.retain(|path| path.segments.starts_with(&start));
        self
    }

    fn find(&self, method: &Method, path: &str) -> Option<&Operation> {
        let segments = split(path);
        let found = self.paths.iter().find(|path| matches(&path.segments, &segments))?;
        found.operations.get(method.as_str())
    }
}

impl DocumentedPath {
    fn new(path: &str, item: &Value, components: &Value) -> Self {
        let operations = item.as_object().expect("operations").iter();
        let operations = operations.filter(|(_, operation)| operation.get("responses").is_some());
        let operations = operations.map(|(method, operation)| {
            let responses = operation["responses"].as_object().expect("responses").iter();
            let responses = responses.map(|(status, response)| (status.clone(), read_bodies(response, components)));
            let id = operation["operationId"].as_str().expect("every operation has an id").to_owned();
            (method.to_uppercase(), Operation { id, responses: responses.collect() })
        });
        Self { segments: split(path), operations: operations.collect() }
    }
}

/// What a `$ref` stands for; anything else stands for itself.
pub fn resolve<'a>(value: &'a Value, components: &'a Value) -> &'a Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    let pointer = reference.strip_prefix("#/components").expect("a reference to a component");
    components.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not there"))
}

fn read_bodies(response: &Value, components: &Value) -> Bodies {
    let response = resolve(response, components);
    let content = response.get("content").and_then(Value::as_object).into_iter().flatten();
    content
        .map(|(content_type, content)| {
            let validator = content_type.ends_with("json").then(|| {
                // OpenAPI 3.1 speaks JSON Schema 2020-12, in which other keywords may stand beside a `$ref`.
                let mut schema = content["schema"].clone();
                schema["components"] = components.clone();
                let options = jsonschema::draft202012::options().should_validate_formats(true);
                options.build(&schema).expect("a schema")
            });
            (content_type.clone(), validator)
        })
        .collect()
}

fn split(path: &str) -> Vec<String> {
    path.trim_start_matches('/').split('/').map(ToOwned::to_owned).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn matches(documented: &[String], asked: &[String]) -> bool {
    documented.len() == asked.len()
        && documented
            .iter()
            .zip(asked)
            .all(|(documented, asked)| documented == asked || is_parameter(documented) && !asked.is_empty())
}

/// The path below a base whose segments may be parameters.
fn strip_base<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    base.split('/').skip(1).try_fold(path, |rest, segment| {
        let rest = rest.strip_prefix('/')?;
        let (first, _) = rest.split_once('/')?;
        (is_parameter(segment) || first == segment).then(|| &rest[first.len()..])
    })
}

/// The operation that a request is answered by, if it is a documented one.
fn find_operation(method: &Method, path: &str) -> Option<&'static Operation> {
    DOCUMENTS.iter().find_map(|(base, document)| {
        let path = strip_base(path, base)?;
        // What is about a space is so under the space's path too, which the document says in words.
        document.find(method, path).or_else(|| {
            let path = strip_base(path, "/spaces/{space}").filter(|_| *base == control::BASE)?;
            document.find(method, path)
        })
    })
}

/// Whether the answer of a documented operation is a documented one. What is no operation is not looked at.
pub fn check(method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
    find_operation(method, path).map_or(Ok(()), |operation| operation.check(answer))
}

fn content_type(answer: &Answer) -> &str {
    answer.header("content-type").and_then(|whole| whole.split(';').next()).unwrap_or_default()
}

impl Operation {
    fn check(&self, answer: &Answer) -> Result<(), String> {
        let (status, content_type, text) = (answer.status.as_u16(), content_type(answer), answer.text());
        // No document says how long a body may be.
        if status == 413 {
            return Ok(());
        }
        let of_class = || self.responses.get(&format!("{}XX", status / 100));
        let Some(bodies) = self.responses.get(&status.to_string()).or_else(of_class) else {
            return Err(format!("{} documents no {status}: {content_type} {text}", self.id));
        };
        match bodies.get(content_type) {
            None if bodies.is_empty() && text.is_empty() => Ok(()),
            None if bodies.is_empty() => Err(format!("{} documents no body of a {status}: {text}", self.id)),
            None => Err(format!("{} documents no {status} as `{content_type}`: {text}", self.id)),
            Some(None) => Ok(()),
            Some(Some(validator)) => {
                let body = serde_json::from_slice(&answer.body).map_err(|e| format!("{e}: {text}"))?;
                let errors: Vec<String> =
                    validator.iter_errors(&body).map(|e| format!("{e} at `{}`", e.instance_path())).collect();
                if errors.is_empty() {
                    return Ok(());
                }
                Err(format!("{} documents another {status}: {}: {body}", self.id, errors.join(", ")))
            }
        }
    }
}
