//! Every documented control route, with everything that can be wrong about a request.
//!
//! If you are here because this failed: a route was added, or changed, that takes what it should refuse, refuses it
//! without saying where it is, or changes something before it refuses. Nothing has to be added here for a new route.

use axum::{body::Bytes, http::Method};
use serde_json::{Value, json};

use crate::document::{Content, Document, Member, Operation};
use crate::support::{Answer, Database, IntoBody, TestApp, apply, on_both_databases};

/// Routes that are about no space, or about the spaces themselves. May only shrink.
const OF_NO_SPACE: [&str; 7] =
    ["/", "/ca.crt", "/coverage", "/openapi.json", "/operations", "/spaces", "/spaces/{space}"];
/// The largest control body, and one byte.
const TOO_LARGE: usize = 16 * 1024 * 1024 + 1;

/// Values of another type than the member's.
fn wrong_types(member: &Member) -> Vec<Value> {
    let mut wrong = match member.schema["type"].as_str() {
        // Of the last, serde makes an object whose members are all null.
        Some("object") => {
            let members = member.schema["properties"].as_object().map_or(0, serde_json::Map::len);
            vec![json!("x"), json!(1), json!(true), json!([]), Value::Array(vec![Value::Null; members])]
        }
        Some("array") => vec![json!("x"), json!(1), json!({})],
        Some("string") => vec![json!(1), json!(true), json!([]), json!({})],
        Some("boolean") => vec![json!(1), json!("true"), json!([]), json!({})],
        Some("integer") => vec![json!("1"), json!(1.5), json!(1e30), json!([]), json!({})],
        Some("number") => vec![json!("1"), json!([]), json!({})],
        // Whatever JSON can say.
        _ => return Vec::new(),
    };
    if !member.may_be_null {
        wrong.push(Value::Null);
    }
    wrong
}

/// Values of the right type that are wrong all the same.
fn wrong_choices(schema: &Value) -> Vec<Value> {
    let mut wrong = Vec::new();
    if schema.get("enum").is_some() {
        wrong.push("no-such-choice".into());
    }
    if schema["format"] == "date-time" {
        wrong.extend(["".into(), "soon".into(), "2026-13-45T00:00:00Z".into()]);
    }
    wrong.extend(schema["minimum"].as_i64().map(|least| (least - 1).into()));
    wrong.extend(schema["maximum"].as_i64().map(|most| (most + 1).into()));
    wrong
}

/// The value with another one at the pointer; members on the way are made.
fn with(mut value: Value, pointer: &str, member: Value) -> Value {
    let mut inner = &mut value;
    for name in pointer.split('/').skip(1) {
        inner = &mut inner[name];
    }
    *inner = member;
    value
}

/// A request that is to be refused.
struct Trial<'a> {
    app: &'a TestApp,
    operation: &'a Operation,
    what: String,
}

impl Trial<'_> {
    async fn send(&self, prefix: &str, path: &str, query: &str, body: impl IntoBody) -> Answer {
        let path = format!("{prefix}{path}{query}");
        self.app.control().call(self.operation.method.as_str(), &path, body).await
    }

    /// A problem of the client's making; gives it.
    #[track_caller]
    fn expect_refusal(&self, answer: &Answer) -> Value {
        let Self { operation: Operation { method, path, .. }, what, .. } = self;
        let told = format!("{method} {path}, {what}: {} {}", answer.status, answer.text());
        assert!(answer.status.is_client_error(), "not refused: {told}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{told}");
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status.as_u16(), "{told}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "says nothing: {told}");
        problem
    }

    /// A 400 or 422 that names the place.
    #[track_caller]
    fn expect_refusal_at(&self, answer: &Answer, pointer: &str) {
        let problem = self.expect_refusal(answer);
        let Self { operation: Operation { method, path, .. }, what, .. } = self;
        assert!([400, 422].contains(&answer.status.as_u16()), "{method} {path}, {what}: {problem}");
        assert_eq!(problem["pointer"], pointer, "{method} {path}, {what}: {problem}");
    }
}

impl Operation {
    fn trial<'a>(&'a self, app: &'a TestApp, what: impl Into<String>) -> Trial<'a> {
        Trial { app, operation: self, what: what.into() }
    }
}

/// Names and revisions of all spaces.
async fn revisions(app: &TestApp) -> Value {
    app.control().get("/spaces").await.expect_ok()
}

#[apply(on_both_databases)]
async fn of_spaces(app: TestApp) {
    for operation in Document::of_ending_control().operations {
        if OF_NO_SPACE.contains(&operation.path.as_str()) {
            continue;
        }
        let before = revisions(&app).await;
        assert!(operation.in_query.iter().any(|(name, _)| name == "space"), "{} takes no ?space", operation.path);
        let path = operation.path();
        for (prefix, query) in [
            ("", "?space=nobody"),
            ("", "?space="),
            ("", "?space=%00"),
            ("", "?space=%FF"),
            ("", "?space=a%2Fb"),
            ("/spaces/nobody", ""),
            ("/spaces/%00", ""),
            ("/spaces/default%2Fx", ""),
            ("/spaces/nobody", "?space=nobody"),
        ] {
            let trial = operation.trial(&app, format!("{prefix}…{query}"));
            let problem = trial.expect_refusal(&trial.send(prefix, &path, query, "").await);
            assert_eq!(problem["status"], 404, "{} {path}: {problem}", operation.method);
            assert!(problem["detail"].as_str().unwrap().contains("no space"), "{} {path}: {problem}", operation.method);
        }
        let trial = operation.trial(&app, "a path that cannot be read");
        trial.expect_refusal(&trial.send("/spaces/%FF", &path, "", "").await);
        let trial = operation.trial(&app, "two spaces");
        trial.expect_refusal_at(&trial.send("/spaces/default", &path, "?space=nobody", "").await, "/space");
        assert_eq!(revisions(&app).await, before, "{} {path}", operation.method);
    }
}

#[apply(on_both_databases)]
async fn of_queries(app: TestApp) {
    let document = Document::of_ending_control();
    for operation in &document.operations {
        let before = revisions(&app).await;
        let (path, body) = (operation.path(), operation.good_body(&document));
        let prefixes =
            if OF_NO_SPACE.contains(&operation.path.as_str()) { vec![""] } else { vec!["", "/spaces/default"] };
        for prefix in prefixes {
            let trial = operation.trial(&app, format!("{prefix}…?no~such/parameter"));
            trial.expect_refusal_at(
                &trial.send(prefix, &path, "?no~such/parameter=1", body.clone()).await,
                "/no~0such~1parameter",
            );
            for (name, schema) in &operation.in_query {
                let trial = operation.trial(&app, format!("{prefix}…{name} misspelt"));
                let misspelt = format!("{name}x");
                let answer = trial.send(prefix, &path, &format!("?{misspelt}=1"), body.clone()).await;
                trial.expect_refusal_at(&answer, &format!("/{misspelt}"));
                let near = format!("did you mean `{name}`?");
                assert!(answer.json()["detail"].as_str().unwrap().contains(&near), "{}", answer.text());
                let trial = operation.trial(&app, format!("{prefix}…{name} twice"));
                let value = if name == "space" { "default" } else { "true" };
                let query = format!("?{name}={value}&{name}={value}");
                trial.expect_refusal_at(&trial.send(prefix, &path, &query, body.clone()).await, &format!("/{name}"));
                let of = document.resolve(schema).0;
                let mut wrong: Vec<String> = wrong_choices(&of)
                    .iter()
                    .map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
                    .collect();
                if ["integer", "boolean", "number"].contains(&of["type"].as_str().unwrap_or_default()) {
                    wrong.extend(["maybe", "1e3", "%00", "%FF"].map(ToOwned::to_owned));
                }
                if of["type"] == "integer" {
                    wrong.push("99999999999999999999".to_owned());
                }
                for value in wrong {
                    let trial = operation.trial(&app, format!("{prefix}…?{name}={value}"));
                    let query = format!("?{name}={value}");
                    trial
                        .expect_refusal_at(&trial.send(prefix, &path, &query, body.clone()).await, &format!("/{name}"));
                }
            }
        }
        assert_eq!(revisions(&app).await, before, "{} {path}", operation.method);
    }
}

#[apply(on_both_databases)]
async fn of_paths(app: TestApp) {
    let document = Document::of_ending_control();
    let long = "x".repeat(4096);
    for operation in &document.operations {
        let before = revisions(&app).await;
        let body = operation.good_body(&document);
        for (name, _) in &operation.in_path {
            let any_name = operation.makes_what_it_names().then_some("no-such-thing");
            for value in ["no-such-thing", "%00", "a%00b", "%FF", "a%2Fb", "..%2F..", "%20", "0", "-1", long.as_str()] {
                if any_name == Some(value) || operation.makes_what_it_names() && ["0", "-1"].contains(&value) {
                    continue;
                }
                let trial = operation.trial(&app, format!("{name} = {value}"));
                trial.expect_refusal(&trial.send("", &operation.path_with(name, value), "", body.clone()).await);
            }
        }
        assert_eq!(revisions(&app).await, before, "{} {}", operation.method, operation.path);
    }
}

#[apply(on_both_databases)]
async fn of_bodies(app: TestApp) {
    let document = Document::of_ending_control();
    let too_large = Bytes::from(vec![b' '; TOO_LARGE]);
    for operation in &document.operations {
        let before = revisions(&app).await;
        let path = operation.path();
        let Some(content) = &operation.body else {
            for body in [&b"{\"space\":\"t1\"}"[..], b"[]", b"x", &too_large] {
                let trial = operation.trial(&app, String::from_utf8_lossy(&body[..body.len().min(20)]));
                trial.expect_refusal_at(&trial.send("", &path, "", Bytes::copy_from_slice(body)).await, "");
            }
            continue;
        };
        let trial = operation.trial(&app, "too large");
        // A state may be longer than anybody wants to send in a test.
        let refused = if operation.path == "/state" { 400 } else { 413 };
        assert_eq!(trial.expect_refusal(&trial.send("", &path, "", too_large.clone()).await)["status"], refused);
        for body in [
            &b"\xff"[..],
            b"{\"\xff\":1}",
            b"[",
            b"[]",
            b"[1]",
            b"1",
            b"\"x\"",
            b"null",
            b"nonsense",
            b"{\"a\":1}{}",
            b"\0",
            b"",
        ] {
            let is_empty = body.is_empty()
                && matches!(content, Content::Json(schema) if document.resolve(schema).0.get("required").is_none());
            if is_empty {
                continue;
            }
            let trial = operation.trial(&app, String::from_utf8_lossy(body));
            let problem = trial.expect_refusal(&trial.send("", &path, "", body).await);
            assert_eq!(problem["status"], 400, "{} {path}, {}: {problem}", operation.method, trial.what);
            let placed = problem["pointer"].is_string() || problem["errors"].is_array();
            assert!(placed, "{} {path}, {}: {problem}", operation.method, trial.what);
        }
        let Content::Json(schema) = content else { continue };
        let good = document.good(schema);
        let object = document.resolve(schema).0;
        if object["required"].as_array().is_some_and(|names| !names.is_empty()) {
            let trial = operation.trial(&app, "nothing that is needed");
            // A state says itself what it lacks first.
            let place = if operation.path == "/state" { "/format" } else { "" };
            trial.expect_refusal_at(&trial.send("", &path, "", "{}").await, place);
        }
        for (name, value) in good.as_object().into_iter().flatten() {
            let trial = operation.trial(&app, format!("{name} twice"));
            let rest = good.to_string().split_off(1);
            let answer = trial.send("", &path, "", format!("{{{}:{value},{rest}", json!(name))).await;
            trial.expect_refusal_at(&answer, &format!("/{name}"));
            assert!(answer.text().contains("is there twice"), "{}", answer.text());
        }
        if object.get("properties").is_some() {
            let trial = operation.trial(&app, "an unknown member");
            let body = with(good.clone(), "/no such~member", 1.into());
            trial.expect_refusal_at(&trial.send("", &path, "", body.to_string()).await, "/no such~0member");
        }
        for member in document.members(schema) {
            for value in wrong_types(&member) {
                let body = with(good.clone(), &member.pointer, value).to_string();
                let trial = operation.trial(&app, &body);
                trial.expect_refusal_at(&trial.send("", &path, "", body.clone()).await, &member.pointer);
            }
        }
        assert_eq!(revisions(&app).await, before, "{} {path}", operation.method);
    }
}

/// Also where anything may stand, and nobody looks for members.
#[apply(on_both_databases)]
async fn of_members_that_are_there_twice_further_in(app: TestApp) {
    let before = revisions(&app).await;
    for (path, body, pointer) in [
        ("/faults", r#"{"match":{"operation":"x"},"then":{"body":[{"a":1,"a":2}]}}"#, "/then/body/0/a"),
        ("/faults", r#"{"match":{"body":{"a":{"b":1,"b":1}}},"then":{"status":503}}"#, "/match/body/a/b"),
        ("/faults", r#"{"match":{},"then":{"headers":{"X-A":"1","X-A":"2"},"status":503}}"#, "/then/headers/X-A"),
        ("/faults", r#"{"match":{},"then":{"status":500},"then":{"status":503}}"#, "/then"),
        ("/requests/verify", r#"{"match":{"query":{"a":"1","a":"2"}},"count":{"at_least":1}}"#, "/match/query/a"),
        ("/spaces", r#"{"name":"t9","seed":{"version":1,"version":1}}"#, "/seed/version"),
    ] {
        let answer = app.control().post(path, body).await;
        let problem = answer.expect_problem(400);
        assert_eq!(problem["pointer"], pointer, "{body}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("is there twice") && detail.contains(" at line 1 column "), "{detail}");
    }
    let problem = app.control().put("/state", r#"{"format":1,"tables":{"person":[{"id":1,"id":2}]}}"#).await;
    assert_eq!(problem.expect_problem(400)["pointer"], "/tables/person/0/id");
    assert_eq!(revisions(&app).await, before);
}

#[apply(on_both_databases)]
async fn of_values(app: TestApp) {
    let document = Document::of_ending_control();
    for operation in &document.operations {
        let Some(Content::Json(schema)) = &operation.body else { continue };
        let (path, good) = (operation.path(), document.good(schema));
        let before = revisions(&app).await;
        for Member { pointer, schema, .. } in document.members(schema) {
            for value in wrong_choices(&schema) {
                let body = with(good.clone(), &pointer, value).to_string();
                let trial = operation.trial(&app, &body);
                trial.expect_refusal_at(&trial.send("", &path, "", body.clone()).await, &pointer);
            }
        }
        assert_eq!(revisions(&app).await, before, "{} {path}", operation.method);
    }
}

/// What no database can hold, or should. Not every text has a shape that it could lack, so some pass.
#[apply(on_both_databases)]
async fn of_odd_texts(app: TestApp) {
    let document = Document::of_ending_control();
    for operation in &document.operations {
        let Some(Content::Json(schema)) = &operation.body else { continue };
        let (path, good, mut passed) = (operation.path(), document.good(schema), false);
        for Member { pointer, schema, .. } in document.members(schema) {
            if schema["type"] != "string" {
                continue;
            }
            for value in ["a\0b", "\u{feff}", "", " ", &"x".repeat(100_000)] {
                let body = with(good.clone(), &pointer, value.into()).to_string();
                let trial = operation.trial(&app, format!("{pointer} is odd"));
                let answer = trial.send("", &path, "", body).await;
                if answer.status.is_success() {
                    passed = true;
                } else {
                    trial.expect_refusal(&answer);
                }
            }
        }
        if passed {
            app.control().post("/reset", "").await.expect_ok();
        }
    }
}

#[apply(on_both_databases)]
async fn other_methods_and_paths(app: TestApp) {
    let document = Document::of_ending_control();
    let paths: std::collections::BTreeSet<&str> = document.operations.iter().map(|it| it.path.as_str()).collect();
    for path in paths {
        let of_path: Vec<&Operation> = document.operations.iter().filter(|it| it.path == path).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if !of_path.iter().any(|it| it.method == method) {
                app.control().call(method, &of_path[0].path(), "").await.expect_problem(405);
            }
        }
        app.control().get(&format!("{}/no-such/path/at/all", of_path[0].path())).await.expect_problem(404);
    }
    app.control().get("/no-such").await.expect_problem(404);
}

/// Else the other tests would send bodies that are wrong in another way than they mean.
#[tokio::test]
async fn the_document_s_examples_are_right() {
    let app = TestApp::start(Database::Sqlite).await;
    let document = Document::of_ending_control();
    for operation in &document.operations {
        let trial = operation.trial(&app, "as the document says");
        let answer = trial.send("", &operation.path(), "", operation.good_body(&document)).await;
        let fits = answer.status.is_success() || [403, 404, 409].contains(&answer.status.as_u16());
        assert!(fits, "{} {}: {}", operation.method, operation.path, answer.text());
        if operation.method != Method::GET {
            app.control().post("/reset", "").await.expect_ok();
        }
    }
}
