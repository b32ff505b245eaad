//! Whether answers are what the document of the Atlassian service says.

use std::{collections::HashMap, sync::LazyLock};

use axum::http::Method;
use jsonschema::Validator;
use locum::services::atlassian::{BASE, openapi};
use serde_json::Value;

use super::Answer;

/// A path of the document, and what it says of each method's answers.
struct Documented {
    segments: Vec<String>,
    methods: HashMap<String, Statuses>,
}

/// By status; `None` where there is no body.
type Statuses = HashMap<String, Option<Validator>>;

static DOCUMENT: LazyLock<Vec<Documented>> = LazyLock::new(|| {
    let document: Value = serde_json::to_value(openapi()).expect("the document is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let methods = |item: &Value| {
        let operations = item.as_object().expect("operations").iter().filter(|(_, it)| it.get("responses").is_some());
        operations.map(|(method, it)| (method.to_uppercase(), statuses(it, &document["components"]))).collect()
    };
    let mut documented: Vec<Documented> =
        paths.iter().map(|(path, item)| Documented { segments: segments(path), methods: methods(item) }).collect();
    // A path with fewer parameters is meant first.
    documented.sort_by_key(|path| path.segments.iter().filter(|segment| segment.starts_with('{')).count());
    documented
});

fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/').split('/').map(ToOwned::to_owned).collect()
}

fn statuses(operation: &Value, components: &Value) -> Statuses {
    let responses = operation["responses"].as_object().expect("responses");
    let validator = |schema: &Value| {
        // OpenAPI 3.1 speaks JSON Schema 2020-12, in which other keywords may stand beside a `$ref`.
        let mut schema = schema.clone();
        schema["components"] = components.clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&schema).expect("a schema")
    };
    let body = |response: &Value| {
        let content = response.get("content")?.as_object().expect("content");
        assert_eq!(content.keys().collect::<Vec<_>>(), ["application/json"], "{operation}");
        Some(validator(&content["application/json"]["schema"]))
    };
    responses.iter().map(|(status, response)| (status.clone(), body(response))).collect()
}

/// Whether the answer of a documented operation is a documented one. What is no operation is not looked at.
pub fn check(method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
    let Some(path) = path.strip_prefix(BASE) else { return Ok(()) };
    let asked = segments(path);
    let matches = |path: &&Documented| {
        let mut pairs = path.segments.iter().zip(&asked);
        path.segments.len() == asked.len() && pairs.all(|(segment, asked)| segment == asked || segment.starts_with('{'))
    };
    let Some(statuses) = DOCUMENT.iter().find(matches).and_then(|path| path.methods.get(method.as_str())) else {
        return Ok(());
    };
    let (status, content_type) = (answer.status.as_u16(), answer.header("content-type"));
    match statuses.get(&status.to_string()) {
        None if status == 413 => Ok(()),
        None => Err(format!("{status} is not documented: {}", answer.text())),
        Some(None) if answer.body.is_empty() => Ok(()),
        Some(None) => Err(format!("{status} has no body in the document: {}", answer.text())),
        Some(Some(_)) if content_type != Some("application/json") => {
            Err(format!("{status} comes as {content_type:?}: {}", answer.text()))
        }
        Some(Some(validator)) => {
            let body = answer.json();
            let errors: Vec<String> =
                validator.iter_errors(&body).map(|e| format!("{} at {}", e, e.instance_path())).collect();
            if errors.is_empty() { Ok(()) } else { Err(format!("{status}: {}: {body}", errors.join(", "))) }
        }
    }
}
