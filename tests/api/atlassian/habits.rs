//! What real clients send (atlassian-api-access §13).

use crate::support::{Answer, Client, FULL_KEY, TestApp, apply, on_both_databases};

/// Sends requests as one client does: each with the content type of JSON, even without a body, and with `Accept: */*`.
fn send_like_a_client(caller: &Client) -> impl AsyncFn(&str, &str, &str) -> Answer {
    let caller = caller
        .with_header("content-type", "application/json")
        .with_header("accept", "*/*")
        .with_header("user-agent", "pyAtlassian/1");
    async move |method, path, body| caller.call(method, path, body.to_owned()).await
}

#[apply(on_both_databases)]
async fn answers_are_json_whatever_is_accepted(app: TestApp) {
    for accept in ["*/*", "application/json", "text/html", "nonsense"] {
        let caller = app.atlassian(FULL_KEY).with_header("accept", accept);
        for path in ["/api-tokens", "/api-tokens/count", "/api-keys", "/oauth-clients", "/service-accounts"] {
            let answer = caller.get(path).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("content-type")),
                (200, Some("application/json")),
                "{path}"
            );
        }
        caller.get("/oauth-clients/nothing").await.expect_atlassian_error(404, "GENERIC_ERROR");
        caller.get("/nothing").await.expect_gateway_error(404, "Request failed to match any route");
    }
}

#[apply(on_both_databases)]
async fn unknown_parameters_are_ignored(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for path in [
        "/api-tokens",
        "/api-tokens/count",
        "/api-keys",
        "/api-keys/count",
        "/oauth-clients",
        "/service-accounts/api-tokens",
        "/service-accounts/svc-1/oauth-clients",
    ] {
        let plain = full.get(path).await;
        plain.expect_ok();
        for query in [
            "limit=100",
            "limit=x",
            "maxResults=3",
            "sortBy=label&SORT=x&PageSize=1",
            "a&&=&%ff=%ff",
            "x%5B%5D=1",
            "cursor=",
        ] {
            assert_eq!(full.get(&format!("{path}?{query}")).await.text(), plain.text(), "{path}?{query}");
        }
    }
}

#[apply(on_both_databases)]
async fn the_first_of_repeated_parameters_counts(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    assert_eq!(full.get("/api-tokens?pageSize=2&pageSize=x").await.list_member("id").len(), 2);
    full.get("/api-tokens?pageSize=x&pageSize=2").await.expect_atlassian_error(400, "INVALID_PAGE_SIZE");
}

#[apply(on_both_databases)]
async fn a_plus_need_not_be_encoded(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for (sort, first) in [
        ("+label", "blocked by policy"),
        ("%2Blabel", "blocked by policy"),
        ("%20label", "blocked by policy"),
        ("label", "blocked by policy"),
        ("-label", "token-000250"),
        ("+user.name,-label", "token-000246"),
        ("%2Buser.name%2C-label", "token-000246"),
    ] {
        assert_eq!(
            full.get(&format!("/api-tokens?sort={sort}&pageSize=1")).await.list_member("label"),
            [first],
            "{sort}"
        );
    }
    assert_eq!(
        full.get("/api-keys?sort=+label,-createdBy.name").await.list_member("label"),
        ["expired", "full", "reader"]
    );
    let midnight = "createdAtSearchType=range&createdAtFrom=2026-01-12T00:00:00+00:00&q=never";
    assert_eq!(full.get(&format!("/api-tokens?{midnight}")).await.list_member("label"), ["never used"]);
}

#[apply(on_both_databases)]
async fn bodies_are_ignored_where_none_is_documented(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let send = send_like_a_client(&full);
    for body in ["", "{}", r#"{"ids":["x"]}"#, "nonsense"] {
        send("GET", "/api-tokens?pageSize=1", body).await.expect_ok();
        assert_eq!(send("POST", "/oauth-clients/count", body).await.text(), r#"{"total":1}"#);
    }
    let id = full.get("/api-keys?q=reader").await.list_member("id").remove(0);
    send("PATCH", &format!("/api-keys/revoke/{id}"), "{}").await.expect_empty(204);
    send("DELETE", "/service-accounts/svc-1/api-tokens", r#"{"ids":[]}"#).await.expect_empty(204);
    assert_eq!(full.get("/service-accounts/api-tokens").await.text(), "[]");
    full.with_header("content-length", "0").delete("/oauth-clients/client-sync").await.expect_empty(204);
    send("DELETE", "/service-accounts/svc-2", "{}").await.expect_empty(204);
    // No body selects: all of them go.
    send("DELETE", "/api-tokens", r#"{"tokenIds":["only-this-one"]}"#).await.expect_empty(204);
    assert_eq!(full.get("/api-tokens/count").await.text(), "0");
}

#[apply(on_both_databases)]
async fn a_body_is_json_whatever_its_type_says(app: TestApp) {
    for content_type in
        ["application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"]
    {
        let caller = app.atlassian(FULL_KEY).with_header("content-type", content_type);
        let counts = caller.post("/service-accounts/count", r#"["svc-1"]"#).await.expect_ok();
        assert_eq!(counts["validServiceAccountIds"][0]["credentialsCount"], 2, "{content_type}");
    }
}

#[apply(on_both_databases)]
async fn times_are_rfc_3339(app: TestApp) {
    let mut times = 0;
    for list in ["/api-tokens?pageSize=1000", "/api-keys"] {
        for record in app.atlassian(FULL_KEY).get(list).await.expect_ok()["data"].as_array().unwrap() {
            for name in ["createdAt", "expiresAt", "lastActiveAt"] {
                let Some(time) = record.get(name) else { continue };
                let text = time.as_str().unwrap();
                chrono::DateTime::parse_from_rfc3339(text).unwrap_or_else(|e| panic!("{e}: {text}"));
                assert_eq!((text.len(), &text[23..]), (24, "Z"), "{text}");
                times += 1;
            }
        }
    }
    assert!(times > 700, "{times}");
}
