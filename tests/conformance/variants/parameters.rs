//! Variants of what stands in the path, the query and around them.

use serde_json::Value;

use super::{
    Change, Draft, Found,
    draft::{encode, encode_all},
    fill, shorten,
};
use crate::{
    expectations::{Hint, Service},
    facts::{Operation, Parameter},
    grade::Grade,
};

/// The kind of the request that all others differ from.
pub const PLAIN: &str = "plain";
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The plain request of an operation first, then all that differ from it outside the body.
pub fn of_operation(service: &Service, operation: &Operation, found: &Found) -> Vec<Change> {
    let plain = make_plain(service, operation, found);
    let mut changes = vec![change(PLAIN, "", "plain", plain.clone())];
    around(service, operation, &plain, &mut changes);
    all_together(service, operation, &plain, found, &mut changes);
    for parameter in operation.in_query() {
        in_query(parameter, &Context { service, operation, found, plain: &plain }, &mut changes);
    }
    for parameter in operation.in_path() {
        in_path(parameter, &Context { service, operation, found, plain: &plain }, &mut changes);
    }
    changes
}

struct Context<'a> {
    service: &'a Service,
    operation: &'a Operation,
    found: &'a Found,
    plain: &'a Draft,
}

fn change(kind: &'static str, parameter: &str, name: &str, draft: Draft) -> Change {
    let (parameter, name) = (parameter.to_owned(), name.to_owned());
    Change { kind, parameter, grade: Grade::A, body: String::new(), name, draft }
}

/// The row that says what is sent for a parameter.
fn find_hint<'a>(service: &'a Service, operation: &Operation, parameter: &Parameter) -> &'a Hint {
    const NONE: &Hint = &Hint {
        name: crate::names::Names::All,
        operation: crate::names::Names::All,
        good: Vec::new(),
        bad: Vec::new(),
        with: Vec::new(),
        needed: false,
        apart: false,
    };
    let mut hints = service.hints.iter();
    let fitting = hints.find(|hint| hint.name.matches(&parameter.name) && hint.operation.matches(&operation.id));
    fitting.unwrap_or(NONE)
}

/// Values that are right: those of the row, else those of the schema.
fn find_good_values(hint: &Hint, parameter: &Parameter) -> Vec<String> {
    if !hint.good.is_empty() {
        return hint.good.clone();
    }
    if let Some(values) = parameter.schema["enum"].as_array() {
        return values.iter().map(write).collect();
    }
    if parameter.schema["type"] == "boolean" {
        return vec!["true".to_owned()];
    }
    let value = parameter.schema.get("default").or(parameter.schema.get("minimum"));
    vec![value.map_or_else(|| "x".to_owned(), write)]
}

fn write(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// What a parameter needs beside it, with its own name's star filled in.
fn find_companions(hint: &Hint, parameter: &Parameter) -> Vec<(String, String)> {
    let star = hint.name.find_star(&parameter.name);
    hint.with.iter().map(|(name, value)| (name.replace('*', star), value.clone())).collect()
}

/// The request with what it cannot be without.
fn make_plain(service: &Service, operation: &Operation, found: &Found) -> Draft {
    let mut draft = Draft { method: operation.method.clone(), path: operation.path.clone(), ..Draft::default() };
    for parameter in operation.in_path() {
        let good = &find_good_values(find_hint(service, operation, parameter), parameter)[0];
        draft = draft.with_path(&parameter.name, encode(&fill(good, found)));
    }
    for parameter in operation.in_query() {
        let hint = find_hint(service, operation, parameter);
        if parameter.required || hint.needed {
            draft = draft.with_query(&parameter.name, &fill(&find_good_values(hint, parameter)[0], found));
        }
    }
    if operation.body.is_some() {
        let example = service.bodies.iter().find(|example| example.operation.matches(&operation.id));
        let example = example.unwrap_or_else(|| panic!("{} has no example of a body", operation.id));
        draft = draft.with_body(super::fill_json(&example.body, found)).with_header("Content-Type", "application/json");
    }
    draft
}

/// What a request can have that no parameter says.
fn around(service: &Service, operation: &Operation, plain: &Draft, changes: &mut Vec<Change>) {
    for (kind, draft) in [
        ("unknown parameter", plain.with_query("noSuchParameter", "1")),
        ("accepts anything", plain.with_header("Accept", "*/*")),
        ("accepts HTML", plain.with_header("Accept", "text/html")),
    ] {
        changes.push(change(kind, "", kind, draft));
    }
    if operation.body.is_none() {
        let draft = plain.with_body("{}").with_header("Content-Type", "application/json");
        changes.push(change("needless body", "", "needless body", draft));
    }
    // A method that no operation of this path has; asked for once, with the path's first operation.
    let of_path: Vec<&Operation> = service.operations.iter().filter(|other| other.path == operation.path).collect();
    if of_path[0].id == operation.id {
        let unknown = METHODS.iter().filter(|method| of_path.iter().all(|other| other.method != **method));
        for method in unknown {
            let draft = Draft { method: (*method).to_owned(), ..plain.clone() };
            changes.push(change("other method", "", &format!("other method: {method}"), draft));
        }
    }
}

/// Every parameter, each with its first good value.
fn all_together(service: &Service, operation: &Operation, plain: &Draft, found: &Found, changes: &mut Vec<Change>) {
    let parameters: Vec<_> = operation.in_query().collect();
    if parameters.len() < 2 {
        return;
    }
    let mut draft = plain.clone();
    for parameter in &parameters {
        let hint = find_hint(service, operation, parameter);
        if !hint.apart {
            draft = draft.with_query(&parameter.name, &fill(&find_good_values(hint, parameter)[0], found));
        }
    }
    changes.push(change("all parameters", "", "all parameters", draft));
}

fn in_query(parameter: &Parameter, context: &Context, changes: &mut Vec<Change>) {
    let hint = find_hint(context.service, context.operation, parameter);
    let (name, companions) = (&parameter.name, find_companions(hint, parameter));
    let beside = companions.iter().fold(context.plain.clone(), |draft, (name, value)| draft.with_query(name, value));
    let with = |value: &str| beside.with_query(name, &fill(value, context.found));
    let first = find_good_values(hint, parameter)[0].clone();
    let grade = parameter.source(context.operation).grade;
    let mut add = |kind: &'static str, says: &str, draft: Draft| {
        let colon = if says.is_empty() { "" } else { ": " };
        let variant = change(kind, name, &format!("{name}, {kind}{colon}{}", shorten(says)), draft);
        changes.push(Change { grade, ..variant });
    };
    for value in &hint.good {
        add("good value", value, with(value));
    }
    for value in &hint.bad {
        add("bad value", value, with(value));
    }
    for (kind, value) in of_schema(&parameter.schema) {
        add(kind, &value, with(&value));
    }
    add("empty", "", context.plain.with_query(name, ""));
    if !companions.is_empty() {
        add("empty beside its companions", "", with(""));
    }
    let mut repeated = with(&first);
    repeated.query.push((name.clone(), hint.bad.first().map_or("x", String::as_str).to_owned()));
    add("repeated", "", repeated);
    if !companions.is_empty() {
        add("alone", "", context.plain.with_query(name, &fill(&first, context.found)));
    }
    if parameter.required || hint.needed {
        let mut draft = context.plain.clone();
        draft.query.retain(|(known, _)| known != name);
        add("left out", "", draft);
    }
}

/// Values that a schema leads to, each with what it is.
fn of_schema(schema: &Value) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    let listed: Vec<String> = schema["enum"].as_array().into_iter().flatten().map(write).collect();
    if let Some(value) = schema.get("default") {
        values.push(("default", write(value)));
    }
    values.extend(listed.iter().map(|value| ("listed value", value.clone())));
    match schema["type"].as_str() {
        Some("integer") => {
            if let (Some(least), Some(most)) = (listed.first(), listed.last()) {
                let (least, most): (i64, i64) = (least.parse().expect("a number"), most.parse().expect("a number"));
                let unlisted: Vec<i64> = (least - 1..=most + 1).filter(|n| !listed.contains(&n.to_string())).collect();
                for value in [unlisted[0], unlisted[1], unlisted[unlisted.len() - 1]] {
                    values.push(("unlisted value", value.to_string()));
                }
            }
            for (bound, at, kind, beyond, kind_beyond) in [
                ("minimum", 0, "smallest", -1, "below the smallest"),
                ("maximum", 0, "largest", 1, "above the largest"),
            ] {
                if let Some(bound) = schema[bound].as_i64() {
                    values.push((kind, (bound + at).to_string()));
                    values.push((kind_beyond, (bound + beyond).to_string()));
                }
            }
            values.push(("negative", "-5".to_owned()));
            values.push(("no number", "many".to_owned()));
            values.push(("fraction", "1.5".to_owned()));
            values.push(("beyond 64 bits", "99999999999999999999".to_owned()));
            if schema["format"] == "int32" {
                values.push(("beyond 32 bits", "2147483648".to_owned()));
            }
        }
        Some("boolean") => {
            values.extend(["true", "false"].map(|value| ("flag", value.to_owned())));
            values.extend(["True", "FALSE"].map(|value| ("flag in capitals", value.to_owned())));
            values.extend(["maybe", "2"].map(|value| ("no flag", value.to_owned())));
        }
        _ if !listed.is_empty() => {
            values.push(("unlisted value", "no-such-value".to_owned()));
            let other_case = |value: &str| {
                let upper = value.to_uppercase();
                if upper == value { value.to_lowercase() } else { upper }
            };
            values.push(("other letter case", other_case(&listed[0])));
        }
        _ => {
            values.push(("odd text", "Ünïcode & 100% 'quoted\" ; --".to_owned()));
            values.push(("long text", "a".repeat(300)));
        }
    }
    values
}

fn in_path(parameter: &Parameter, context: &Context, changes: &mut Vec<Change>) {
    let hint = find_hint(context.service, context.operation, parameter);
    let grade = parameter.source(context.operation).grade;
    let name = &parameter.name;
    let mut add = |kind: &'static str, says: &str, encoded: String| {
        let colon = if says.is_empty() { "" } else { ": " };
        let draft = context.plain.with_path(name, encoded);
        let variant = change(kind, name, &format!("{name}, {kind}{colon}{}", shorten(says)), draft);
        changes.push(Change { grade, ..variant });
    };
    let good = find_good_values(hint, parameter);
    for value in &hint.good {
        add("good value", value, encode(&fill(value, context.found)));
    }
    for value in &hint.bad {
        add("bad value", value, encode(&fill(value, context.found)));
    }
    add("percent-encoded", "", encode_all(&fill(&good[0], context.found)));
    if parameter.schema["type"] == "integer" {
        for (kind, value) in of_schema(&parameter.schema) {
            add(kind, &value, encode(&value));
        }
    } else {
        add("unknown", "", "no-such-thing".to_owned());
        add("odd text", "", encode("Ünïcode & 100% 'quoted\" ; --"));
    }
    add("empty", "", String::new());
}
