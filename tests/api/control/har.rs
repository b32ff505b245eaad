//! `GET /_emulator/requests?format=har`: the journal as an HTTP Archive.

use serde_json::{Value, json};

use crate::support::{FULL_KEY, NOW, Role, TestApp, VAULT_TOKEN, apply, on_both_databases};

async fn get_archive(app: &TestApp, query: &str) -> Value {
    let answer = app.control().get(&format!("/requests?format=har{query}")).await;
    assert_eq!(answer.header("content-type"), Some("application/har+json"));
    answer.expect_ok()["log"].clone()
}

fn entries(archive: &Value) -> &[Value] {
    archive["entries"].as_array().unwrap()
}

/// What HAR 1.2 says that must be there, and of which kind it is.
fn check_form(archive: &Value) {
    assert_eq!(archive["version"], "1.2");
    assert!(archive["creator"]["name"].is_string() && archive["creator"]["version"].is_string());
    // Whatever HAR does not have begins with `_`.
    let names = archive.as_object().unwrap().keys();
    assert!(names.clone().all(|name| name.starts_with('_') || ["version", "creator", "entries"].contains(&&**name)));
    for entry in entries(archive) {
        assert!(entry["time"].is_number() && entry["cache"].is_object(), "{entry}");
        assert!(["send", "wait", "receive"].iter().all(|part| entry["timings"][part].is_number()), "{entry}");
        for (message, texts) in
            [("request", ["method", "url", "httpVersion"]), ("response", ["statusText", "redirectURL", "httpVersion"])]
        {
            let message = &entry[message];
            assert!(texts.iter().all(|name| message[name].is_string()), "{message}");
            assert!(message["cookies"].is_array() && message["headers"].is_array(), "{message}");
            assert!(message["headersSize"].is_i64() && message["bodySize"].is_i64(), "{message}");
        }
        assert!(entry["request"]["queryString"].is_array() && entry["response"]["status"].is_u64(), "{entry}");
        assert!(entry["response"]["content"]["mimeType"].is_string(), "{entry}");
    }
}

#[apply(on_both_databases)]
async fn it_holds_requests_and_answers_whole_and_the_oldest_first(app: TestApp) {
    app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?perPage=2&productCode=A%20B&perpage=3").await;
    app.jetbrains_account(Role::OrgAdmin).assign_license("NOSUCH").await;
    app.atlassian(FULL_KEY).delete("/api-tokens").await;
    let archive = get_archive(&app, "").await;
    check_form(&archive);
    let [listed, assigned, revoked] = entries(&archive) else { panic!("{archive}") };

    assert_eq!(listed["startedDateTime"], NOW.replace('Z', ".000Z"));
    let url = listed["request"]["url"].as_str().unwrap();
    assert!(
        url.starts_with("http://") && url.ends_with("/customer/licenses?perPage=2&productCode=A%20B&perpage=3"),
        "{url}"
    );
    assert_eq!(
        listed["request"]["queryString"],
        json!([
            {"name": "perPage", "value": "2"},
            {"name": "productCode", "value": "A B"},
            {"name": "perpage", "value": "3"},
        ])
    );
    assert_eq!(
        (&listed["request"]["postData"], &listed["comment"]),
        (&Value::Null, &"query/perpage was not read: did you mean perPage?".into())
    );

    let sent = &assigned["request"]["postData"];
    assert_eq!(serde_json::from_str::<Value>(sent["text"].as_str().unwrap()).unwrap()["licenseId"], "NOSUCH");
    assert_eq!(
        (&assigned["response"]["content"]["mimeType"], &assigned["request"]["bodySize"]),
        (&"application/json;charset=UTF-8".into(), &sent["size"])
    );
    assert_eq!(
        (&assigned["response"]["status"], &assigned["response"]["statusText"]),
        (&404.into(), &"Not Found".into())
    );
    assert!(assigned["response"]["content"]["text"].as_str().unwrap().contains("LICENSE_NOT_FOUND"));
    assert_eq!(
        (&assigned["comment"], &assigned["_locum"]["operation"]),
        (&"no licence NOSUCH".into(), &"assignLicense".into())
    );
    assert_eq!(assigned["_locum"]["trail"]["refusal"], "no licence NOSUCH");

    assert_eq!((&revoked["response"]["status"], &revoked["response"]["bodySize"]), (&204.into(), &0.into()));
    assert!(!archive.to_string().contains(FULL_KEY), "a secret");
}

/// Labels stand in place of tokens, with other characters and of another length.
#[apply(on_both_databases)]
async fn what_stands_in_place_of_a_secret_breaks_nothing(app: TestApp) {
    let client = app.jetbrains_account(Role::OrgAdmin);
    client.get(&format!("/products?t={VAULT_TOKEN}&u=%5B1%5D|^")).await;
    client.call("POST", "/customer/licenses/assign", format!("{{\"licenseId\":\"{FULL_KEY}\"}}")).await;
    client.call("HEAD", "/products", "").await;
    let archive = get_archive(&app, "").await;
    let [asked, sent, head] = entries(&archive) else { panic!("{archive}") };

    let url = asked["request"]["url"].as_str().unwrap();
    assert!(url.ends_with("/products?t=%5Bexample%20(vault)%5D&u=%5B1%5D%7C%5E"), "{url}");
    assert_eq!(asked["request"]["queryString"][0], json!({"name": "t", "value": "[example (vault)]"}));
    assert_eq!(sent["request"]["postData"]["text"], "{\"licenseId\":\"[full]\"}");
    assert_eq!(sent["request"]["postData"]["comment"], Value::Null, "nothing was cut");
    let content = &head["response"]["content"];
    assert_eq!((&content["size"], &content["text"], &content["comment"]), (&0.into(), &Value::Null, &Value::Null));
}

#[apply(on_both_databases)]
async fn every_filter_applies_and_there_are_no_pages(app: TestApp) {
    for _ in 0..101 {
        app.jetbrains_account(Role::OrgAdmin).get("/token").await;
    }
    app.jetbrains_account(Role::OrgAdmin).assign_license("NOSUCH").await;
    assert_eq!(entries(&get_archive(&app, "").await).len(), 102);
    assert_eq!(entries(&get_archive(&app, "&status=4xx").await).len(), 1);
    let newest = get_archive(&app, "&limit=2").await;
    assert_eq!(entries(&newest).iter().map(|e| e["response"]["status"].clone()).collect::<Vec<_>>(), [200, 404]);
    let space = app.control().post("/spaces", r#"{"name":"t1"}"#).await;
    space.expect_ok();
    assert_eq!(entries(&get_archive(&app, "&space=t1").await).len(), 0);
    let problem = app.control().get("/requests?format=xml").await.expect_problem(400);
    assert!(problem["detail"].as_str().unwrap().contains("unknown word `xml`: expected `json`, `har`"), "{problem}");
    app.control().get("/requests?format=har&limit=1001").await.expect_problem(400);
}

#[apply(on_both_databases)]
async fn what_is_no_text_or_cut_is_said(app: TestApp) {
    let long = format!("{{\"licenseId\":\"{}\"}}", "x".repeat(70_000));
    app.jetbrains_account(Role::OrgAdmin).post("/customer/licenses/assign", &*long).await;
    app.jetbrains_account(Role::OrgAdmin).post("/customer/licenses/assign", &b"\xff\x00"[..]).await;
    let archive = get_archive(&app, "").await;
    check_form(&archive);
    let [cut, binary] = entries(&archive) else { panic!("{archive}") };
    let (cut, binary) = (&cut["request"]["postData"], &binary["request"]["postData"]);
    let comment = cut["comment"].as_str().unwrap();
    assert!(comment.starts_with("the first ") && comment.ends_with(&format!(" of {} bytes", long.len())), "{comment}");
    assert_eq!(
        (&binary["text"], &binary["comment"]),
        (&Value::Null, &"2 bytes that are not kept, because they are no text".into())
    );
}

#[apply(on_both_databases)]
async fn an_injected_fault_is_told(app: TestApp) {
    app.control().post("/faults", r#"{"match":{},"then":{"status":401}}"#).await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token").await;
    let archive = get_archive(&app, "").await;
    let comment = entries(&archive)[0]["comment"].as_str().unwrap();
    assert!(comment.ends_with("injected: status 401"), "{comment}");
}

#[apply(on_both_databases)]
async fn what_was_done_stands_between_the_requests(app: TestApp) {
    let token = async || {
        let answer = app.jetbrains_account(Role::OrgAdmin).get("/token").await;
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(get_archive(&app, "").await["_notes"], Value::Null);
    app.advance_clock("1h").await;
    let first = token().await;
    for _ in 0..7 {
        app.advance_clock("1d").await;
    }
    let second = token().await;
    app.jetbrains_account(Role::OrgAdmin).assign_license("NOSUCH").await;
    app.control().put("/snapshots/s", "").await.expect_ok();
    let archive = get_archive(&app, "").await;
    check_form(&archive);
    let comments: Vec<&Value> = entries(&archive).iter().map(|entry| &entry["comment"]).collect();
    let moved = |day: u8| format!("clock +1 d → 2026-01-{day} 10:00:00 frozen");
    let told = [18, 19, 20, 21, 22].map(moved).join(", ");
    assert_eq!(
        comments,
        [
            &json!("before it: clock +1 h → 2026-01-15 10:00:00 frozen"),
            &json!(format!("before it: 2 more before, {told}")),
            &json!("no licence NOSUCH"),
        ]
    );
    let notes = archive["_notes"].as_array().unwrap();
    let after = |at: usize| notes[at].get("after").and_then(Value::as_str).map(ToOwned::to_owned);
    assert_eq!((notes.len(), after(0), after(1), after(7)), (9, None, Some(first.clone()), Some(first)));
    assert_eq!((&notes[8]["text"], notes[8]["arrived"].is_string()), (&"snapshot s taken".into(), true));
    let refused = get_archive(&app, "&status=4xx").await;
    assert_eq!(entries(&refused).len(), 1);
    assert!(entries(&refused)[0]["comment"].as_str().unwrap().starts_with("before it: 3 more before, "), "{refused}");
    let newest = get_archive(&app, "&limit=2").await;
    assert_eq!(entries(&newest)[0]["_locum"]["id"], second);
}
