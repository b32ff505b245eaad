//! What a million API tokens in one organization cost: seeding them, and what a client then waits for, beside the
//! same with a thousand. On SQLite in memory and, under `scripts/with-postgres`, on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that fails is no measurement: it stops, and the children with it"
)]

#[expect(dead_code, reason = "what one benchmark leaves unused, the other needs")]
mod support;

use std::{env, time::Duration};

use support::{Server, Table, mebibytes, median, millis, processor, thousands};
use tokio::runtime;

const SIZES: [u32; 2] = [1_000, 1_000_000];
const REPEATS: usize = 60;
const ORGANIZATION: &str = "/admin/api-access/v1/orgs/00000000-0000-4000-8000-000000000001";

/// What is asked for, and whether it must not grow.
const QUESTIONS: [(&str, &str); 12] = [
    ("first page of 20", "/api-tokens"),
    ("first page by `label`", "/api-tokens?sort=label"),
    ("page in the middle, by cursor", "/api-tokens?cursor="),
    ("count", "/api-tokens/count"),
    ("count of the blocked", "/api-tokens/count?status=blocked"),
    ("`q=` of one token", "/api-tokens?q=token-000500"),
    ("`q=` of them all", "/api-tokens?q=token"),
    ("`q=` of one token, two letters", "/api-tokens?q=zq"),
    ("`q=` of them all, one letter", "/api-tokens?q=e"),
    ("count of `q=`, one letter", "/api-tokens/count?q=e"),
    (
        "made in half a year, by `label`",
        "/api-tokens?sort=label&createdAtSearchType=lt&createdAtUom=day&createdAtValue=182",
    ),
    ("count of these", "/api-tokens/count?createdAtSearchType=lt&createdAtUom=week&createdAtValue=26"),
];

fn main() {
    if env::args().any(|argument| argument == "--bench") {
        runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(measure());
    } else {
        eprintln!("scale: measures only under `cargo bench`");
    }
}

async fn measure() {
    println!("{}\n", processor());
    println!("{}", table("SQLite", None).await.0);
    match env::var("TEST_POSTGRES_URL") {
        Ok(url) => println!("{}", table("PostgreSQL", Some(&url)).await.0),
        Err(_) => println!("PostgreSQL was not measured: run `scripts/with-postgres cargo bench --bench scale`."),
    }
}

async fn table(database: &str, url: Option<&str>) -> Table {
    let columns = SIZES.map(|size| format!("{} tokens", thousands(f64::from(size))));
    let mut table =
        Table::new(&[&format!("{database}, one request after another"), &columns[0], &columns[1], "growth"]);
    let mut answers: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    let mut starts = Vec::new();
    let mut memory = Vec::new();
    for (size, answers) in SIZES.into_iter().zip(&mut answers) {
        eprintln!("scale: {database}, {} tokens", thousands(f64::from(size)));
        let server = start(size, url).await;
        starts.push(server.started_in);
        *answers = ask(&server, size).await;
        memory.push(server.memory());
    }
    table.row(&["process start to `/readyz` 200".to_owned(), millis(starts[0]), millis(starts[1]), String::new()]);
    if url.is_none() {
        table.row(&["memory (VmRSS)".to_owned(), mebibytes(memory[0]), mebibytes(memory[1]), String::new()]);
    }
    for (((name, _), few), many) in QUESTIONS.iter().zip(&answers[0]).zip(&answers[1]) {
        let growth = many.as_secs_f64() / few.as_secs_f64();
        table.row(&[(*name).to_owned(), millis(*few), millis(*many), format!("{growth:.1}")]);
    }
    table
}

/// A server with this many tokens, in a schema of its own.
async fn start(size: u32, url: Option<&str>) -> Server {
    let seed = format!(
        "version: 1\n\
         organizations:\n\
         \x20 - name: Large\n\
         \x20   org_id: 00000000-0000-4000-8000-000000000001\n\
         \x20   people: [{{ email: ann@scale.test, name: Ann Lee }}, {{ email: bob@scale.test, name: Bob Ray }}]\n\
         \x20   atlassian:\n\
         \x20     api_keys: [{{ label: full, token: scale-key }}]\n\
         \x20     api_tokens: [{{ count: {size} }}, {{ label: zq, user: ann@scale.test }}]\n\
         \x20     rate_limit: {{ mode: \"off\" }}\n"
    );
    // Nothing is remembered, because what is asked is how long an answer takes to make.
    let made = ["--log", "warn", "--answers", "off"];
    let Some(url) = url else { return Server::locum(&made, Some(&seed)).await };
    let schema = format!("scale_{size}_{}", std::process::id());
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&pool).await.unwrap();
    pool.close().await;
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-c%20search_path%3D{schema}");
    let lasting = ["--server-key", "a key for benches only", "--database-url", &url];
    Server::locum(&[&made[..], &lasting].concat(), Some(&seed)).await
}

/// The median time of each question.
async fn ask(server: &Server, size: u32) -> Vec<Duration> {
    let mut client = server.connect().await;
    let cursor = {
        // To the middle, in as few steps as there are.
        let page = (size / 2).min(1_000);
        let mut cursor = String::new();
        for _ in 0..size / 2 / page {
            let path = format!("/api-tokens?pageSize={page}&cursor={cursor}");
            let answer: serde_json::Value = serde_json::from_slice(client.send(&request(&path)).await).unwrap();
            answer["links"]["next"].as_str().unwrap().clone_into(&mut cursor);
        }
        cursor
    };
    let mut medians = Vec::new();
    for (name, path) in QUESTIONS {
        let request = request(&if path.ends_with("cursor=") { format!("{path}{cursor}") } else { path.to_owned() });
        let answer: serde_json::Value = serde_json::from_slice(client.send(&request).await).unwrap();
        assert!(answer.is_number() || answer["data"].as_array().is_some_and(|data| !data.is_empty()), "{name}");
        let mut times = Vec::new();
        for _ in 0..REPEATS {
            times.push(client.time(&request).await);
        }
        medians.push(median(times));
    }
    medians
}

fn request(path: &str) -> Vec<u8> {
    format!("GET {ORGANIZATION}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer scale-key\r\n\r\n")
        .into_bytes()
}
