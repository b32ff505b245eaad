//! What is sent to a service and what is right then, as its data files say it.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    facts::{Facts, Operation},
    grade::{Grade, Source},
    names::Names,
};

/// The file `expectations.yaml` of a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectationsFile {
    title: String,
    facts: Vec<FactsFile>,
    media: String,
    #[serde(default)]
    contract_schemas: Map<String, Value>,
    headers: Vec<HeaderRule>,
    #[serde(default)]
    lookups: Vec<Lookup>,
    credentials: Vec<Credential>,
    #[serde(default)]
    scopes: BTreeMap<String, String>,
    parameters: Vec<Hint>,
    #[serde(default)]
    bodies: Vec<BodyExample>,
    answers: BTreeMap<String, Answer>,
    rules: Vec<Rule>,
    #[serde(default)]
    cases: Vec<Case>,
}

/// Names a file of facts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    file: String,
    /// What its paths stand below.
    #[serde(default)]
    base: String,
    /// It is the vendor's own document: statuses that it does not list are exceptions.
    #[serde(default)]
    vendors_own: bool,
    /// For rows that have none of their own.
    section: String,
    grade: Grade,
}

/// A header, and what it holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    pub name: String,
    pub pattern: String,
    /// Answers with these statuses have it. Without this and `media`: only those whose facts name it.
    pub status: Option<Names>,
    /// Answers of these media types have it.
    pub media: Option<Names>,
    #[expect(dead_code, reason = "it is for readers")]
    section: String,
    #[expect(dead_code, reason = "it is for readers")]
    grade: Grade,
}

/// Something that only a running Locum knows: an answer's member that stands for `{name}` in the other rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub name: String,
    #[serde(default = "get")]
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub body: Option<Value>,
    /// Where it stands in the answer.
    pub at: String,
}

fn get() -> String {
    "GET".to_owned()
}

/// Who asks. The first row of a name whose operation fits is taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    pub name: String,
    #[serde(default)]
    pub operation: Names,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Added to the query.
    pub query: Option<String>,
    /// Sent with the plain request only, not with every variant.
    #[serde(default)]
    pub once: bool,
    /// The answer that it gets where nothing else is refused before.
    pub refused: Option<String>,
    pub section: String,
    pub grade: Grade,
}

/// What is sent for a parameter. The first row that fits is taken.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    pub name: Names,
    #[serde(default)]
    pub operation: Names,
    /// Values that are right.
    #[serde(default)]
    pub good: Vec<String>,
    /// Values that are not.
    #[serde(default)]
    pub bad: Vec<String>,
    /// Other parameters that it needs beside it; `*` is what the star of `name` stands for.
    #[serde(default)]
    pub with: Vec<(String, String)>,
    /// The request needs it, although the facts do not say so.
    #[serde(default)]
    pub needed: bool,
    /// Not sent where all parameters are sent together.
    #[serde(default)]
    pub apart: bool,
}

/// A body that is right, whose members are then changed one by one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyExample {
    pub operation: Names,
    pub name: String,
    pub body: Value,
}

/// An answer that a request may get.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// 0 is the status of the operation's good answer.
    #[serde(default)]
    pub status: u16,
    pub media: Option<String>,
    pub schema: Option<Value>,
    pub text: Option<String>,
    #[serde(default)]
    pub headers: Vec<String>,
    /// Members that the body has, by where they stand.
    #[serde(default)]
    pub shows: BTreeMap<String, Value>,
    /// Not the answer that the facts document of this status, but another one.
    #[serde(default)]
    pub other: bool,
    /// Which of the vendor's checks this is: of two things that are wrong, the one with the lower step is answered.
    pub step: u8,
}

/// Which answer a kind of variant gets. The first rule that fits is taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default)]
    pub kind: Names,
    #[serde(default)]
    pub operation: Names,
    #[serde(default)]
    pub parameter: Names,
    #[serde(default)]
    pub body: Names,
    #[serde(default)]
    pub credential: Names,
    pub answer: String,
    #[serde(default)]
    pub shows: BTreeMap<String, Value>,
    pub section: String,
    pub grade: Grade,
    /// The row of `exceptions.yaml` that this rests on.
    pub exception: Option<String>,
}

/// A request that no schema leads to, but a sentence of the contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub operation: Names,
    /// Once for each of the operation's parameters of that name; `*` in the query is what its star stands for.
    pub parameter: Option<Names>,
    /// Parameters of the path.
    #[serde(default)]
    pub path: BTreeMap<String, String>,
    /// What the path begins with instead of nothing.
    #[serde(default)]
    pub below: String,
    pub query: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// JSON; or a text, which is sent as it is.
    pub body: Option<Value>,
    #[serde(default)]
    pub credential: Names,
    pub answer: String,
    #[serde(default)]
    pub shows: BTreeMap<String, Value>,
    pub section: String,
    pub grade: Grade,
    pub exception: Option<String>,
}

/// A service: what is known of it, what is sent to it, and what is right then.
#[derive(Debug)]
pub struct Service {
    /// The name of its folder.
    pub name: &'static str,
    pub title: String,
    pub operations: Vec<Operation>,
    pub schemas: Map<String, Value>,
    pub media: String,
    pub headers: Vec<HeaderRule>,
    pub lookups: Vec<Lookup>,
    pub credentials: Vec<Credential>,
    /// By operation: what stands for `{scope}` in the credentials.
    pub scopes: BTreeMap<String, String>,
    pub hints: Vec<Hint>,
    pub bodies: Vec<BodyExample>,
    pub answers: BTreeMap<String, Answer>,
    pub rules: Vec<Rule>,
    pub cases: Vec<Case>,
}

pub fn path_of(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/conformance/data", name].iter().collect()
}

pub fn read_text(name: &str) -> String {
    fs::read_to_string(path_of(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Reads a data file, which is YAML or JSON.
pub fn read<T: DeserializeOwned>(name: &str) -> T {
    let text = read_text(name);
    if path_of(name).extension().is_some_and(|extension| extension == "json") {
        return serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Lays a patch over a value: objects are merged, everything else is replaced.
fn merge(onto: &mut Value, patch: Value) {
    match (onto, patch) {
        (Value::Object(onto), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(onto.entry(name).or_insert(Value::Null), value);
            }
        }
        (onto, patch) => *onto = patch,
    }
}

impl Service {
    pub fn read(name: &'static str) -> Self {
        let file: ExpectationsFile = read(&format!("{name}/expectations.yaml"));
        let (mut operations, mut schemas) = (Vec::new(), Map::new());
        for FactsFile { file, base, vendors_own, section, grade } in file.facts {
            let facts: Facts = read(&format!("{name}/{file}"));
            let source = Source { section, grade };
            let of_file = facts.operations.into_iter();
            operations.extend(of_file.map(|(key, facts)| Operation {
                is_of_vendors_document: vendors_own,
                ..Operation::new(&base, &key, facts, &source)
            }));
            schemas.extend(facts.schemas);
        }
        for (schema, patch) in file.contract_schemas {
            merge(schemas.get_mut(&schema).unwrap_or_else(|| panic!("{name}: there is no {schema}")), patch);
        }
        Self {
            name,
            title: file.title,
            operations,
            schemas,
            media: file.media,
            headers: file.headers,
            lookups: file.lookups,
            credentials: file.credentials,
            scopes: file.scopes,
            hints: file.parameters,
            bodies: file.bodies,
            answers: file.answers,
            rules: file.rules,
            cases: file.cases,
        }
    }

    pub fn answer(&self, name: &str) -> &Answer {
        self.answers.get(name).unwrap_or_else(|| panic!("{}: there is no answer `{name}`", self.name))
    }
}
