//! The vendors' schemas as JSON Schema.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// What a `$ref` stands for; anything else stands for itself.
pub fn resolve<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let Some(reference) = schema["$ref"].as_str() else { return schema };
    let name = reference.strip_prefix("#/components/schemas/").expect("a reference to a schema");
    schemas.get(name).unwrap_or_else(|| panic!("there is no schema {name}"))
}

/// Makes a check of a schema, which may be in OpenAPI 3.0.
pub fn compile(schema: &Value, schemas: &Map<String, Value>) -> Validator {
    let mut whole = translate(schema);
    whole["components"] = json!({"schemas": translate(&Value::Object(schemas.clone()))});
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.build(&whole).unwrap_or_else(|e| panic!("{e}: {schema}"))
}

/// OpenAPI 3.0 says `nullable` where JSON Schema lists null among the types.
fn translate(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(translate).collect(),
        Value::Object(members) => {
            let is_nullable = members.get("nullable") == Some(&Value::Bool(true));
            let members = members.iter().filter(|(name, _)| *name != "nullable");
            let translated: Map<String, Value> =
                members.map(|(name, value)| (name.clone(), translate(value))).collect();
            if is_nullable { json!({"anyOf": [translated, {"type": "null"}]}) } else { translated.into() }
        }
        other => other.clone(),
    }
}

/// Patterns that texts are held against.
#[derive(Default)]
pub struct Patterns(BTreeMap<String, Validator>);

impl Patterns {
    pub fn fits(&mut self, pattern: &str, text: &str) -> bool {
        let compile = || compile(&json!({"pattern": pattern}), &Map::new());
        self.0.entry(pattern.to_owned()).or_insert_with(compile).is_valid(&json!(text))
    }
}

#[test]
fn null_is_right_only_where_it_is_said() {
    let schemas = Map::from_iter([
        ("Name".to_owned(), json!({"type": "string"})),
        (
            "Person".to_owned(),
            json!({"type": "object", "properties": {
                "name": {"$ref": "#/components/schemas/Name"},
                "nick": {"allOf": [{"$ref": "#/components/schemas/Name"}], "nullable": true},
                "age": {"type": "integer", "nullable": true},
            }}),
        ),
    ]);
    let validator = compile(&json!({"$ref": "#/components/schemas/Person"}), &schemas);
    for (value, is_right) in [
        (json!({"name": "Ann", "nick": null, "age": null}), true),
        (json!({"name": "Ann", "nick": "A", "age": 3}), true),
        (json!({"name": null}), false),
        (json!({"nick": 1}), false),
        (json!({"age": "3"}), false),
    ] {
        assert_eq!(validator.is_valid(&value), is_right, "{value}");
    }
}
