//! Variants of a body: the whole of it, and each of its members.

use serde_json::{Value, json};

use super::{Change, Draft, Found, fill_json};
use crate::{
    expectations::{BodyExample, Service},
    facts::Operation,
    grade::Grade,
    schema::resolve,
};

/// What is sent instead of a whole body.
const NO_JSON: [(&str, &str); 3] =
    [("no body", ""), ("body that is no JSON", "license=1"), ("body cut off", "{\"a\":")];

pub fn of_operation(service: &Service, operation: &Operation, found: &Found) -> Vec<Change> {
    let Some(schema) = &operation.body else { return Vec::new() };
    let examples: Vec<_> = service.bodies.iter().filter(|body| body.operation.matches(&operation.id)).collect();
    let plain = super::parameters::of_operation(service, operation, found).swap_remove(0).draft;
    let mut changes = Vec::new();
    of_whole(examples[0], &plain, &mut changes);
    for example in examples {
        let mut walk = Walk { service, operation, example, plain: &plain, found, changes: &mut changes };
        walk.add("good body", "", "", &example.body);
        walk.visit("", schema, false);
    }
    changes
}

/// The body as a whole.
fn of_whole(example: &BodyExample, plain: &Draft, changes: &mut Vec<Change>) {
    let mut add = |kind: &'static str, draft: Draft| {
        let body = example.name.clone();
        changes.push(Change { kind, parameter: String::new(), grade: Grade::A, body, name: kind.to_owned(), draft });
    };
    for (kind, text) in NO_JSON {
        add(kind, plain.with_body(text));
    }
    add("body sent as text", plain.with_header("Content-Type", "text/plain"));
    add("body sent with a charset", plain.with_header("Content-Type", "application/json; charset=utf-8"));
    let mut untyped = plain.clone();
    untyped.headers.retain(|(name, _)| name != "Content-Type");
    add("body sent without a type", untyped);
}

/// Goes through an example of a body by its schema.
struct Walk<'a> {
    service: &'a Service,
    operation: &'a Operation,
    example: &'a BodyExample,
    plain: &'a Draft,
    found: &'a Found,
    changes: &'a mut Vec<Change>,
}

/// Values of other types than the one that is right, each with what it is instead.
fn of_other_types(of: &str, value: &Value) -> Vec<(&'static str, Value)> {
    match of {
        "string" => vec![
            ("number for a text", json!(123)),
            ("flag for a text", json!(true)),
            ("object for a text", json!({})),
            ("list for a text", json!([])),
        ],
        "integer" => vec![
            ("word for a number", json!("many")),
            ("digits for a number", json!(value.to_string())),
            ("flag for a number", json!(true)),
            ("object for a number", json!({})),
            ("fraction for a number", json!(value.as_f64().unwrap_or_default() + 0.5)),
            ("number of 33 bits", json!(2_147_483_648_i64)),
            ("number of 64 bits", json!(i64::MIN)),
            ("number beyond all bits", json!(f64::MAX)),
            ("negative number", json!(-1)),
        ],
        "boolean" => vec![
            ("word for a flag", json!("maybe")),
            ("flag in quotes", json!("true")),
            ("number for a flag", json!(1)),
            ("object for a flag", json!({})),
            ("other flag", json!(value == false)),
        ],
        "object" => vec![
            ("text for an object", json!("x")),
            ("list for an object", json!([])),
            ("number for an object", json!(7)),
        ],
        "array" => vec![("text for a list", json!("x")), ("object for a list", json!({}))],
        other => panic!("no variants of `{other}` are known"),
    }
}

impl Walk<'_> {
    fn add(&mut self, kind: &'static str, pointer: &str, says: &str, body: &Value) {
        let draft = self.plain.with_body(fill_json(body, self.found));
        let (grade, example) = (self.operation.source.grade, self.example.name.clone());
        let name = format!("{example}{pointer}, {kind}{says}");
        self.changes.push(Change { kind, parameter: pointer.to_owned(), grade, body: example, name, draft });
    }

    /// The example with another value at a place.
    fn with(&self, pointer: &str, value: Value) -> Value {
        let mut body = self.example.body.clone();
        *body.pointer_mut(pointer).expect("the example has it") = value;
        body
    }

    /// The example without what stands at a place.
    fn without(&self, pointer: &str) -> Value {
        let (parent, member) = pointer.rsplit_once('/').expect("a member");
        let mut body = self.example.body.clone();
        body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object").remove(member);
        body
    }

    /// Everything that can be wrong with what stands at a place of the example, and in it.
    fn visit(&mut self, pointer: &str, schema: &Value, in_list: bool) {
        let schema = resolve(schema, &self.service.schemas).clone();
        let Some(value) = self.example.body.pointer(pointer).cloned() else { return };
        let of = schema["type"].as_str().expect("a type");
        self.add(if in_list { "null in a list" } else { "null" }, pointer, "", &self.with(pointer, Value::Null));
        for (kind, other) in of_other_types(of, &value) {
            self.add(kind, pointer, "", &self.with(pointer, other));
        }
        match of {
            "string" => self.visit_text(pointer, &schema),
            "object" => self.visit_object(pointer, &schema, &value),
            "array" => self.visit_list(pointer, &schema, &value),
            _ => {}
        }
    }

    fn visit_text(&mut self, pointer: &str, schema: &Value) {
        self.add("empty text", pointer, "", &self.with(pointer, json!("")));
        self.add("blank text", pointer, "", &self.with(pointer, json!("        ")));
        for (bound, kind, beyond, kind_beyond) in
            [("minLength", "shortest text", -1, "text too short"), ("maxLength", "longest text", 1, "text too long")]
        {
            if let Some(length) = schema[bound].as_i64() {
                for (kind, length) in [(kind, length), (kind_beyond, length + beyond)] {
                    let text = "a".repeat(length.try_into().expect("a length"));
                    self.add(kind, pointer, &format!(" ({length})"), &self.with(pointer, json!(text)));
                }
            }
        }
    }

    fn visit_object(&mut self, pointer: &str, schema: &Value, value: &Value) {
        self.add("empty object", pointer, "", &self.with(pointer, json!({})));
        let mut more = value.clone();
        more["noSuchMember"] = json!(1);
        self.add("unknown member", pointer, "", &self.with(pointer, more));
        let required = schema["required"].as_array();
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{pointer}/{name}");
            if value.get(name).is_none() {
                continue;
            }
            let is_required = required.is_some_and(|names| names.contains(&json!(name)));
            let kind = if is_required { "required member left out" } else { "optional member left out" };
            self.add(kind, &at, "", &self.without(&at));
            self.visit(&at, of, false);
        }
    }

    fn visit_list(&mut self, pointer: &str, schema: &Value, value: &Value) {
        let items = value.as_array().expect("the example has a list");
        self.add("empty list", pointer, "", &self.with(pointer, json!([])));
        let twice: Vec<Value> = items.iter().chain(items).cloned().collect();
        self.add("list with everything twice", pointer, "", &self.with(pointer, twice.into()));
        if let Some(most) = schema["maxItems"].as_u64() {
            for (kind, count) in [("longest list", most), ("list too long", most + 1)] {
                let items: Vec<Value> = (0..count).map(|n| json!(format!("no-such-{n}"))).collect();
                self.add(kind, pointer, &format!(" ({count})"), &self.with(pointer, items.into()));
            }
        }
        if !items.is_empty() {
            self.visit(&format!("{pointer}/0"), &schema["items"], true);
        }
    }
}
