//! Requests that are nearly right: made from a document, with something that exists where it fits, or anything.

use std::fmt;

use axum::http::Method;
use proptest::{
    collection::vec,
    option::weighted,
    prelude::*,
    sample::{Index, select},
    strategy::Union,
};
use serde_json::{Map, Value};

use crate::{
    document::{Content, Document, Operation},
    support::ORG,
};

/// How deep objects are that the document says nothing of.
const DEPTH: u32 = 3;
/// Texts that are odd, or that mean something to somebody.
const ODD: [&str; 12] =
    ["", " ", "null", "a\0b", "\u{feff}", "%", "*", "-1", "1e3", "../..", "' OR 1=1 --", "2026-13-45T00:00:00Z"];

#[derive(Clone)]
pub struct RandomRequest {
    pub operation: String,
    pub method: Method,
    pub path: String,
    /// Empty, or from the question mark on.
    pub query: String,
    pub body: Vec<u8>,
}

impl fmt::Debug for RandomRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, method, path, query, body } = self;
        write!(f, "{operation}: {method} {path}{query} {}", String::from_utf8_lossy(body))
    }
}

/// A request for one of the document's operations.
pub fn random_request(document: &Document, cursors: &[String]) -> BoxedStrategy<RandomRequest> {
    let requests = document.operations.iter().map(|operation| request_for(document, operation, cursors));
    Union::new(requests).boxed()
}

fn request_for(document: &Document, operation: &Operation, cursors: &[String]) -> BoxedStrategy<RandomRequest> {
    let Operation { id, method, path, in_path, in_query, body } = operation;
    let (id, method, path) = (id.clone(), method.clone(), path.clone());
    let segments: Vec<_> = in_path
        .iter()
        .map(|(name, example)| {
            let name_in_path = format!("{{{name}}}");
            let example = Just(if example == "no-such" { existing(name)[0].to_owned() } else { example.clone() });
            let value = prop_oneof![8 => example, 1 => existing_text(name), 1 => any_text()];
            value.prop_map(move |value| (name_in_path.clone(), encode(&value)))
        })
        .collect();
    let parameters: Vec<_> = in_query
        .iter()
        .map(|(name, schema)| {
            let value = match name.as_str() {
                "cursor" => cursor(cursors),
                // Elsewhere there is nothing to be found.
                "space" => prop_oneof![4 => Just("default".to_owned()), 1 => any_text()].boxed(),
                _ => value_of(document, name, schema).prop_map(|value| as_text(&value)).boxed(),
            };
            let how_often = how_often(name, in_query.len());
            let name = name.clone();
            weighted(how_often, value).prop_map(move |value| value.map(|value| (name.clone(), value)))
        })
        .collect();
    // One date is searched for, or none: too many at a time are never right.
    let dates = in_query.iter().filter_map(|(name, _)| name.strip_suffix("SearchType"));
    let dates: Vec<String> = dates.map(ToOwned::to_owned).collect();
    let sought = weighted(0.7, any::<Index>());
    let stray = weighted(0.05, (any_text(), any_text()));
    let query = (parameters, stray, sought).prop_map(move |(parameters, stray, sought)| {
        let sought = sought.filter(|_| !dates.is_empty()).map(|sought| sought.get(&dates).clone());
        let is_sought = |name: &str| {
            let date = dates.iter().find(|date| name.starts_with(date.as_str()));
            date.is_none() || date == sought.as_ref()
        };
        let pairs = parameters.into_iter().chain([stray]).flatten().filter(|(name, _)| is_sought(name));
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{}={}", encode(&name), encode(&value))).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    });
    let body = match body {
        Some(Content::Json(schema)) => prop_oneof![
            8 => value_of(document, "", schema).prop_map(|value| value.to_string().into_bytes()),
            1 => any_json().prop_map(|value| value.to_string().into_bytes()),
            1 => vec(any::<u8>(), 0..64),
        ]
        .boxed(),
        Some(Content::Text) => prop_oneof![
            Just(locum::seed::MINIMAL.as_bytes().to_vec()),
            any_json().prop_map(|value| format!("version: 1\norganizations: {value}").into_bytes()),
            any::<String>().prop_map(String::into_bytes),
            vec(any::<u8>(), 0..64),
        ]
        .boxed(),
        None => prop_oneof![9 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..9)].boxed(),
    };
    (segments, query, body)
        .prop_map(move |(segments, query, body)| {
            let path = segments.iter().fold(path.clone(), |path, (name, value)| path.replace(name, value));
            RandomRequest { operation: id.clone(), method: method.clone(), path, query, body }
        })
        .boxed()
}

/// How often a parameter is given.
fn how_often(name: &str, parameters: usize) -> f64 {
    match name {
        // Without it there is nothing.
        "token" => 0.95,
        // These go together.
        _ if ["SearchType", "Uom", "Value"].iter().any(|end| name.ends_with(end)) => 0.9,
        _ if parameters > 9 => 0.15,
        _ => 0.3,
    }
}

/// A value that fits the schema, or nearly.
fn value_of(document: &Document, name: &str, schema: &Value) -> BoxedStrategy<Value> {
    let (schema, _) = document.resolve(schema);
    let kind = schema["type"].as_str();
    let right = if let Some(choices) = schema["enum"].as_array() {
        select(choices.clone()).boxed()
    } else if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        Union::new(choices.iter().map(|choice| value_of(document, name, choice))).boxed()
    } else if kind == Some("object") {
        object_of(document, &schema)
    } else if kind == Some("array") {
        vec(value_of(document, name, &schema["items"]), 0..4).prop_map(Value::from).boxed()
    } else if kind == Some("string") {
        let name = schema["format"].as_str().filter(|format| format.starts_with("date")).unwrap_or(name);
        prop_oneof![8 => existing_text(name), 1 => any_text()].prop_map(Value::from).boxed()
    } else if kind == Some("boolean") {
        any::<bool>().prop_map(Value::from).boxed()
    } else if kind == Some("integer") || kind == Some("number") {
        let least = schema["minimum"].as_i64().unwrap_or(0);
        prop_oneof![Just(2001), least - 1..least + 9, any::<i64>()].prop_map(Value::from).boxed()
    } else {
        any_json().boxed()
    };
    prop_oneof![25 => right, 1 => any_scalar()].boxed()
}

fn object_of(document: &Document, schema: &Value) -> BoxedStrategy<Value> {
    let required = schema["required"].as_array();
    let members: Vec<_> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, of)| {
            let is_required = required.is_some_and(|names| names.contains(&name.as_str().into()));
            let (name, value) = (name.clone(), value_of(document, name, of));
            let how_often = if is_required { 0.95 } else { 0.5 };
            weighted(how_often, value).prop_map(move |value| value.map(|value| (name.clone(), value)))
        })
        .collect();
    members.prop_map(|members| members.into_iter().flatten().collect::<Map<_, _>>().into()).boxed()
}

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    any_scalar().prop_recursive(DEPTH, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(".{0,4}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![select(&ODD).prop_map(ToOwned::to_owned), ".{0,12}", any::<String>()]
}

/// Cursors of lists, whole and broken.
fn cursor(known: &[String]) -> BoxedStrategy<String> {
    if known.is_empty() {
        return any_text().boxed();
    }
    let known = select(known.to_vec());
    let broken = (known.clone(), any::<Index>(), any::<char>()).prop_map(|(cursor, at, with)| {
        let at = at.index(cursor.len());
        format!("{}{with}{}", &cursor[..at], &cursor[at + 1..])
    });
    let cut = (known.clone(), any::<Index>()).prop_map(|(cursor, at)| cursor[..at.index(cursor.len())].to_owned());
    prop_oneof![3 => known, 2 => broken, 1 => cut, 1 => any_text()].boxed()
}

fn existing_text(name: &str) -> BoxedStrategy<String> {
    select(existing(name)).prop_map(ToOwned::to_owned).boxed()
}

/// What exists in the demo seed under a parameter's or a member's name, or means something there.
fn existing(name: &str) -> &'static [&'static str] {
    match name {
        "licenseId" | "licenseIds" => &["FREE000001", "FREE000002", "ABCDE12345", "FRESH00001", "OTHER00001"],
        "teamId" | "team" | "targetTeamId" => &["2001", "2002", "3001"],
        "customerCode" | "organization" => &["6700001", "6700002"],
        "productCode" | "product" => &["II", "WS", "ALL"],
        "email" | "assigneeEmail" | "actor" | "person" | "user" => &["ann@example.test", "bob@example.test"],
        "username" => &["bob", "cleo"],
        "firstName" | "lastName" | "name" | "displayName" => &["Eve", "Stone"],
        "hostname" | "host" => &["dev-1", "dev-2"],
        "token" => &["demo-reporting-token", "demo-vault-token"],
        "orgId" => &[ORG],
        "serviceAccountId" | "atlassianId" => &["svc-1", "svc-2"],
        "clientId" => &["client-sync"],
        "sort" => &["label", "-label", "+createdAt,-label", "createdBy.name", "-user.name,expiresAt", "lastActiveAt"],
        "q" | "tokenLabel" | "clientName" | "label" => &["laptop", "a", "token-0000"],
        "granularity" => &["0", "1", "day"],
        "service" => &["jetbrains_account", "license_vault", "atlassian"],
        "operation" => &["assignLicense", "getAllApiTokensByOrgId"],
        "credential" => &["full", "reader"],
        "status" => &["4xx", "200"],
        "by" | "delay" | "window" => &["1s", "1d", "30m"],
        _ if name.ends_with("RangeFrom") || name.ends_with("RangeTo") => &["-3w", "1w 2d 3h 4m", "-1d"],
        "date" | "start" | "end" | "from" | "to" | "since" => &["2026-01-10", "2026-01-10T09:00:00Z", "-1d"],
        "date-time" | "now" | "expires_at" => &["2026-01-20T09:00:00Z", "2026-01-10T09:00:00+01:00", "2026-01-10"],
        _ => &["reader", "example", "x", "2026-01-10"],
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn encode(text: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}
