//! Rate limits (atlassian-api-access §4), and what the control API does about them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{
    Answer, Database, EXPIRED_KEY, FULL_KEY, OTHER_ORG, OTHER_ORG_KEY, READER_KEY, Role, TestApp, apply, database_url,
    on_both_databases,
};

/// Reads the three headers: limit, remaining, reset.
#[track_caller]
fn read_headers(answer: &Answer) -> Option<(u32, u32, String)> {
    let header = |name: &str| answer.header(&format!("x-ratelimit-{name}"));
    let number = |text: &str| text.parse().unwrap_or_else(|e| panic!("{e}: {text}"));
    let all = (header("limit"), header("remaining"), header("reset"));
    if all == (None, None, None) {
        return None;
    }
    let (Some(limit), Some(remaining), Some(reset)) = all else { panic!("not all of them: {all:?}") };
    Some((number(limit), number(remaining), reset.to_owned()))
}

/// Reads how many requests remain, where the limit and the reset are those of the demo seed.
#[track_caller]
fn read_remaining(answer: &Answer) -> u32 {
    let (limit, remaining, reset) = read_headers(answer).expect("headers");
    assert_eq!((limit, reset.as_str()), (1000, "2026-01-15T09:01Z"));
    remaining
}

#[track_caller]
fn expect_refused(answer: &Answer, retry_after: &str) {
    answer.expect_gateway_error(429, "Rate limit exceeded");
    assert_eq!(answer.header("retry-after"), Some(retry_after));
    assert_eq!(read_headers(answer).expect("headers").1, 0);
}

async fn put_policy(app: &TestApp, body: Value) -> Answer {
    app.control().put("/rate-limits", &body).await
}

#[apply(on_both_databases)]
async fn headers_are_on_everything_behind_authentication(app: TestApp) {
    let (full, reader) = (app.atlassian(FULL_KEY), app.atlassian(READER_KEY));
    let answers = [
        (full.get("/api-keys").await, 200),
        (full.get("/api-tokens?pageSize=0").await, 400),
        (full.get("/oauth-clients/nothing").await, 404),
        (full.delete("/oauth-clients/client-sync").await, 204),
        (full.in_organization(OTHER_ORG).get("/api-keys/count").await, 403),
        (reader.get("/api-keys").await, 403),
        (full.post("/oauth-clients", "{}").await, 403),
        (
            app.sign_in_to_atlassian("ann@example.test")
                .await
                .post("/oauth-clients", r#"{"name":"x","serviceAccountId":"svc-2"}"#)
                .await,
            201,
        ),
    ];
    for (answer, status) in &answers {
        assert_eq!((answer.status.as_u16(), read_remaining(answer)), (*status, 999), "{}", answer.text());
        assert_eq!(answer.header("retry-after"), None);
    }
    for bad in [app.atlassian_without_key(), app.atlassian("nonsense"), app.atlassian(EXPIRED_KEY)] {
        assert_eq!(read_headers(&bad.get("/api-keys").await), None);
    }
    for unrouted in [full.get("/nothing").await, full.call("PUT", "/api-keys", "").await] {
        assert_eq!(read_headers(&unrouted), None);
    }
    assert_eq!(
        read_headers(&app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses").await),
        None,
        "another vendor's"
    );
    // Requests without a good key were not counted.
    assert_eq!(read_remaining(&full.get("/api-keys").await), 998);
}

#[apply(on_both_databases)]
async fn every_key_and_every_operation_has_its_own_count(app: TestApp) {
    let (full, reader) = (app.atlassian(FULL_KEY), app.atlassian(READER_KEY));
    for left in [999, 998, 997] {
        assert_eq!(read_remaining(&full.get("/api-tokens").await), left);
    }
    assert_eq!(read_remaining(&full.get("/api-tokens/count").await), 999);
    assert_eq!(read_remaining(&full.get("/oauth-clients/a").await), 999);
    assert_eq!(read_remaining(&full.get("/oauth-clients/b").await), 998, "one operation, whatever the path holds");
    assert_eq!(read_remaining(&full.delete("/oauth-clients/a").await), 999);
    assert_eq!(read_remaining(&reader.get("/api-tokens").await), 999);
    assert_eq!(
        read_headers(&app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG).get("/api-tokens").await).unwrap().0,
        200,
        "by default"
    );
}

#[apply(on_both_databases)]
async fn one_too_many_waits_for_the_window(app: TestApp) {
    put_policy(&app, json!({"limit": 2})).await.expect_ok();
    app.advance_clock("15500ms").await;
    let full = app.atlassian(FULL_KEY);
    for left in [1, 0] {
        let answer = full.get("/api-keys").await;
        assert_eq!(
            (answer.status.as_u16(), read_headers(&answer)),
            (200, Some((2, left, "2026-01-15T09:01Z".to_owned())))
        );
    }
    let first = full.get("/api-keys").await;
    expect_refused(&first, "45");
    assert_eq!(read_headers(&first), Some((2, 0, "2026-01-15T09:01Z".to_owned())));
    full.get("/api-tokens").await.expect_ok();
    app.atlassian(READER_KEY).get("/api-keys").await.expect_atlassian_error(403, "GENERIC_ERROR");
    app.advance_clock("44499ms").await;
    expect_refused(&full.get("/api-keys").await, "1");
    app.advance_clock("1ms").await;
    let next = full.get("/api-keys").await;
    assert_eq!((next.status.as_u16(), read_headers(&next)), (200, Some((2, 1, "2026-01-15T09:02Z".to_owned()))));
}

#[apply(on_both_databases)]
async fn a_refused_request_changes_nothing(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    put_policy(&app, json!({"limit": 0})).await.expect_ok();
    expect_refused(&full.delete("/api-tokens").await, "60");
    expect_refused(&full.get("/oauth-clients/nothing").await, "60");
    // The limit is checked after the credential and before the scope.
    expect_refused(&app.atlassian(READER_KEY).delete("/api-tokens").await, "60");
    app.atlassian("nonsense").delete("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
    put_policy(&app, json!({"limit": 9})).await.expect_ok();
    assert_eq!(full.get("/api-tokens/count").await.text(), "254");
}

#[apply(on_both_databases)]
async fn modes_enforce_observe_or_switch_off(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    put_policy(&app, json!({"limit": 1, "mode": "observe"})).await.expect_ok();
    for left in [0, 0, 0] {
        let answer = full.get("/api-keys").await;
        assert_eq!((answer.status.as_u16(), read_headers(&answer).unwrap().1), (200, left));
    }
    put_policy(&app, json!({"mode": "enforce"})).await.expect_ok();
    expect_refused(&full.get("/api-keys").await, "60");
    put_policy(&app, json!({"mode": "off"})).await.expect_ok();
    let answer = full.get("/api-keys").await;
    assert_eq!((answer.status.as_u16(), read_headers(&answer)), (200, None));
    // What was counted stays.
    put_policy(&app, json!({"mode": "enforce", "limit": 6})).await.expect_ok();
    assert_eq!(read_headers(&full.get("/api-keys").await).unwrap().1, 1, "four were counted before this one");
}

#[apply(on_both_databases)]
async fn policies_and_windows_are_shown(app: TestApp) {
    let policy = |code: &str, limit: u32, window: &str, mode: &str| {
        json!({
            "organization": code,
            "service": "atlassian",
            "limit": limit,
            "window": window,
            "mode": mode,
        })
    };
    let shown = app.control().get("/rate-limits").await.expect_ok();
    let policies = json!([policy("6700001", 1000, "60s", "enforce"), policy("6700002", 200, "60s", "observe")]);
    assert_eq!(shown, json!({"space": "default", "policies": policies, "windows": []}));
    let one = put_policy(&app, json!({"organization": "6700002", "limit": 3, "window": "1h", "mode": "observe"}))
        .await
        .expect_ok();
    let policies = json!([policy("6700001", 1000, "60s", "enforce"), policy("6700002", 3, "3600s", "observe")]);
    assert_eq!(one["policies"], policies);
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    for _ in 0..4 {
        other.get("/api-tokens").await.expect_ok();
    }
    app.atlassian(FULL_KEY).get("/api-keys").await.expect_ok();
    app.atlassian(READER_KEY).get("/api-keys").await.expect_atlassian_error(403, "GENERIC_ERROR");
    let window = |code: &str, credential: &str, operation: &str, requests: u32, remaining: u32, reset: &str| {
        json!({
            "organization": code,
            "credential": credential,
            "operation": operation,
            "requests": requests,
            "remaining": remaining,
            "reset": reset,
        })
    };
    let windows = app.control().get("/rate-limits").await.expect_ok()["windows"].clone();
    assert_eq!(
        windows,
        json!([
            window("6700001", "full", "getAllApiKeysByOrgId", 1, 999, "2026-01-15T09:01:00Z"),
            window("6700001", "reader", "getAllApiKeysByOrgId", 1, 999, "2026-01-15T09:01:00Z"),
            window("6700002", "full", "getAllApiTokensByOrgId", 4, 0, "2026-01-15T10:00:00Z"),
        ])
    );
    app.advance_clock("60s").await;
    let open = app.control().get("/rate-limits").await.expect_ok()["windows"].clone();
    assert_eq!(open, json!([window("6700002", "full", "getAllApiTokensByOrgId", 4, 0, "2026-01-15T10:00:00Z")]));
}

#[apply(on_both_databases)]
async fn a_reset_starts_all_counts_over(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    put_policy(&app, json!({"limit": 1})).await.expect_ok();
    let exhausted = async || {
        assert_eq!(full.get("/api-keys").await.status, 200);
        expect_refused(&full.get("/api-keys").await, "60");
    };
    exhausted().await;
    let reset = app.control().post("/rate-limits/reset", "").await.expect_ok();
    assert_eq!((&reset["windows"], &reset["policies"][0]["limit"]), (&json!([]), &1.into()));
    exhausted().await;
    app.control().post("/reset", "").await.expect_ok();
    assert_eq!(read_remaining(&full.get("/api-keys").await), 999, "and the policy is the seed's again");
}

#[apply(on_both_databases)]
async fn wrong_policies_are_refused_whole(app: TestApp) {
    for (body, pointer) in [
        (json!({"limit": 5, "window": "0s"}), "/window"),
        (json!({"limit": 5, "window": "367d"}), "/window"),
        (json!({"limit": 5, "window": "1y"}), "/window"),
        (json!({"limit": 5, "window": "-1s"}), "/window"),
        (json!({"limit": 5, "window": "soon"}), "/window"),
        (json!({"limit": 5, "window": 60}), "/window"),
        (json!({"limit": 5, "mode": "ENFORCE"}), "/mode"),
        (json!({"limit": 5, "mode": "maybe"}), "/mode"),
        (json!({"limit": 5, "mode": true}), "/mode"),
        (json!({"limit": -1}), "/limit"),
        (json!({"limit": 1.5}), "/limit"),
        (json!({"limit": "5"}), "/limit"),
        (json!({"limit": 4_294_967_296_i64}), "/limit"),
    ] {
        let problem = put_policy(&app, body.clone()).await.expect_problem(400);
        assert_eq!(problem["pointer"], pointer, "{body}: {problem}");
    }
    put_policy(&app, json!({"limit": 5, "organization": "6700009"})).await.expect_problem(404);
    put_policy(&app, json!({"limit": 5, "per": "minute"})).await.expect_problem(400);
    app.control().put("/rate-limits", "limit=5").await.expect_problem(400);
    assert_eq!(read_remaining(&app.atlassian(FULL_KEY).get("/api-keys").await), 999);
    put_policy(&app, json!({"limit": 4_294_967_295_i64, "window": "366d"})).await.expect_ok();
    assert_eq!(read_headers(&app.atlassian(FULL_KEY).get("/api-keys").await).unwrap().0, u32::MAX);
}

#[apply(on_both_databases)]
async fn a_seed_sets_the_rate_limit(app: TestApp) {
    app.seed_atlassian("      rate_limit: { limit: 2, window: 1h, mode: observe }").await;
    let full = app.atlassian(FULL_KEY);
    for left in [1, 0, 0] {
        assert_eq!(read_headers(&full.get("/api-keys").await), Some((2, left, "2026-01-15T10:00Z".to_owned())));
    }
}

#[tokio::test]
async fn the_server_has_a_mode_of_its_own() {
    for (mode, third) in [("enforce", (429, true)), ("observe", (200, true)), ("off", (200, false))] {
        let app = TestApp::start_with(Database::Sqlite, &["--rate-limit", mode]).await;
        put_policy(&app, json!({"limit": 2})).await.expect_ok();
        for _ in 0..2 {
            app.atlassian(FULL_KEY).get("/api-keys").await.expect_ok();
        }
        let answer = app.atlassian(FULL_KEY).get("/api-keys").await;
        assert_eq!((answer.status.as_u16(), read_headers(&answer).is_some()), third, "{mode}");
        let shown = put_policy(&app, json!({"organization": "6700001", "mode": "enforce"})).await.expect_ok();
        assert_eq!((&shown["policies"][0]["mode"], &shown["policies"][1]["mode"]), (&"enforce".into(), &mode.into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_on_one_database_count_as_one() {
    let url = database_url(Database::Postgres).await.unwrap();
    let one = Arc::new(TestApp::start_on(Some(&url), &[]).await);
    let two = Arc::new(TestApp::start_on(Some(&url), &[]).await);
    assert_eq!(read_remaining(&one.atlassian(FULL_KEY).get("/api-keys").await), 999);
    assert_eq!(read_remaining(&two.atlassian(FULL_KEY).get("/api-keys").await), 998);
    put_policy(&two, json!({"limit": 12})).await.expect_ok();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..30 {
        let app = Arc::clone(if n % 2 == 0 { &one } else { &two });
        tasks.spawn(async move { app.atlassian(FULL_KEY).get("/api-keys").await.status.as_u16() });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 10].as_slice(), &[429; 20]].concat());
    let windows = async |app: &TestApp| app.control().get("/rate-limits").await.expect_ok()["windows"].clone();
    assert_eq!((&windows(&one).await, &windows(&one).await[0]["requests"]), (&windows(&two).await, &32.into()));
    two.control().post("/rate-limits/reset", "").await.expect_ok();
    assert_eq!(read_headers(&one.atlassian(FULL_KEY).get("/api-keys").await).unwrap().1, 11);
    one.advance_clock("60s").await;
    assert_eq!(
        read_headers(&two.atlassian(FULL_KEY).get("/api-keys").await),
        Some((12, 11, "2026-01-15T09:02Z".to_owned()))
    );
}

/// The second organization of the demo has no limit of its own.
#[apply(on_both_databases)]
async fn a_limit_that_nobody_set_is_not_enforced(app: TestApp) {
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    for left in (0..200).rev().chain([0; 5]) {
        let answer = other.get("/api-keys/count").await;
        assert_eq!((answer.status.as_u16(), read_headers(&answer).unwrap().1), (200, left));
    }
    // Who sets nothing has not set one.
    put_policy(&app, json!({})).await.expect_ok();
    assert_eq!(other.get("/api-keys/count").await.status, 200);
    put_policy(&app, json!({"organization": "6700002", "window": "60s"})).await.expect_ok();
    assert_eq!(other.get("/api-keys/count").await.status, 429);
}

#[apply(on_both_databases)]
async fn the_trail_says_that_a_frozen_window_ends_only_by_advance(app: TestApp) {
    put_policy(&app, json!({"limit": 0})).await.expect_ok();
    let full = app.atlassian(FULL_KEY);
    let ask = async || {
        let answer = full.get("/api-keys").await;
        assert_eq!(answer.status, 429);
        let id = answer.header("x-request-id").unwrap();
        let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
        entry["trail"]["refusal"].as_str().unwrap().to_owned()
    };
    assert!(ask().await.contains("`clock/advance`"));
    app.control().put("/clock", json!({"mode": "offset", "now": "2026-01-15T09:00:00Z"})).await.expect_ok();
    assert_eq!(ask().await, "too many requests");
}

/// A 429 that a tester injects is as the limiter's own.
#[apply(on_both_databases)]
async fn an_injected_429_is_as_the_limiter_s(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let inject = async |then: Value| {
        app.control().post("/faults", json!({"then": then, "times": 1})).await.expect_ok();
    };
    inject(json!({"status": 429})).await;
    expect_refused(&full.get("/api-keys").await, "60");
    inject(json!({"status": 429, "body": {"mine": 1}})).await;
    let own = full.without_document_check().get("/api-keys").await;
    assert_eq!((own.header("retry-after"), read_remaining(&own), own.text()), (Some("60"), 0, r#"{"mine":1}"#));
    assert_eq!(read_remaining(&full.get("/api-keys").await), 997, "injected ones count as others do");
    put_policy(&app, json!({"mode": "off"})).await.expect_ok();
    inject(json!({"status": 429})).await;
    let uncounted = full.get("/api-keys").await;
    uncounted.expect_gateway_error(429, "Rate limit exceeded");
    assert_eq!((uncounted.header("retry-after"), read_remaining(&uncounted)), (Some("60"), 0));
}
