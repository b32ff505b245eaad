//! `locum compare`, against services on loopback that are a Locum, or nearly.

mod bad_upstreams;
mod fake;
mod optional;
mod secrets;
mod strangers;
mod usage;

use fake::{ACCOUNT, ALL, ATLASSIAN, Fake, LICENSE_SERVER, Reply, VAULT, compare, compare_to_json, find};
use serde_json::{Value, json};

use crate::support::{Database, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_locum_is_the_same_as_a_locum() {
    let fake = Fake::start(|_, _| {}).await;
    let automation = (VAULT.0, "demo-automation-token", &["--scheme", "automation"][..]);
    for side in ALL.into_iter().chain([automation, LICENSE_SERVER]) {
        let (code, stdout, stderr) = compare(&fake.url, side, &[]).await;
        assert_eq!(code, 0, "{stdout}{stderr}");
        assert!(stdout.contains(" 0 different, 0 could not be asked"), "{stdout}");
        assert!(!stdout.contains("## Differs") && stdout.contains("## The same"), "{stdout}");
        // What it is asked: the token only where that is said, and every placeholder filled.
        let calls = fake.calls();
        assert!(calls.len() > 10);
        // The License Server's token has no other place.
        let is_server = side.0 == LICENSE_SERVER.0;
        for call in &calls {
            assert!(!call.uri.contains(['{', '}']), "{}", call.uri);
            assert!(is_server || !call.uri.contains(side.1), "{}", call.uri);
            assert!(call.headers["user-agent"].to_str().unwrap().starts_with("locum-compare/"));
        }
        let holds_token = |value: &axum::http::HeaderValue| value.to_str().unwrap().contains(side.1);
        let with_token = calls.iter().filter(|call| call.headers.values().any(holds_token)).count();
        assert_eq!(with_token == 0, is_server);
        assert!(is_server || with_token > calls.len() / 2, "{with_token} of {}", calls.len());
        assert!(with_token < calls.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_fidelity_that_a_difference_settles_are_named() {
    let app = TestApp::start(Database::Sqlite).await;
    app.seed_atlassian("      quirks: { bad_query_is_500: true }").await;
    let fake = Fake::of(app, |_, _| {}).await;
    let (code, report) = compare_to_json(&fake.url, ATLASSIAN).await;
    assert_eq!(code, 1);
    let line = find(&report, "api-tokens-bad-sort");
    assert_eq!(line["outcome"], "differs");
    assert_eq!(line["settles"][0]["section"], "12");
    assert_eq!(line["differences"][0], json!({"kind": "status", "at": "status", "upstream": "500", "locum": "400"}));
    assert_eq!((&line["upstream"]["status"], &line["locum"]["status"]), (&json!(500), &json!(400)));
    assert_eq!(find(&report, "api-tokens")["outcome"], "same");
    let (_, markdown, _) = compare(&fake.url, ATLASSIAN, &[]).await;
    let section = markdown.split("\n### ").find(|section| section.starts_with("api-tokens-bad-sort\n")).unwrap();
    assert!(section.contains("Settles: §12 “the 500s that one organization saw”"), "{section}");
    assert!(section.contains("\n| status | 500 | 400 |\n"), "{section}");
}

/// In the request of that name, this is changed, and found to be this difference: kind, place, both sides.
type Change = (&'static str, &'static str, fn(&mut Reply), [&'static str; 4]);

fn for_each_token(reply: &mut Reply, change: impl Fn(&mut Value)) {
    // Other requests end alike.
    reply.change_json(|body| body.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten().for_each(change));
}

/// Each is asked for by a query that no other request has.
const OF_ATLASSIAN: [Change; 14] = [
    (
        "api-tokens-allowed",
        "status=allowed",
        |reply| for_each_token(reply, |token| token["createdAt"] = json!("2026-01-02T03:04:05Z")),
        ["form", "data[].createdAt", "date-time hh:mm:ssZ", "date-time hh:mm:ss.fffZ"],
    ),
    (
        "api-tokens-sorted",
        "sort=-createdAt,label",
        |reply| for_each_token(reply, |token| token["legacyToken"] = json!(false)),
        ["member", "data[].legacyToken", "boolean", "absent"],
    ),
    (
        "api-tokens-default-page",
        "/api-tokens",
        |reply| for_each_token(reply, |token| drop(token.as_object_mut().unwrap().remove("label"))),
        ["member", "data[].label", "absent", "text"],
    ),
    (
        "api-tokens-first-page",
        "/api-tokens?pageSize=1",
        |reply| for_each_token(reply, |token| token["status"] = Value::Null),
        ["form", "data[].status", "null", "constant"],
    ),
    (
        "api-tokens-empty-cursor",
        "cursor=",
        |reply| {
            reply.change_json(|body| drop(body["data"][0].as_object_mut().unwrap().remove("id")));
        },
        ["optional", "data[].id", "UUID, or absent", "UUID"],
    ),
    (
        "api-tokens-sort-field-twice",
        "sort=label,-label",
        |reply| for_each_token(reply, |token| token["id"] = json!(4711)),
        ["form", "data[].id", "integer", "UUID"],
    ),
    (
        "api-tokens-window",
        "createdAtRangeFrom=-3w%202d",
        |reply| reply.change_json(|body| body["links"]["self"] = json!("https://example.test/x?cursor=1")),
        ["form", "links.self", "URL", ""],
    ),
    (
        "api-token-count",
        "/api-tokens/count",
        |reply| reply.change_json(|body| *body = json!({"total": *body})),
        ["form", "body", "object of total", "integer"],
    ),
    (
        "oauth-clients",
        "/oauth-clients?pageSize=100",
        |reply| for_each_token(reply, |client| client["createdAt"] = json!(1_763_149_545)),
        ["form", "data[].createdAt", "integer like epoch seconds", "integer like epoch milliseconds"],
    ),
    (
        "api-tokens-bad-sort",
        "sort=nothing",
        |reply| reply.change_json(|body| *body = json!({"code": 400, "message": "no"})),
        ["member", "errors", "absent", "array of object of code, detail, id, status, title"],
    ),
    (
        "api-keys-page-size-30",
        "pageSize=30",
        |reply| drop(reply.headers.insert("x-ratelimit-reset".to_owned(), "1763149545".to_owned())),
        ["header", "header x-ratelimit-reset", "integer", "date-time hh:mmZ"],
    ),
    (
        "api-key-count",
        "/api-keys/count",
        |reply| drop(reply.headers.remove("x-ratelimit-limit")),
        ["header", "header x-ratelimit-limit", "absent", "integer"],
    ),
    (
        "no-credential",
        "/api-tokens?pageSize=20",
        |reply| reply.status = if reply.status == 401 { 403 } else { reply.status },
        ["status", "status", "403", "401"],
    ),
    (
        "wrong-path",
        "/no-such-path",
        |reply| {
            reply.headers.insert("content-type".to_owned(), "text/html; charset=utf-8".to_owned());
            reply.body = b"<!DOCTYPE html><p>no".to_vec();
        },
        ["body", "body", "HTML", "object of code, message"],
    ),
];

const OF_ACCOUNT: [Change; 4] = [
    (
        "licenses-free",
        "assigned=false",
        |reply| drop(reply.headers.insert("content-type".to_owned(), "application/json; charset=utf-8".to_owned())),
        ["media_type", "header content-type", "`application/json; charset=utf-8`", "`application/json;charset=UTF-8`"],
    ),
    (
        "licenses-second-page",
        "page=2",
        |reply| {
            let links = r#"<https://example.test/x?page=1>; rel="prev""#.to_owned();
            reply.headers.insert("link".to_owned(), links);
        },
        ["header", "header link", "URLs as prev", "paths as first, last, next, prev"],
    ),
    (
        "document",
        "/swagger.json",
        |reply| {
            reply.change_json(|body| {
                body["paths"]["/customer/accounts/{id}"] = json!({"delete": {}});
                body["paths"].as_object_mut().unwrap().remove("/plugins").unwrap();
            });
        },
        ["document", "`DELETE /customer/accounts/{}`", "described", "absent"],
    ),
    (
        "licenses-page-0",
        "page=0",
        |reply| {
            reply.headers.insert("content-type".to_owned(), "application/json".to_owned());
            (reply.status, reply.body) = (200, b"[]".to_vec());
        },
        ["body", "body", "empty array", "HTML"],
    ),
];

async fn expect_changes(side: fake::Side, changes: &'static [Change]) {
    let fake = Fake::start(|uri, reply| {
        // The longest of those that it ends with, else of those in it.
        let fits = |change: &&Change| uri.ends_with(change.1) || uri.contains(&format!("{}&", change.1));
        let special = |change: &&Change| (uri.ends_with(change.1), change.1.len());
        if let Some((.., change, _)) = changes.iter().filter(fits).max_by_key(special) {
            change(reply);
        }
    })
    .await;
    let (code, report) = compare_to_json(&fake.url, side).await;
    assert_eq!(code, 1);
    for (name, _, _, [kind, at, upstream, locum]) in changes {
        let line = find(&report, name);
        assert_eq!(line["outcome"], "differs", "{line:#}");
        let differences = line["differences"].as_array().unwrap();
        let found = differences.iter().find(|one| one["at"] == *at && one["kind"] == *kind);
        let found = found.unwrap_or_else(|| panic!("no {kind} at {at}: {line:#}"));
        assert_eq!(found["upstream"], *upstream, "{line:#}");
        assert!(found["locum"] == *locum || locum.is_empty(), "{line:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_difference_is_found_and_named() {
    expect_changes(ATLASSIAN, &OF_ATLASSIAN).await;
    expect_changes(ACCOUNT, &OF_ACCOUNT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_side_has_no_data_for_is_unknown_and_no_difference() {
    let fake = Fake::start(|uri, reply| {
        if reply.status == 200 && reply.json().is_some() {
            let is_list = uri.contains("/customer/licenses?") || uri.contains("/teams/") || uri.ends_with("/licenses");
            reply.change_json(|body| match body {
                Value::Array(items) if is_list => items.clear(),
                _ => {}
            });
        }
    })
    .await;
    let (code, report) = compare_to_json(&fake.url, ACCOUNT).await;
    assert_eq!(code, 0, "{report:#}");
    let licenses = find(&report, "licenses");
    assert_eq!(licenses["outcome"], "same");
    assert_eq!(licenses["unknown"], json!(["`[]`: the upstream has no item"]));
    // There is no licence whose id could be asked for.
    let license = find(&report, "license");
    assert_eq!(license["outcome"], "not_asked");
    assert_eq!(license["why"], "no earlier answer has what it would ask for");
}
