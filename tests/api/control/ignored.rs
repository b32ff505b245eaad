//! What a request sent that nothing read, as the journal tells it.
//!
//! If you are here because an operation did not say that it ignored a name: its query or its body is read by another
//! extractor than those of `src/http/extract.rs`, or into a type that hides which names it has.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use locum::{
    http::common_parts::of_path,
    services::{atlassian, jetbrains_account, license_vault},
};
use serde_json::{Map, Value, json};

use super::verify::verify;
use crate::support::{Answer, Client, Database, FULL_KEY, ORG, Role, TestApp, VAULT_TOKEN, apply, on_both_databases};

/// What the journal says that the request of an answer sent in vain, in sentences.
async fn ignored(app: &TestApp, answer: &Answer) -> Vec<String> {
    let id = answer.header("x-request-id").unwrap();
    let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
    // Where nothing was ignored, there is no member.
    assert_eq!(entry.get("ignored"), entry["trail"].get("ignored"));
    assert_ne!(entry.get("ignored"), Some(&json!([])));
    let all = entry["ignored"].as_array().into_iter().flatten();
    all.map(|part| {
        let text = |name: &str| part.get(name).map(|value| value.as_str().unwrap().to_owned());
        let near = text("did_you_mean").map(|near| format!(" -> {near}")).unwrap_or_default();
        let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{}{near}{reason}", text("at").unwrap())
    })
    .collect()
}

const TWICE: &str = "given twice: the first counts";

#[apply(on_both_databases)]
async fn names_of_queries(app: TestApp) {
    let (admin, atlassian) = (app.jetbrains_account(Role::OrgAdmin), app.atlassian(FULL_KEY));
    let vault = app.license_vault(VAULT_TOKEN);
    for (client, path, expected) in [
        (&admin, "/customer/licenses?perPage=2&page=1", vec![]),
        (&admin, "/customer/licenses?perpage=2&page=1", vec!["query/perpage -> perPage".to_owned()]),
        (&admin, "/customer/licenses?page=1&page=2&page=3", vec![format!("query/page: {TWICE}")]),
        // An empty one counts as left out, and what comes behind it is ignored all the same.
        (&admin, "/customer/licenses?page=&page=2", vec![format!("query/page: {TWICE}")]),
        (&admin, "/token?page=1", vec!["query/page".to_owned()]),
        (&admin, "/swagger.json?url=x", vec!["query/url".to_owned()]),
        (&atlassian, "/api-tokens?pageSize=5&q=a&createdAtFrom=&sort=label&cursor=", vec![]),
        (
            &atlassian,
            "/api-tokens?pagesize=5&createdAtform=x&sorting=label",
            ["query/pagesize -> pageSize", "query/createdAtform -> createdAtFrom", "query/sorting"]
                .map(ToOwned::to_owned)
                .to_vec(),
        ),
        (
            &atlassian,
            "/api-keys/count?keytype=CLOUD_ADMIN&sort=x",
            vec!["query/keytype -> keyType".to_owned(), "query/sort".to_owned()],
        ),
        // Two arguments of one handler read it: what one of them knows is known.
        (&vault, "/public-api/licenses?email=eve@example.test&limit=1", vec![]),
        (
            &vault,
            "/public-api/licenses?email=eve@example.test&limits=1&user=eve",
            vec!["query/limits -> limit".to_owned(), "query/user".to_owned()],
        ),
        (&vault, "/license-vault/example/public-api/licenses/usage?%66rom=1", vec!["query/from".to_owned()]),
        (&vault, "/licenses-report.json?token=demo-reporting-token&start=x", vec!["query/start".to_owned()]),
        (&vault, "/health?token=x&deep=true", vec!["query/deep".to_owned()]),
    ] {
        let answer = client.get(path).await;
        assert_eq!(ignored(&app, &answer).await, expected, "{path}: {}", answer.text());
    }
    // The same as without it.
    let (with, without) = (admin.get("/customer/licenses?perpage=2").await, admin.get("/customer/licenses").await);
    assert_eq!((with.status, with.json()), (without.status, without.json()));
}

#[apply(on_both_databases)]
async fn members_of_bodies_and_bodies_that_nothing_takes(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
    let misspelled = json!({"fistName": "Eve", "lastName": "Stone", "email": "eve@example.test"});
    let licence =
        json!({"licenceId": "FREE000001", "license": {"team": 2001, "productcode": "II"}, "contact": contact});
    for (path, body, expected) in [
        ("assign", json!({"licenseId": "FREE000001", "contact": contact}), vec![]),
        // The service refuses it, and that is why.
        (
            "assign",
            json!({"licenseId": "FREE000002", "contact": misspelled}),
            vec!["body/contact/fistName -> firstName"],
        ),
        ("assign", licence, vec!["body/licenceId -> licenseId", "body/license/productcode -> productCode"]),
        ("revoke?licenseId=FREE000001", json!({"licenseId": "FREE000001"}), vec!["body: revokeAsset takes none"]),
    ] {
        let answer = admin.post(&format!("/customer/licenses/{path}"), body.clone()).await;
        assert_eq!(ignored(&app, &answer).await, expected, "{body}: {}", answer.text());
    }
    let atlassian = app.atlassian(FULL_KEY);
    let answer = atlassian.call("DELETE", "/service-accounts/svc-1/api-tokens", json!({"all": true})).await;
    assert_eq!(ignored(&app, &answer).await, ["body: DELETE takes none"]);
    let answer = admin.call("GET", "/token?x=1", "{}").await;
    assert_eq!(ignored(&app, &answer).await, ["query/x", "body: GET takes none"]);
    // In chunks, of which nobody knows how many come.
    let in_chunks = |text: &'static str| {
        let chunks = text.as_bytes().chunks(40_000).map(Ok::<_, std::io::Error>);
        Body::from_stream(futures_util::stream::iter(chunks))
    };
    let long = json!({"a": "x".repeat(200_000)}).to_string().leak();
    for (text, expected) in
        [("{\"ids\":[]}", vec!["body: DELETE takes none"]), (long, vec!["body: DELETE takes none"]), ("", vec![])]
    {
        let answer = atlassian.call("DELETE", "/service-accounts/svc-1/api-tokens", in_chunks(text)).await;
        assert_eq!(ignored(&app, &answer).await, expected, "{} bytes: {}", text.len(), answer.text());
    }
    let assign =
        r#"{"licenseId":"FREE000003","contact":{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}}"#;
    let answer = admin.call("POST", "/customer/licenses/assign", in_chunks(assign)).await;
    assert_eq!((answer.status.as_u16(), ignored(&app, &answer).await), (200, vec![]), "{}", answer.text());
    let longer = "x".repeat(100_000);
    for (method, body, expected) in [("GET", longer.as_str(), vec!["body: GET takes none"]), ("GET", "", vec![])] {
        let answer = app.license_vault(VAULT_TOKEN).call(method, "/public-api/licenses/usage", body).await;
        assert_eq!(
            (answer.status, ignored(&app, &answer).await),
            (StatusCode::OK, expected.iter().map(ToString::to_string).collect())
        );
    }
}

#[apply(on_both_databases)]
async fn what_does_not_reach_a_handler_ignores_nothing(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let body = json!({"licenceId": 1});
    let mut answers = vec![
        (401, app.jetbrains_account(Role::Anonymous).call("GET", "/token?x=1", "{}").await),
        (404, admin.call("GET", "/nothing?x=1", "{}").await),
        (405, admin.call("DELETE", "/token?x=1", "{}").await),
        (404, app.client().get("/nowhere?x=1").await),
        (400, admin.get("/customer/licenses?perPage=many&x=1").await),
        (400, admin.get("/customer/teams/none/licenses?x=1").await),
        (400, admin.post("/customer/licenses/assign?x=1", r#"{"licenceId":1"#).await),
        (413, admin.post("/customer/licenses/assign?x=1", format!("{body}{}", " ".repeat(20_000_000))).await),
        (501, admin.call("DELETE", "/customer/accounts?x=1", "{}").await),
    ];
    let rule = json!({"match": {"operation": "assignLicense"}, "then": {"status": 503}});
    app.control().post("/faults", rule).await.expect_ok();
    answers.push((503, admin.without_document_check().post("/customer/licenses/assign?x=1", body).await));
    let limit = json!({"organization": "6700001", "limit": 1, "window": "60s"});
    app.control().put("/rate-limits", limit).await.expect_ok();
    app.atlassian(FULL_KEY).get("/api-keys").await.expect_ok();
    answers.push((429, app.atlassian(FULL_KEY).get("/api-keys?x=1").await));
    for (status, answer) in &answers {
        assert_eq!((answer.status.as_u16(), ignored(&app, answer).await), (*status, vec![]));
    }
    // Refused by the handler itself, which had read it.
    let refused = admin.get("/customer/licenses/NOSUCH?x=1").await;
    assert_eq!((refused.status.as_u16(), ignored(&app, &refused).await), (404, vec!["query/x".to_owned()]));
}

#[apply(on_both_databases)]
async fn a_remembered_answer_says_the_same_again(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    for _ in 0..3 {
        let answer = admin.get("/customer/licenses?perpage=2").await;
        assert_eq!(ignored(&app, &answer).await, ["query/perpage -> perPage"]);
        let answer = admin.get("/customer/licenses?perPage=2").await;
        assert!(ignored(&app, &answer).await.is_empty());
    }
    assert!(app.app.remembered_answers.as_ref().unwrap().hits() >= 4, "some were answered from memory");
}

#[apply(on_both_databases)]
async fn is_listed_verified_and_no_match_of_a_fault(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let none = json!({"match": {"ignored": true}, "count": {"exactly": 0}});
    verify(&app, none.clone()).await.expect_ok();
    admin.get("/customer/licenses").await.expect_ok();
    verify(&app, none.clone()).await.expect_ok();
    admin.get("/customer/licenses?perpage=2").await.expect_ok();
    admin.get("/products?perpage=2").await.expect_ok();
    let problem = verify(&app, none).await.expect_problem(409);
    let nearest = &problem["nearest"][0];
    assert_eq!((&nearest["ignored"], &nearest["differences"]), (&json!([{"at": "query/perpage"}]), &json!([])));
    for (question, found) in [
        (json!({"ignored": true}), 2),
        (json!({"ignored": false}), 1),
        (json!({"ignored": true, "operation": "getProducts"}), 1),
        (json!({"ignored": true, "operation": "getPlugins"}), 0),
        (json!({"ignored": true, "query": {"perpage": "2"}, "status": 200}), 2),
    ] {
        verify(&app, json!({"match": question, "count": {"exactly": found}})).await.expect_ok();
    }
    let wanted = json!({"match": {"ignored": true, "operation": "getAllForCustomer"}, "count": {"exactly": 0}});
    let problem = verify(&app, wanted).await.expect_problem(409);
    assert_eq!(problem["found"], 1);
    let wanted = json!({"match": {"ignored": false, "operation": "getProducts"}});
    let problem = verify(&app, wanted).await.expect_problem(409);
    let difference = json!({"field": "ignored", "expected": "false", "found": "true"});
    assert!(problem["nearest"].as_array().unwrap().iter().any(|near| near["differences"] == json!([difference])));
    for (query, expected) in [
        ("?ignored=true", vec!["getProducts", "getAllForCustomer"]),
        ("?ignored=false", vec!["getAllForCustomer"]),
        ("?ignored=true&operation=getProducts", vec!["getProducts"]),
        ("?ignored=true&limit=1", vec!["getProducts"]),
        ("", vec!["getProducts", "getAllForCustomer", "getAllForCustomer"]),
    ] {
        let page = app.control().get(&format!("/requests{query}")).await.expect_ok();
        let operations = page["requests"].as_array().unwrap().iter().map(|one| one["operation"].as_str().unwrap());
        assert_eq!(operations.collect::<Vec<_>>(), expected, "{query}");
    }
    for wrong in ["?ignored=some", "?ignored=", "?ignored=1"] {
        let problem = app.control().get(&format!("/requests{wrong}")).await.expect_problem(400);
        assert_eq!(
            (&problem["pointer"], &problem["detail"]),
            (&json!("/ignored"), &json!("query: expected true or false"))
        );
    }
    for ignored in [true, false] {
        let rule = json!({"match": {"ignored": ignored}, "then": {"status": 503}});
        let problem = app.control().post("/faults", rule).await.expect_problem(400);
        assert_eq!(problem["pointer"], "/match/ignored");
        assert!(problem["detail"].as_str().unwrap().contains("a fault hits before"), "{problem}");
    }
    let problem = verify(&app, json!({"match": {"ignored": "yes"}})).await.expect_problem(400);
    assert_eq!(problem["pointer"], "/match/ignored");
}

#[apply(on_both_databases)]
async fn secrets_that_somebody_took_for_names_are_hidden(app: TestApp) {
    let token = "demo-jba-organization-viewer";
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let label = "[cleo@example.test (organization)]";
    for query in [token.to_owned(), format!("x/{token}"), format!("{token}/x=1"), format!("%64{}", &token[1..])] {
        let answer = admin.get(&format!("/products?{query}")).await;
        let found = ignored(&app, &answer).await.remove(0);
        assert!(found.contains(label) && !found.contains(token), "{found}");
    }
    let contact = json!({"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test", token: 1});
    let answer = admin.post("/customer/licenses/assign", json!({"licenseId": "FREE000001", "contact": contact})).await;
    assert_eq!(ignored(&app, &answer).await, [format!("body/contact/{label}")]);
    // Too long to be shown, and so to be searched.
    let answer = admin.get(&format!("/products?{}{token}", "x".repeat(1000))).await;
    assert_eq!(ignored(&app, &answer).await, ["query: a name of 1028 bytes, which nothing there has"]);
}

#[tokio::test]
async fn pages_say_it_in_words() {
    let app = TestApp::start(Database::Sqlite).await;
    let admin = app.jetbrains_account(Role::OrgAdmin);
    let answer = admin.get("/customer/licenses?perpage=2&%3Cb%3E=1").await;
    admin.get("/products").await.expect_ok();
    let reader = app.client().with_header("host", "localhost:8080");
    let detail = format!("/_emulator/ui/requests/{}", answer.header("x-request-id").unwrap());
    for path in ["/_emulator/ui/", detail.as_str(), "/_emulator/ui/?ignored=true"] {
        let page = reader.get(path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("query/perpage was not read: did you mean perPage?"), "{}", page.text());
        assert!(!page.text().contains("<b>="));
    }
    // A line of the list has no room for the second.
    assert!(reader.get(&detail).await.text().contains("query/&#60;b&#62; was not read"));
    let others = reader.get("/_emulator/ui/?ignored=false").await;
    assert!(others.text().contains("/api/v1/products") && !others.text().contains("perpage"));
}

/// An operation of the services' documents.
struct Documented {
    service: String,
    id: String,
    method: Method,
    path: String,
    /// The schema of its body, if it takes one, and of what that refers to.
    body: Option<Value>,
    components: Value,
    security: String,
}

/// Every operation that is emulated; those that take something away from others come last.
async fn list_documented(app: &TestApp) -> Vec<Documented> {
    let documents = [jetbrains_account::openapi(), license_vault::openapi(), atlassian::openapi()];
    let served = app.control().get("/operations").await.expect_ok();
    let mut all = Vec::new();
    for operation in served.as_array().unwrap().iter().filter(|operation| operation["status"] != "missing") {
        let id = operation["operation"].as_str().unwrap();
        let found = documents.iter().find_map(|document| {
            let mut of_document = document.paths.paths.values().flat_map(of_path);
            let (_, found) = of_document.find(|(_, found)| found.operation_id.as_deref() == Some(id))?;
            Some((serde_json::to_value(document).unwrap(), serde_json::to_value(found).unwrap()))
        });
        let (document, found) = found.expect("a document has it");
        let path = operation["path"].as_str().unwrap().replace("{orgId}", ORG).replace("{teamId}", "2001");
        all.push(Documented {
            service: operation["service"].as_str().unwrap().to_owned(),
            id: id.to_owned(),
            method: operation["method"].as_str().unwrap().parse().unwrap(),
            path: path.replace(['{', '}'], ""),
            body: found.pointer("/requestBody/content/application~1json/schema").cloned(),
            components: document["components"]["schemas"].clone(),
            security: found["security"].to_string(),
        });
    }
    all.sort_by_key(|operation| operation.id == "rotateToken");
    all
}

const UNHEARD: &str = "unheardOf";

/// A value of a schema with every member that it can have, and in each object one that it has not: where those are.
fn fill(schema: &Value, components: &Value, at: &str, added: &mut Vec<String>) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return fill(&components[name.rsplit('/').next().unwrap()], components, at, added);
    }
    let alternatives = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array);
    if let Some(one) = alternatives.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        return fill(one, components, at, added);
    }
    let has_type =
        |name: &str| schema["type"] == name || schema["type"].as_array().is_some_and(|all| all.contains(&name.into()));
    if has_type("object") {
        let members = schema["properties"].as_object().unwrap();
        let filled = |(name, schema): (&String, &Value)| {
            (name.clone(), fill(schema, components, &format!("{at}/{name}"), added))
        };
        let mut object: Map<String, Value> = members.iter().map(filled).collect();
        object.insert(UNHEARD.to_owned(), json!({"x": [1]}));
        added.push(format!("{at}/{UNHEARD}"));
        return object.into();
    }
    if has_type("array") {
        return (0..2).map(|index| fill(&schema["items"], components, &format!("{at}/{index}"), added)).collect();
    }
    if has_type("integer") {
        1.into()
    } else if has_type("boolean") {
        true.into()
    } else {
        "text".into()
    }
}

#[apply(on_both_databases)]
async fn every_operation_says_what_it_ignored(app: TestApp) {
    let session = app.sign_in_to_atlassian("ann@example.test").await.below("");
    let client = |operation: &Documented| -> Client {
        match operation.service.as_str() {
            _ if operation.security.contains("session") => session.clone(),
            "jetbrains_account" => app.jetbrains_account(Role::OrgAdmin).below(""),
            "atlassian" => app.atlassian(FULL_KEY).below(""),
            _ => app.license_vault(VAULT_TOKEN),
        }
    };
    let all = list_documented(&app).await;
    assert!(all.len() > 45);
    for operation in &all {
        let mut expected = Vec::new();
        let body = match &operation.body {
            Some(schema) => fill(schema, &operation.components, "body", &mut expected),
            None if matches!(operation.method, Method::GET | Method::DELETE) => {
                expected.push(format!("body: {} takes none", operation.method));
                json!({"a": 1})
            }
            None => {
                expected.push(format!("body: {} takes none", operation.id));
                json!({"a": 1})
            }
        };
        expected.push(format!("query/{UNHEARD}"));
        expected.sort();
        let token = if operation.security.contains("reportingToken") { "&token=demo-reporting-token" } else { "" };
        let path = format!("{}?{UNHEARD}=1{token}", operation.path);
        let answer = client(operation).call(operation.method.as_str(), &path, body.clone()).await;
        let what = format!("{} {path} {body}: {} {}", operation.method, answer.status, answer.text());
        assert!(!matches!(answer.status.as_u16(), 401 | 403), "it reaches the handler: {what}");
        let mut found = ignored(&app, &answer).await;
        found.sort();
        assert_eq!(found, expected, "{what}");
    }
}
