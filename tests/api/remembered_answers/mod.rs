//! Answers that are remembered are those that would be given anew: one Locum that remembers answers and one that does
//! not are asked the same, and every byte is compared.
//!
//! If you are here because one failed: the step is in the message, and the number that all steps come from. Something
//! decides an answer that is not part of what it is remembered by.

mod steps;
mod twins;

use serde_json::json;

use crate::support::{Database, FULL_KEY, READER_KEY, TestApp, VAULT_TOKEN, apply, database_url, on_both_databases};
use steps::Steps;
use twins::{PATHS, SECOND, Twins};

/// Steps on SQLite, and on PostgreSQL, which is slower.
const STEPS: [usize; 2] = [4_000, 400];
/// Further numbers that steps come from may be named by `LOCUM_TEST_SEED`.
const SEED: u8 = 1;

fn seed() -> u8 {
    std::env::var("LOCUM_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED)
}

async fn run_random_steps(mut twins: Twins, steps: usize) {
    twins.make_second_space().await;
    let mut random = Steps::new(seed());
    for number in 0..steps {
        let step = random.next();
        twins.take(&step, &format!("seed {}, step {number}", seed())).await;
        if number % 200 == 199 {
            twins.compare_journals().await;
        }
    }
    let hits = twins.hits();
    assert!(hits > steps as u64 / 4, "only {hits} of {steps} steps were answered from memory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_steps_on_sqlite() {
    run_random_steps(Twins::start(&[None], None).await, STEPS[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_steps_on_postgres() {
    let (one, other) = (database_url(Database::Postgres).await, database_url(Database::Postgres).await);
    run_random_steps(Twins::start(&[one.as_deref()], other.as_deref()).await, STEPS[1]).await;
}

/// What one process writes, another one does not answer from memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_steps_by_two_processes_on_one_database() {
    let (shared, other) = (database_url(Database::Postgres).await, database_url(Database::Postgres).await);
    let shared = shared.as_deref();
    run_random_steps(Twins::start(&[shared, shared], other.as_deref()).await, STEPS[1]).await;
}

/// Dates at which answers change by themselves, counted from the seed: what runs in the vault, tokens, licences.
const DATES: [&str; 5] = [
    "2026-02-14T09:00:00Z",
    "2026-04-15T09:00:00Z",
    "2026-12-06T09:00:00Z",
    "2027-01-15T09:00:00Z",
    "2027-01-15T21:00:00Z",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_given_until_the_date_at_which_it_changes_by_itself() {
    let twins = Twins::start(&[None], None).await;
    for date in DATES {
        twins.control("POST", "/reset", "").await;
        let connects = json!({"user": "eve@example.test", "product": "II"}).to_string();
        twins.control("POST", "/vaults/example/connections", &connects).await;
        let changed = twins.read_across(date).await;
        assert!(changed > 0, "nothing changed at {date}");
    }
    assert!(twins.hits() > PATHS.len() as u64);
}

#[apply(on_both_databases)]
async fn a_second_answer_is_journalled_counted_and_logged_like_the_first(app: TestApp) {
    let caller = app.license_vault(VAULT_TOKEN);
    let path = "/public-api/licenses?email=ann@example.test";
    let answers = [caller.get(path).await, caller.get(path).await];
    assert_eq!(answers[0].body, answers[1].body);
    assert_eq!(app.app.remembered_answers.as_ref().unwrap().hits(), 1);
    let ids = answers.each_ref().map(|answer| answer.header("x-request-id").unwrap().to_owned());
    assert_ne!(ids[0], ids[1]);
    let mut entries = Vec::new();
    for (id, answer) in ids.iter().zip(&answers) {
        let mut entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
        assert_eq!(entry["trail"]["permission"]["needed"].as_str().map(str::is_empty), Some(false), "{entry}");
        assert!(entry.to_string().contains(id) && answer.status == 200);
        twins::mask(&mut entry);
        entries.push(entry.to_string().replace(id, "ID"));
    }
    assert_eq!(entries[0], entries[1]);
}

/// It is noted without a new revision of the space.
#[apply(on_both_databases)]
async fn the_last_use_of_a_key_is_shown_as_soon_as_it_is_noted(app: TestApp) {
    app.advance_clock("1h").await;
    let full = app.atlassian(FULL_KEY);
    let before = full.get("/api-keys").await.expect_ok();
    assert_eq!(full.get("/api-keys").await.expect_ok(), before);
    app.atlassian(READER_KEY).get("/api-tokens/count").await.expect_ok();
    assert_ne!(full.get("/api-keys").await.expect_ok(), before);
}

#[apply(on_both_databases)]
async fn a_fault_hits_what_is_remembered_too(app: TestApp) {
    let caller = app.license_vault(VAULT_TOKEN).without_document_check();
    let get = async || caller.get("/public-api/denials/report").await.status.as_u16();
    assert_eq!([get().await, get().await], [200, 200]);
    let rule = json!({"match": {"operation": "getDenialsReport"}, "then": {"status": 503}, "times": 1});
    app.control().post("/faults", rule).await.expect_ok();
    assert_eq!([get().await, get().await, get().await], [503, 200, 200]);
}

#[tokio::test]
async fn a_space_is_forgotten_when_it_is_deleted_and_when_it_starts_over() {
    let app = TestApp::start(Database::Sqlite).await;
    let bytes = || app.app.remembered_answers.as_ref().unwrap().bytes();
    let read = async || app.license_vault(VAULT_TOKEN).get("/public-api/denials/report").await.expect_ok();
    read().await;
    let one = bytes();
    app.license_vault(VAULT_TOKEN).get("/public-api/licenses?email=ann@example.test").await.expect_ok();
    assert!(bytes() > one);
    app.control().post("/reset", "").await.expect_ok();
    read().await;
    assert_eq!(bytes(), one, "what was remembered before the reset is gone");
    let space = app.control().post("/spaces", json!({"name": SECOND})).await.expect_ok();
    let token = space["organizations"][0]["license_vault"]["tokens"][0]["token"].as_str().unwrap();
    app.license_vault(token).get("/public-api/denials/report").await.expect_ok();
    assert!(bytes() > one);
    app.control().delete(&format!("/spaces/{SECOND}")).await.expect_ok();
    assert_eq!(bytes(), one);
}
