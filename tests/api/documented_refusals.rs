//! Every refusal that an operation of the services answers is in its document, and what is there can be met.
//!
//! If you are here because this failed: give the operation's description the refusal that it lacks, or take away the
//! one that nobody can meet. How long a body may be no document says, so none is too long here.

use std::collections::BTreeSet;

use locum::{
    http::document,
    services::{atlassian, jetbrains_account, license_vault},
};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::{
    document_examples::{Form, forms},
    support::{Client, Database, EXPIRED_KEY, FULL_KEY, OTHER_ORG_KEY, READER_KEY, Role, TestApp, VAULT_TOKEN},
};

/// Documented, and met by nobody: why. May only get shorter.
const NEVER_MET: [(&str, u16, &str); 5] = [
    ("getLicenseUsage", 400, "reads no parameter, and is described with those that do"),
    ("listServiceAccountApiTokens", 400, "the vendor's document has it; no value of its filter is refused here"),
    ("listServiceAccountApiTokens", 404, "the vendor's document has it; a foreign organization is a 403"),
    ("listServiceAccountOAuthClients", 400, "as with API tokens"),
    ("listServiceAccountOAuthClients", 404, "as with API tokens"),
];

/// The forms of a document; where they name what nobody can know beforehand, there is no such thing.
fn list_forms(document: &OpenApi) -> Vec<Form<'_>> {
    let mut all = forms(document);
    for form in &mut all {
        for name in &form.unknown {
            form.path = form.path.replace(&format!("{{{name}}}"), "none-such");
        }
    }
    all
}

/// Of a way to send an operation's form, all that may be wrong with it.
fn spoil(form: &Form<'_>, name: &str) -> Vec<(String, String)> {
    let operation = document::find(name).operations.iter().find(|one| one.id == Some(form.id)).unwrap();
    let good = (form.address(), form.body.clone());
    let mut sent = vec![good.clone()];
    let parts: Vec<&str> = form.path.split('/').collect();
    for (at, _) in form.template.split('/').enumerate().filter(|(_, part)| part.starts_with('{')) {
        for wrong in ["nosuch", "0", "712020:nobody", "%20", "%FF"] {
            let mut parts = parts.clone();
            parts[at] = wrong;
            sent.push((good.0.replacen(&form.path, &parts.join("/"), 1), form.body.clone()));
        }
    }
    for parameter in operation.query {
        for wrong in ["", "x%20y", "-1", "0", "2026-02-30T00:00:00Z", "99999999999999999999", "%FF"] {
            let others = form_urlencoded::parse(form.query.as_bytes()).filter(|(known, _)| known != parameter);
            let others = form_urlencoded::Serializer::new(String::new()).extend_pairs(others).finish();
            sent.push((format!("{}?{others}&{parameter}={wrong}", form.path), form.body.clone()));
        }
        let left_out = form_urlencoded::parse(form.query.as_bytes()).filter(|(known, _)| known != parameter);
        let left_out = form_urlencoded::Serializer::new(String::new()).extend_pairs(left_out).finish();
        sent.push((format!("{}?{left_out}", form.path), form.body.clone()));
    }
    let bodies = ["", "[", "[]", "{}", "\"x\"", "{\"nosuch\":1}"].map(ToOwned::to_owned);
    let members = serde_json::from_str::<Value>(&form.body).ok();
    let members = members.as_ref().and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys);
    let spoilt = members.flat_map(|member| {
        [json!(null), json!("nosuch"), json!(-1), json!([]), json!({}), json!(["nosuch"])].map(|wrong| {
            let mut body: Value = serde_json::from_str(&form.body).unwrap();
            body[member] = wrong;
            body.to_string()
        })
    });
    sent.extend(bodies.into_iter().chain(spoilt).map(|body| (good.0.clone(), body)));
    sent
}

/// Sends every form of a document as each of the callers, and spoilt in every way as the first of them.
async fn provoke(app: &TestApp, name: &str, document: &OpenApi, callers: impl AsyncFn(&Form<'_>) -> Vec<Client>) {
    for form in list_forms(document) {
        app.control().post("/reset", "").await.expect_ok();
        let callers: Vec<Client> = callers(&form).await.iter().map(Client::without_document_check).collect();
        for (address, body) in spoil(&form, name) {
            callers[0].call(form.method.as_str(), &address, &body).await;
        }
        app.control().post("/reset", "").await.expect_ok();
        for caller in &callers {
            caller.call(form.method.as_str(), &form.address(), &form.body).await;
        }
    }
}

/// Compares what was met with what the documents say.
async fn compare(app: &TestApp, service: &str, name: &str) {
    const TOO_MANY: u16 = 429;
    let coverage = app.control().get("/coverage").await.expect_ok();
    let (mut missing, mut never) = (Vec::new(), BTreeSet::new());
    for measured in coverage["operations"].as_array().unwrap().iter().filter(|one| one["service"] == service) {
        let id = measured["operation"].as_str().unwrap();
        let known = document::find(name).operations.iter().find(|one| one.id == Some(id)).unwrap().refusals;
        let met = measured["refusals"].as_object().unwrap().iter().filter(|(_, count)| **count != 0);
        let met: BTreeSet<u16> = met.map(|(status, _)| status.parse().unwrap()).collect();
        missing.extend(met.iter().filter(|status| !known.contains(status)).map(|status| format!("{id}: {status}")));
        let documented = known.iter().filter(|status| **status < 500 && **status != TOO_MANY);
        never.extend(documented.filter(|status| !met.contains(status)).map(|status| (id.to_owned(), *status)));
    }
    assert!(missing.is_empty(), "not in {name}: {missing:#?}");
    let is_of_document = |id: &str| document::find(name).operations.iter().any(|one| one.id == Some(id));
    let excused = NEVER_MET.into_iter().filter(|(id, ..)| is_of_document(id));
    let excused: BTreeSet<_> = excused.map(|(id, status, _)| (id.to_owned(), status)).collect();
    assert_eq!(never, excused, "in {name}, and nobody meets them");
}

#[tokio::test]
async fn of_jetbrains_account() {
    let app = TestApp::start(Database::Sqlite).await;
    let (name, document) = ("jetbrains-account", jetbrains_account::openapi());
    let roles = [Role::OrgAdmin, Role::OrgViewer, Role::TeamAdmin, Role::TeamViewer, Role::OtherOrgAdmin];
    provoke(&app, name, &document, async |_| {
        let mut callers: Vec<Client> = roles.map(|role| app.jetbrains_account(role)).into();
        callers.extend([app.jetbrains_account(Role::Anonymous), app.jetbrains_account_token("nobody-s", "6700001")]);
        callers
    })
    .await;
    // A switched-off API refuses everything.
    let switch = json!({"actor": "ann@example.test", "enabled": false});
    app.control().put("/organizations/6700001/jetbrains-account/api", switch).await.expect_ok();
    for form in list_forms(&document).into_iter().filter(|form| form.id != "getSwagger") {
        let client = app.jetbrains_account(Role::OrgAdmin);
        let answer = client.call(form.method.as_str(), &form.address(), &form.body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (403, Some("API_DISABLED")),
            "{}",
            form.id
        );
    }
    compare(&app, "jetbrains_account", name).await;
}

#[tokio::test]
async fn of_license_vault() {
    let app = TestApp::start(Database::Sqlite).await;
    let (name, document) = ("license-vault", license_vault::openapi());
    provoke(&app, name, &document, async |form| {
        let (own, none) = (app.license_vault(VAULT_TOKEN), app.license_vault_without_token());
        let wrong = app.license_vault("nobody-s");
        if form.query.contains("token=") { vec![none, wrong, own] } else { vec![own, wrong, none] }
    })
    .await;
    compare(&app, "license_vault", name).await;
}

#[tokio::test]
async fn of_atlassian() {
    let app = TestApp::start(Database::Sqlite).await;
    app.control().put("/rate-limits", json!({"organization": "6700001", "limit": 1_000_000})).await.expect_ok();
    let (name, document) = ("atlassian-api-access", atlassian::openapi());
    provoke(&app, name, &document, async |form| {
        let base = if form.template.starts_with("/users/") { "" } else { atlassian::BASE };
        let client = app.client().below(base);
        let key = |key: &str| client.with_header("authorization", &format!("Bearer {key}"));
        let session = app.sign_in_to_atlassian("ann@example.test").await;
        let session = client.with_header("cookie", session.header("Cookie"));
        let mut callers = [FULL_KEY, READER_KEY, EXPIRED_KEY, OTHER_ORG_KEY, "nobody-s"].map(key).to_vec();
        callers.insert(usize::from(form.id != "createOAuthClient"), session);
        callers.push(client);
        callers
    })
    .await;
    let key = app.client().with_header("authorization", &format!("Bearer {FULL_KEY}")).without_document_check();
    for quirk in ["service_accounts: false", "service_account_quota: 1"] {
        app.seed_atlassian(&format!("      quirks: {{ {quirk} }}")).await;
        for form in list_forms(&document).into_iter().filter(|form| form.path.starts_with("/orgs/")) {
            key.below(atlassian::BASE).call(form.method.as_str(), &form.address(), &form.body).await;
        }
    }
    compare(&app, "atlassian", name).await;
}
