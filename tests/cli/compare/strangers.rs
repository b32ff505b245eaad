//! Who answers is not the service, or does not let it answer: nothing is compared, and why is said.

use axum::{
    body::Body,
    http::{Request, StatusCode},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use serde_json::json;

use super::fake::{ACCOUNT, ALL, ATLASSIAN, Ended, Fake, LICENSE_SERVER, VAULT, compare, compare_to_json, find};

async fn compare_all(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Vec<(Ended, usize)> {
    let fake = Fake::serve(move |_| std::future::ready(answer())).await;
    let mut ended = Vec::new();
    for side in ALL.into_iter().chain([LICENSE_SERVER]) {
        let one = compare(&fake.url, side, &[]).await;
        ended.push((one, fake.calls().len()));
    }
    ended
}

fn expect_nothing((code, report, stderr): &Ended, why: &str) {
    assert_eq!(*code, 2, "{why}: {report}{stderr}");
    assert!(report.contains(&format!("**Nothing was compared**: {why}")), "{why}: {report}");
    assert!(stderr.contains(&format!("nothing was compared: {why}")), "{why}: {stderr}");
    assert!(!report.contains("## Differs") && !report.contains("## The same"), "{why}: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_everything_alike_is_not_the_service() {
    type Answer = (&'static str, fn() -> Response);
    let answers: [Answer; 7] = [
        ("the upstream is not available (500): try again later", || StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        ("the upstream is not available (500)", || {
            (StatusCode::INTERNAL_SERVER_ERROR, json!({"error": "quibble"}).to_string()).into_response()
        }),
        ("the upstream answers a page for people, perhaps one to sign in: check --upstream", || {
            Html("<!doctype html><title>quibble</title>").into_response()
        }),
        ("the upstream leads elsewhere (307), perhaps to sign in: check --upstream", || {
            Redirect::temporary("https://quibble.test/").into_response()
        }),
        ("the upstream does not know what is asked (404): check --upstream", || StatusCode::NOT_FOUND.into_response()),
        ("the upstream answers something else than this service: check --upstream", || {
            json!({"message": "quibble"}).to_string().into_response()
        }),
        ("the upstream answers something else than this service", || "quibble".into_response()),
    ];
    for (why, answer) in answers {
        for (ended, calls) in compare_all(answer).await {
            expect_nothing(&ended, why);
            assert!(!ended.1.contains("quibble"), "{}", ended.1);
            assert!(calls <= 4, "{why}: {calls} requests");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_is_no_difference() {
    for (ended, calls) in compare_all(|| StatusCode::UNAUTHORIZED.into_response()).await {
        expect_nothing(&ended, "the upstream refuses the credential (401): check the token");
        assert_eq!(calls, 1, "it is not sent again");
    }
    // A 403 may be of one request only, so that others are asked.
    for (ended, calls) in compare_all(|| StatusCode::FORBIDDEN.into_response()).await {
        expect_nothing(&ended, "the upstream refuses the credential (403): check the token");
        assert!(calls > 4);
    }
    // Also where all that needs none is answered, and differs.
    let fake = Fake::start(|uri, reply| {
        if uri.ends_with("/api-docs") {
            reply.change_json(|body| body["paths"]["/public-api/first"] = json!({"get": {}}));
        }
    })
    .await;
    let ended = compare(&fake.url, (VAULT.0, "another-token", VAULT.2), &[]).await;
    expect_nothing(&ended, "the upstream refuses the credential (401)");
    let ended = compare(&fake.url, (LICENSE_SERVER.0, "another-token", &[]), &[]).await;
    expect_nothing(&ended, "the upstream refuses the credential (403)");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_strange_answer_is_a_difference() {
    for (change, side) in [(500, "500"), (404, "404"), (302, "302")] {
        let fake = Fake::start(move |uri, reply| {
            if uri.ends_with("/api-tokens?pageSize=100") {
                (reply.status, reply.body) = (change, b"<!doctype html>".to_vec());
            }
        })
        .await;
        let (code, report) = compare_to_json(&fake.url, ATLASSIAN).await;
        assert_eq!(code, 1, "{report:#}");
        assert_eq!(report["nothing_compared"], json!(null));
        let differences = &find(&report, "api-tokens")["differences"];
        assert_eq!((&differences[0]["at"], &differences[0]["upstream"]), (&json!("status"), &json!(side)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_on_the_way_is_not_compared_from_there() {
    let fake = Fake::start(|uri, reply| {
        if ["assigned=perhaps", "productCode", "perPage=%20"].iter().any(|part| uri.contains(part)) {
            reply.status = 500;
        }
    })
    .await;
    let (code, report) = compare_to_json(&fake.url, ACCOUNT).await;
    assert_eq!(code, 2, "{report:#}");
    let outcome = |name: &str| find(&report, name)["outcome"].clone();
    let why = |name: &str| find(&report, name)["why"].clone();
    assert_eq!((outcome("licenses"), outcome("licenses-contradiction")), (json!("same"), json!("same")));
    assert_eq!(why("licenses-null-filter"), "the upstream answered 500");
    assert_eq!(why("products"), "the upstream was not asked further after the failures before");
    // So is a credential that ends on the way: it is not sent for ever, and what needs none is asked.
    let fake = Fake::start(|uri, reply| {
        if ["/customer/licenses", "/customer/teams"].iter().any(|part| uri.contains(part)) {
            reply.status = 401;
        }
    })
    .await;
    let (code, report) = compare_to_json(&fake.url, ACCOUNT).await;
    assert_eq!(code, 2, "{report:#}");
    let outcome = |name: &str| find(&report, name)["outcome"].clone();
    let why = |name: &str| find(&report, name)["why"].clone();
    assert_eq!((outcome("token"), outcome("document")), (json!("same"), json!("same")));
    assert_eq!(why("products"), "the upstream refused the credential before (401)");
    assert_eq!(fake.calls().iter().filter(|call| call.uri.contains("/customer/licenses")).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_name_is_not_shown() {
    let fake = Fake::start(|uri, reply| {
        if uri.ends_with("/usage") {
            reply.change_json(|body| body[""] = json!(1));
        }
    })
    .await;
    let (code, report) = compare_to_json(&fake.url, VAULT).await;
    assert_eq!(code, 1);
    assert_eq!(find(&report, "usage")["differences"][0]["at"], "<key>");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_place_on_the_right_host_is_told() {
    let fake = Fake::serve(async |_: Request<Body>| StatusCode::NOT_FOUND.into_response()).await;
    let ended = compare(&format!("{}/license-vault/example/", fake.url), VAULT, &[]).await;
    expect_nothing(&ended, "the upstream does not know what is asked (404)");
}
