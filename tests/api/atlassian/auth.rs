//! Who is let in (atlassian-api-access §2, §7.12). Which operation needs what is in `guards.rs`.

use serde_json::json;

use crate::support::{
    Client, EXPIRED_KEY, FULL_KEY, ORG, OTHER_ORG, OTHER_ORG_KEY, READER_KEY, TestApp, apply, on_both_databases,
};

const NEW_CLIENT: &str = r#"{"name":"nightly","serviceAccountId":"svc-2"}"#;

#[apply(on_both_databases)]
async fn only_a_bearer_header_with_a_good_key_is_accepted(app: TestApp) {
    for good in ["Bearer demo-atlassian-key", "bearer demo-atlassian-key", "BEARER  demo-atlassian-key "] {
        app.atlassian_without_key().with_header("authorization", good).get("/api-tokens").await.expect_ok();
    }
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Bearerdemo-atlassian-key",
        "Bearer demo-atlassian-key x",
        "Bearer DEMO-ATLASSIAN-KEY",
        "Token demo-atlassian-key",
        "Bearer schlüssel",
    ] {
        app.atlassian_without_key()
            .with_header("authorization", bad)
            .get("/api-tokens")
            .await
            .expect_gateway_error(401, "Unauthorized");
    }
    // The header decides, whatever cookie the browser adds.
    app.atlassian(FULL_KEY).with_header("cookie", "cloud.session.token=nonsense").get("/api-tokens").await.expect_ok();
    let administrator = app.sign_in_to_atlassian("ann@example.test").await;
    administrator
        .with_header("authorization", "Bearer nonsense")
        .post("/oauth-clients", NEW_CLIENT)
        .await
        .expect_gateway_error(401, "Unauthorized");
    administrator
        .with_header("authorization", "Bearer demo-atlassian-key")
        .post("/oauth-clients", NEW_CLIENT)
        .await
        .expect_atlassian_error(403, "GENERIC_ERROR");
}

#[apply(on_both_databases)]
async fn a_session_s_token_is_no_bearer_token(app: TestApp) {
    let administrator = app.sign_in_to_atlassian("ann@example.test").await;
    let cookie = administrator.header("Cookie");
    let token = cookie.rsplit_once('=').unwrap().1;
    app.atlassian(token).post("/oauth-clients", NEW_CLIENT).await.expect_gateway_error(401, "Unauthorized");
    app.atlassian(token).get("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
    administrator.get("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
    assert_eq!(administrator.post("/oauth-clients", NEW_CLIENT).await.status, 201);
}

/// The client is told the same each time; the journal says more.
#[apply(on_both_databases)]
async fn why_a_credential_is_refused_stands_in_the_journal(app: TestApp) {
    let administrator = app.sign_in_to_atlassian("ann@example.test").await;
    let session = administrator.header("Cookie").rsplit_once('=').unwrap().1.to_owned();
    let key_as_session = format!("cloud.session.token={FULL_KEY}");
    let reason = async |client: &Client| {
        let answer = client.get("/api-tokens").await;
        answer.expect_gateway_error(401, "Unauthorized");
        let id = answer.header("x-request-id").unwrap();
        let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
        entry["trail"]["refusal"].as_str().unwrap().to_owned()
    };
    for (client, why) in [
        (app.atlassian(EXPIRED_KEY), "the credential has expired"),
        (app.atlassian(&session), "an API key is sent as `Authorization: Bearer`, and a session's token as the cookie"),
        (app.atlassian_without_key().with_header("Cookie", &key_as_session), "an API key is sent as `Authorization"),
        (administrator, "a session cannot do this: it takes an API key"),
        (app.atlassian("nonsense"), "the credential is not valid here"),
    ] {
        let said = reason(&client).await;
        assert!(said.starts_with(why), "{said}");
    }
}

#[apply(on_both_databases)]
async fn a_key_opens_one_organization(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for org in [OTHER_ORG, "8f2b0c1e-0000-4000-8000-000000000009", "x", "%20"] {
        full.in_organization(org).get("/api-tokens").await.expect_atlassian_error(403, "GENERIC_ERROR");
        app.atlassian_without_key()
            .in_organization(org)
            .get("/api-tokens")
            .await
            .expect_gateway_error(401, "Unauthorized");
    }
    // Its id may be written with escapes, as every other.
    for org in [ORG, &ORG.replace('-', "%2D"), &ORG.replace('8', "%38")] {
        full.in_organization(org).get("/api-tokens").await.expect_ok();
    }
    full.in_organization("%FF").get("/api-tokens").await.expect_atlassian_error(403, "GENERIC_ERROR");
    app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG).get("/api-tokens").await.expect_ok();
}

#[apply(on_both_databases)]
async fn a_key_works_until_it_expires(app: TestApp) {
    let (full, reader) = (app.atlassian(FULL_KEY), app.atlassian(READER_KEY));
    app.advance_clock("89d").await;
    reader.get("/api-tokens").await.expect_ok();
    app.advance_clock("1d").await;
    reader.get("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
    app.control().post("/reset", "").await.expect_ok();
    app.advance_clock("364d").await;
    full.get("/api-tokens").await.expect_ok();
    app.control().post("/reset", "").await.expect_ok();
    app.advance_clock("1y").await;
    full.get("/api-tokens").await.expect_gateway_error(401, "Unauthorized");
}

#[apply(on_both_databases)]
async fn a_session_lasts_eight_hours(app: TestApp) {
    let administrator = app.sign_in_to_atlassian("bob@example.test").await;
    app.advance_clock("28799s").await;
    assert_eq!(administrator.post("/oauth-clients", NEW_CLIENT).await.status, 201);
    app.advance_clock("1s").await;
    administrator.post("/oauth-clients", NEW_CLIENT).await.expect_gateway_error(401, "Unauthorized");
    let again = app.sign_in_to_atlassian("bob@example.test").await;
    assert_eq!(again.post("/oauth-clients", NEW_CLIENT).await.status, 201);
    app.control().post("/reset", "").await.expect_ok();
    again.post("/oauth-clients", NEW_CLIENT).await.expect_gateway_error(401, "Unauthorized");
}

#[apply(on_both_databases)]
async fn only_people_of_the_organization_can_sign_in(app: TestApp) {
    let session = async |code: &str, body: &str| {
        app.control().post(&format!("/organizations/{code}/atlassian/session"), body).await
    };
    let opened = session("6700001", r#"{"actor":"ANN@example.test"}"#).await.expect_ok();
    let token = opened["token"].as_str().unwrap();
    assert_eq!(opened, json!({"actor": "ann@example.test", "cookie": "cloud.session.token", "token": token}));
    assert_ne!(session("6700001", r#"{"actor":"ann@example.test"}"#).await.expect_ok()["token"], opened["token"]);
    session("6700001", r#"{"actor":"olga@other.test"}"#).await.expect_problem(403);
    session("6700009", r#"{"actor":"ann@example.test"}"#).await.expect_problem(404);
    session("6700001", r#"{"actor":"ann@example.test","for":"8h"}"#).await.expect_problem(400);
    session("6700001", "{}").await.expect_problem(400);
}

#[apply(on_both_databases)]
async fn unknown_routes_and_methods_are_errors_of_the_gateway(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    for path in
        ["", "/", "/api-tokens/", "/nothing", "/api-keys/revoke", "/api-tokens/count/x", "/service-accounts/svc-1/x"]
    {
        for caller in [&full, &app.atlassian_without_key()] {
            caller.get(path).await.expect_gateway_error(404, "Request failed to match any route");
        }
    }
    // The literal segments that stand beside ids are no ids.
    for (method, path) in [
        ("PUT", "/api-tokens"),
        ("POST", "/api-keys"),
        ("GET", "/service-accounts/svc-1"),
        ("GET", "/service-accounts/count"),
        ("DELETE", "/service-accounts/count"),
        ("DELETE", "/service-accounts/api-tokens"),
        ("DELETE", "/oauth-clients/count"),
    ] {
        full.call(method, path, "").await.expect_gateway_error(405, "Method Not Allowed");
    }
}

#[apply(on_both_databases)]
async fn too_large_a_body_is_an_error_of_the_gateway(app: TestApp) {
    let ids = json!(["x".repeat(1024 * 1024)]).to_string();
    app.atlassian(FULL_KEY).post("/service-accounts/count", &ids).await.expect_gateway_error(413, "Payload Too Large");
    app.atlassian("nonsense").post("/service-accounts/count", &ids).await.expect_gateway_error(401, "Unauthorized");
}
