//! `/_emulator/faults`: what `then` does to answers: headers, sequences, ranges of delays.

use serde_json::{Value, json};

use crate::support::{Answer, Client, FULL_KEY, Role, TestApp, VAULT_TOKEN, apply, on_both_databases};

async fn inject(app: &TestApp, rule: Value) -> Value {
    app.control().post("/faults", rule).await.expect_ok()
}

/// Somebody of each service who only reads, and what.
fn readers(app: &TestApp) -> [(Client, &'static str); 3] {
    [
        (app.jetbrains_account(Role::OrgAdmin).without_document_check(), "/token"),
        (app.license_vault(VAULT_TOKEN).without_document_check(), "/public-api/licenses/usage"),
        (app.atlassian(FULL_KEY).without_document_check(), "/api-tokens"),
    ]
}

/// The trail's word of what a fault did to the last request.
async fn last_deed(app: &TestApp) -> Value {
    let last = app.control().get("/requests?limit=1").await.expect_ok();
    let id = last["requests"][0]["id"].as_str().unwrap();
    app.control().get(&format!("/requests/{id}")).await.expect_ok()["trail"]["fault"]["did"].clone()
}

fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[apply(on_both_databases)]
async fn headers_take_the_place_of_the_answer_s_own(app: TestApp) {
    for (client, path) in readers(&app) {
        let own = client.get(path).await;
        let headers = json!({
            "retry-after": "7",
            "X-RateLimit-Remaining": "0",
            "Content-Type": "text/plain",
            "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
            "Set-Cookie": ["a=1", "b=2"],
            "X-Empty": "",
        });
        for (then, status, is_own) in [
            (json!({"status": 503, "headers": headers}), 503, false),
            (json!({"status": 429, "body": {"a": 1}, "headers": headers}), 429, false),
            (json!({"body": "x", "headers": headers}), 200, false),
            (json!({"status": 204, "headers": headers}), 204, false),
            (json!({"delay": "1ms", "headers": headers}), 200, true),
            (json!({"headers": headers}), 200, true),
            (json!({"headers": headers, "fault": "empty"}), 200, false),
        ] {
            inject(&app, json!({"then": then, "times": 1})).await;
            let answer = client.get(path).await;
            assert_eq!(answer.status.as_u16(), status, "{then}");
            for name in ["retry-after", "x-ratelimit-remaining", "content-type", "date", "x-empty"] {
                let wanted = headers.as_object().unwrap().iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                assert_eq!(all(&answer, name), [wanted.unwrap().1.as_str().unwrap()], "{then}: {name}");
            }
            assert_eq!(all(&answer, "set-cookie"), ["a=1", "b=2"], "{then}");
            assert_eq!(answer.text() == own.text(), is_own, "{then}: {}", answer.text());
        }
        assert_eq!(client.get(path).await.headers.get("x-empty"), None, "what is remembered has none of it");
    }
    inject(&app, json!({"then": {"delay": "1ms", "headers": {"X-B": "b", "X-A": "a"}}, "times": 1})).await;
    readers(&app)[0].0.get("/token").await.expect_ok();
    assert_eq!(last_deed(&app).await, "delay 1ms, headers X-A X-B");
    let journal = app.control().get("/requests?limit=1").await.expect_ok();
    let id = journal["requests"][0]["id"].as_str().unwrap();
    let kept = app.control().get(&format!("/requests/{id}")).await.expect_ok();
    assert!(kept["response"]["headers"].to_string().contains(r#"{"name":"x-a","value":"a"}"#), "{kept}");
}

/// A secret that a tester puts into an answer is shown in the rule as it was sent, and in the journal by its name.
#[apply(on_both_databases)]
async fn a_secret_in_an_injected_answer_is_hidden_in_the_journal(app: TestApp) {
    let rule = json!({"then": {"body": {"is": FULL_KEY}, "headers": {"X-Token": FULL_KEY}}, "times": 1});
    let kept = inject(&app, rule.clone()).await;
    assert_eq!(kept["then"], rule["then"]);
    let (client, path) = &readers(&app)[0];
    assert_eq!(client.get(path).await.header("x-token"), Some(FULL_KEY));
    let journal = app.control().get("/requests?limit=1").await.expect_ok();
    let id = journal["requests"][0]["id"].as_str().unwrap();
    let kept = app.control().get(&format!("/requests/{id}")).await;
    assert!(!kept.text().contains(FULL_KEY), "{}", kept.text());
}

#[apply(on_both_databases)]
async fn headers_that_no_answer_can_have_are_refused(app: TestApp) {
    for (headers, pointer, says) in [
        (json!({"Content-Length": "1"}), "/then/headers/Content-Length", "to break either, use `fault`"),
        (json!({"transfer-encoding": "chunked"}), "/then/headers/transfer-encoding", "use `fault`"),
        (json!({"CONNECTION": "close"}), "/then/headers/CONNECTION", "use `fault`"),
        (json!({"Keep-Alive": "x"}), "/then/headers/Keep-Alive", "use `fault`"),
        (json!({"X-Request-Id": "1"}), "/then/headers/X-Request-Id", "in the journal"),
        (json!({"a b": "1"}), "/then/headers/a b", "is no name of a header"),
        (json!({"": "1"}), "/then/headers/", "is no name of a header"),
        (json!({"a/b~c": "1"}), "/then/headers/a~1b~0c", "is no name of a header"),
        (json!({"X": "a\r\nY: b"}), "/then/headers/X", "HTTP cannot carry"),
        (json!({"X": ["a", "\u{0}"]}), "/then/headers/X", "HTTP cannot carry"),
        (json!({"X": " a"}), "/then/headers/X", "no blanks around it"),
        (json!({"X": []}), "/then/headers/X", "has no value"),
        (json!({"Retry-After": "1", "retry-after": "2"}), "/then/headers/Retry-After", "are one header"),
    ] {
        let rule = json!({"then": {"status": 503, "headers": headers}});
        let problem = app.control().post("/faults", &rule).await.expect_problem(422);
        assert_eq!(problem["pointer"], pointer, "{headers}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{headers}: {detail}");
    }
    for (headers, pointer) in [
        (json!({"X": 1}), "/then/headers/X"),
        (json!({"X": {"a": "b"}}), "/then/headers/X"),
        (json!({"X": ["a", 1]}), "/then/headers/X/1"),
        (json!(["X"]), "/then/headers"),
        (json!("X: a"), "/then/headers"),
    ] {
        let rule = json!({"then": {"status": 503, "headers": headers}});
        assert_eq!(app.control().post("/faults", &rule).await.expect_problem(400)["pointer"], pointer, "{headers}");
    }
    let rule = json!({"then": [{}, {"status": 503, "headers": {"TE": "x"}}]});
    assert_eq!(app.control().post("/faults", &rule).await.expect_problem(422)["pointer"], "/then/1/headers/TE");
    assert_eq!(app.control().get("/faults").await.text(), "[]");
}

#[apply(on_both_databases)]
async fn a_sequence_does_one_step_for_each_hit(app: TestApp) {
    let then = json!([
        {"status": 503},
        {"code": "MISSING_FIELD"},
        {"delay": "1ms..3ms"},
        {},
        {"status": 429, "headers": {"Retry-After": "9"}},
    ]);
    let rule = inject(&app, json!({"match": {"operation": "getManagedEntityInfo"}, "then": then, "after": 1})).await;
    assert_eq!((&rule["then"], rule.get("times"), &rule["hits"]), (&then, None, &0.into()));
    let id = rule["id"].as_str().unwrap();
    let (client, path) = &readers(&app)[0];
    let mut seen = Vec::new();
    for _ in 0..8 {
        let answer = client.get(path).await;
        let hits = app.control().get(&format!("/faults/{id}")).await.expect_ok()["hits"].as_i64().unwrap();
        let did = last_deed(&app).await.as_str().map(|did| did.chars().take_while(|c| *c != ':').collect::<String>());
        seen.push((answer.status.as_u16(), hits, did));
        if answer.status == 429 {
            assert_eq!(answer.header("retry-after"), Some("9"));
        }
    }
    let step = |number: i64| Some(format!("step {number} of 5"));
    let expected = [
        (200, 0, None),
        (503, 1, step(1)),
        (400, 2, step(2)),
        (200, 3, step(3)),
        (200, 4, step(4)),
        (429, 5, step(5)),
        (200, 5, None),
        (200, 5, None),
    ];
    assert_eq!(seen, expected);
    let page = app.client().get("/_emulator/ui/controls").await;
    let shown = "status 503; then code MISSING_FIELD; then delay 1ms..3ms; th…";
    assert!(page.text().contains(shown) && page.text().contains("5 hits of 5"), "{}", page.text());
    // A spent rule is in nobody's way.
    inject(&app, json!({"then": [{"status": 418}]})).await;
    assert_eq!(client.get(path).await.status, 418);
    assert_eq!(last_deed(&app).await, "step 1 of 1: status 418");
    assert_eq!(client.get(path).await.status, 200);
}

/// However many ask at once, each step is done once.
#[apply(on_both_databases)]
async fn a_sequence_is_one_for_requests_at_once(app: TestApp) {
    let steps: Vec<Value> = (500..520).map(|status| json!({"status": status, "body": "x"})).collect();
    let rule = inject(&app, json!({"then": steps})).await;
    let requests = (0..30).map(|_| {
        let (client, path) = readers(&app)[0].clone();
        tokio::spawn(async move { client.get(path).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        statuses.push(request.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 10], (500..520).collect()].concat());
    let id = rule["id"].as_str().unwrap();
    assert_eq!(app.control().get(&format!("/faults/{id}")).await.expect_ok()["hits"], 20);
}

#[apply(on_both_databases)]
async fn lists_that_are_no_sequence_are_refused(app: TestApp) {
    for (rule, pointer, says) in [
        (json!({"then": []}), "/then", "at least one step"),
        (json!({"then": [{}], "times": 2}), "/times", "one hit for each step"),
        (json!({"then": [{}, {"status": 99}]}), "/then/1/status", "from 200 to 599"),
        (json!({"then": [{"status": 503}, {"delay": "61s"}]}), "/then/1/delay", "at most 1m"),
        (json!({"then": [{"status": 503}, [503]]}), "/then/1", "a JSON object"),
        (json!({"then": [503]}), "/then/0", "a JSON object"),
        (json!({"then": [{"sattus": 503}]}), "/then/0/sattus", "unknown name `sattus`, did you mean `status`?"),
        (json!({"then": [{"status": 204, "body": ""}]}), "/then/0/body", "has no body"),
        (json!({"then": 503}), "/then", "or a list of them"),
        (json!({"then": null}), "/then", "or a list of them"),
        (json!({"then": {"headers": {}}}), "/then", "at least one of status, code, body, headers"),
    ] {
        let problem = app.control().post("/faults", &rule).await.expect_problem(400);
        assert_eq!(problem["pointer"], pointer, "{rule}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{rule}: {detail}");
    }
    let rule = json!({"match": {"service": "license_vault"}, "then": [{}, {"code": "NO_SUCH"}]});
    assert_eq!(app.control().post("/faults", &rule).await.expect_problem(422)["pointer"], "/then/1/code");
    // A code that only one service has narrows a sequence to it.
    let narrowed = inject(&app, json!({"then": [{"status": 503}, {"code": "MISSING_FIELD"}]})).await;
    assert_eq!(narrowed["match"]["service"], "jetbrains_account");
    assert_eq!(app.control().get("/faults").await.expect_ok().as_array().unwrap().len(), 1);
}

/// The same seed, rule and number of the hit give the same delay.
#[apply(on_both_databases)]
async fn a_range_of_delays_is_drawn_from_the_id_seed(app: TestApp) {
    let (client, path) = &readers(&app)[0];
    let mut rounds = Vec::new();
    for _ in 0..2 {
        app.control().post("/reset", "").await.expect_ok();
        let rule = inject(&app, json!({"then": {"delay": "1ms..9ms"}})).await;
        assert_eq!(rule["then"]["delay"], "1ms..9ms");
        let mut delays = Vec::new();
        for _ in 0..12 {
            client.get(path).await.expect_ok();
            let did = last_deed(&app).await;
            let did = did.as_str().unwrap();
            delays.push(did.strip_prefix("delay ").unwrap().strip_suffix("ms").unwrap().parse::<u64>().unwrap());
        }
        rounds.push(delays);
    }
    assert_eq!(rounds[0], rounds[1]);
    assert!(rounds[0].iter().all(|delay| (1..=9).contains(delay)), "{rounds:?}");
    assert!(rounds[0].iter().any(|delay| *delay != rounds[0][0]), "{rounds:?}");
    inject(&app, json!({"then": {"delay": "5ms..5ms"}})).await;
    for (delay, says) in [
        ("2s..100ms", "from the shorter to the longer"),
        ("1s..61s", "at most 1m"),
        ("..2s", "is not a length of time"),
        ("1s..", "is not a length of time"),
        ("1s..2s..3s", "is not a length of time"),
        ("1s-2s", "is not a length of time"),
        ("-1s..2s", "is not a positive length of time"),
    ] {
        let problem = app.control().post("/faults", json!({"then": {"delay": delay}})).await.expect_problem(400);
        assert_eq!(problem["pointer"], "/then/delay", "{delay}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
}

/// Which headers an answer has, without those that say how long its body is.
fn names(answer: &Answer) -> Vec<&str> {
    let mut names: Vec<&str> = answer.headers.keys().map(axum::http::HeaderName::as_str).collect();
    names.retain(|name| *name != "content-length");
    names.sort_unstable();
    names
}

/// Each service's own refusal and an injected one with its status have the same headers.
#[apply(on_both_databases)]
async fn an_injected_error_has_the_headers_of_an_own_one(app: TestApp) {
    let jetbrains = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let (viewer, bad) = (app.jetbrains_account(Role::OrgViewer), app.jetbrains_account_token("bad", "6700001"));
    let vault = app.license_vault(VAULT_TOKEN).without_document_check();
    let (reader, full) = (app.atlassian("demo-atlassian-reader"), app.atlassian(FULL_KEY).without_document_check());
    let assign = (
        "POST",
        "/customer/licenses/assign",
        r#"{"licenseId":"FREE000001","contact":{"firstName":"E","lastName":"S","email":"e@s.test"}}"#,
    );
    for (own, injected, (method, path, body), status) in [
        (&bad, &jetbrains, ("GET", "/token", ""), 401),
        (&viewer, &jetbrains, assign, 403),
        (&jetbrains, &jetbrains, ("GET", "/customer/licenses/NOSUCH", ""), 404),
        (&app.license_vault("bad"), &vault, ("GET", "/public-api/licenses/usage", ""), 401),
        (&app.atlassian("bad"), &full, ("GET", "/api-tokens", ""), 401),
        (&reader, &full, ("GET", "/api-keys", ""), 403),
    ] {
        let own = own.without_document_check().call(method, path, body).await;
        assert_eq!(own.status.as_u16(), status, "{path}: {}", own.text());
        inject(&app, json!({"then": {"status": status}, "times": 1})).await;
        let injected = injected.call(method, path, body).await;
        assert_eq!((injected.status.as_u16(), names(&injected)), (status, names(&own)), "{path}");
        assert_eq!(injected.header("www-authenticate"), own.header("www-authenticate"), "{path}");
    }
}

/// A 429 of Atlassian looks like the limiter's own, whether anybody counts the request or not.
#[apply(on_both_databases)]
async fn a_429_says_that_nothing_is_left(app: TestApp) {
    for (client, path) in readers(&app) {
        inject(&app, json!({"then": {"status": 429}, "times": 1})).await;
        let answer = client.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after").is_some()), (429, true), "{path}");
    }
    let limited = |mode: &str| json!({"organization": "6700001", "limit": 5, "window": "60s", "mode": mode});
    let counted = app.atlassian(FULL_KEY).without_document_check();
    let unknown = app.atlassian("bad").without_document_check();
    let one = json!({"organization": "6700001", "limit": 1, "window": "60s", "mode": "enforce"});
    app.control().put("/rate-limits", one).await.expect_ok();
    counted.get("/api-keys").await.expect_ok();
    let own = counted.get("/api-keys").await;
    inject(&app, json!({"then": {"status": 429}, "times": 1})).await;
    let injected = counted.get("/api-keys/count").await;
    assert_eq!((injected.text(), names(&injected)), (own.text(), names(&own)));
    for mode in ["enforce", "observe", "off"] {
        app.control().put("/rate-limits", limited(mode)).await.expect_ok();
        for (client, path) in [
            (&counted, "/api-tokens"),
            (&unknown, "/api-tokens"),
            (&counted.below(""), "/users/712020:bob/manage/api-tokens"),
        ] {
            for then in [json!({"status": 429}), json!({"status": 429, "body": "x"})] {
                inject(&app, json!({"then": then, "times": 1})).await;
                let answer = client.get(path).await;
                let header = |name: &str| answer.header(name).unwrap_or_else(|| panic!("{mode} {path}: no {name}"));
                assert_eq!(header("x-ratelimit-remaining"), "0", "{mode} {path}");
                assert!(header("x-ratelimit-limit").parse::<u32>().unwrap() > 0);
                assert_eq!((header("x-ratelimit-reset"), header("retry-after")), ("2026-01-15T09:01Z", "60"));
            }
        }
    }
}
