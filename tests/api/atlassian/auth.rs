//! Who is let in (atlassian-api-access §2, §7.12). Which operation needs what is in `guards.rs`.

use serde_json::json;

use crate::support::atlassian::{ORG, OTHER_ORG};
use crate::support::{TestApp, apply, on_both_databases};

const NEW_CLIENT: &str = r#"{"name":"nightly","serviceAccountId":"svc-2"}"#;

#[apply(on_both_databases)]
async fn ways_to_write_the_header(app: TestApp) {
    for good in ["Bearer demo-atlassian-key", "bearer demo-atlassian-key", "BEARER  demo-atlassian-key "] {
        app.with_headers([("authorization", good)]).get("/api-tokens").await.ok();
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
        app.with_headers([("authorization", bad)]).get("/api-tokens").await.gateway(401, "Unauthorized");
    }
    // The header decides, whatever cookie the browser adds.
    app.full_key().and("cookie", "cloud.session.token=nonsense").get("/api-tokens").await.ok();
    let administrator = app.administrator("ann@example.test").await;
    administrator
        .and("authorization", "Bearer nonsense")
        .post("/oauth-clients", NEW_CLIENT)
        .await
        .gateway(401, "Unauthorized");
    administrator
        .and("authorization", "Bearer demo-atlassian-key")
        .post("/oauth-clients", NEW_CLIENT)
        .await
        .service_error(403, "GENERIC_ERROR");
}

#[apply(on_both_databases)]
async fn a_session_is_no_bearer(app: TestApp) {
    let administrator = app.administrator("ann@example.test").await;
    let cookie = administrator.headers[0].1.clone();
    let token = cookie.rsplit_once('=').unwrap().1;
    app.api_key(token).post("/oauth-clients", NEW_CLIENT).await.gateway(401, "Unauthorized");
    app.api_key(token).get("/api-tokens").await.gateway(401, "Unauthorized");
    administrator.get("/api-tokens").await.gateway(401, "Unauthorized");
    assert_eq!(administrator.post("/oauth-clients", NEW_CLIENT).await.status, 201);
}

#[apply(on_both_databases)]
async fn a_key_opens_one_organization(app: TestApp) {
    let full = app.full_key();
    for org in [OTHER_ORG, "8f2b0c1e-0000-4000-8000-000000000009", "x", "%20"] {
        full.at(org).get("/api-tokens").await.service_error(403, "GENERIC_ERROR");
        app.with_headers([]).at(org).get("/api-tokens").await.gateway(401, "Unauthorized");
    }
    full.at(ORG).get("/api-tokens").await.ok();
    app.api_key("demo-atlassian-other-key").at(OTHER_ORG).get("/api-tokens").await.ok();
}

#[apply(on_both_databases)]
async fn a_key_lives_as_long_as_it_says(app: TestApp) {
    let (full, reader) = (app.full_key(), app.api_key("demo-atlassian-reader"));
    app.advance("89d").await;
    reader.get("/api-tokens").await.ok();
    app.advance("1d").await;
    reader.get("/api-tokens").await.gateway(401, "Unauthorized");
    app.control("POST", "/reset", "").await.ok();
    app.advance("364d").await;
    full.get("/api-tokens").await.ok();
    app.control("POST", "/reset", "").await.ok();
    app.advance("1y").await;
    full.get("/api-tokens").await.gateway(401, "Unauthorized");
}

#[apply(on_both_databases)]
async fn a_session_lasts_eight_hours(app: TestApp) {
    let administrator = app.administrator("bob@example.test").await;
    app.advance("28799s").await;
    assert_eq!(administrator.post("/oauth-clients", NEW_CLIENT).await.status, 201);
    app.advance("1s").await;
    administrator.post("/oauth-clients", NEW_CLIENT).await.gateway(401, "Unauthorized");
    let again = app.administrator("bob@example.test").await;
    assert_eq!(again.post("/oauth-clients", NEW_CLIENT).await.status, 201);
    app.control("POST", "/reset", "").await.ok();
    again.post("/oauth-clients", NEW_CLIENT).await.gateway(401, "Unauthorized");
}

#[apply(on_both_databases)]
async fn who_can_sign_in(app: TestApp) {
    let session = async |code: &str, body: &str| {
        app.control("POST", &format!("/organizations/{code}/atlassian/session"), body).await
    };
    let opened = session("6700001", r#"{"actor":"ANN@example.test"}"#).await.ok();
    let token = opened["token"].as_str().unwrap();
    assert_eq!(opened, json!({"actor": "ann@example.test", "cookie": "cloud.session.token", "token": token}));
    assert_ne!(session("6700001", r#"{"actor":"ann@example.test"}"#).await.ok()["token"], opened["token"]);
    session("6700001", r#"{"actor":"olga@other.test"}"#).await.problem(403);
    session("6700009", r#"{"actor":"ann@example.test"}"#).await.problem(404);
    session("6700001", r#"{"actor":"ann@example.test","for":"8h"}"#).await.problem(400);
    session("6700001", "{}").await.problem(400);
}

#[apply(on_both_databases)]
async fn what_is_no_route_is_a_404_of_the_gateway(app: TestApp) {
    let full = app.full_key();
    for path in
        ["", "/", "/api-tokens/", "/nothing", "/api-keys/revoke", "/api-tokens/count/x", "/service-accounts/svc-1/x"]
    {
        for caller in [&full, &app.with_headers([])] {
            caller.get(path).await.gateway(404, "Request failed to match any route");
        }
    }
    // The words beside ids are no ids.
    for (method, path) in [
        ("PUT", "/api-tokens"),
        ("POST", "/api-keys"),
        ("GET", "/service-accounts/svc-1"),
        ("GET", "/service-accounts/count"),
        ("DELETE", "/service-accounts/count"),
        ("DELETE", "/service-accounts/api-tokens"),
        ("DELETE", "/oauth-clients/count"),
    ] {
        full.call(method, path, "").await.gateway(405, "Method Not Allowed");
    }
}

#[apply(on_both_databases)]
async fn a_body_can_be_too_large(app: TestApp) {
    let ids = json!(["x".repeat(1024 * 1024)]).to_string();
    app.full_key().post("/service-accounts/count", &ids).await.gateway(413, "Payload Too Large");
    app.api_key("nonsense").post("/service-accounts/count", &ids).await.gateway(401, "Unauthorized");
}
