//! Whatever is sent, the answer is a documented one, and never a 500: random requests, made from the documents.
//!
//! If you are here because this failed: the smallest request that does it stands in the message. An operation, a
//! parameter or a member that is new needs nothing here, because the documents name it.

pub mod strategies;

use std::cell::Cell;

use axum::http::StatusCode;
use locum::{
    control,
    services::{atlassian, jetbrains_account, license_vault},
};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use tokio::{runtime::Handle, task::block_in_place};

use crate::{
    document::Document,
    support::{Client, Database, FULL_KEY, Role, TestApp, VAULT_TOKEN, apply, document_check, on_both_databases},
};
use strategies::{RandomRequest, random_request};

/// How many requests a test sends on SQLite, and on PostgreSQL, which is slower at starting over. `PROPTEST_CASES`
/// says another number.
const REQUESTS: [u32; 2] = [300, 40];
/// After so many of them everything is as in the seed again, because what was taken away is not found any more.
const REQUESTS_BETWEEN_RESETS: u32 = 50;
/// Operations that answer with a 500 where there is no vault (license-vault §5).
const WITH_A_500: [&str; 1] = ["getHealth"];

/// Sends requests for the operations of a document, which are below one of the paths, with the client's headers.
fn send_random_requests(
    app: &TestApp,
    document: &Document,
    bases: &'static [&'static str],
    cursors: &[String],
    client: &impl AsyncFn(&RandomRequest) -> Client,
) {
    let mut config = Config { max_shrink_iters: 500, failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = REQUESTS[usize::from(app.database == Database::Postgres)];
    }
    let (sent, is_signed_out) = (Cell::new(0), Cell::new(false));
    let result = TestRunner::new(config).run(&(select(bases), random_request(document, cursors)), |(base, request)| {
        sent.set(sent.get() + 1);
        Handle::current().block_on(async {
            if sent.get() % REQUESTS_BETWEEN_RESETS == 0 || is_signed_out.get() {
                app.control().post("/reset", "").await.expect_ok();
            }
            let status = send(base, &request, &client(&request).await).await?;
            is_signed_out.set(status == StatusCode::UNAUTHORIZED);
            Ok(())
        })
    });
    result.unwrap_or_else(|e| panic!("{e}"));
}

async fn send(base: &str, request: &RandomRequest, client: &Client) -> Result<StatusCode, TestCaseError> {
    let RandomRequest { operation, method, path, query, body } = request;
    let path = format!("{base}{path}");
    // A failed check would end the test before proptest has found the smallest request.
    let client = client.without_document_check();
    let answer = client.call(method.as_str(), &format!("{path}{query}"), body.clone()).await;
    prop_assert!(answer.status != 500 || WITH_A_500.contains(&operation.as_str()), "a 500: {}", answer.text());
    document_check::check(method, &path, &answer).map_err(TestCaseError::fail)?;
    Ok(answer.status)
}

#[apply(on_both_databases)]
async fn to_jetbrains_account(app: TestApp) {
    let document = Document::read(&jetbrains_account::openapi());
    let headers = [("X-Api-Key", "demo-jba-organization-admin"), ("X-Customer-Code", "6700001")];
    let admin = headers.iter().fold(app.client(), |client, (name, value)| client.with_header(name, value));
    block_in_place(|| {
        send_random_requests(&app, &document, &[jetbrains_account::BASE], &[], &async |_| admin.clone());
    });
    // Assigned means: somebody holds it, and it says since when.
    app.control().post("/reset", "").await.expect_ok();
    let assigns = Document::read(&jetbrains_account::openapi()).only("assignLicense");
    block_in_place(|| {
        send_random_requests(&app, &assigns, &[jetbrains_account::BASE], &[], &async |_| admin.clone());
    });
    let all = app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?perPage=200").await.expect_ok();
    for license in all.as_array().unwrap() {
        if license.get("assignee").is_some() {
            assert!(license["lastSeen"]["lastAssignmentDate"].is_string(), "{license}");
        }
    }
}

#[apply(on_both_databases)]
async fn to_license_vault(app: TestApp) {
    let document = Document::read(&license_vault::openapi());
    let bases = &["", "", "/license-vault/example", "/license-vault/example", "/license-vault/nobody"];
    block_in_place(|| {
        send_random_requests(&app, &document, bases, &[], &async |_| app.license_vault(VAULT_TOKEN));
    });
}

#[apply(on_both_databases)]
async fn to_atlassian(app: TestApp) {
    let document = Document::read(&atlassian::openapi());
    app.control().put("/rate-limits", json!({"organization": "6700001", "limit": 1_000_000})).await.expect_ok();
    let mut cursors = Vec::new();
    for path in ["/api-tokens?pageSize=5", "/api-tokens?pageSize=5&sort=label", "/api-keys?pageSize=5"] {
        let links = app.atlassian(FULL_KEY).get(path).await.expect_ok()["links"].clone();
        cursors.extend(links.as_object().unwrap().values().map(|cursor| cursor.as_str().unwrap().to_owned()));
    }
    let key = app.client().with_header("Authorization", &format!("Bearer {FULL_KEY}"));
    block_in_place(|| {
        send_random_requests(&app, &document, &[atlassian::BASE, ""], &cursors, &async |request| {
            if request.operation != "createOAuthClient" {
                return key.clone();
            }
            // A reset ends sessions.
            let session = app.sign_in_to_atlassian("ann@example.test").await;
            app.client().with_header("Cookie", session.header("Cookie"))
        });
    });
}

#[apply(on_both_databases)]
async fn to_the_control_api(app: TestApp) {
    let document = Document::of_ending_control();
    block_in_place(|| {
        send_random_requests(&app, &document, &[control::BASE], &[], &async |_| app.client());
    });
}
