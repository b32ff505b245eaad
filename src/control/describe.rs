//! The document of the control API says once what many routes share: parameters, refusals, and who may call. And it has
//! examples of what they take and answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, path::Parameter};

use crate::http::common_parts::{of_path, of_path_mut};

/// Puts equal parameters, and the refusals that all routes share, among the components, and refers to them; the
/// security of all routes stands at the document itself.
pub(super) fn share_common_parts(document: &mut OpenApi) {
    let parameters = find_shared_parameters(document);
    let mut responses: BTreeMap<String, Response> = BTreeMap::new();
    for operation in document.paths.paths.values_mut().flat_map(of_path_mut) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(inline) = parameter
                && parameters.get(&inline.name) == Some(inline)
            {
                *parameter = RefOr::Ref(Ref::new(format!("#/components/parameters/{}", inline.name)));
            }
        }
        for (status, response) in &mut operation.responses.responses {
            if status == "4XX"
                && let RefOr::T(inline) = response
                && *responses.entry(REFUSED.to_owned()).or_insert_with(|| inline.clone()) == *inline
            {
                *response = RefOr::Ref(Ref::from_response_name(REFUSED));
            }
        }
    }
    let all = || document.paths.paths.values().flat_map(of_path).map(|(_, operation)| operation);
    let common = all().find_map(|operation| operation.security.clone());
    for operation in document.paths.paths.values_mut().flat_map(of_path_mut) {
        if operation.security == common {
            operation.security = None;
        }
    }
    document.security = common;
    let components = document.components.get_or_insert_default();
    components.parameters.extend(parameters.into_iter().map(|(name, parameter)| (name, RefOr::T(parameter))));
    components.responses.extend(responses.into_iter().map(|(name, response)| (name, RefOr::T(response))));
}

/// The parameters that more than one operation has, by their names. Of two that share a name, the one that is shared
/// first.
fn find_shared_parameters(document: &OpenApi) -> BTreeMap<String, Parameter> {
    let (mut seen, mut shared) = (Vec::new(), BTreeMap::new());
    let operations = document.paths.paths.values().flat_map(of_path);
    for parameter in operations.flat_map(|(_, operation)| operation.parameters.iter().flatten()) {
        let RefOr::T(parameter) = parameter else { continue };
        if seen.contains(&parameter) {
            shared.entry(parameter.name.clone()).or_insert_with(|| parameter.clone());
        } else {
            seen.push(parameter);
        }
    }
    shared
}

const REFUSED: &str = "Refused";

/// What was sent to an operation, and what it answered.
#[derive(Deserialize)]
struct Example {
    request: Option<Value>,
    answer: Option<Value>,
}

/// What a server with the demo seed was sent and answered, by operation id. `tests/api/document_examples.rs` writes it.
const EXAMPLES: &str = include_str!("examples.json");

/// Gives an example to every body that is sent or answered, where its own description has none.
pub(super) fn add_examples(document: &mut OpenApi) {
    // A test reads it, too.
    let mut examples: BTreeMap<String, Example> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    for operation in document.paths.paths.values_mut().flat_map(of_path_mut) {
        let example = operation.operation_id.as_ref().and_then(|id| examples.remove(id));
        let Some(Example { request, answer }) = example else { continue };
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.values_mut().for_each(|content| set_example(content, request.as_ref()));
        }
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response
                && status.starts_with('2')
            {
                response.content.values_mut().for_each(|content| set_example(content, answer.as_ref()));
            }
        }
    }
}

fn set_example(content: &mut RefOr<Content>, example: Option<&Value>) {
    if let RefOr::T(content) = content
        && content.example.is_none()
        && content.examples.is_empty()
    {
        content.example = example.cloned();
    }
}
