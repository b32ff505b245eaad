//! Who reads during a reset sees the old data or the new data, never a mixture of both.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{ORG, TestApp, apply, on_both_databases};

/// How often everything is replaced.
const TIMES: usize = 40;

/// A seed: so many licences of a product, a token of its own, and one that both seeds have.
fn make_seed(name: &str, product: &str, count: usize) -> String {
    format!(
        "version: 1
clock: 2026-01-15T09:00:00Z
organizations:
  - name: {name}
    customer_code: 6700001
    org_id: {ORG}
    people: [{{ email: ann@example.test, name: Ann Lee }}, {{ email: bob@example.test, name: Bob Ray }}]
    jetbrains_account:
      teams: [{{ id: 2001, name: {name} }}]
      roles: [{{ person: ann@example.test, role: organization_admin }}, {{ person: bob@example.test, role: viewer }}]
      tokens: [{{ person: ann@example.test, token: both }}, {{ person: bob@example.test, token: only-{name} }}]
      licenses: [{{ count: {count}, product: {product}, team: 2001 }}]
    license_vault: {{ name: both, token: vault-both, pools: [{{ product: {product}, regular: {count} }}] }}
    atlassian:
      api_keys: [{{ label: {name}, token: key-both }}]
      api_tokens: [{{ count: {count} }}]
  - name: Further {name}
    customer_code: 6700002
    jetbrains_account: {{ teams: [{{ id: 1, name: {name} }}] }}
"
    )
}

/// Says whether an answer is of the first seed. Fails where part of it is of the second.
fn is_first_seed(marks: &[(&str, bool, bool)]) -> bool {
    let first = marks.iter().all(|(_, first, _)| *first);
    let second = marks.iter().all(|(_, _, second)| *second);
    assert!(first != second, "an answer of two seeds: {marks:?}");
    first
}

async fn read(app: &TestApp) {
    let list = app.jetbrains_account_token("both", "6700001").get("/customer/licenses?perPage=4").await;
    let (total, body) = (list.header("x-total-count").unwrap_or("none").to_owned(), list.text());
    is_first_seed(&[
        (&total, total == "3", total == "7"),
        (body, body.matches("\"II\"").count() == 3, body.matches("\"GO\"").count() == 4),
    ]);
    let team = app.jetbrains_account_token("both", "6700001").get("/customer/teams/2001/licenses").await;
    let (total, body) = (team.header("x-total-count").unwrap_or("none").to_owned(), team.text());
    is_first_seed(&[
        (&total, total == "3", total == "7"),
        (body, body.matches("\"First\"").count() == 3, body.matches("\"Second\"").count() == 7),
    ]);
    // Again and again: a token that is remembered must not open what came after it.
    for _ in 0..5 {
        let own = app.jetbrains_account_token("only-First", "6700001").get("/customer/licenses").await;
        match own.status.as_u16() {
            200 => assert_eq!(own.text().matches("\"II\"").count(), 3, "not the world of the token: {}", own.text()),
            status => assert_eq!(status, 401, "{}", own.text()),
        }
    }
    let tokens = app.atlassian("key-both").get("/api-tokens?pageSize=100").await;
    let found = tokens.list_member("id").len();
    assert!([3, 7].contains(&found), "{found} tokens");
    let limits = app.control().get("/rate-limits").await.expect_ok();
    let windows = limits["windows"].to_string();
    let label = |name: &str| windows == "[]" || windows.contains(name);
    assert!(
        limits["policies"].as_array().unwrap().len() == 2 && (label("First") != label("Second") || windows == "[]"),
        "{limits}"
    );
    let page = app.client().get("/_emulator/ui/jetbrains-account").await;
    is_first_seed(&[(page.text(), page.text().contains("First"), page.text().contains("Second"))]);
    let vault = app.control().get("/vaults/both").await;
    assert_eq!(vault.status, 200, "{}", vault.text());
}

/// Assigns a licence that only the second seed has, unless everything is replaced meanwhile.
async fn write(app: &TestApp) {
    let admin = app.jetbrains_account_token("both", "6700001").without_document_check();
    let body = json!({
        "license": {"team": 2001, "productCode": "GO"},
        "contact": {"firstName": "Eve", "lastName": "Stone", "email": "eve@example.test"},
    });
    let answer = admin.post("/customer/licenses/assign", &body).await;
    assert!([200, 400, 503].contains(&answer.status.as_u16()), "{}: {}", answer.status, answer.text());
}

async fn expect_no_mixed_answers(app: TestApp) {
    let seeds = [make_seed("First", "II", 3), make_seed("Second", "GO", 7)];
    app.control().post("/seed?mode=replace", &seeds[0]).await.expect_ok();
    app.control().put("/snapshots/first", "").await.expect_ok();
    let (app, done, answers) = (Arc::new(app), Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for number in 0..5 {
        let (app, done, answers) = (Arc::clone(&app), Arc::clone(&done), Arc::clone(&answers));
        clients.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                if number == 0 {
                    write(&app).await;
                }
                read(&app).await;
                answers.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for time in 0..TIMES {
        let before = answers.load(Ordering::Relaxed);
        if time % 4 == 1 {
            app.control().post("/snapshots/first/restore", "").await.expect_ok();
        } else {
            app.control().post("/seed?mode=replace", &seeds[(time + 1) % 2]).await.expect_ok();
        }
        while answers.load(Ordering::Relaxed) < before + 2 {
            if let Some(client) = clients.try_join_next() {
                client.expect("no client ends by itself");
            }
            tokio::task::yield_now().await;
        }
    }
    done.store(true, Ordering::Relaxed);
    clients.join_all().await;
    assert!(answers.load(Ordering::Relaxed) >= TIMES, "the readers were let in between");
}

#[apply(on_both_databases)]
async fn every_answer_is_of_one_world(app: TestApp) {
    expect_no_mixed_answers(app).await;
}

/// Readers of a file do not wait for its writer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_from_a_file_is_of_one_world() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("locum.db").display());
    expect_no_mixed_answers(TestApp::start_on(Some(&url), &[]).await).await;
}
