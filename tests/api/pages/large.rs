//! Every page stays small, whatever the data: the cost of a page is what it shows, not what there is.

use std::io::Write as _;

use serde_json::{Value, json};

use super::Reader;
use crate::support::{Answer, Database, FULL_KEY, Role, TestApp};

/// As much as a page may weigh with the style and the script that come along.
const MOST: usize = 60_000;

/// 100,000 licences in 200 teams, 500 people of whom each has a token, 200 organizations and vaults.
fn seed() -> Value {
    let email = |n: usize| format!("somebody-with-a-long-name-{n:05}@example.test");
    let people: Vec<_> = (0..500).map(|n| json!({ "email": email(n), "name": format!("Somebody {n}") })).collect();
    let teams: Vec<_> = (1..=200).map(|n| json!({ "id": n, "name": format!("A team with a long name {n}") })).collect();
    let roles: Vec<_> = (0..500)
        .map(|n| match n {
            0 => json!({ "person": email(0), "role": "organization_admin" }),
            n if n < 200 => json!({ "person": email(n), "role": "viewer", "team": 1 }),
            n => json!({ "person": email(n), "role": "viewer" }),
        })
        .collect();
    let tokens: Vec<_> = (0..500)
        .map(|n| match n {
            n if n > 0 && n < 200 => json!({ "person": email(n), "team": 1 }),
            n => json!({ "person": email(n) }),
        })
        .collect();
    let held: Vec<_> = (0..300)
        .map(|n| {
            let running: Vec<_> =
                (0..2).map(|at| json!({ "product": "II", "host": format!("host-{at}-of-{n}") })).collect();
            json!({ "user": email(n), "product": "II", "running": running })
        })
        .collect();
    let denials: Vec<_> = (0..300).map(|n| json!({ "user": email(n), "product": "Rider" })).collect();
    let long: Vec<_> = (0..40).map(|n| format!("a:scope:number:{n}")).collect();
    let api_tokens: Vec<_> =
        (0..500).map(|n| json!({ "user": email(n), "label": format!("token {n}"), "scopes": long })).collect();
    let accounts: Vec<_> = (0..100)
        .map(|n| {
            let tokens: Vec<_> = (0..40).map(|at| json!({ "label": format!("token {at} of {n}") })).collect();
            json!({ "id": format!("svc-{n}"), "name": format!("bot {n}"), "tokens": tokens })
        })
        .collect();
    let keys: Vec<Value> = (1..100)
        .map(|n| json!({ "label": format!("key {n}") }))
        .chain([json!({ "label": "full", "token": FULL_KEY })])
        .collect();
    let mut organizations = vec![json!({
        "name": "Large", "customer_code": "6700099", "org_id": "8f2b0c1e-0000-4000-8000-000000000001", "people": people,
        "jetbrains_account": {
            "teams": teams, "roles": roles, "tokens": tokens,
            "licenses": [
                { "count": 99_000, "product": "II", "team": 1 }, { "count": 1_000, "product": "GO", "team": 2 },
            ],
        },
        "license_vault": {
            "name": "large", "administrators": [email(0)],
            "pools": [{ "product": "II", "regular": 1000 }], "allocations": held, "denials": denials,
        },
        "atlassian": { "service_accounts": accounts, "api_tokens": api_tokens, "api_keys": keys },
    })];
    organizations.extend((0..200).map(|n| {
        json!({
            "name": format!("An organization with a long name {n}"),
            "people": [{ "email": "ann@example.test", "name": "Ann" }],
            "license_vault": { "name": format!("vault-{n}") },
            "atlassian": { "api_keys": [{ "label": "full" }] },
        })
    }));
    json!({ "version": 1, "organizations": organizations })
}

async fn ask_much(app: &TestApp) {
    let long = "x".repeat(200_000);
    let client = app.jetbrains_account(Role::Anonymous);
    for n in 0..5_000 {
        client.get(&format!("/customer/nothing/{}?n={n}&a={}", "long/".repeat(n % 60), "'&".repeat(n % 50))).await;
    }
    client.post("/customer/licenses/assign", format!("{{\"licenseId\": \"{long}\", \"\\\"\": \"{long}\"}}")).await;
    let atlassian = app.atlassian(FULL_KEY);
    for n in 0..40 {
        atlassian.get(&format!("/api-tokens?pageSize=1000&n={n}")).await;
    }
}

/// Snapshots, faults, limits, spaces.
async fn control_much(app: &TestApp) {
    let control = app.control();
    for n in 0..10 {
        control.call("PUT", &format!("/snapshots/{}-{n}", "long".repeat(15)), "").await.expect_ok();
    }
    for n in 0..60 {
        let body = "<&>".repeat(2_000);
        let fault =
            json!({ "match": { "credential": format!("key {}", n + 1) }, "then": { "status": 503, "body": body } });
        control.post("/faults", fault).await.expect_ok();
    }
    for space in 0..200 {
        let name = format!("{}-{space}", "space".repeat(12));
        control
            .post("/spaces", json!({ "name": name, "seed": { "version": 1, "organizations": [] } }))
            .await
            .expect_ok();
    }
}

#[tokio::test]
async fn every_page_stays_under_60_kb_with_100_000_records() {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    write!(file, "{}", seed()).unwrap();
    let path = file.path().to_str().unwrap();
    let app = TestApp::start_with(Database::Sqlite, &["--journal", "6000", "--seed", path]).await;
    control_much(&app).await;
    ask_much(&app).await;
    let mut shared = 0;
    for name in ["pages.css", "pages.js"] {
        shared += app.control().get(&format!("/ui/{name}")).await.body.len();
    }
    let mut reader = Reader::new(&app);
    let asked = app.control().get("/requests?limit=1").await.expect_ok();
    let answered = asked["requests"][0]["id"].as_str().unwrap().to_owned();
    let asked = app.control().get("/requests?operation=assignLicense&limit=1").await.expect_ok();
    let sent = asked["requests"][0]["id"].as_str().unwrap().to_owned();
    let mut too_large = Vec::new();
    for path in [
        "/".to_owned(),
        "/?q=status:401".to_owned(),
        format!("/?open={answered}"),
        format!("/?open={sent}"),
        format!("/requests/{answered}?against={sent}"),
        "/start".to_owned(),
        "/start?page=4".to_owned(),
        "/controls".to_owned(),
        "/controls?spaces=2&faults=3&snapshots=2&limits=2&windows=2".to_owned(),
        "/coverage".to_owned(),
        "/jetbrains-account".to_owned(),
        "/jetbrains-account?tokens=3&teams=2&page=3000".to_owned(),
        "/jetbrains-account?team=1".to_owned(),
        "/license-vault?vault=large".to_owned(),
        "/license-vault?vault=large&users=3&denials=2".to_owned(),
        "/license-vault?vault=vault-150".to_owned(),
        "/atlassian".to_owned(),
        "/atlassian?tab=api-keys".to_owned(),
        "/atlassian?tab=service-accounts".to_owned(),
    ] {
        let page: Answer = reader.open(&path).await;
        let size = page.body.len() + shared;
        if size >= MOST {
            too_large.push(format!("{path}: {size} bytes"));
        }
    }
    assert!(too_large.is_empty(), "{too_large:#?}");
    // What does not fit is on the next pages.
    let page = reader.open("/controls").await;
    for parameter in ["spaces", "faults", "snapshots"] {
        assert!(page.text().contains(&format!("{parameter}=2#{parameter}")), "{parameter}: {}", page.text());
    }
    let page = reader.open("/jetbrains-account").await;
    for (parameter, heading) in [("tokens", "others"), ("teams", "teams"), ("page", "")] {
        let link = format!("{parameter}=2{}{heading}", if heading.is_empty() { "" } else { "#" });
        assert!(page.text().contains(&link), "{link}: {}", page.text());
    }
    assert!(app.control().get("/ui/pages.css").await.body.len() < 20_000);
}
