//! What the documents offer to be sent works as it is.
//!
//! If you are here because this failed: a page of a document fills its form with the examples, and whoever only presses
//! the button is refused. Change the example; where it must name what nobody can know beforehand, see `prepare`.

use std::{collections::BTreeMap, fs};

use axum::http::Method;
use locum::{
    http::common_parts::of_path,
    services::{atlassian, jetbrains_account},
};
use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, path::Operation};

use crate::support::{Answer, Client, Database, FULL_KEY, ORG, Role, TestApp, VAULT_TOKEN, document_check::resolve};

/// An answer without an end.
const ENDLESS: &str = "getEvents";
/// What these answer has a version, a key or a time of the day, so what stands in the document was written once.
const NEVER_THE_SAME: [&str; 4] = ["getState", "putState", "getInfo", "deleteClock"];
/// What the document shows of answers that are no JSON.
const TEXTS: [(&str, &str); 2] = [
    ("getCaCertificate", "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"),
    ("getEvents", "event: state\ndata: {\"revision\":5}\n\n"),
];
/// Of a whole state and of a whole document, these members say enough.
const SHOWN: [(&str, &[&str]); 2] = [("tables", &["organization", "person"]), ("paths", &[])];
/// Its body is what `getState` answers: no example has the key of another Locum.
const TAKES_AN_ANSWER: &str = "putState";

/// What a form of a document's page holds before anybody writes into it.
pub struct Form<'a> {
    pub id: &'a str,
    pub method: Method,
    /// The path as the document writes it.
    pub template: String,
    pub path: String,
    /// Parameters of the path that have no example.
    pub unknown: Vec<String>,
    pub query: String,
    pub body: String,
    /// The schema of the body has an example of its own.
    describes_body: bool,
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// What is said of a value beside its type.
fn find_example(of: &Value) -> Option<&Value> {
    let first = |member: &str| of[member].as_array().and_then(|all| all.first());
    of.get("example").or_else(|| first("examples")).or_else(|| of.get("default"))
}

/// What the pages make of a schema: its example, or one of all its members.
fn sample(schema: &Value, components: &Value) -> Value {
    let schema = &resolve(schema, components).clone();
    if let Some(example) = find_example(schema) {
        return example.clone();
    }
    if let Some(choice) = schema["enum"].as_array().and_then(|choices| choices.first()) {
        return choice.clone();
    }
    for several in ["oneOf", "anyOf"] {
        let choices = schema[several].as_array().into_iter().flatten();
        if let Some(choice) = choices.into_iter().find(|choice| choice["type"] != "null") {
            return sample(choice, components);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") => {
            let members = schema["properties"].as_object().into_iter().flatten();
            members.map(|(name, member)| (name.clone(), sample(member, components))).collect::<Map<_, _>>().into()
        }
        Some("array") => json!([sample(&schema["items"], components)]),
        Some("integer" | "number") => 0.into(),
        Some("boolean") => true.into(),
        _ => "string".into(),
    }
}

impl<'a> Form<'a> {
    fn new(path: &str, method: Method, operation: &'a Operation, components: &Value) -> Self {
        let id = operation.operation_id.as_deref().unwrap();
        let operation = serde_json::to_value(operation).unwrap();
        let mut form = Self {
            id,
            method,
            template: path.to_owned(),
            path: path.to_owned(),
            unknown: Vec::new(),
            query: String::new(),
            body: String::new(),
            describes_body: false,
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = resolve(parameter, components);
            let schema = resolve(&parameter["schema"], components);
            let example = find_example(parameter).or_else(|| find_example(schema)).map(text);
            let name = parameter["name"].as_str().unwrap();
            match (parameter["in"].as_str(), example) {
                (Some("path"), Some(example)) => form.path = form.path.replace(&format!("{{{name}}}"), &example),
                (Some("path"), None) => form.unknown.push(name.to_owned()),
                (Some("query"), Some(example)) => drop(query.append_pair(name, &example)),
                (Some("query"), None) => assert_ne!(parameter["required"], true, "{id}: {name} needs an example"),
                _ => {}
            }
        }
        form.query = query.finish();
        for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(Map::values) {
            let example = find_example(content).cloned();
            form.describes_body = find_example(resolve(&content["schema"], components)).is_some();
            form.body = text(&example.unwrap_or_else(|| sample(&content["schema"], components)));
        }
        form
    }

    /// Path and query.
    pub fn address(&self) -> String {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        format!("{}{query}", self.path)
    }

    async fn send(&self, client: &Client) -> Answer {
        client.call(self.method.as_str(), &self.address(), &self.body).await
    }

    #[track_caller]
    fn expect_success(&self, answer: &Answer) {
        let Self { id, method, path, query, body, .. } = self;
        let Answer { status, .. } = answer;
        assert!(status.is_success(), "{id}: {method} {path}?{query} {body}: {status} {}", answer.text());
    }
}

pub fn forms(document: &OpenApi) -> Vec<Form<'_>> {
    let components = serde_json::to_value(document).unwrap()["components"].take();
    let paths = document.paths.paths.iter();
    let forms = paths.flat_map(|(path, item)| of_path(item).into_iter().map(move |(method, of)| (path, method, of)));
    let forms = forms.filter(|(.., operation)| {
        let extensions = operation.extensions.as_ref();
        extensions.and_then(|extensions| extensions.get("x-locum-missing")).is_none()
    });
    forms.map(|(path, method, operation)| Form::new(path, method, operation, &components)).collect()
}

/// The id of the first of a list.
fn first_id(list: &Value) -> String {
    text(&list[0]["id"])
}

/// Makes what a path names and no seed has; gives what only this Locum knows, by the parameter's name.
async fn prepare(app: &TestApp, form: &Form<'_>) -> Option<String> {
    let control = app.control();
    let of_vault = async || control.get("/vaults/example/connections").await.expect_ok();
    let path = form.path.as_str();
    if path.starts_with("/faults/") {
        let rule = json!({"then": {"status": 503}});
        return Some(text(&control.post("/faults", rule).await.expect_ok()["id"]));
    }
    if path.starts_with("/requests/{") {
        let answer = app.jetbrains_account(Role::OrgAdmin).get("/token").await;
        return answer.header("x-request-id").map(ToOwned::to_owned);
    }
    if path.contains("/api-keys/") {
        return Some(first_id(&app.atlassian(FULL_KEY).get("/api-keys?q=reader").await.expect_ok()["data"]));
    }
    if path.contains("/manage/api-tokens/") {
        return Some(first_id(&app.atlassian(FULL_KEY).get("/service-accounts/svc-1/api-tokens").await.expect_ok()));
    }
    if path.contains("/atlassian/api-tokens/") {
        return Some(first_id(&app.atlassian(FULL_KEY).get("/api-tokens").await.expect_ok()["data"]));
    }
    if path.contains("/allocations/") {
        return Some(first_id(&of_vault().await));
    }
    if path.contains("/connections/") {
        return Some(text(&of_vault().await[0]["running"][0]["connection"]));
    }
    if let Some((teams, "2004")) = path.rsplit_once('/') {
        let team = json!({"actor": "ann@example.test", "name": "Backend", "id": 2004});
        control.post(teams, team).await.expect_ok();
    }
    if path.starts_with("/snapshots/") && form.method != Method::PUT {
        let name = path.split('/').nth(2).unwrap();
        control.put(&format!("/snapshots/{name}"), "").await.expect_ok();
    }
    if let Some(name) = path.strip_prefix("/spaces/") {
        control.post("/spaces", json!({"name": name})).await.expect_ok();
    }
    None
}

/// Sends everything; what was sent and answered, by operation id.
async fn send_everything(
    app: &TestApp,
    document: &OpenApi,
    client: impl AsyncFn(&Form<'_>) -> Client,
) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for mut form in forms(document).into_iter().filter(|form| form.id != ENDLESS) {
        app.control().delete("/spaces/t1").await;
        app.control().post("/reset", "").await.expect_ok();
        // What can be asked for right away must be there without doing anything before.
        let is_there = form.method == Method::GET && form.unknown.is_empty();
        let found = if is_there { None } else { prepare(app, &form).await };
        if let [name] = form.unknown.as_slice() {
            let found = found.unwrap_or_else(|| panic!("{}: {name} needs an example", form.id));
            form.path = form.path.replace(&format!("{{{name}}}"), &found);
        }
        assert!(form.unknown.len() < 2, "{}: {:?} need examples", form.id, form.unknown);
        if form.id == TAKES_AN_ANSWER {
            app.control().get("/state").await.text().clone_into(&mut form.body);
        }
        let answer = form.send(&client(&form).await).await;
        form.expect_success(&answer);
        all.insert(form.id.to_owned(), record(&form, &answer));
    }
    all
}

fn record(form: &Form<'_>, answer: &Answer) -> Value {
    let mut recorded = json!({});
    if !form.body.is_empty() && !form.describes_body {
        recorded["request"] = abridge(serde_json::from_str(&form.body).unwrap_or_else(|_| form.body.as_str().into()));
    }
    if !answer.text().is_empty() {
        recorded["answer"] = abridge(serde_json::from_str(answer.text()).unwrap_or_else(|_| answer.text().into()));
    }
    recorded
}

/// Leaves out what an example does not need, and what is different each time.
fn abridge(value: Value) -> Value {
    const MOST: usize = 2;
    match value {
        Value::Array(items) => items.into_iter().take(MOST).map(abridge).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, member)| match name.as_str() {
                "elapsed_us" => (name, 412.into()),
                "hash" | "fingerprint" => (name, "…".into()),
                _ => {
                    let shown = SHOWN.iter().find(|(whole, _)| *whole == name).map(|(_, shown)| *shown);
                    let mut member = member;
                    if let (Some(shown), Value::Object(parts)) = (shown, &mut member) {
                        parts.retain(|part, _| shown.contains(&part.as_str()));
                    }
                    (name, abridge(member))
                }
            });
            let members = members.filter(|(name, _)| name != "components");
            members.collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// The certificate is there with TLS only.
async fn start() -> TestApp {
    TestApp::start_with(Database::Sqlite, &["--tls", "auto"]).await
}

#[tokio::test]
async fn of_the_control_api() {
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/control/examples.json");
    let app = start().await;
    let document = locum::control::openapi();
    let mut recorded = send_everything(&app, &document, async |_| app.control()).await;
    let committed: BTreeMap<String, Value> = serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap();
    recorded.extend(TEXTS.map(|(id, text)| (id.to_owned(), json!({"answer": text}))));
    // Nothing is going wrong on a fresh server, but what one is like is what the reader wants to see.
    let fault = recorded["getFault"]["answer"].clone();
    recorded.insert("getFaults".to_owned(), json!({"answer": [fault]}));
    for id in NEVER_THE_SAME {
        if let Some(example) = committed.get(id) {
            recorded.insert(id.to_owned(), example.clone());
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(FILE, serde_json::to_string_pretty(&recorded).unwrap() + "\n").unwrap();
        return;
    }
    for (id, example) in &recorded {
        assert_eq!(
            committed.get(id),
            Some(example),
            "{id} is not as in {FILE}: run `make examples` and commit the result"
        );
    }
    assert_eq!(committed.len(), recorded.len(), "an operation that is no more has an example in {FILE}");
}

/// A page of the document shows what to send and what comes back, without anybody having to try it.
#[test]
fn every_body_of_the_control_api_has_one() {
    let document = serde_json::to_value(locum::control::openapi()).unwrap();
    let mut without = Vec::new();
    for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        let responses = operation["responses"].as_object().into_iter().flatten();
        let successes = responses.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response);
        for content in successes.chain(operation.get("requestBody")).filter_map(|body| body["content"].as_object()) {
            for (media_type, content) in content {
                let schema = resolve(&content["schema"], &document["components"]);
                if find_example(content).or_else(|| find_example(schema)).is_none() {
                    without.push(format!("{} {media_type}", operation["operationId"]));
                }
            }
        }
    }
    assert!(without.is_empty(), "run `make examples`: {without:#?}");
}

#[tokio::test]
async fn of_jetbrains_account() {
    let app = start().await;
    drop(send_everything(&app, &jetbrains_account::openapi(), async |_| app.jetbrains_account(Role::OrgAdmin)).await);
}

#[tokio::test]
async fn of_license_vault() {
    let app = start().await;
    send_everything(&app, &locum::services::license_vault::openapi(), async |form| {
        // The License Server's routes look for a token in the query.
        if form.query.contains("token=") { app.license_vault_without_token() } else { app.license_vault(VAULT_TOKEN) }
    })
    .await;
}

#[tokio::test]
async fn of_atlassian() {
    let app = start().await;
    let base = atlassian::BASE;
    send_everything(&app, &atlassian::openapi(), async |form| {
        let key = app.client().with_header("authorization", &format!("Bearer {FULL_KEY}"));
        if form.path.starts_with("/users/") {
            return key;
        }
        if form.id != "createOAuthClient" {
            return key.below(base);
        }
        let session = app.sign_in_to_atlassian("ann@example.test").await;
        app.client().with_header("cookie", session.header("Cookie")).below(base)
    })
    .await;
    assert!(forms(&atlassian::openapi()).iter().any(|form| form.path.contains(ORG)), "the demo organization is named");
}

/// A rule that hits nothing is taken all the same, so the examples of one are held against a request.
#[tokio::test]
async fn a_fault_and_a_question_hit_what_they_are_about() {
    let app = start().await;
    let document = locum::control::openapi();
    let components = serde_json::to_value(&document).unwrap()["components"].take();
    let jetbrains = jetbrains_account::openapi();
    let all = forms(&document);
    let find = |id: &str| all.iter().find(|form| form.id == id).unwrap();
    let assign = forms(&jetbrains);
    let assign = assign.iter().find(|form| form.id == "assignLicense").unwrap();
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();

    let members = components["schemas"]["Match"]["properties"].as_object().unwrap().iter();
    let examples = members.filter_map(|(name, member)| Some((name.clone(), find_example(member)?.clone())));
    let of_members = json!({"match": examples.collect::<Map<_, _>>(), "then": {"status": 503}});
    for rule in [find("injectFault").body.clone(), of_members.to_string()] {
        app.control().post("/reset", "").await.expect_ok();
        let id = text(&app.control().post("/faults", &rule).await.expect_ok()["id"]);
        assign.send(&admin).await;
        assert_eq!(app.control().get(&format!("/faults/{id}")).await.expect_ok()["hits"], 1, "{rule}");
    }
    app.control().post("/reset", "").await.expect_ok();
    assign.expect_success(&assign.send(&admin).await);
    let verify = find("verifyRequests");
    let verified = verify.send(&app.control()).await;
    assert_eq!(verified.expect_ok()["found"], 1, "{}", verify.body);
}
