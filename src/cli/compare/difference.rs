//! What differs between two answers, and what cannot be told of them because one side had no data.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Body},
    form::find_unexpected,
    header,
    names::{HIDDEN, Names},
    next_page::{count_items, is_next_member, is_only_next},
    shape::Shape,
};

/// Locum sends it, and documents that no vendor does.
const OF_LOCUM: &str = "x-request-id";

const ABSENT: &str = "absent";

/// One line of a report. Nothing in it is a value.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    kind: Kind,
    /// A header, or a place in the body.
    at: String,
    upstream: String,
    locum: String,
}

impl Difference {
    /// As a row of a table in Markdown.
    pub(super) fn to_row(&self) -> String {
        let at = match self.kind {
            Kind::Status | Kind::Document => self.at.clone(),
            Kind::Header | Kind::MediaType => self.at.replacen("header ", "header `", 1) + "`",
            Kind::Body | Kind::Member | Kind::Optional | Kind::Form => format!("`{}`", self.at),
        };
        let [at, upstream, locum] = [&at, &self.upstream, &self.locum].map(|cell| cell.replace('|', "\\|"));
        format!("| {at} | {upstream} | {locum} |")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Status,
    Header,
    MediaType,
    /// Of another kind altogether.
    Body,
    /// Only one side has the member.
    Member,
    /// One side leaves the member out now and then.
    Optional,
    /// Of another type or form.
    Form,
    /// Only one side's document has it.
    Document,
}

#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) differences: Vec<Difference>,
    /// Places of which one side had nothing to compare.
    pub(super) unknown: Vec<String>,
}

/// `others` are bodies of Locum's to the same question of its other items, `alike` those to questions whose answers hold
/// the same items.
pub(super) fn compare(
    upstream: &Answer,
    locum: &Answer,
    others: &[Value],
    alike: &[&Value],
    names: &Names,
) -> Compared {
    let mut found = Compared::default();
    if upstream.status != locum.status {
        found.note(Kind::Status, "status", upstream.status.to_string(), locum.status.to_string());
    }
    found.compare_headers(upstream, locum, names);
    let describe = |answer: &Answer| match &answer.body {
        Body::Json(value) => Shape::of(value, names).describe(),
        body => body.kind().to_owned(),
    };
    match (&upstream.body, &locum.body) {
        (Body::Json(theirs), Body::Json(ours)) if upstream.is_success() == locum.is_success() => {
            if theirs.get("paths").is_some() && ours.get("paths").is_some() {
                found.compare_documents(theirs, ours, names);
            } else {
                let mut ours = Shape::of(ours, names);
                for other in others {
                    ours.add(other, names);
                }
                for other in alike {
                    ours.learn_items(&Shape::of(other, names));
                }
                found.compare_shapes("", &Shape::of(theirs, names), &ours);
            }
        }
        // One of them is a refusal: member by member, all of it would differ.
        (theirs, ours) => {
            let is_same_kind = !matches!(theirs, Body::Json(_)) && theirs.kind() == ours.kind();
            if !is_same_kind && describe(upstream) != describe(locum) {
                found.note(Kind::Body, "body", describe(upstream), describe(locum));
            }
        }
    }
    found.forgive_next_page(count_items(upstream), count_items(locum));
    found
}

impl Compared {
    fn note(&mut self, kind: Kind, at: &str, upstream: impl Into<String>, locum: impl Into<String>) {
        let (at, upstream, locum) = (at.to_owned(), upstream.into(), locum.into());
        let difference = Difference { kind, at, upstream, locum };
        // Names that are hidden are the same.
        if !self.differences.contains(&difference) {
            self.differences.push(difference);
        }
    }

    /// That one side leads to another page is no difference where its page has more items than the other's: the other
    /// may have no more. Of pages of one length, as of those of one item, it is one.
    fn forgive_next_page(&mut self, theirs: usize, ours: usize) {
        let unknown = &mut self.unknown;
        self.differences.retain(|one| {
            let (longer, shorter) =
                if theirs > ours { (&one.upstream, &one.locum) } else { (&one.locum, &one.upstream) };
            let is_next = match one.kind {
                Kind::Member => shorter == ABSENT && is_next_member(&one.at),
                Kind::Header => is_only_next(longer, shorter),
                Kind::Status | Kind::MediaType | Kind::Body | Kind::Optional | Kind::Form | Kind::Document => false,
            };
            if theirs == ours || !is_next {
                return true;
            }
            let side = if theirs > ours { "the upstream" } else { "Locum" };
            unknown.push(format!("`{}`: {side} has more items", one.at));
            false
        });
    }

    fn compare_headers(&mut self, upstream: &Answer, locum: &Answer, names: &Names) {
        let of = |answer: &Answer| -> BTreeMap<String, String> {
            answer.headers.iter().map(|(name, value)| (name.clone(), header::describe(name, value))).collect()
        };
        let (theirs, ours) = (of(upstream), of(locum));
        let all: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        for name in all {
            let (their, our) = (theirs.get(name), ours.get(name));
            if their == our || (name == OF_LOCUM && their.is_none()) {
                continue;
            }
            let kind = if name == "content-type" { Kind::MediaType } else { Kind::Header };
            let describe = |form: Option<&String>| form.cloned().unwrap_or_else(|| ABSENT.to_owned());
            self.note(kind, &format!("header {}", names.show(name)), describe(their), describe(our));
        }
    }

    fn compare_shapes(&mut self, at: &str, upstream: &Shape, locum: &Shape) {
        let place = if at.is_empty() { "body" } else { at };
        let forms = find_unexpected(&upstream.forms, &locum.forms);
        let is_object = upstream.objects.seen > 0 && locum.objects.seen == 0;
        let is_array = upstream.arrays.seen > 0 && locum.arrays.seen == 0;
        if !forms.is_empty() || is_object || is_array {
            self.note(Kind::Form, place, upstream.describe(), locum.describe());
        }
        if upstream.objects.seen > 0 && locum.objects.seen > 0 {
            self.compare_members(at, upstream, locum);
        }
        match (&upstream.arrays.items, &locum.arrays.items) {
            (Some(theirs), Some(ours)) => self.compare_shapes(&format!("{at}[]"), theirs, ours),
            (None, None) => {}
            // Where only one of them is an array, that is said above.
            _ if upstream.arrays.seen == 0 || locum.arrays.seen == 0 => {}
            (theirs, _) => {
                let side = if theirs.is_none() { "the upstream" } else { "Locum" };
                self.unknown.push(format!("`{at}[]`: {side} has no item"));
            }
        }
    }

    fn compare_members(&mut self, at: &str, upstream: &Shape, locum: &Shape) {
        let (theirs, ours) = (&upstream.objects, &locum.objects);
        let all: BTreeSet<&String> = theirs.members.keys().chain(ours.members.keys()).collect();
        for name in all {
            let dot = if at.is_empty() { "" } else { "." };
            let at = format!("{at}{dot}{name}");
            match (theirs.members.get(name), ours.members.get(name)) {
                (Some(their), None) => self.note(Kind::Member, &at, their.describe(), ABSENT),
                (None, Some(our)) if our.seen >= ours.seen => self.note(Kind::Member, &at, ABSENT, our.describe()),
                (None, Some(_)) => self.unknown.push(format!("`{at}`: Locum has it now and then, the upstream never")),
                (Some(their), Some(our)) => {
                    if their.seen < theirs.seen && our.seen >= ours.seen {
                        let sometimes = format!("{}, or {ABSENT}", their.describe());
                        self.note(Kind::Optional, &at, sometimes, our.describe());
                    }
                    self.compare_shapes(&at, their, our);
                }
                (None, None) => {}
            }
        }
    }

    /// Of OpenAPI documents, what they describe: operations, and members of bodies.
    fn compare_documents(&mut self, upstream: &Value, locum: &Value, names: &Names) {
        let own_paths: Vec<&str> = list_paths(locum).map(|(path, _)| path.as_str()).collect();
        for (theirs, ours) in [
            (list_operations(upstream, &own_paths, names), list_operations(locum, &[], names)),
            (list_properties(upstream, names), list_properties(locum, names)),
        ] {
            for only in theirs.difference(&ours) {
                self.note(Kind::Document, only, "described", ABSENT);
            }
            for only in ours.difference(&theirs) {
                self.note(Kind::Document, only, ABSENT, "described");
            }
        }
    }
}

fn list_paths(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["paths"].as_object().into_iter().flatten()
}

/// `GET /a/{}`.
fn list_operations(document: &Value, own_paths: &[&str], names: &Names) -> BTreeSet<String> {
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    let operations = list_paths(document).flat_map(|(path, item)| {
        let path = show_path(path, own_paths, names);
        let is_there = |method: &&str| item.get(method).is_some();
        METHODS.into_iter().filter(is_there).map(move |method| format!("`{} {path}`", method.to_uppercase()))
    });
    operations.collect()
}

/// A path without what may be data: a segment that is no name of an interface, or that stands where a path of Locum's
/// own has a parameter, because a service may write its documents for each tenant.
fn show_path(path: &str, own_paths: &[&str], names: &Names) -> String {
    let segments: Vec<&str> = path.split('/').collect();
    let is_parameter = |segment: &str| segment.starts_with('{');
    let fits = |own: &[&str]| {
        let is_alike = |(own, segment): (&&str, &&str)| is_parameter(own) || own == segment;
        own.len() == segments.len() && own.iter().zip(&segments).all(is_alike)
    };
    let own: Vec<Vec<&str>> =
        own_paths.iter().map(|path| path.split('/').collect()).filter(|own: &Vec<_>| fits(own)).collect();
    let show = |(at, segment): (usize, &&str)| {
        if segment.is_empty() {
            String::new()
        } else if is_parameter(segment) {
            "{}".to_owned()
        } else if !names.is_known(segment) && own.iter().any(|own| is_parameter(own[at])) {
            HIDDEN.to_owned()
        } else {
            names.show(segment).into_owned()
        }
    };
    segments.iter().enumerate().map(show).collect::<Vec<_>>().join("/")
}

fn list_properties(document: &Value, names: &Names) -> BTreeSet<String> {
    let schemas = document.pointer("/components/schemas").unwrap_or(&Value::Null);
    let mut found = BTreeSet::new();
    let mut left = vec![schemas];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                let properties = members.get("properties").and_then(Value::as_object).into_iter().flatten();
                found.extend(properties.map(|(name, _)| format!("member `{}` of schemas", names.show(name))));
                left.extend(members.values());
            }
            Value::Array(items) => left.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

/// What of an answer a report in JSON has beside the differences.
pub(super) fn summarize(answer: &Answer, names: &Names) -> Value {
    let media_type = answer.header("content-type").map(|value| header::describe("content-type", value));
    let shape = answer.json().map(|value| Shape::of(value, names).describe());
    json!({
        "status": answer.status,
        "media_type": media_type.map(|media| media.trim_matches('`').to_owned()),
        "body": shape.unwrap_or_else(|| answer.body.kind().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &Value) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect::<HeaderMap>();
        Answer::new(status, &headers, body.to_string().as_bytes())
    }

    fn lines(theirs: &Value, ours: &Value) -> (Vec<String>, Vec<String>) {
        let mut names = Names::of_document("{}");
        names.know_members(ours);
        let found = compare(&answer(200, &[], theirs), &answer(200, &[], ours), &[], &[], &names);
        let line = |one: Difference| format!("{:?} {}: {} | {}", one.kind, one.at, one.upstream, one.locum);
        (found.differences.into_iter().map(line).collect(), found.unknown)
    }

    #[test]
    fn each_kind_of_difference() {
        for (theirs, ours, line) in [
            (json!({"a": 1}), json!({"a": "x"}), "Form a: integer | text"),
            (json!({"a": null}), json!({"a": "x"}), "Form a: null | text"),
            (json!({"a": 1, "more": true}), json!({"a": 1}), "Member more: boolean | absent"),
            (json!({"a": 1}), json!({"a": 1, "b": null}), "Member b: absent | null"),
            (json!([{"a": 1}, {}]), json!([{"a": 1}]), "Optional [].a: integer, or absent | integer"),
            (json!([{"a": 1}, {"a": {"b": 1}}]), json!([{"a": 1}]), "Form [].a: integer or object of <key> | integer"),
            (json!([1]), json!({"a": [1]}), "Form body: array of integer | object of a"),
            (json!(1), json!({"total": 1}), "Form body: integer | object of total"),
            (
                json!({"a": ["2026-01-15T09:00:00Z"]}),
                json!({"a": ["2026-01-15T09:00:00.000Z"]}),
                "Form a[]: date-time hh:mm:ssZ | date-time hh:mm:ss.fffZ",
            ),
        ] {
            assert_eq!(lines(&theirs, &ours), (vec![line.to_owned()], vec![]));
        }
    }

    #[test]
    fn what_data_lacks_is_unknown() {
        for (theirs, ours, unknown) in [
            (json!({"a": []}), json!({"a": [{"b": 1}]}), "`a[]`: the upstream has no item"),
            (json!([{"a": 1}]), json!([]), "`[]`: Locum has no item"),
            (
                json!([{"a": 1}]),
                json!([{"a": 1, "b": 1}, {"a": 1}]),
                "`[].b`: Locum has it now and then, the upstream never",
            ),
        ] {
            assert_eq!(lines(&theirs, &ours), (vec![], vec![unknown.to_owned()]));
        }
        // Locum may leave it out, and may have null there.
        for (theirs, ours) in [
            (json!([{"a": 1}, {"a": 2}]), json!([{"a": 1}, {}])),
            (json!([{"a": 1}]), json!([{"a": 1}, {"a": null}])),
            (json!([]), json!([])),
        ] {
            assert_eq!(lines(&theirs, &ours), (vec![], vec![]));
        }
    }

    #[test]
    fn another_page_is_no_form_where_there_are_more_items() {
        let page = |count: usize, links: Value| json!({"data": vec![json!({"a": 1}); count], "links": links});
        let (more, last) = (json!({"self": "x", "next": "x"}), json!({"self": "x"}));
        let unknown = |side| (vec![], vec![format!("`links.next`: {side} has more items")]);
        let member = |sides| (vec![format!("Member links.next: {sides}")], vec![]);
        for (theirs, ours, found) in [
            (page(3, more.clone()), page(2, last.clone()), unknown("the upstream")),
            (page(2, last.clone()), page(3, more.clone()), unknown("Locum")),
            // It has as many, or more, and does not lead on.
            (page(1, last.clone()), page(1, more.clone()), member("absent | text")),
            (page(3, last.clone()), page(2, more.clone()), member("absent | text")),
            (page(2, more), page(3, last), member("text | absent")),
        ] {
            assert_eq!(lines(&theirs, &ours), found);
        }
        let names = Names::of_document("{}");
        let of = |link: &'static str, count: usize| answer(200, &[("link", link)], &json!(vec![1; count]));
        let last_link = r#"</x?page=1>; rel="first", </x?page=1>; rel="last""#;
        let more_link = r#"</x?page=1>; rel="first", </x?page=2>; rel="last", </x?page=2>; rel="next""#;
        let previous_link = r#"</x?page=1>; rel="prev", </x?page=2>; rel="last", </x?page=2>; rel="next""#;
        for (theirs, ours, differences) in [
            (of(more_link, 3), of(last_link, 2), 0),
            (of(last_link, 2), of(more_link, 3), 0),
            (of(more_link, 1), of(last_link, 1), 1),
            (of(more_link, 2), of(last_link, 3), 1),
            (of(previous_link, 3), of(last_link, 2), 1),
        ] {
            assert_eq!(compare(&theirs, &ours, &[], &[], &names).differences.len(), differences);
        }
    }

    #[test]
    fn headers_and_media_types() {
        let names = Names::of_document("{}");
        let theirs = [("content-type", "text/html"), ("x-new-one", "12"), ("via", "x"), ("server", "1")];
        let ours = [("content-type", "application/json"), ("x-request-id", "1"), ("etag", "x"), ("server", "n")];
        let found = compare(&answer(404, &theirs, &json!({})), &answer(200, &ours, &json!({})), &[], &[], &names);
        let at: Vec<&str> = found.differences.iter().map(|one| one.at.as_str()).collect();
        assert_eq!(at, ["status", "header content-type", "header etag", "header server", "header x-new-one"],);
    }

    #[test]
    fn documents_are_compared_by_what_they_describe() {
        let theirs = json!({"paths": {"/first/{x}/last": {"get": {}}, "/4711/new": {"post": {}}},
            "components": {"schemas": {"A": {"properties": {"fresh": {}}}}}});
        let ours = json!({"paths": {"/first/{y}/last": {"get": {}, "put": {}}}});
        assert_eq!(
            lines(&theirs, &ours).0,
            [
                "Document `POST /<key>/new`: described | absent",
                "Document `PUT /first/{}/last`: absent | described",
                "Document member `fresh` of schemas: described | absent",
            ]
        );
        // A tenant's name where others have a parameter, and one that is short.
        let theirs = json!({"paths": {"/first/primary/last": {"get": {}}, "/hp/first": {"get": {}}}});
        let ours = json!({"paths": {"/first/{y}/last": {"get": {}}, "/first/{y}/first": {"get": {}}}});
        assert_eq!(
            lines(&theirs, &ours).0,
            [
                "Document `GET /<key>/first`: described | absent",
                "Document `GET /first/<key>/last`: described | absent",
                "Document `GET /first/{}/first`: absent | described",
                "Document `GET /first/{}/last`: absent | described",
            ]
        );
    }
}
